//! All comes over, with its ids, and a master goes on from there.

use weir_buildbot_import::{Place, Report, import};
use weir_status_api::{
    Build, BuildId, BuildKey, BuildRequest, BuildRequestId, Builder, BuilderId, BuilderKey, Buildset,
    BuildsetId, Change, ChangeId, Error, Key, LogId, LogKey, Master, MasterId, PropertiesOf, Read, ReadExt,
    Results, SourceStamp, SourceStampId, Step, StepKey, TestResult, TestResultId, Timestamp, Worker,
    WorkerId, WorkerKey,
};
use weir_status_db::{
    Applied, BuilderSetup, BuildsetSource, Database, NewBuildset, NewPatch, NewSourceStamp, Setup, Store,
    Transition,
};
use weir_testbed::Postgres;

use crate::rig::{NOW, Rig, VERSIONS, fill_postgres, open};

/// The first of the logs of all kinds: builds have three steps with a log each.
const ODD: i64 = 6 * 3 + 1;

fn rows(report: &Report, table: &str) -> (i64, i64, i64) {
    let found = report.tables.iter().find(|it| it.table == table).unwrap();
    (found.found, found.stored, found.left_out)
}

fn check_report(report: &Report, version: i64) {
    assert_eq!(report.version, version);
    assert_eq!(rows(report, "builds"), (8, 8, 0));
    assert_eq!(rows(report, "steps"), (21, 21, 0));
    // One is added for the builds whose worker is gone.
    assert_eq!(rows(report, "workers"), (2, 3, 0));
    assert_eq!(rows(report, "build_properties"), (38, 37, 1));
    assert_eq!(rows(report, "buildrequests"), (10, 10, 0));
    assert_eq!(
        (
            report.interrupted_builds,
            report.cancelled_requests,
            report.open_requests
        ),
        (2, 1, 3)
    );
    assert_eq!(report.users.len(), 2);
    assert_eq!(report.users[0].name, "ada");
    assert_eq!(report.users[0].email.as_deref(), Some("1@example.org"));
    // The one that had said 99.
    assert_eq!(report.corrected_logs, 1);
    assert_eq!(report.lines, 18 * 21 + 6 * 16 + 2 + 3);
}

async fn text(store: &Store, log: i64) -> Result<String, Error> {
    let content = store.log_content(LogKey::Id(LogId(log)), 0, 1000).await;
    content.map(|it| it.value.content)
}

