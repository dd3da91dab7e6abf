//! The store as a stage of the conformance kit.

#![allow(dead_code, reason = "each test that includes this file uses its own part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use weir_access::{ByCall, Guarded, Policy, User};
use weir_status_api::conformance::{HandClock, NewBuildset, Setup, SetupIds, Stage, TOKEN, USER, Writer};
use weir_status_api::{
    BranchId, BuildId, BuildRequestId, BuilderId, BuildsetId, Change, ChangeId, CodebaseId, Commit, CommitId,
    Cursor, LogId, LogKind, MasterId, Properties, Results, SchedulerId, SourceStamp, StatusApi, StepId,
    TestResult, TestResultSetId, Url, WorkerId, WorkerInfo,
};
use weir_status_db::{
    Applied, BuilderSetup, BuildsetSource, CodebaseSetup, Database, NewBuildData, NewChange, NewCommit,
    NewLog, NewSourceStamp, NewTestResult, NewTestResultSet, Options, Outdated, ProjectSetup, Store,
    Transition,
};

/// A store with a running master, written to by the kit.
pub(crate) struct StoreWriter {
    pub(crate) store: Store,
    clock: HandClock,
    master: MasterId,
}

impl StoreWriter {
    /// A fresh store in the empty folder `data_dir`.
    pub(crate) async fn open(database: Database, data_dir: &Path) -> Self {
        let clock = HandClock::default();
        let options = Options {
            database,
            data_dir: data_dir.to_owned(),
            clock: Arc::new(clock.clone()),
        };
        let store = Store::open(options).await.expect("a fresh store opens");
        let name = "conformance".to_owned();
        let applied = store.apply(Transition::StartMaster { name }).await;
        let Ok(Applied::Master(master)) = applied else {
            panic!("a master starts, but gives {applied:?}")
        };
        Self { store, clock, master }
    }

    /// The store, open to all.
    pub(crate) fn open_to_all(&self) -> Arc<dyn StatusApi> {
        self.behind(Policy {
            anonymous_control: true,
            ..Policy::default()
        })
    }

    /// The store, closed to all but the kit's user.
    pub(crate) fn guarded(&self) -> Arc<dyn StatusApi> {
        self.behind(Policy {
            users: vec![User::with_token(USER, TOKEN)],
            ..Policy::default()
        })
    }

    fn behind(&self, policy: Policy) -> Arc<dyn StatusApi> {
        let (api, credentials) = (Arc::new(self.store.clone()), Arc::new(self.store.clone()));
        let guarded = Guarded::new(api, credentials, Arc::new(self.clock.clone()), policy);
        Arc::new(ByCall(Arc::new(guarded.expect("a door"))))
    }

    async fn apply(&self, transition: Transition) -> Applied {
        let what = format!("{transition:.200?}");
        let applied = self.store.apply(transition).await;
        applied.unwrap_or_else(|error| panic!("{what} fails: {error}"))
    }
}

/// The store itself as the API.
pub(crate) struct StoreStage {
    pub(crate) writer: StoreWriter,
    /// Held until the stage is gone.
    pub(crate) data: tempfile::TempDir,
}

impl StoreStage {
    /// A fresh store in a temporary folder.
    pub(crate) async fn open(database: Database) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        Self {
            writer: StoreWriter::open(database, data.path()).await,
            data,
        }
    }
}

impl Stage for StoreStage {
    fn api(&self) -> Arc<dyn StatusApi> {
        self.writer.open_to_all()
    }

    fn guarded(&self) -> Arc<dyn StatusApi> {
        self.writer.guarded()
    }

    fn writer(&self) -> &dyn Writer {
        &self.writer
    }
}

/// What a transition gave, which is of this form.
macro_rules! made {
    ($applied:expr, $pattern:pat => $value:expr) => {
        match $applied {
            $pattern => $value,
            other => panic!("the outcome {other:?} is of another transition"),
        }
    };
}

fn stored_setup(setup: Setup) -> weir_status_db::Setup {
    let builders = setup.builders.into_iter().map(|it| BuilderSetup {
        name: it.name,
        description: it.description,
        description_format: it.description_format,
        project: it.project,
        tags: it.tags,
        workers: it.workers,
    });
    let projects = setup.projects.into_iter().map(|it| ProjectSetup {
        name: it.name,
        slug: it.slug,
        description: it.description,
        description_format: it.description_format,
    });
    let codebases = setup.codebases.into_iter().map(|it| CodebaseSetup {
        project: it.project,
        name: it.name,
        slug: it.slug,
    });
    weir_status_db::Setup {
        builders: builders.collect(),
        workers: setup.workers,
        schedulers: setup.schedulers,
        force_schedulers: setup.force_schedulers,
        projects: projects.collect(),
        codebases: codebases.collect(),
        change_sources: setup.change_sources,
    }
}

