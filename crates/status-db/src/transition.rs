//! Transitions: everything that can happen to the state of a master, as plain data.
//!
//! Each becomes one atomic piece of a transaction, together with its events. Nothing else writes.

mod source;

use std::collections::BTreeMap;
use std::fmt;

use weir_status_api::{
    Absence, BranchId, BuildId, BuildRequestId, BuilderId, BuildsetId, ChangeId, ChangeSourceId, CodebaseId,
    CommitId, ControlRecord, Cursor, ForceScheduler, LogId, LogKind, MasterId, ProjectId, Properties,
    Property, Results, SchedulerId, SourceStampId, StepId, TestResultSetId, Timestamp, Url, WorkerId,
    WorkerInfo,
};

pub use source::{MAX_PATCH, NewPatch, NewSourceStamp};

/// How many bytes the value of a piece of build data can have: 16 MiB. It lives in a row of the database, and
/// is read and written as a whole.
pub const MAX_BUILD_DATA: usize = 16 * 1024 * 1024;

/// A builder, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuilderSetup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What the description is written in, e.g. `markdown`.
    pub description_format: Option<String>,
    /// Its project, by slug; one of the setup or one that is known already.
    pub project: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The workers that serve it, by name.
    pub workers: Vec<String>,
}

/// A project, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectSetup {
    /// Its name.
    pub name: String,
    /// Its name as an identifier, unique.
    pub slug: String,
    /// What it is.
    pub description: Option<String>,
    /// What the description is written in, e.g. `markdown`.
    pub description_format: Option<String>,
}

/// A codebase, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodebaseSetup {
    /// Its project, by slug; one of the setup or one that is known already.
    pub project: String,
    /// Its name, unique within its project.
    pub name: String,
    /// Its name as an identifier, unique within its project.
    pub slug: String,
}

/// All that a master has configured; what is not in it any more is marked as removed, never deleted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// The builders.
    pub builders: Vec<BuilderSetup>,
    /// The workers, by name.
    pub workers: Vec<String>,
    /// The schedulers, by name; force schedulers among them.
    pub schedulers: Vec<String>,
    /// The force schedulers.
    pub force_schedulers: Vec<ForceScheduler>,
    /// The projects. One that is not in it any more stays as it was.
    pub projects: Vec<ProjectSetup>,
    /// The codebases. One that is not in it any more stays as it was.
    pub codebases: Vec<CodebaseSetup>,
    /// The change sources, by name.
    pub change_sources: Vec<String>,
}

/// The ids of what a [`Setup`] names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetupIds {
    /// Builders by name.
    pub builders: BTreeMap<String, BuilderId>,
    /// Workers by name.
    pub workers: BTreeMap<String, WorkerId>,
    /// Schedulers by name.
    pub schedulers: BTreeMap<String, SchedulerId>,
    /// Projects by slug.
    pub projects: BTreeMap<String, ProjectId>,
    /// Codebases by their project's slug and their own.
    pub codebases: BTreeMap<(String, String), CodebaseId>,
    /// Change sources by name.
    pub change_sources: BTreeMap<String, ChangeSourceId>,
}

/// The text of a configuration that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigurationId(pub i64);

/// Steps that a step adds to its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSteps {
    /// The step that gave them, which has not ended and gave none before: else it is a conflict. They stand behind it.
    pub after: StepId,
    /// Their names; the store makes them unique.
    pub names: Vec<String>,
    /// What the engine must know of them, kept until the build ends.
    pub plan: String,
}

/// How far a step that runs has come.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCheckpoint {
    /// The step, which has begun and not ended.
    pub step: StepId,
    /// 1 for its first checkpoint, then always one more: any other number is a conflict. So one of which is not known
    /// whether it was stored can be handed in again.
    pub number: i64,
    /// What the engine must know to go on.
    pub value: Vec<u8>,
    /// What is kept beside the value until the step ends, under this number.
    pub piece: Option<Vec<u8>>,
}

impl fmt::Debug for NewCheckpoint {
    /// Shows lengths, not the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCheckpoint")
            .field("step", &self.step)
            .field("number", &self.number)
            .field("value", &self.value.len())
            .field("piece", &self.piece.as_ref().map(Vec::len))
            .finish()
    }
}

/// A step's checkpoint, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// Its number.
    pub number: i64,
    /// The engine's value.
    pub value: Vec<u8>,
    /// The pieces, by the number of the checkpoint that each came with.
    pub pieces: BTreeMap<i64, Vec<u8>>,
}

/// A build that a master has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBuild {
    /// The build.
    pub build: BuildId,
    /// The configuration by which it is built.
    pub configuration: Option<ConfigurationId>,
    /// Who asked for its end and why, if somebody did.
    pub stop: Option<String>,
    /// The names of the secrets that it has used.
    pub used_secrets: Vec<String>,
}

/// A change to be recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewChange {
    /// Who wrote it.
    pub author: String,
    /// Who committed it.
    pub committer: Option<String>,
    /// The files it touches.
    pub files: Vec<String>,
    /// Its message.
    pub comments: String,
    /// The revision it made.
    pub revision: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Where to read it.
    pub revlink: Option<String>,
    /// Its properties.
    pub properties: Properties,
    /// The repository's URL.
    pub repository: String,
    /// The project.
    pub project: String,
    /// The codebase.
    pub codebase: String,
    /// When it was made.
    pub when: Timestamp,
    /// The commit that it is, to be recorded with it; its branch is there then.
    pub commit: Option<ChangeCommit>,
    /// State to keep with it in the same transaction (a poller's last revisions).
    pub state: Option<KeptState>,
}

