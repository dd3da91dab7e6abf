//! Control: who asks, for what, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    BuildId, BuildKey, BuildRequestId, BuilderId, BuildsetId, ChangeId, Configuration, Cursor, DeadLetterId,
    ListenerId, ListenerKey, MasterId, Place, Reconfigured, SchedulerKey, Timestamp, WorkerId, WorkerKey,
};

/// Who asks. A binding carries it; [`Access`](crate::Access), beneath all bindings, decides what it may do.
///
/// A binding that has only a credential (an API token) hands that on as it came: a gateway need not know who
/// holds it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    name: Option<String>,
    token: Option<String>,
}

impl Caller {
    /// Somebody who did not say who they are.
    pub const fn anonymous() -> Self {
        Self {
            name: None,
            token: None,
        }
    }

    /// Somebody whose name was established. Only code within the master's process may claim that.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            token: None,
        }
    }

    /// Somebody who presents an API token; who that is, [`Access`](crate::Access) knows.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self {
            name: None,
            token: Some(token.into()),
        }
    }

    /// Whether nobody established who it is.
    pub fn is_anonymous(&self) -> bool {
        self.name.is_none()
    }

    /// Their name; `anonymous`, as Buildbot has it, if they have none.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("anonymous")
    }

    /// The API token that they presented and that nobody has looked up yet.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl fmt::Debug for Caller {
    /// Shows the name, never the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({})", self.name())
    }
}

/// What a force asks for. What is left out takes the force scheduler's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForceParams {
    /// The builders, by name; all of the scheduler's if none are given and it has exactly one.
    pub builders: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Priority of the requests; higher goes first.
    pub priority: Option<i32>,
    /// The branch.
    pub branch: Option<String>,
    /// The revision.
    pub revision: Option<String>,
    /// The repository.
    pub repository: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// Values for the scheduler's own fields, by name; those of a group or codebase by its name, `_` and theirs.
    pub values: BTreeMap<String, serde_json::Value>,
    /// A text that the client made up for this one wish, 200 bytes at the most: the same caller's force of the
    /// same scheduler with the same key again, within a day, makes nothing and is answered with what the first
    /// one made, whatever else it asks for. So a client that got no answer can ask again. A force that was refused
    /// leaves no key behind.
    pub idempotency_key: Option<String>,
}

/// A change that somebody tells of (Buildbot's `sendchange`). What is left out is empty, or not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeParams {
    /// Who wrote it, `Name <mail>`; not empty.
    pub author: String,
    /// Who committed it.
    pub committer: Option<String>,
    /// The files it touches.
    pub files: Vec<String>,
    /// The commit's message.
    pub comments: String,
    /// The revision it made.
    pub revision: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Where to read it.
    pub revlink: Option<String>,
    /// Its properties, by name; their source is `Change`.
    pub properties: BTreeMap<String, serde_json::Value>,
    /// The repository's URL.
    pub repository: String,
    /// The project.
    pub project: String,
    /// The codebase.
    pub codebase: String,
    /// When it was made; now if none.
    pub when: Option<Timestamp>,
}