fn stored_source(source: SourceStamp) -> NewSourceStamp {
    NewSourceStamp {
        revision: source.revision,
        branch: source.branch,
        repository: source.repository,
        project: source.project,
        codebase: source.codebase,
        patch: source.patch.map(|it| weir_status_db::NewPatch {
            level: it.level,
            subdir: it.subdir,
            author: it.author,
            comment: it.comment,
            body: it.body,
        }),
    }
}

fn stored_change(change: Change) -> NewChange {
    NewChange {
        author: change.author,
        committer: change.committer,
        files: change.files,
        comments: change.comments,
        revision: change.revision,
        branch: change.branch,
        category: change.category,
        revlink: change.revlink,
        properties: change.properties,
        repository: change.repository,
        project: change.project,
        codebase: change.codebase,
        when: change.when,
        commit: None,
        state: None,
    }
}

fn stored_buildset(new: NewBuildset) -> weir_status_db::NewBuildset {
    weir_status_db::NewBuildset {
        reason: new.reason,
        external_id: new.external_id,
        sources: new
            .sources
            .into_iter()
            .map(|it| BuildsetSource::New(stored_source(it)))
            .collect(),
        changes: new.changes,
        builders: new.builders,
        properties: new.properties,
        priority: new.priority,
        waited_for: new.waited_for,
        parent: new.parent,
        rebuilt_build: None,
        state: None,
    }
}

#[async_trait]
impl Writer for StoreWriter {
    fn clock(&self) -> &HandClock {
        &self.clock
    }

    fn master(&self) -> MasterId {
        self.master
    }

    async fn configure(&self, setup: Setup) -> SetupIds {
        let configure = Transition::Configure(self.master, stored_setup(setup));
        let ids = made!(self.apply(configure).await, Applied::Setup(ids) => ids);
        SetupIds {
            builders: ids.builders,
            workers: ids.workers,
            schedulers: ids.schedulers,
            projects: ids.projects,
            codebases: ids.codebases,
            change_sources: ids.change_sources,
        }
    }

    async fn add_change(&self, change: Change) -> ChangeId {
        let add = Transition::AddChange(Box::new(stored_change(change)));
        made!(self.apply(add).await, Applied::Change(id) => id)
    }

