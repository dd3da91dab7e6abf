//! A store in a temporary folder, with a master, two builders and a worker; and its events as short texts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::StreamExt;
use tempfile::TempDir;
use weir_status_api::{
    BuildId, BuildRequestId, BuilderId, BuildsetId, Clock, Cursor, Entity, Event, LogId, LogKind, Master,
    MasterId, Query, ReadExt, Signal, Start, StepId, Timestamp, TopicFilter, Watch, WorkerId,
};
use weir_status_db::{
    Applied, BuilderSetup, BuildsetSource, Database, NewBuildset, NewLog, NewSourceStamp, Options, Setup,
    Store, Transition,
};

/// A second passes whenever somebody looks.
#[derive(Default)]
pub(crate) struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) async fn open(database: Database, dir: &Path) -> Store {
    open_at(database, dir, Arc::new(Ticking::default())).await
}

async fn open_at(database: Database, dir: &Path, clock: Arc<dyn Clock>) -> Store {
    let options = Options {
        database,
        data_dir: dir.to_owned(),
        clock,
    };
    Store::open(options).await.unwrap()
}

pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) master: MasterId,
    pub(crate) builders: [BuilderId; 2],
    pub(crate) worker: WorkerId,
    pub(crate) dir: TempDir,
}

macro_rules! gives {
    ($applied:expr, $pattern:pat => $value:expr) => {
        match $applied {
            $pattern => $value,
            other => panic!("unexpected outcome {other:?}"),
        }
    };
}

pub(crate) fn setup() -> Setup {
    let builder = |name: &str| BuilderSetup {
        name: name.to_owned(),
        workers: vec!["anna".to_owned()],
        ..BuilderSetup::default()
    };
    Setup {
        builders: vec![builder("debug"), builder("release")],
        workers: vec!["anna".to_owned()],
        schedulers: vec!["all".to_owned()],
        ..Setup::default()
    }
}

pub(crate) fn new_buildset(builders: Vec<BuilderId>) -> NewBuildset {
    NewBuildset {
        reason: "a test".to_owned(),
        external_id: None,
        sources: vec![BuildsetSource::New(NewSourceStamp {
            repository: "https://example.org/weir.git".to_owned(),
            branch: Some("main".to_owned()),
            ..NewSourceStamp::default()
        })],
        changes: vec![],
        builders,
        properties: Default::default(),
        priority: 0,
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    }
}

impl Rig {
    pub(crate) async fn sqlite() -> Self {
        Self::on(Database::Sqlite).await
    }

    pub(crate) async fn on(database: Database) -> Self {
        Self::at(database, Arc::new(Ticking::default())).await
    }

    pub(crate) async fn at(database: Database, clock: Arc<dyn Clock>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open_at(database, dir.path(), clock).await;
        let name = "here".to_owned();
        let master = gives!(
            store.apply(Transition::StartMaster { name }).await.unwrap(),
            Applied::Master(id) => id
        );
        let ids = gives!(
            store.apply(Transition::Configure(master, setup())).await.unwrap(),
            Applied::Setup(ids) => ids
        );
        Self {
            store,
            master,
            builders: [ids.builders["debug"], ids.builders["release"]],
            worker: ids.workers["anna"],
            dir,
        }
    }

    /// The same folder, opened by another life of the master.
    pub(crate) async fn reopened(self) -> Self {
        self.reopened_at(Arc::new(Ticking::default())).await
    }

    pub(crate) async fn reopened_at(self, clock: Arc<dyn Clock>) -> Self {
        let Self {
            store,
            master,
            builders,
            worker,
            dir,
        } = self;
        store.close().await;
        drop(store);
        let store = open_at(Database::Sqlite, dir.path(), clock).await;
        Self {
            store,
            master,
            builders,
            worker,
            dir,
        }
    }

    pub(crate) async fn apply(&self, transition: Transition) -> Applied {
        self.store.apply(transition).await.unwrap()
    }

    /// A buildset on both builders, and its requests in their order.
    pub(crate) async fn buildset(&self) -> (BuildsetId, [BuildRequestId; 2]) {
        let new = Transition::AddBuildset(Box::new(new_buildset(self.builders.to_vec())));
        gives!(self.apply(new).await, Applied::Buildset(id, requests) => {
            (id, self.builders.map(|builder| requests[&builder]))
        })
    }

