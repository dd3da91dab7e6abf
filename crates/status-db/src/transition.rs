//! Transitions: everything that can happen to the state of a master, as plain data.
//!
//! Each becomes one atomic piece of a transaction, together with its events. Nothing else writes.

mod build;
mod buildset;
mod change;
mod outdated;
mod setup;
mod source;

use std::collections::BTreeMap;

use weir_status_api::{
    Absence, BranchId, BuildId, BuildRequestId, BuilderId, BuildsetId, ChangeId, CodebaseId, CommitId,
    ControlRecord, Cursor, DeadLetterChoice, ListenAsk, ListenerKey, LogId, MasterId, Place, Properties,
    Property, Results, SchedulerId, StepId, TestResultSetId, Url, WorkerId, WorkerInfo,
};

pub use build::{
    KeptCheckpoint, MAX_BUILD_DATA, NewBuildData, NewCheckpoint, NewLog, NewSteps, NewTestResult,
    NewTestResultSet, OpenBuild,
};
pub use buildset::{BuildsetSource, ForceKey, NewBuildset};
pub use change::{ChangeCommit, NewChange, NewCommit};
pub use outdated::{Deleted, Outdated};
pub use setup::{BuilderSetup, CodebaseSetup, ConfigurationId, ProjectSetup, Setup, SetupIds};
pub use source::{MAX_PATCH, NewPatch, NewSourceStamp};

/// Named JSON state of a change source or scheduler, kept in the same transaction as what it led to.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptState {
    /// Whose it is, e.g. `git_poller/weir`.
    pub owner: String,
    /// Any JSON.
    pub value: serde_json::Value,
}

