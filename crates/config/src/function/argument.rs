//! What functions are told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use weir_status_api::{BuildRequest, Change, Properties, SourceStamp, Timestamp, Worker};

use super::observe::{OutputEnd, OutputLine};
use super::plan::{RanStep, StepFacts};
use crate::model::CONTRACT;

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// Plain data.
    Plain(Value),
    /// Something with attributes.
    Facts(Arc<Facts>),
    /// Several.
    List(Vec<Argument>),
}

/// Something with attributes, such as a build or a change. One that has properties has the method `prop`, one that
/// has sources the method `source`.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What it is, for people.
    pub(crate) kind: &'static str,
    /// Its attributes.
    pub(crate) attributes: BTreeMap<Cow<'static, str>, Argument>,
}

/// A build as functions see it: `build.prop("branch")`, `build.builder`, `build.source("").revision`.
#[derive(Clone, Debug)]
pub struct BuildFacts {
    /// The builder's name.
    pub builder: String,
    /// Its number within its builder.
    pub number: i64,
    /// Why it was made.
    pub reason: String,
    /// Its properties so far.
    pub properties: Properties,
    /// What it builds.
    pub sources: Vec<SourceStamp>,
    /// Where it runs.
    pub worker: Worker,
    /// The changes that it builds, oldest first.
    pub changes: Vec<Change>,
}

/// A build request as functions see it.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// The request.
    pub request: BuildRequest,
    /// The builder's name.
    pub builder: String,
    /// Why its buildset was made.
    pub reason: String,
    /// Its buildset's properties.
    pub properties: Properties,
    /// What it builds.
    pub sources: Vec<SourceStamp>,
    /// The changes that it builds, oldest first.
    pub changes: Vec<Change>,
}

/// A builder that has requests, as functions see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingBuilder {
    /// Its name.
    pub name: String,
    /// How many requests wait for it.
    pub waiting: usize,
    /// The highest priority of them.
    pub priority: i32,
    /// When the oldest of those with that priority came.
    pub submitted_at: Timestamp,
}