async fn check_store(store: &Store, version: i64) {
    let key = BuildKey::Number(BuilderKey::Name("windows ä".to_owned()), 1);
    let build: Build = store.one(Key::Build(key.clone())).await.unwrap().value;
    assert_eq!(
        (build.id, build.builder, build.results),
        (BuildId(1), BuilderId(2), Some(Results::Warnings))
    );
    assert_eq!(build.started_at, Timestamp::from_secs(1_700_000_062));
    let properties = store.properties(PropertiesOf::Build(key.clone())).await;
    let properties = properties.unwrap().value;
    assert_eq!(properties["ratio"].value, "NaN");
    assert_eq!(properties["owners"].value, serde_json::json!(["Ada", "Eva"]));
    let builder: Builder = store
        .one(Key::Builder(BuilderKey::Id(BuilderId(1))))
        .await
        .unwrap()
        .value;
    assert_eq!(builder.tags, ["fast", "nightly"]);
    let step: Step = store
        .one(Key::Step(StepKey::Number(key.clone(), 9)))
        .await
        .unwrap()
        .value;
    assert!(step.hidden && step.urls[0].url == "https://example.org" && step.id.0 == ODD);

    for method in 0..6 {
        assert_eq!(
            text(store, ODD + method).await.unwrap(),
            "oh\nno\n".repeat(8),
            "compression {method}"
        );
    }
    assert_eq!(text(store, ODD + 10).await.unwrap(), "<b>\nbold</b>\n");
    assert!(matches!(
        text(store, ODD + 11).await,
        Err(Error::ContentDeleted { .. })
    ));
    assert_eq!(text(store, ODD + 12).await.unwrap(), "oone\neone\nhä\n");
    assert!(text(store, 1).await.unwrap().ends_with("hdone\n"));

    let change: Change = store.one(Key::Change(ChangeId(2))).await.unwrap().value;
    assert_eq!(
        (change.files.as_slice(), change.parents.as_slice()),
        (["src/2.rs".to_owned()].as_slice(), [ChangeId(1)].as_slice())
    );
    assert_eq!(change.comments, "change 2\n\nwhy");
    assert_eq!(change.properties["size"].source, "Change");
    let stamp: SourceStamp = store.one(Key::SourceStamp(SourceStampId(4))).await.unwrap().value;
    assert_eq!(stamp.patch.unwrap().body, b"--- a\n+++ b\n");
    assert_eq!(
        store.build_data(key, "coverage".to_owned()).await.unwrap().value,
        [0, 255]
    );
    let result: TestResult = store.one(Key::TestResult(TestResultId(1))).await.unwrap().value;
    assert_eq!(result.test_name.as_deref(), Some("it works"));
    let worker: Worker = store
        .one(Key::Worker(WorkerKey::Id(WorkerId(2))))
        .await
        .unwrap()
        .value;
    assert_eq!(worker.info.facts["numcpus"], "8");
    assert_eq!(worker.pause_reason.is_some(), version >= 64);
    check_what_was_under_way(store).await;
}

/// A build ran, had triggered one that ran too, and waited for it; two requests waited.
async fn check_what_was_under_way(store: &Store) {
    let build = async |id| -> Build {
        store
            .one(Key::Build(BuildKey::Id(BuildId(id))))
            .await
            .unwrap()
            .value
    };
    let request = async |id| -> BuildRequest {
        store
            .one(Key::BuildRequest(BuildRequestId(id)))
            .await
            .unwrap()
            .value
    };
    let buildset = async |id| -> Buildset { store.one(Key::Buildset(BuildsetId(id))).await.unwrap().value };
    let (parent, triggered) = (build(7).await, build(8).await);
    assert_eq!(
        (parent.results, parent.complete_at),
        (Some(Results::Retry), Some(NOW))
    );
    assert_eq!(
        (triggered.results, triggered.worker),
        (Some(Results::Cancelled), WorkerId(3))
    );
    for id in [7, 9, 10] {
        let open = request(id).await;
        assert!(open.complete_at.is_none() && open.claimed_by.is_none() && open.results.is_none());
        assert!(buildset(id).await.complete_at.is_none());
    }
    assert_eq!(request(8).await.results, Some(Results::Cancelled));
    assert_eq!(buildset(8).await.results, Some(Results::Cancelled));
    assert_eq!(request(1).await.claimed_by, Some(MasterId(1)));
    let master: Master = store.one(Key::Master(MasterId(1))).await.unwrap().value;
    assert!(!master.active);
}