/// A request to act. Each is carried out, or recorded for the master to carry out, before it is answered.
/// What is recorded is a [`ControlRecord`] among the events, with the reason and the caller's name.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a buildset through a force scheduler, of one source stamp: what is asked for, else the defaults.
    ///
    /// Its reason ends with the one given or the default; who forced it may stand before that.
    /// Its properties are the scheduler's, then each of the scheduler's fields with the value given or its
    /// default, from the source `Force Build Form`; a master may add others. [`Error::InvalidInput`](crate::Error)
    /// names the field of the scheduler, or `builders`: a builder that the scheduler does not start, or none
    /// given where it has several; or `idempotency_key`: one that is too long. A scheduler that is not enabled is
    /// a [`Error::Conflict`](crate::Error).
    Force {
        /// The force scheduler's name.
        scheduler: String,
        /// What is asked for.
        params: ForceParams,
    },
    /// Stop a build that runs; one that has ended stays as it is, and that is no error. Recorded.
    StopBuild {
        /// The build.
        build: BuildKey,
        /// Why.
        reason: Option<String>,
    },
    /// Build the same source stamps and changes with the same properties on the same builder again: a new
    /// buildset that names the build it repeats. A builder that is configured on no master any more is a
    /// [`Error::Conflict`](crate::Error).
    Rebuild {
        /// The build.
        build: BuildKey,
    },
    /// Cancel a build request. One that no master has claimed is complete (cancelled) when this is answered;
    /// of a claimed one it is recorded, and its master stops the build. A complete one stays as it is, and that
    /// is no error.
    CancelRequest {
        /// The request.
        request: BuildRequestId,
        /// Why.
        reason: Option<String>,
    },
    /// Give a build request another priority. A complete one stays as it is, and that is no error.
    SetPriority {
        /// The request.
        request: BuildRequestId,
        /// The priority; higher goes first.
        priority: i32,
    },
    /// Give a worker no new builds. Recorded; its state may change at once, or when a master has done it.
    PauseWorker {
        /// The worker.
        worker: WorkerKey,
        /// Why.
        reason: Option<String>,
    },
    /// Give a worker builds again. As [`Command::PauseWorker`].
    UnpauseWorker {
        /// The worker.
        worker: WorkerKey,
    },
    /// Let a worker end after its present builds. As [`Command::PauseWorker`].
    StopWorker {
        /// The worker.
        worker: WorkerKey,
        /// Why.
        reason: Option<String>,
    },
    /// Let a worker end at once; its builds are lost and run again. As [`Command::PauseWorker`].
    KillWorker {
        /// The worker.
        worker: WorkerKey,
        /// Why.
        reason: Option<String>,
    },
    /// Let a scheduler make buildsets, or not.
    EnableScheduler {
        /// The scheduler.
        scheduler: SchedulerKey,
        /// Whether it shall.
        enabled: bool,
    },
    /// Record a change, as a change source does: what follows from it is the schedulers' to say.
    /// [`Error::InvalidInput`](crate::Error) names what is wrong: an `author` who is empty, `files` or `properties` without
    /// a name. The same told twice makes two changes.
    AddChange {
        /// The change.
        change: ChangeParams,
    },
    /// Let a master read its configuration again and go by it (Buildbot's `buildbot reconfig`). It is answered with
    /// [`Outcome::Reconfigured`] when nothing begins by the old one any more. Builds that run go on by the configuration
    /// that they were begun with.
    ///
    /// A configuration with mistakes changes nothing, and is an [`Error::InvalidInput`](crate::Error) whose field
    /// `configuration` tells them, each with file and line. Of a master that is not the one that is asked, it is an
    /// [`Error::Conflict`](crate::Error); of a store without a master around it, an
    /// [`Error::NotSupported`](crate::Error).
    Reconfigure {
        /// The master.
        master: MasterId,
    },
    /// Tell what a master is configured with: [`Outcome::Configuration`]. It is among the commands because it is for
    /// those who may reconfigure it, and its answer is not to be kept. Errors as of [`Command::Reconfigure`].
    DescribeConfiguration {
        /// The master.
        master: MasterId,
    },
    /// What the runner of a listener asks for, all the time: so it is not recorded.
    Listen {
        /// The listener's name; one that is not known yet is made when it is held first.
        listener: String,
        /// The runner: a text that it made up, the same for as long as it runs.
        holder: String,
        /// What it asks for.
        ask: ListenAsk,
    },
    /// Deliver dead letters again: they are marked, and their listener's runner does it. Recorded.
    DeliverAgain {
        /// Which.
        letters: DeadLetterChoice,
    },
    /// Forget dead letters. Recorded.
    DropDeadLetters {
        /// Which.
        letters: DeadLetterChoice,
    },
    /// Deliver all events again, delivered or not, from that one on; a place that is not as far yet stays as it is.
    /// [`Error::CursorExpired`](crate::Error) if some of them are no longer kept. Recorded.
    RewindListener {
        /// The listener.
        listener: ListenerKey,
        /// The first event that comes again.
        first: Cursor,
    },
    /// Forget a listener that nobody runs: its place, what it kept and its dead letters go. One that runs again under its
    /// name begins as a new one. [`Error::Conflict`](crate::Error) while somebody holds it. Recorded.
    ForgetListener {
        /// The listener.
        listener: ListenerKey,
    },
}