    pub(crate) async fn claim(&self, request: BuildRequestId) -> bool {
        gives!(self.apply(Transition::Claim(request, self.master)).await, Applied::Claimed(it) => it)
    }

    /// A build of the request, which is claimed first.
    pub(crate) async fn build(&self, request: BuildRequestId) -> BuildId {
        assert!(self.claim(request).await);
        let start = Transition::StartBuild {
            request,
            worker: self.worker,
            master: self.master,
            properties: Default::default(),
            configuration: None,
        };
        gives!(self.apply(start).await, Applied::Build(id, _) => id)
    }

    /// A step of the build that runs, and a log of it.
    pub(crate) async fn step(&self, build: BuildId) -> (StepId, LogId) {
        let add = Transition::AddStep(build, "compile".to_owned());
        let step = gives!(self.apply(add).await, Applied::Step(id) => id);
        self.apply(Transition::StartStep(step)).await;
        let log = Transition::AddLog(NewLog {
            step,
            name: "stdio".to_owned(),
            kind: LogKind::Stdio,
        });
        (step, gives!(self.apply(log).await, Applied::Log(id) => id))
    }

    /// A log of a step of a build that runs.
    pub(crate) async fn log(&self) -> LogId {
        let (_, [request, _]) = self.buildset().await;
        let build = self.build(request).await;
        self.step(build).await.1
    }

    pub(crate) async fn cursor(&self) -> Cursor {
        newest(&self.store).await
    }

    pub(crate) async fn events(&self, after: Cursor) -> Vec<Arc<Event>> {
        events(&self.store, after).await
    }
}

pub(crate) async fn newest(store: &Store) -> Cursor {
    store.page(Query::<Master>::new()).await.unwrap().cursor
}

/// The events after `after`, which must be numbered densely.
pub(crate) async fn events(store: &Store, after: Cursor) -> Vec<Arc<Event>> {
    let newest = newest(store).await;
    let mut found = vec![];
    if newest == after {
        return found;
    }
    let mut stream = store
        .watch(TopicFilter::all(), Start::After(after))
        .await
        .unwrap();
    while let Some(signal) = stream.next().await {
        if let Signal::Event(event) = signal.unwrap() {
            assert_eq!(event.cursor.0, after.0 + 1 + i64::try_from(found.len()).unwrap());
            let last = event.cursor == newest;
            found.push(event);
            if last {
                break;
            }
        }
    }
    found
}

/// What matters of an event: `build 1 finished success`.
pub(crate) fn short(event: &Event) -> String {
    let results = |results: Option<weir_status_api::Results>| results.map_or("-", |it| it.name());
    let verb = event.verb.name();
    match &event.entity {
        Entity::Build(it) => format!("build {} {verb} {} `{}`", it.id, results(it.results), it.state),
        Entity::BuildRequest(it) => {
            let claimed = it.claimed_by.map_or("open", |_| "claimed");
            format!("request {} {verb} {} {claimed}", it.id, results(it.results))
        }
        Entity::Buildset(it) => format!("buildset {} {verb} {}", it.id, results(it.results)),
        Entity::Step(it) => format!("step {} {verb} {} `{}`", it.name, results(it.results), it.state),
        Entity::Log(it) => format!("log {} {verb} {}", it.slug, it.num_lines),
        Entity::Properties(it) => {
            let names: Vec<&str> = it.changed.keys().map(String::as_str).collect();
            format!("properties {verb} {}", names.join(" "))
        }
        Entity::Worker(it) => format!(
            "worker {} {verb} on {} masters, paused {}, graceful {}",
            it.name,
            it.connected_to.len(),
            it.paused,
            it.graceful
        ),
        Entity::Builder(it) => format!("builder {} {verb}", it.name),
        Entity::Scheduler(it) => format!("scheduler {} {verb} {}", it.name, it.enabled),
        Entity::Master(it) => format!("master {} {verb} {}", it.name, it.active),
        Entity::SourceStamp(it) => format!("source stamp {} {verb}", it.id),
        Entity::Change(it) => format!("change {} {verb}", it.id),
        Entity::Control(it) => format!("control {:?} {}", it.target, it.action.name()),
        Entity::Listener(it) => format!("listener {} {verb}, {} dead letters", it.name, it.dead_letters),
        other => format!("{other:?} {verb}"),
    }
}

pub(crate) fn shorts(events: &[Arc<Event>]) -> Vec<String> {
    events.iter().map(|event| short(event)).collect()
}