/// The commit that a change is; the change says the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCommit {
    /// Its codebase.
    pub codebase: CodebaseId,
    /// The revision before it, of a merge the first; left out if its commit is not recorded.
    pub parent: Option<String>,
}

/// Named JSON state of a change source or scheduler, kept in the same transaction as what it led to.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptState {
    /// Whose it is, e.g. `git_poller/weir`.
    pub owner: String,
    /// Any JSON.
    pub value: serde_json::Value,
}

/// What a buildset builds: new sources, or those of changes and buildsets that exist.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a buildset has few")]
pub enum BuildsetSource {
    /// This source; an equal stamp is shared.
    New(NewSourceStamp),
    /// A source stamp that exists.
    Stamp(SourceStampId),
    /// All source stamps of a buildset that exists, and its changes beside the new one's own.
    Of(BuildsetId),
}

/// A buildset to be made, with one request per builder.
#[derive(Clone, Debug, PartialEq)]
pub struct NewBuildset {
    /// Why.
    pub reason: String,
    /// An id from outside.
    pub external_id: Option<String>,
    /// What it builds.
    pub sources: Vec<BuildsetSource>,
    /// The changes that it builds: the blame list of its builds.
    pub changes: Vec<ChangeId>,
    /// The builders.
    pub builders: Vec<BuilderId>,
    /// What its builds start with.
    pub properties: Properties,
    /// Priority of its requests.
    pub priority: i32,
    /// Whether a build waits for it.
    pub waited_for: bool,
    /// The build that triggered it, and how.
    pub parent: Option<(BuildId, String)>,
    /// The build it repeats.
    pub rebuilt_build: Option<BuildId>,
    /// Its scheduler's state after it.
    pub state: Option<KeptState>,
}

/// A log to be opened on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLog {
    /// The step.
    pub step: StepId,
    /// Its name; the store makes the slug.
    pub name: String,
    /// What it holds.
    pub kind: LogKind,
}

/// Which wish a force carries out: nothing is made for the same one again within a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForceKey {
    /// Whose wish it is.
    pub caller: String,
    /// The force scheduler.
    pub scheduler: String,
    /// What the caller's program made up for this one wish.
    pub key: String,
}

/// A commit to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit {
    /// Its codebase.
    pub codebase: CodebaseId,
    /// Who wrote it.
    pub author: String,
    /// Who committed it, if that is known to be another.
    pub committer: Option<String>,
    /// Its message.
    pub comments: String,
    /// When it was made.
    pub when: Timestamp,
    /// Its revision, unique within its codebase.
    pub revision: String,
    /// The commit before it; of a merge the first.
    pub parent: Option<CommitId>,
}

/// A piece of data that a build keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct NewBuildData {
    /// The build.
    pub build: BuildId,
    /// Its name within the build, 1 to 256 bytes.
    pub name: String,
    /// [`MAX_BUILD_DATA`] bytes at the most.
    pub value: Vec<u8>,
    /// Who sets it, e.g. the name of a step.
    pub source: String,
}

impl fmt::Debug for NewBuildData {
    /// Shows the length of the value, not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewBuildData")
            .field("build", &self.build)
            .field("name", &self.name)
            .field("length", &self.value.len())
            .field("source", &self.source)
            .finish()
    }
}

/// A set of test results to be opened on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTestResultSet {
    /// The step.
    pub step: StepId,
    /// What the step says of it.
    pub description: Option<String>,
    /// The kind of results, e.g. `pass_fail`.
    pub category: String,
    /// The unit of its results' values, e.g. `boolean`.
    pub value_unit: String,
}

/// A test result to be added to a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTestResult {
    /// The name of the test. It or the path must be there.
    pub test_name: Option<String>,
    /// The path of the source it is about.
    pub test_code_path: Option<String>,
    /// The line there, from 1.
    pub line: Option<i64>,
    /// How long it took, in nanoseconds.
    pub duration_ns: Option<i64>,
    /// The result, in its set's unit.
    pub value: String,
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
    /// A worker is gone from a master. `Done`.
    DisconnectWorker(WorkerId, MasterId),
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
    /// A listener's place in the events. `Done`.
    KeepBookmark(String, Cursor),
    /// An event that a listener could not take. `Done`.
    ParkEvent(String, Cursor, String),
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

/// What is too old to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// Builds, with all that belongs to them; then their requests that are complete, the buildsets that have no
    /// request any more, and the source stamps that nothing refers to.
    Builds(Vec<BuildId>),
    /// Requests that ended without a build.
    Requests(Vec<BuildRequestId>),
    /// Buildsets without requests.
    Buildsets(Vec<BuildsetId>),
    /// The contents of logs. The logs stay.
    Logs(Vec<LogId>),
    /// Changes that no buildset refers to.
    Changes(Vec<ChangeId>),
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
}

/// How far a [`Transition::Delete`] came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many of those that were named, from the first, are done with: gone, or needed.
    pub done: usize,
    /// How many of them are gone.
    pub gone: usize,
    /// How many rows went, about.
    pub rows: u64,
}