/// One thing that happens. The comment of each says what [`Applied`] it gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Transition {
    /// A master of that name begins. Builds that it left running run on, see [`Store::open_builds`]; a request that
    /// it had claimed without a build is open again. `Master`.
    ///
    /// [`Store::open_builds`]: crate::Store::open_builds
    StartMaster {
        /// Its name.
        name: String,
    },
    /// A master ends. `Done`.
    StopMaster(MasterId),
    /// A master has a new configuration. `Setup`.
    Configure(MasterId, Setup),
    /// The text that a master is configured with from now on is kept, once for all that have it. Those that no master
    /// goes by, and no build which runs was begun with, are forgotten. `Configuration`.
    KeepConfiguration {
        /// The master.
        master: MasterId,
        /// The text.
        text: String,
        /// Others that stay, for builds of which the store does not know yet.
        needed: Vec<ConfigurationId>,
    },
    /// A change came. `Change`.
    AddChange(Box<NewChange>),
    /// A change source or scheduler keeps its state. `Done`.
    KeepState(KeptState),
    /// A buildset is made. `Buildset`.
    AddBuildset(Box<NewBuildset>),
    /// A buildset is made for somebody's wish, or was made for the same one within the last day. `Buildset`.
    Force(ForceKey, Box<NewBuildset>),
    /// A build triggers a buildset, which names it as its parent, or has triggered it with the same key already.
    /// `Buildset`.
    Trigger(String, Box<NewBuildset>),
    /// A master takes a request, if it is open and nobody has. `Claimed`.
    Claim(BuildRequestId, MasterId),
    /// What an open request waits for that only its master knows, for people; none if nothing. Nothing happens to one
    /// that is claimed or complete. `Done`.
    SetWaitingFor(BuildRequestId, Option<String>),
    /// A master gives a request back. `Done`.
    Unclaim(BuildRequestId),
    /// A request gets another priority; a complete one stays as it is. `Done`.
    SetPriority(BuildRequestId, i32),
    /// A request is complete without a build. `Done`.
    CompleteRequest(BuildRequestId, Results),
    /// A request stands for others too, which are complete as skipped. Nothing happens if it is complete itself, and
    /// nothing to those that are complete or claimed. `Done`.
    Collapse {
        /// The one that stays open.
        into: BuildRequestId,
        /// The others.
        collapsed: Vec<BuildRequestId>,
    },
    /// A build of a claimed request begins; its properties are the buildset's, then these. `Build`.
    StartBuild {
        /// The request.
        request: BuildRequestId,
        /// The worker it runs on.
        worker: WorkerId,
        /// The master that runs it.
        master: MasterId,
        /// Properties beside the buildset's.
        properties: Properties,
        /// The configuration by which it is built.
        configuration: Option<ConfigurationId>,
    },
    /// What a build does now, for people. `Done`.
    SetBuildState(BuildId, String),
    /// Properties are set on a build. `Done`.
    SetProperties(BuildId, BTreeMap<String, Property>),
    /// The names, none of which has a line end, of all secrets that a build has used, in the place of what was kept
    /// before. It has no event. `Done`.
    UseSecrets(BuildId, Vec<String>),
    /// A build ends, its open steps and logs with it; its request and buildset too, or on [`Results::Retry`]
    /// its request is open again (unless its cancel was asked for). `Done`.
    FinishBuild {
        /// The build.
        build: BuildId,
        /// How it ended.
        results: Results,
        /// For people, e.g. `build successful`.
        state: String,
    },
    /// A step is added to a build; the store makes its name unique. `Step`.
    AddStep(BuildId, String),
    /// A step adds steps to its build, behind itself; those that stood there move on. `Done`.
    InsertSteps(NewSteps),
    /// A step begins with the locks that it needs, or has them after it waited; the build has waited as long. `Done`.
    StartStep(StepId),
    /// How far a step that runs has come, in the place of what was kept of it before; forgotten when it ends. It has
    /// no event. `Done`.
    KeepCheckpoint(NewCheckpoint),
    /// A step begins, and waits for its locks; the text says which, for people. `Done`.
    AwaitLocks(StepId, String),
    /// What a step does now and its links. `Done`.
    UpdateStep {
        /// The step.
        step: StepId,
        /// For people.
        state: String,
        /// Its links.
        urls: Vec<Url>,
    },
    /// A step ends; its open logs with it. `Done`.
    FinishStep {
        /// The step.
        step: StepId,
        /// How it ended.
        results: Results,
        /// For people.
        state: String,
        /// Whether displays leave it out.
        hidden: bool,
    },
    /// A log is opened. `Log`.
    AddLog(NewLog),
    /// Whole lines are added to a log, each with its `\n`. `Done`, once they are on disk.
    AppendLog(LogId, String),
    /// Nothing more will be added to a log. `Done`.
    FinishLog(LogId),
    /// A worker connected to a master. `Done`.
    ConnectWorker(WorkerId, MasterId, WorkerInfo),
    /// A worker comes as this process, a name that no other has. One that was told to end, and comes as another process
    /// than it was last, has ended: whoever began it again wants it to work. `Done`.
    KnowProcess(WorkerId, String),
    /// A worker is gone from a master, and why, in a sentence; nothing happens if it was not there. `Done`.
    DisconnectWorker {
        /// The worker.
        worker: WorkerId,
        /// The master.
        master: MasterId,
        /// Why; kept if it is not connected to another master.
        why: String,
    },
    /// A worker tried to come and was refused, and why, in a sentence. Nothing happens if it is connected, or away for that
    /// reason already. `Done`.
    RefuseWorker(WorkerId, String),
    /// A worker is paused (with the reason), unpaused, or told to end after its builds. `Done`.
    SetWorkerState {
        /// The worker.
        worker: WorkerId,
        /// Whether it gets no new builds.
        paused: bool,
        /// Why.
        reason: Option<String>,
        /// Whether it ends after its builds.
        graceful: bool,
    },
    /// A worker should be connected and is not: an event, without a change. `Done`.
    MissWorker(WorkerId, Option<Absence>),
    /// A commit is recorded; one whose revision its codebase has already stays as it was. `Commit`.
    AddCommit(NewCommit),
    /// A branch is made, or its head moves. `Branch`.
    MoveBranch {
        /// The codebase.
        codebase: CodebaseId,
        /// The branch's name.
        name: String,
        /// The commit at its head, of the same codebase.
        head: Option<CommitId>,
    },
    /// A build keeps a piece of data, in the place of what it kept under that name. `Done`.
    SetBuildData(NewBuildData),
    /// A set of test results is opened. `TestResultSet`.
    AddTestResultSet(NewTestResultSet),
    /// Test results are added to a set that is not complete. `Done`.
    AddTestResults(TestResultSetId, Vec<NewTestResult>),
    /// Nothing more will be added to a set of test results. `Done`.
    FinishTestResultSet {
        /// The set.
        set: TestResultSetId,
        /// How many tests passed, if that is known.
        passed: Option<i64>,
        /// How many tests failed, if that is known.
        failed: Option<i64>,
    },
    /// A scheduler is enabled or disabled. `Done`.
    EnableScheduler(SchedulerId, bool),
    /// Somebody asked for something. A worker is paused, unpaused or marked as ending at once, and a request that
    /// nobody claimed is cancelled at once; the rest the master will do when it sees the event. What has
    /// ended stays as it is, without an event. `Done`.
    Record(ControlRecord),
    /// What the runner of a listener asks for, as of [`Command::Listen`]; a recall changes nothing. `Done`, or
    /// `HeldByAnother`.
    ///
    /// [`Command::Listen`]: weir_status_api::Command::Listen
    Listen {
        /// The listener's name.
        listener: String,
        /// The runner.
        holder: String,
        /// What it asks for.
        ask: ListenAsk,
    },
    /// Somebody asked to deliver dead letters again. `Done`.
    DeliverAgain {
        /// Which.
        letters: DeadLetterChoice,
        /// Who asked.
        caller: String,
    },
    /// Somebody asked to forget dead letters. `Done`.
    DropDeadLetters {
        /// Which.
        letters: DeadLetterChoice,
        /// Who asked.
        caller: String,
    },
    /// Somebody asked that a listener's place go back. `Done`.
    RewindListener {
        /// The listener.
        listener: ListenerKey,
        /// The first event that comes again.
        first: Cursor,
        /// Who asked.
        caller: String,
    },
    /// Somebody asked to forget a listener that nobody runs. `Done`.
    ForgetListener {
        /// The listener.
        listener: ListenerKey,
        /// Who asked.
        caller: String,
    },
    /// Events up to the cursor are dropped. `Done`.
    ExpireEvents(Cursor),
    /// What is too old goes, each in its turn, until about as many rows are gone as one transaction may take; what is
    /// needed stays. What is not there any more is passed over. `Deleted`.
    Delete {
        /// What, the oldest first.
        what: Outdated,
        /// How many of the newest builds of each builder stay, however old: at least one does.
        least_per_builder: u32,
        /// About how many rows go at the most.
        rows: u32,
    },
}

/// What is kept of a listener for its runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recalled {
    /// Its place; none if it never had one.
    pub(crate) place: Option<Place>,
    /// How often it was rewound.
    pub(crate) rewinds: i64,
    /// What it keeps.
    pub(crate) state: Option<serde_json::Value>,
}

/// What came of a [`Transition`].
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It is stored.
    Done,
    /// The master.
    Master(MasterId),
    /// The ids of what is configured.
    Setup(SetupIds),
    /// The change.
    Change(ChangeId),
    /// The buildset and its requests.
    Buildset(BuildsetId, BTreeMap<BuilderId, BuildRequestId>),
    /// Whether the claim succeeded.
    Claimed(bool),
    /// The build, and its number.
    Build(BuildId, i64),
    /// The step.
    Step(StepId),
    /// The log.
    Log(LogId),
    /// The commit.
    Commit(CommitId),
    /// The branch.
    Branch(BranchId),
    /// The set of test results.
    TestResultSet(TestResultSetId),
    /// The text of a configuration.
    Configuration(ConfigurationId),
    /// What was deleted.
    Deleted(Deleted),
    /// Who holds the listener, for people.
    HeldByAnother(String),
}
