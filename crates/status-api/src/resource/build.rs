//! What happens: buildsets, build requests, builds, steps and logs.

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{
    BuildId, BuildRequestId, BuilderId, BuildsetId, LogId, MasterId, Properties, Results, SourceStamp,
    StepId, Timestamp, WorkerId,
};

/// Source stamps to build together, on one or more builders (Buildbot's `buildset`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Buildset {
    /// Its id.
    pub id: BuildsetId,
    /// An id from outside.
    pub external_id: Option<String>,
    /// Why it was made.
    pub reason: String,
    /// The build it repeats.
    pub rebuilt_build: Option<BuildId>,
    /// When it was made.
    pub submitted_at: Timestamp,
    /// When all its requests were complete.
    pub complete_at: Option<Timestamp>,
    /// The worst of its requests, once complete.
    pub results: Option<Results>,
    /// What it builds.
    pub source_stamps: Vec<SourceStamp>,
    /// The build that triggered it.
    pub parent_build: Option<BuildId>,
    /// How that build did, e.g. `Triggered from`.
    pub parent_relationship: Option<String>,
}

fields! {
    /// Fields of a [`Buildset`].
    BuildsetField {
        /// [`Buildset::id`].
        Id: Int = "id",
        /// [`Buildset::external_id`].
        ExternalId: Text = "external_id",
        /// [`Buildset::reason`].
        Reason: Text = "reason",
        /// [`Buildset::rebuilt_build`].
        RebuiltBuild: Int = "rebuilt_build",
        /// [`Buildset::submitted_at`].
        SubmittedAt: Time = "submitted_at",
        /// Whether it has a [`Buildset::complete_at`].
        Complete: Bool = "complete",
        /// [`Buildset::complete_at`].
        CompleteAt: Time = "complete_at",
        /// [`Buildset::results`].
        Results: Int = "results",
        /// [`Buildset::parent_build`].
        ParentBuild: Int = "parent_build",
    }
}

/// A buildset's wish for a build on one builder (Buildbot's `buildrequest`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildRequest {
    /// Its id.
    pub id: BuildRequestId,
    /// Its buildset.
    pub buildset: BuildsetId,
    /// The builder that shall build it.
    pub builder: BuilderId,
    /// Higher goes first.
    pub priority: i32,
    /// When a master took it.
    pub claimed_at: Option<Timestamp>,
    /// The master that took it.
    pub claimed_by: Option<MasterId>,
    /// When it was done.
    pub complete_at: Option<Timestamp>,
    /// How it ended.
    pub results: Option<Results>,
    /// When it was made.
    pub submitted_at: Timestamp,
    /// Whether a build waits for it.
    pub waited_for: bool,
    /// What it waits for itself, where only its master knows, for people: `lock db, held by tests/12`. None while nobody
    /// says so, and once it is claimed or complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Its buildset's properties, those that the query asked for.
    pub properties: Properties,
}

fields! {
    /// Fields of a [`BuildRequest`].
    BuildRequestField {
        /// [`BuildRequest::id`].
        Id: Int = "id",
        /// [`BuildRequest::buildset`].
        Buildset: Int = "buildset",
        /// [`BuildRequest::builder`].
        Builder: Int = "builder",
        /// [`BuildRequest::priority`].
        Priority: Int = "priority",
        /// Whether it has a [`BuildRequest::claimed_at`].
        Claimed: Bool = "claimed",
        /// [`BuildRequest::claimed_at`].
        ClaimedAt: Time = "claimed_at",
        /// [`BuildRequest::claimed_by`].
        ClaimedBy: Int = "claimed_by",
        /// Whether it has a [`BuildRequest::complete_at`].
        Complete: Bool = "complete",
        /// [`BuildRequest::complete_at`].
        CompleteAt: Time = "complete_at",
        /// [`BuildRequest::results`].
        Results: Int = "results",
        /// [`BuildRequest::submitted_at`].
        SubmittedAt: Time = "submitted_at",
        /// [`BuildRequest::waited_for`].
        WaitedFor: Bool = "waited_for",
    }
}

/// A build (Buildbot's `build`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Its id.
    pub id: BuildId,
    /// Its number within its builder, from 1.
    pub number: i64,
    /// Its builder.
    pub builder: BuilderId,
    /// The request it answers.
    pub request: BuildRequestId,
    /// The worker it runs on.
    pub worker: WorkerId,
    /// The master that runs it.
    pub master: MasterId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub complete_at: Option<Timestamp>,
    /// Seconds it waited for locks.
    pub locks_duration_s: i64,
    /// How it ended.
    pub results: Option<Results>,
    /// What it does now, for people.
    pub state: String,
    /// Its properties, those that the query asked for; none in events.
    pub properties: Properties,
}