/// A master that starts goes on behind what there is.
async fn check_going_on(store: &Store) {
    let name = "here".to_owned();
    let Applied::Master(master) = store.apply(Transition::StartMaster { name }).await.unwrap() else {
        panic!("no master");
    };
    assert_eq!(master, MasterId(3));
    let setup = Setup {
        builders: vec![BuilderSetup {
            name: "docs".to_owned(),
            workers: vec!["anna".to_owned()],
            ..BuilderSetup::default()
        }],
        workers: vec!["anna".to_owned()],
        ..Setup::default()
    };
    let Applied::Setup(ids) = store.apply(Transition::Configure(master, setup)).await.unwrap() else {
        panic!("no setup");
    };
    assert_eq!(
        (ids.builders["docs"], ids.workers["anna"]),
        (BuilderId(3), WorkerId(1))
    );
    let patch = NewPatch {
        level: 1,
        author: "Ada".to_owned(),
        comment: "try".to_owned(),
        body: b"--- a\n+++ b\n".to_vec(),
        ..NewPatch::default()
    };
    let source = NewSourceStamp {
        branch: Some("main".to_owned()),
        patch: Some(patch),
        ..NewSourceStamp::default()
    };
    let new = NewBuildset {
        reason: "more".to_owned(),
        external_id: None,
        sources: vec![BuildsetSource::New(source)],
        changes: vec![],
        builders: vec![BuilderId(3)],
        properties: Default::default(),
        priority: 0,
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    };
    let Applied::Buildset(buildset, requests) =
        store.apply(Transition::AddBuildset(Box::new(new))).await.unwrap()
    else {
        panic!("no buildset");
    };
    let request = requests[&BuilderId(3)];
    assert_eq!((buildset, request), (BuildsetId(11), BuildRequestId(11)));
    let set: Buildset = store.one(Key::Buildset(buildset)).await.unwrap().value;
    assert_eq!(
        set.source_stamps[0].id,
        SourceStampId(3),
        "the first of the equal ones"
    );
    store.apply(Transition::Claim(request, master)).await.unwrap();
    let start = Transition::StartBuild {
        request,
        worker: WorkerId(1),
        master,
        properties: Default::default(),
        configuration: None,
    };
    let Applied::Build(build, number) = store.apply(start).await.unwrap() else {
        panic!("no build");
    };
    assert_eq!((build, number), (BuildId(9), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_comes_over_and_a_master_goes_on() {
    for (name, version) in VERSIONS {
        let rig = Rig::new(name);
        let before = std::fs::read(rig.file()).unwrap();
        let report = rig.import().await.unwrap();
        check_report(&report, version);
        assert!(
            before == std::fs::read(rig.file()).unwrap(),
            "the source is only read"
        );
        assert!(!rig.data().join("importing").exists());
        let store = open(Database::Sqlite, &rig.data()).await;
        check_store(&store, version).await;
        check_going_on(&store).await;
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_read_and_written() {
    let server = Postgres::start().unwrap();
    let from = server.url();
    fill_postgres(&from, "4.3").await;
    let rig = Rig::new("4.3");
    let sqlite = rig.options().from;
    let postgres = Place::parse(&from.replace("postgres://", "postgresql+psycopg2://")).unwrap();
    for (number, (from, database)) in [
        (&postgres, Database::Postgres(server.url())),
        (&postgres, Database::Sqlite),
        (&sqlite, Database::Postgres(server.url())),
    ]
    .into_iter()
    .enumerate()
    {
        let mut options = rig.options();
        options.from = from.clone();
        options.database = database.clone();
        options.data_dir = rig.folder.path().join(format!("data{number}"));
        let report = import(&options, |_| ()).await.unwrap();
        check_report(&report, 67);
        let store = open(database.clone(), &options.data_dir).await;
        check_store(&store, 67).await;
        check_going_on(&store).await;
        store.close().await;

        if let Database::Postgres(_) = database {
            options.data_dir = rig.folder.path().join("other");
            let again = import(&options, |_| ()).await.unwrap_err().to_string();
            assert!(
                again.contains("name an empty database with --database"),
                "{again}"
            );
            assert!(!options.data_dir.exists());
        }
    }
}

#[tokio::test]
async fn what_waits_can_be_cancelled() {
    let rig = Rig::new("4.3");
    let mut options = rig.options();
    options.cancel_waiting = true;
    let report = import(&options, |_| ()).await.unwrap();
    assert_eq!((report.cancelled_requests, report.open_requests), (4, 0));
    let store = open(Database::Sqlite, &rig.data()).await;
    for id in 7..=10 {
        let set: Buildset = store.one(Key::Buildset(BuildsetId(id))).await.unwrap().value;
        assert_eq!(
            (set.results, set.complete_at),
            (Some(Results::Cancelled), Some(NOW))
        );
    }
    store.close().await;
}
