//! What reports are of, and the events that tell of it.

use weir_status_api::{Entity, Event, Results, Verb};

use super::Patterns;
use crate::report::Occasion;

/// What is told.
#[derive(Clone, Debug)]
pub enum ReportKind {
    /// Builds that begin or end (Buildbot's `BuildStatusGenerator` and `BuildStartEndStatusGenerator`).
    Build {
        /// When they begin, whatever the modes.
        start: bool,
        /// When they end.
        finish: bool,
    },
    /// Steps that begin or end.
    Step {
        /// The steps' names.
        steps: Patterns,
        /// When they begin, whatever the modes.
        start: bool,
        /// When they end.
        finish: bool,
    },
    /// Buildsets whose builds have all ended, in one message: with those of its builds that are to be told (Buildbot's
    /// `BuildSetStatusGenerator`), or as a whole (`BuildSetCombinedStatusGenerator`).
    Buildset {
        /// Whether as a whole; the modes are of its own results then.
        combined: bool,
    },
    /// Requests (Buildbot's `BuildRequestGenerator`).
    Request {
        /// When they are made.
        added: bool,
        /// When they are cancelled before they are built.
        cancelled: bool,
    },
    /// Workers that are missing (Buildbot's `WorkerMissingGenerator`).
    Worker {
        /// The workers' names.
        workers: Patterns,
    },
}

impl ReportKind {
    /// What the event is an occasion of, if it is one of those that are told.
    pub(super) fn occasion(&self, event: &Event) -> Option<Occasion> {
        match (self, &event.entity, event.verb) {
            (Self::Build { start: true, .. }, Entity::Build(_), Verb::New) => Some(Occasion::BuildStarted),
            (Self::Build { finish: true, .. }, Entity::Build(_), Verb::Finished) => {
                Some(Occasion::BuildFinished)
            }
            (
                Self::Step {
                    steps, start: true, ..
                },
                Entity::Step(it),
                Verb::Started,
            ) => steps.admit(&it.name).then_some(Occasion::StepStarted),
            (
                Self::Step {
                    steps, finish: true, ..
                },
                Entity::Step(it),
                Verb::Finished,
            ) => steps.admit(&it.name).then_some(Occasion::StepFinished),
            (Self::Buildset { .. }, Entity::Buildset(_), Verb::Complete) => Some(Occasion::BuildsetFinished),
            (Self::Request { added: true, .. }, Entity::BuildRequest(_), Verb::New) => {
                Some(Occasion::RequestAdded)
            }
            (Self::Request { cancelled: true, .. }, Entity::BuildRequest(it), Verb::Complete) => {
                (it.results == Some(Results::Cancelled)).then_some(Occasion::RequestCancelled)
            }
            (Self::Worker { workers }, Entity::Worker(it), Verb::Missing) => {
                workers.admit(&it.name).then_some(Occasion::WorkerMissing)
            }
            _ => None,
        }
    }

    /// The topics of the events that are looked at.
    pub(super) fn topics(&self) -> Vec<&'static str> {
        let both = |one: bool, topic: &'static str, other: bool, another: &'static str| {
            let topics = [(one, topic), (other, another)];
            topics.into_iter().filter(|it| it.0).map(|it| it.1).collect()
        };
        match self {
            Self::Build { start, finish } => both(*start, "builds/*/new", *finish, "builds/*/finished"),
            Self::Step { start, finish, .. } => both(*start, "steps/*/started", *finish, "steps/*/finished"),
            Self::Buildset { .. } => vec!["buildsets/*/complete"],
            Self::Request { added, cancelled } => both(
                *added,
                "buildrequests/*/new",
                *cancelled,
                "buildrequests/*/complete",
            ),
            Self::Worker { .. } => vec!["workers/*/missing"],
        }
    }
}
