//! What the kit needs of an implementation: its API, and a hand on the writing side.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::HandClock;
use crate::{
    BranchId, BuildId, BuildRequestId, BuilderId, BuildsetId, Change, ChangeId, ChangeSourceId, CodebaseId,
    Commit, CommitId, Cursor, ForceScheduler, LogId, LogKind, MasterId, ProjectId, Properties, Results,
    SchedulerId, SourceStamp, StatusApi, StepId, TestResult, TestResultSetId, Url, WorkerId, WorkerInfo,
};

/// The user whom [`Stage::guarded`] admits.
pub const USER: &str = "ada";
/// The token of [`USER`].
pub const TOKEN: &str = "a-token-of-the-conformance-kit";

/// What a stage can do beside the promises that all keep.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// Whether events can be expired ([`Writer::expire_events`]); if not, those cases pass unseen.
    pub expire_events: bool,
    /// Whether the contents of logs can be deleted ([`Writer::delete_content`]); if not, that case passes unseen.
    pub delete_contents: bool,
    /// Whether the binding carries times to the microsecond; if not, the kit moves in whole seconds.
    pub sub_second_times: bool,
}

impl Default for Abilities {
    /// All.
    fn default() -> Self {
        Self {
            expire_events: true,
            delete_contents: true,
            sub_second_times: true,
        }
    }
}

/// One fresh master, and a binding of its status API under test.
#[async_trait]
pub trait Stage: Send + Sync {
    /// The API, open to all: anonymous callers may control.
    fn api(&self) -> Arc<dyn StatusApi>;

    /// The same, but closed: only [`USER`], who presents [`TOKEN`], may control, each command for its caller.
    fn guarded(&self) -> Arc<dyn StatusApi>;

    /// The writing side of the master.
    fn writer(&self) -> &dyn Writer;

    /// What it can do.
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    /// Cuts all the binding's connections; new ones work. Nothing where there are none.
    async fn disconnect(&self) {}
}

/// A builder, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuilderSetup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What the description is written in.
    pub description_format: Option<String>,
    /// Its project, by slug.
    pub project: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The workers that serve it, by name.
    pub workers: Vec<String>,
}

/// A project, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectSetup {
    /// Its name.
    pub name: String,
    /// Its name as an identifier.
    pub slug: String,
    /// What it is.
    pub description: Option<String>,
    /// What the description is written in.
    pub description_format: Option<String>,
}

/// A codebase, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CodebaseSetup {
    /// Its project, by slug.
    pub project: String,
    /// Its name.
    pub name: String,
    /// Its name as an identifier.
    pub slug: String,
}

/// All that the master has configured; what was and is not in it any more is marked as removed.
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
    /// The projects. One that is not in it any more stays as it was, without active builders.
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

/// A buildset to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewBuildset {
    /// Why.
    pub reason: String,
    /// An id from outside.
    pub external_id: Option<String>,
    /// What it builds, without ids: an equal source stamp is shared.
    pub sources: Vec<SourceStamp>,
    /// The changes that it builds.
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
}

/// The writing side: what a master does to its state. Every call is answered once it is committed, and
/// panics if it is refused. [`Writer::clock`] gives the time of each.
#[async_trait]
#[expect(
    missing_docs,
    reason = "each is the transition of its name; what is not plain is said"
)]
pub trait Writer: Send + Sync {
    /// The clock that the master goes by.
    fn clock(&self) -> &HandClock;

    /// The master, which runs and has nothing configured yet.
    fn master(&self) -> MasterId;

    async fn configure(&self, setup: Setup) -> SetupIds;

    /// The ids in `change` and the times of its source stamp are made by the master.
    async fn add_change(&self, change: Change) -> ChangeId;

    async fn add_buildset(&self, buildset: NewBuildset) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>);

    /// Whether the master has it now.
    async fn claim(&self, request: BuildRequestId) -> bool;

    async fn unclaim(&self, request: BuildRequestId);

    /// What an open request that nobody has claimed waits for, as its master says.
    async fn set_waiting_for(&self, request: BuildRequestId, what: Option<String>);

    /// The build and its number; its properties are the buildset's, then these.
    async fn start_build(
        &self,
        request: BuildRequestId,
        worker: WorkerId,
        properties: Properties,
    ) -> (BuildId, i64);

    async fn set_build_state(&self, build: BuildId, state: &str);

    async fn set_properties(&self, build: BuildId, properties: Properties);

    /// Its request and perhaps its buildset end with it, or, with [`Results::Retry`], its request is open again.
    async fn finish_build(&self, build: BuildId, results: Results, state: &str);

    /// The master makes the name unique within the build.
    async fn add_step(&self, build: BuildId, name: &str) -> StepId;

    async fn start_step(&self, step: StepId);

    async fn update_step(&self, step: StepId, state: &str, urls: Vec<Url>);

    /// Its open logs end with it.
    async fn finish_step(&self, step: StepId, results: Results, state: &str, hidden: bool);

    /// The master makes the slug.
    async fn add_log(&self, step: StepId, name: &str, kind: LogKind) -> LogId;

    /// Whole lines, each with its `\n`.
    async fn append_log(&self, log: LogId, lines: &str);

    async fn finish_log(&self, log: LogId);

    /// Its content is kept no longer; its build has ended, and is not the newest of its builder.
    async fn delete_content(&self, log: LogId);

    async fn connect_worker(&self, worker: WorkerId, info: WorkerInfo);

    /// Changes nothing if it is not connected.
    async fn disconnect_worker(&self, worker: WorkerId, why: &str);

    /// It tried to come and was refused; changes nothing if it is connected, or if that is known.
    async fn refuse_worker(&self, worker: WorkerId, why: &str);

    async fn set_worker_state(&self, worker: WorkerId, paused: bool, reason: Option<String>, graceful: bool);

    /// A force scheduler of that name is enabled or disabled with it.
    async fn enable_scheduler(&self, scheduler: SchedulerId, enabled: bool);

    /// That it should be connected and is not, told by an event without a change.
    async fn miss_worker(&self, worker: WorkerId);

    /// The id in `commit` is made by the master; a revision that its codebase has already stays as it was.
    async fn add_commit(&self, commit: Commit) -> CommitId;

    /// Makes the branch if there is none of that name; now is when its head moved, if it did.
    async fn move_branch(&self, codebase: CodebaseId, name: &str, head: Option<CommitId>) -> BranchId;

    /// Puts it in the place of what the build keeps under that name.
    async fn set_build_data(&self, build: BuildId, name: &str, value: Vec<u8>, source: &str);

    async fn add_test_result_set(
        &self,
        step: StepId,
        description: Option<String>,
        category: &str,
        value_unit: &str,
    ) -> TestResultSetId;

    /// The ids and the builder in `results` are made by the master.
    async fn add_test_results(&self, set: TestResultSetId, results: Vec<TestResult>);

    async fn finish_test_result_set(&self, set: TestResultSetId, passed: Option<i64>, failed: Option<i64>);

    /// Events up to the cursor are kept no longer.
    async fn expire_events(&self, up_to: Cursor);
}