    async fn add_buildset(&self, buildset: NewBuildset) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
        let add = Transition::AddBuildset(Box::new(stored_buildset(buildset)));
        made!(self.apply(add).await, Applied::Buildset(id, requests) => (id, requests))
    }

    async fn claim(&self, request: BuildRequestId) -> bool {
        made!(self.apply(Transition::Claim(request, self.master)).await, Applied::Claimed(is) => is)
    }

    async fn set_waiting_for(&self, request: BuildRequestId, what: Option<String>) {
        self.apply(Transition::SetWaitingFor(request, what)).await;
    }

    async fn unclaim(&self, request: BuildRequestId) {
        self.apply(Transition::Unclaim(request)).await;
    }

    async fn start_build(
        &self,
        request: BuildRequestId,
        worker: WorkerId,
        properties: Properties,
    ) -> (BuildId, i64) {
        let start = Transition::StartBuild {
            request,
            worker,
            master: self.master,
            properties,
            configuration: None,
        };
        made!(self.apply(start).await, Applied::Build(id, number) => (id, number))
    }

    async fn set_build_state(&self, build: BuildId, state: &str) {
        self.apply(Transition::SetBuildState(build, state.to_owned()))
            .await;
    }

    async fn set_properties(&self, build: BuildId, properties: Properties) {
        self.apply(Transition::SetProperties(build, properties)).await;
    }

    async fn finish_build(&self, build: BuildId, results: Results, state: &str) {
        self.apply(Transition::FinishBuild {
            build,
            results,
            state: state.to_owned(),
        })
        .await;
    }

    async fn add_step(&self, build: BuildId, name: &str) -> StepId {
        made!(self.apply(Transition::AddStep(build, name.to_owned())).await, Applied::Step(id) => id)
    }

    async fn start_step(&self, step: StepId) {
        self.apply(Transition::StartStep(step)).await;
    }

    async fn update_step(&self, step: StepId, state: &str, urls: Vec<Url>) {
        self.apply(Transition::UpdateStep {
            step,
            state: state.to_owned(),
            urls,
        })
        .await;
    }

    async fn finish_step(&self, step: StepId, results: Results, state: &str, hidden: bool) {
        self.apply(Transition::FinishStep {
            step,
            results,
            state: state.to_owned(),
            hidden,
        })
        .await;
    }

    async fn add_log(&self, step: StepId, name: &str, kind: LogKind) -> LogId {
        let add = Transition::AddLog(NewLog {
            step,
            name: name.to_owned(),
            kind,
        });
        made!(self.apply(add).await, Applied::Log(id) => id)
    }

    async fn append_log(&self, log: LogId, lines: &str) {
        self.apply(Transition::AppendLog(log, lines.to_owned())).await;
    }

    async fn finish_log(&self, log: LogId) {
        self.apply(Transition::FinishLog(log)).await;
    }

    async fn delete_content(&self, log: LogId) {
        let delete = Transition::Delete {
            what: Outdated::Logs(vec![log]),
            least_per_builder: 1,
            rows: 1000,
        };
        let deleted = made!(self.apply(delete).await, Applied::Deleted(deleted) => deleted);
        assert_eq!(deleted.gone, 1, "the content of {log} is needed");
    }

    async fn connect_worker(&self, worker: WorkerId, info: WorkerInfo) {
        self.apply(Transition::ConnectWorker(worker, self.master, info))
            .await;
    }

    async fn disconnect_worker(&self, worker: WorkerId, why: &str) {
        self.apply(Transition::DisconnectWorker {
            worker,
            master: self.master,
            why: why.to_owned(),
        })
        .await;
    }

    async fn refuse_worker(&self, worker: WorkerId, why: &str) {
        self.apply(Transition::RefuseWorker(worker, why.to_owned())).await;
    }

    async fn set_worker_state(&self, worker: WorkerId, paused: bool, reason: Option<String>, graceful: bool) {
        self.apply(Transition::SetWorkerState {
            worker,
            paused,
            reason,
            graceful,
        })
        .await;
    }

    async fn enable_scheduler(&self, scheduler: SchedulerId, enabled: bool) {
        self.apply(Transition::EnableScheduler(scheduler, enabled)).await;
    }

    async fn miss_worker(&self, worker: WorkerId) {
        self.apply(Transition::MissWorker(worker, None)).await;
    }

    async fn add_commit(&self, commit: Commit) -> CommitId {
        let add = Transition::AddCommit(NewCommit {
            codebase: commit.codebase,
            author: commit.author,
            committer: commit.committer,
            comments: commit.comments,
            when: commit.when,
            revision: commit.revision,
            parent: commit.parent,
        });
        made!(self.apply(add).await, Applied::Commit(id) => id)
    }

    async fn move_branch(&self, codebase: CodebaseId, name: &str, head: Option<CommitId>) -> BranchId {
        let name = name.to_owned();
        let moved = Transition::MoveBranch { codebase, name, head };
        made!(self.apply(moved).await, Applied::Branch(id) => id)
    }

    async fn set_build_data(&self, build: BuildId, name: &str, value: Vec<u8>, source: &str) {
        self.apply(Transition::SetBuildData(NewBuildData {
            build,
            name: name.to_owned(),
            value,
            source: source.to_owned(),
        }))
        .await;
    }

    async fn add_test_result_set(
        &self,
        step: StepId,
        description: Option<String>,
        category: &str,
        value_unit: &str,
    ) -> TestResultSetId {
        let add = Transition::AddTestResultSet(NewTestResultSet {
            step,
            description,
            category: category.to_owned(),
            value_unit: value_unit.to_owned(),
        });
        made!(self.apply(add).await, Applied::TestResultSet(id) => id)
    }

    async fn add_test_results(&self, set: TestResultSetId, results: Vec<TestResult>) {
        let results = results.into_iter().map(|it| NewTestResult {
            test_name: it.test_name,
            test_code_path: it.test_code_path,
            line: it.line,
            duration_ns: it.duration_ns,
            value: it.value,
        });
        self.apply(Transition::AddTestResults(set, results.collect()))
            .await;
    }

    async fn finish_test_result_set(&self, set: TestResultSetId, passed: Option<i64>, failed: Option<i64>) {
        self.apply(Transition::FinishTestResultSet { set, passed, failed })
            .await;
    }

    async fn expire_events(&self, up_to: Cursor) {
        self.apply(Transition::ExpireEvents(up_to)).await;
    }
}