impl Argument {
    fn facts<const N: usize>(kind: &'static str, attributes: [(&'static str, Self); N]) -> Self {
        Self::Facts(Arc::new(Facts {
            kind,
            attributes: attributes.map(|(name, it)| (Cow::Borrowed(name), it)).into(),
        }))
    }

    fn list<T>(items: &[T], of: impl Fn(&T) -> Self) -> Self {
        Self::List(items.iter().map(of).collect())
    }

    fn plain(value: impl Into<Value>) -> Self {
        Self::Plain(value.into())
    }

    /// A build.
    pub fn build(build: &BuildFacts) -> Self {
        Self::facts(
            "build",
            [
                ("builder", Self::plain(build.builder.clone())),
                ("number", Self::plain(build.number)),
                ("reason", Self::plain(build.reason.clone())),
                ("properties", properties(&build.properties)),
                ("sources", Self::list(&build.sources, Self::source)),
                ("worker", Self::worker(&build.worker)),
                ("changes", Self::list(&build.changes, Self::change)),
            ],
        )
    }

    /// A step whose function gives steps: its build, and what is known of itself.
    pub(super) fn step(step: &StepFacts) -> Self {
        let mut attributes = match Self::build(&step.build) {
            Self::Facts(build) => build.attributes.clone(),
            _ => BTreeMap::new(),
        };
        let output = step.output.as_ref();
        let of_step = [
            ("contract", Self::plain(CONTRACT)),
            ("name", Self::plain(step.name.clone())),
            ("exit_code", Self::plain(output.map(|it| it.exit_code))),
            ("stdout", Self::plain(output.map(|it| it.stdout.clone()))),
            ("stderr", Self::plain(output.map(|it| it.stderr.clone()))),
            ("ran", Self::list(&step.ran, Self::ran)),
        ];
        attributes.extend(of_step.map(|(name, it)| (Cow::Borrowed(name), it)));
        Self::Facts(Arc::new(Facts {
            kind: "step",
            attributes,
        }))
    }

    fn ran(step: &RanStep) -> Self {
        Self::facts(
            "step",
            [
                ("name", Self::plain(step.name.clone())),
                ("results", Self::plain(step.results.to_string())),
                ("state", Self::plain(step.state.clone())),
            ],
        )
    }

    /// A line of a step's output.
    pub(super) fn line(line: OutputLine) -> Self {
        let stream = if line.is_error { "stderr" } else { "stdout" };
        Self::facts(
            "line",
            [("stream", Self::plain(stream)), ("text", Self::plain(line.text))],
        )
    }

    /// The end of a step's output.
    pub(super) fn end(end: OutputEnd) -> Self {
        Self::facts(
            "end",
            [
                ("results", Self::plain(end.results.to_string())),
                ("exit_code", Self::plain(end.exit_code)),
            ],
        )
    }

    /// The facts of a report: an object becomes something with attributes, but for properties, whose names are data.
    pub fn report(facts: Value) -> Self {
        match facts {
            Value::Object(attributes) => {
                let attribute = |(name, it): (String, Value)| {
                    let it = match name.as_str() {
                        "properties" | "facts" => Self::Plain(it),
                        _ => Self::report(it),
                    };
                    (Cow::Owned(name), it)
                };
                Self::Facts(Arc::new(Facts {
                    kind: "report",
                    attributes: attributes.into_iter().map(attribute).collect(),
                }))
            }
            Value::Array(items) => Self::List(items.into_iter().map(Self::report).collect()),
            plain => Self::Plain(plain),
        }
    }

    /// A build request.
    pub fn request(facts: &RequestFacts) -> Self {
        let request = &facts.request;
        Self::facts(
            "request",
            [
                ("id", Self::plain(request.id.0)),
                ("buildset", Self::plain(request.buildset.0)),
                ("builder", Self::plain(facts.builder.clone())),
                ("priority", Self::plain(request.priority)),
                ("submitted_at", Self::plain(request.submitted_at.0 / 1_000_000)),
                ("waited_for", Self::plain(request.waited_for)),
                ("reason", Self::plain(facts.reason.clone())),
                ("properties", properties(&facts.properties)),
                ("sources", Self::list(&facts.sources, Self::source)),
                ("changes", Self::list(&facts.changes, Self::change)),
            ],
        )
    }

    /// A builder that has requests.
    pub fn waiting_builder(builder: &WaitingBuilder) -> Self {
        Self::facts(
            "builder",
            [
                ("name", Self::plain(builder.name.clone())),
                ("waiting", Self::plain(builder.waiting)),
                ("priority", Self::plain(builder.priority)),
                ("submitted_at", Self::plain(builder.submitted_at.0 / 1_000_000)),
            ],
        )
    }

    /// A worker.
    pub fn worker(worker: &Worker) -> Self {
        let info = &worker.info;
        let facts: serde_json::Map<String, Value> = info
            .facts
            .iter()
            .map(|(name, fact)| (name.clone(), fact.clone().into()))
            .collect();
        Self::facts(
            "worker",
            [
                ("name", Self::plain(worker.name.clone())),
                ("admin", Self::plain(info.admin.clone())),
                ("host", Self::plain(info.host.clone())),
                ("version", Self::plain(info.version.clone())),
                ("facts", Self::Plain(facts.into())),
            ],
        )
    }

    /// A source stamp.
    pub fn source(stamp: &SourceStamp) -> Self {
        Self::facts(
            "source",
            [
                ("codebase", Self::plain(stamp.codebase.clone())),
                ("repository", Self::plain(stamp.repository.clone())),
                ("project", Self::plain(stamp.project.clone())),
                ("branch", Self::plain(stamp.branch.clone())),
                ("revision", Self::plain(stamp.revision.clone())),
                ("has_patch", Self::plain(stamp.patch.is_some())),
            ],
        )
    }

    /// A change.
    pub fn change(change: &Change) -> Self {
        Self::facts(
            "change",
            [
                ("id", Self::plain(change.id.0)),
                ("author", Self::plain(change.author.clone())),
                ("committer", Self::plain(change.committer.clone())),
                ("files", Self::plain(change.files.clone())),
                ("comments", Self::plain(change.comments.clone())),
                ("revision", Self::plain(change.revision.clone())),
                ("branch", Self::plain(change.branch.clone())),
                ("category", Self::plain(change.category.clone())),
                ("revlink", Self::plain(change.revlink.clone())),
                ("repository", Self::plain(change.repository.clone())),
                ("project", Self::plain(change.project.clone())),
                ("codebase", Self::plain(change.codebase.clone())),
                ("when", Self::plain(change.when.0 / 1_000_000)),
                ("properties", properties(&change.properties)),
            ],
        )
    }
}

/// The properties' values by name.
fn properties(properties: &Properties) -> Argument {
    let values: serde_json::Map<String, Value> = properties
        .iter()
        .map(|(name, it)| (name.clone(), it.value.clone()))
        .collect();
    Argument::Plain(values.into())
}
