//! The history is what Weir itself could have written: it reads all of it.

use std::sync::Arc;

use weir_status_api::{
    Build, BuildField, BuildRequest, BuildRequestId, Buildset, Change, Log, LogField, LogId, LogKey, LogKind,
    PropertiesOf, Query, Read, ReadExt, Results, Step, StepField, SystemClock,
};
use weir_status_db::{
    Applied, BuilderSetup, Database, NewBuildset, NewLog, Options, Setup, Store, Transition,
};

use super::fill;
use crate::options::{PLAIN_BUILDERS, Plan};
use crate::server::worker_name;

const BUILDS: u64 = 1000;
const WORKERS: u16 = 2;

fn plan() -> Plan {
    Plan {
        builds: BUILDS,
        builders: PLAIN_BUILDERS,
        per_change: 10,
        workers: WORKERS,
        connections: 1,
        seconds: 1,
        starts: 1,
        audiences: vec![],
        rounds: 1,
        lines: 2,
        forced: 1,
    }
}

async fn open(folder: &std::path::Path) -> Store {
    let options = Options {
        database: Database::Sqlite,
        data_dir: folder.join("data"),
        clock: Arc::new(SystemClock),
    };
    Store::open(options).await.unwrap()
}

fn setup() -> Setup {
    let workers: Vec<String> = (0..WORKERS).map(worker_name).collect();
    let names = (0..PLAIN_BUILDERS).map(|number| format!("b{number:03}"));
    let builders = names.chain(["short".to_owned()]).map(|name| BuilderSetup {
        name,
        workers: workers.clone(),
        ..BuilderSetup::default()
    });
    Setup {
        builders: builders.collect(),
        workers,
        ..Setup::default()
    }
}

/// A master with one build, whose log has two lines.
async fn seed(store: &Store) {
    let apply = async |transition| store.apply(transition).await.unwrap();
    let name = "here".to_owned();
    let Applied::Master(master) = apply(Transition::StartMaster { name }).await else {
        panic!("a master starts");
    };
    let Applied::Setup(ids) = apply(Transition::Configure(master, setup())).await else {
        panic!("it is configured");
    };
    let new = NewBuildset {
        reason: "the first".to_owned(),
        external_id: None,
        sources: vec![],
        changes: vec![],
        builders: vec![ids.builders["short"]],
        properties: Default::default(),
        priority: 0,
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    };
    let Applied::Buildset(_, requests) = apply(Transition::AddBuildset(Box::new(new))).await else {
        panic!("a buildset is added");
    };
    let request: BuildRequestId = requests[&ids.builders["short"]];
    apply(Transition::Claim(request, master)).await;
    let start = Transition::StartBuild {
        request,
        worker: ids.workers[&worker_name(0)],
        master,
        properties: Default::default(),
        configuration: None,
    };
    let Applied::Build(build, _) = apply(start).await else {
        panic!("a build starts");
    };
    let Applied::Step(step) = apply(Transition::AddStep(build, "cat".to_owned())).await else {
        panic!("a step is added");
    };
    apply(Transition::StartStep(step)).await;
    let new = NewLog {
        step,
        name: "stdio".to_owned(),
        kind: LogKind::Stdio,
    };
    let Applied::Log(log) = apply(Transition::AddLog(new)).await else {
        panic!("a log is added");
    };
    apply(Transition::AppendLog(log, "oone\notwo\n".to_owned())).await;
    let finish = Transition::FinishBuild {
        build,
        results: Results::Success,
        state: "done".to_owned(),
    };
    apply(finish).await;
}

#[tokio::test]
async fn weir_reads_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    seed(&store).await;
    store.close().await;
    drop(store);
    let database = folder.path().join("data").join("weir.sqlite");
    let inserts = include_str!("weir.sql");
    assert_eq!(fill(&database, inserts, &plan()).unwrap().builds, BUILDS);
    let store = open(folder.path()).await;
    let builds = store.page(Query::<Build>::new().limit(5000)).await.unwrap().items;
    assert_eq!(builds.len() as u64, BUILDS + 1);
    assert!(builds.iter().all(|it| it.complete_at > Some(it.started_at)));
    let failed = builds
        .iter()
        .filter(|it| it.results != Some(Results::Success))
        .count() as u64;
    assert!(
        (BUILDS / 20..BUILDS / 4).contains(&failed),
        "{failed} builds failed"
    );
    assert_eq!(
        store
            .page(Query::<Change>::new().limit(500))
            .await
            .unwrap()
            .items
            .len(),
        100
    );
    assert_eq!(
        store
            .page(Query::<Buildset>::new().limit(500))
            .await
            .unwrap()
            .items
            .len(),
        101
    );
    let requests = store
        .page(Query::<BuildRequest>::new().limit(5000))
        .await
        .unwrap()
        .items;
    assert!(requests.iter().all(|it| it.complete_at.is_some()));
    let last = builds.last().unwrap();
    let query = Query::<Build>::new().eq(BuildField::Builder, last.builder);
    assert_eq!(
        store.page(query).await.unwrap().items.len() as u64,
        BUILDS / PLAIN_BUILDERS
    );
    let properties = store
        .properties(PropertiesOf::Build(last.id.into()))
        .await
        .unwrap()
        .value;
    assert_eq!(properties["buildnumber"].value, last.number);
    let steps = store
        .page(Query::<Step>::new().eq(StepField::Build, last.id))
        .await
        .unwrap()
        .items;
    assert_eq!(steps.len(), 3);
    let logs = store
        .page(Query::<Log>::new().eq(LogField::Step, steps[2].id))
        .await
        .unwrap()
        .items;
    let log: LogId = logs[0].id;
    let text = store
        .log_content(LogKey::Id(log), 0, 10)
        .await
        .unwrap()
        .value
        .content;
    assert_eq!(text, "oone\notwo\n");
}