fields! {
    /// Fields of a [`Build`].
    BuildField {
        /// [`Build::id`].
        Id: Int = "id",
        /// [`Build::number`].
        Number: Int = "number",
        /// [`Build::builder`].
        Builder: Int = "builder",
        /// [`Build::request`].
        Request: Int = "request",
        /// [`Build::worker`].
        Worker: Int = "worker",
        /// [`Build::master`].
        Master: Int = "master",
        /// [`Build::started_at`].
        StartedAt: Time = "started_at",
        /// Whether it has a [`Build::complete_at`].
        Complete: Bool = "complete",
        /// [`Build::complete_at`].
        CompleteAt: Time = "complete_at",
        /// [`Build::locks_duration_s`].
        LocksDuration: Int = "locks_duration_s",
        /// [`Build::results`].
        Results: Int = "results",
        /// [`Build::state`].
        State: Text = "state",
        /// Builds this change; equality only.
        Change: Int = "change" (relation),
        /// Was triggered by this build; equality only.
        TriggeredBy: Int = "triggered_by" (relation),
    }
}

/// A link that a step shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Url {
    /// Its text.
    pub name: String,
    /// Where it leads.
    pub url: String,
}

/// A step of a build (Buildbot's `step`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// Its number within its build, from 0.
    pub number: i64,
    /// Its name, unique within its build.
    pub name: String,
    /// Its build.
    pub build: BuildId,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it had its locks.
    pub locks_acquired_at: Option<Timestamp>,
    /// When it ended.
    pub complete_at: Option<Timestamp>,
    /// How it ended.
    pub results: Option<Results>,
    /// What it does now, for people.
    pub state: String,
    /// Its links.
    pub urls: Vec<Url>,
    /// Whether displays leave it out.
    pub hidden: bool,
}

fields! {
    /// Fields of a [`Step`].
    StepField {
        /// [`Step::id`].
        Id: Int = "id",
        /// [`Step::number`].
        Number: Int = "number",
        /// [`Step::name`].
        Name: Text = "name",
        /// [`Step::build`].
        Build: Int = "build",
        /// [`Step::started_at`].
        StartedAt: Time = "started_at",
        /// Whether it has a [`Step::complete_at`].
        Complete: Bool = "complete",
        /// [`Step::complete_at`].
        CompleteAt: Time = "complete_at",
        /// [`Step::results`].
        Results: Int = "results",
        /// [`Step::state`].
        State: Text = "state",
        /// [`Step::hidden`].
        Hidden: Bool = "hidden",
    }
}

/// What a log holds (Buildbot's log types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogKind {
    /// `s`: each line begins with its stream: `o` stdout, `e` stderr, `h` header, `i` stdin.
    Stdio,
    /// `t`: plain text.
    Text,
    /// `h`: HTML, to be shown as such only by those who trust it.
    Html,
    /// `d`: its content is no longer kept; its number of lines tells how many it had.
    Deleted,
}

impl LogKind {
    /// Buildbot's letter.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Stdio => "s",
            Self::Text => "t",
            Self::Html => "h",
            Self::Deleted => "d",
        }
    }

    /// The kind with Buildbot's `letter`, if there is one.
    pub fn from_letter(letter: &str) -> Option<Self> {
        [Self::Stdio, Self::Text, Self::Html, Self::Deleted]
            .into_iter()
            .find(|kind| kind.letter() == letter)
    }
}

/// A log of a step (Buildbot's `log`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Its id.
    pub id: LogId,
    /// Its name.
    pub name: String,
    /// Its name as an identifier, unique within its step.
    pub slug: String,
    /// Its step.
    pub step: StepId,
    /// Whether nothing will be added.
    pub complete: bool,
    /// Lines so far.
    pub num_lines: i64,
    /// What it holds.
    pub kind: LogKind,
}

fields! {
    /// Fields of a [`Log`].
    LogField {
        /// [`Log::id`].
        Id: Int = "id",
        /// [`Log::name`].
        Name: Text = "name",
        /// [`Log::slug`].
        Slug: Text = "slug",
        /// [`Log::step`].
        Step: Int = "step",
        /// [`Log::complete`].
        Complete: Bool = "complete",
        /// [`Log::num_lines`].
        NumLines: Int = "num_lines",
        /// [`Log::kind`], by its letter.
        Kind: Text = "kind",
    }
}

/// Whole lines of a log (Buildbot's `logchunk`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    /// The log.
    pub log: LogId,
    /// The number of the first line, from 0.
    pub first_line: i64,
    /// The lines, each with its `\n`; in a [`LogKind::Stdio`] each begins with its stream's letter.
    pub content: String,
    /// When its lines were stored, in the order of the lines: each holds up to the next. The first is of the first line,
    /// unless that came from a master that noted no times.
    pub times: Vec<LineTime>,
}

impl LogChunk {
    /// When line `line` (its number within the log, from 0) was stored, if that is known.
    pub fn time_of(&self, line: i64) -> Option<Timestamp> {
        let known = self.times.partition_point(|it| it.line <= line);
        Some(self.times.get(known.checked_sub(1)?)?.at)
    }

    /// Notes that the lines from `line` on, which follow all that have times, were stored at `at`.
    pub fn note(&mut self, line: i64, at: Timestamp) {
        if self.times.last().is_none_or(|last| last.at != at) {
            self.times.push(LineTime { line, at });
        }
    }
}

/// When lines of a log were stored.
///
/// The master stores what has come of a log some twenty times a second, so that many lines have one time. Along a log
/// times never fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTime {
    /// The first of the lines: its number within the log, from 0.
    pub line: i64,
    /// When they were stored, by the master's clock.
    pub at: Timestamp,
}