/// What the runner of a listener asks for. Whatever changes something is an [`Error::Conflict`](crate::Error) unless this runner
/// was the last to hold the listener, and has not released it since; all but a hold are an [`Error::NotFound`](crate::Error) if
/// nobody ever held it.
#[derive(Clone, Debug, PartialEq)]
pub enum ListenAsk {
    /// Hold the listener against other runners, or go on holding it. [`Outcome::HeldByAnother`] if another does.
    Hold {
        /// What the listener is, e.g. `mail`.
        kind: String,
        /// Who the runner is, for people.
        on: String,
        /// For how many seconds from now, [`MAX_LEASE`] at the most.
        seconds: u32,
    },
    /// Hold it no longer. Nothing happens if nobody does.
    Release,
    /// Tell what is kept of it: [`Outcome::Recalled`].
    Recall,
    /// Keep its place.
    KeepPlace {
        /// The place.
        place: Place,
        /// [`Outcome::Recalled`] said so. It is a conflict if the listener was rewound since: recall the place again.
        rewinds: i64,
    },
    /// Note how it fares: well, or why it waits. Kept up to 1,000 bytes.
    Note {
        /// Why what comes waits; none if it does not.
        waiting: Option<String>,
    },
    /// Keep an event as a dead letter; one that is kept already has the new reason, and nobody asks for it again any
    /// more. Nothing happens to an event about listeners or dead letters. [`Error::CursorExpired`](crate::Error) if the event is no
    /// longer kept itself; [`Error::TooMany`](crate::Error) if [`MAX_DEAD_LETTERS`](crate::MAX_DEAD_LETTERS) others are kept.
    Park {
        /// The event.
        event: Cursor,
        /// Why it could not be delivered; kept up to 1,000 bytes.
        why: String,
    },
    /// Forget a dead letter, for it was delivered; one that is not there is no error.
    Unpark {
        /// The dead letter.
        letter: DeadLetterId,
    },
    /// Keep what the listener wants to know after a restart, in place of what it kept.
    KeepState {
        /// Any JSON.
        state: serde_json::Value,
    },
}

/// The longest time that a listener can be held at once, in seconds.
pub const MAX_LEASE: u32 = 3600;

/// Some dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetterChoice {
    /// One.
    One(DeadLetterId),
    /// Those of a listener.
    Of {
        /// The listener.
        listener: ListenerKey,
        /// The first event of which they may be; [`Cursor::ZERO`] for all.
        first: Cursor,
    },
}

/// What came of a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, or recorded for the master to do.
    Done,
    /// A buildset was made, with these requests.
    Buildset {
        /// The buildset.
        buildset: BuildsetId,
        /// Its requests, by builder.
        requests: BTreeMap<BuilderId, BuildRequestId>,
    },
    /// A change was recorded.
    Change {
        /// The change.
        change: ChangeId,
    },
    /// A master goes by its configuration as it is now.
    Reconfigured {
        /// What that changed.
        report: Reconfigured,
    },
    /// What a master is configured with.
    Configuration {
        /// Its parts.
        configuration: Configuration,
    },
    /// Another runner holds the listener.
    HeldByAnother {
        /// Who, for people.
        on: String,
    },
    /// What is kept of a listener.
    Recalled {
        /// Its place; none if it never had one.
        place: Option<Place>,
        /// How often it was rewound.
        rewinds: i64,
        /// What it keeps, if it does.
        state: Option<serde_json::Value>,
    },
}

/// What a [`ControlRecord`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ControlTarget {
    /// A build.
    Build(BuildId),
    /// A build request.
    BuildRequest(BuildRequestId),
    /// A worker.
    Worker(WorkerId),
    /// A listener.
    Listener(ListenerId),
}

/// What a [`ControlRecord`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ControlAction {
    /// Stop a build, or a worker after its builds.
    Stop,
    /// Cancel a build request.
    Cancel,
    /// Pause a worker.
    Pause,
    /// Unpause a worker.
    Unpause,
    /// End a worker at once.
    Kill,
    /// Deliver again what a listener was to deliver.
    Replay,
    /// Forget dead letters of a listener, or all of it.
    Drop,
}

impl ControlAction {
    /// All actions.
    pub const ALL: [Self; 7] = [
        Self::Stop,
        Self::Cancel,
        Self::Pause,
        Self::Unpause,
        Self::Kill,
        Self::Replay,
        Self::Drop,
    ];

    /// The action's word in topics, Buildbot's where it has the action.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Kill => "kill",
            Self::Replay => "replay",
            Self::Drop => "drop",
        }
    }
}

/// That somebody asked for something, as an event (Buildbot's `control/…` topics).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// What it is about.
    pub target: ControlTarget,
    /// What was asked for.
    pub action: ControlAction,
    /// Why.
    pub reason: Option<String>,
    /// Who asked.
    pub caller: String,
}

impl ControlRecord {
    /// What was done since it was asked for, with who asked and why, for people: `stopped by ada: too slow`.
    pub fn tell(&self, done: &str) -> String {
        let who = &self.caller;
        match &self.reason {
            Some(why) => format!("{done} by {who}: {why}"),
            None => format!("{done} by {who}"),
        }
    }
}
