//! A build from its change to its end, on both databases.

use std::collections::BTreeMap;

use weir_status_api::{Cursor, LogKey, Property, Read, Results, Url, WorkerInfo};
use weir_status_db::{Applied, Database, NewChange, Transition};
use weir_testbed::Postgres;

use crate::rig::{Rig, new_buildset, setup, shorts};

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    from_change_to_end(Rig::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let server = Postgres::start().unwrap();
    from_change_to_end(Rig::on(Database::Postgres(server.url())).await).await;
}

async fn from_change_to_end(rig: Rig) {
    let start = rig.events(Cursor::ZERO).await;
    assert_eq!(
        shorts(&start),
        [
            "master here started true",
            "builder debug started",
            "builder release started",
            "scheduler all updated true",
            "worker anna state_updated on 0 masters, paused false, graceful false",
        ]
    );
    let before = rig.cursor().await;
    rig.apply(Transition::ConnectWorker(
        rig.worker,
        rig.master,
        WorkerInfo::default(),
    ))
    .await;
    let change = rig
        .apply(Transition::AddChange(Box::new(NewChange {
            author: "Ada <ada@example.org>".to_owned(),
            revision: Some("abc".to_owned()),
            ..NewChange::default()
        })))
        .await;
    let Applied::Change(change) = change else {
        panic!("{change:?}")
    };
    let mut new = new_buildset(rig.builders.to_vec());
    new.changes = vec![change];
    new.properties = BTreeMap::from([("owner".to_owned(), Property::new("ada", "Change"))]);
    let Applied::Buildset(_, requests) = rig.apply(Transition::AddBuildset(Box::new(new))).await else {
        panic!("no buildset")
    };
    let [first, second] = rig.builders.map(|builder| requests[&builder]);
    let build = rig.build(first).await;
    assert!(
        !rig.claim(first).await,
        "a claimed request cannot be claimed again"
    );
    let (step, log) = rig.step(build).await;
    rig.apply(Transition::AppendLog(log, "omake\noall\n".to_owned()))
        .await;
    let properties = BTreeMap::from([
        ("owner".to_owned(), Property::new("ada", "Change")),
        ("got_revision".to_owned(), Property::new("abc", "Git")),
    ]);
    rig.store
        .apply_all(vec![
            Transition::SetProperties(build, properties),
            Transition::UpdateStep {
                step,
                state: "compiling".to_owned(),
                urls: vec![Url {
                    name: "report".to_owned(),
                    url: "https://example.org/report".to_owned(),
                }],
            },
        ])
        .await
        .unwrap();
    rig.apply(Transition::FinishStep {
        step,
        results: Results::Warnings,
        state: "compiled".to_owned(),
        hidden: false,
    })
    .await;
    rig.apply(Transition::FinishBuild {
        build,
        results: Results::Warnings,
        state: "build successful".to_owned(),
    })
    .await;
    rig.apply(Transition::CompleteRequest(second, Results::Failure))
        .await;
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "worker anna connected on 1 masters, paused false, graceful false",
            "source stamp 1 new",
            "change 1 new",
            "source stamp 2 new",
            "request 1 new - open",
            "request 2 new - open",
            "buildset 1 new -",
            "request 1 claimed - claimed",
            "build 1 new - `starting`",
            "properties update owner",
            "step compile new - `pending`",
            "step compile started - `running`",
            "log stdio new 0",
            "log stdio append 2",
            "properties update got_revision",
            "step compile updated - `compiling`",
            "log stdio finished 2",
            "step compile finished warnings `compiled`",
            "build 1 finished warnings `build successful`",
            "request 1 complete warnings claimed",
            "request 2 complete failure open",
            "buildset 1 complete failure",
        ]
    );
    let content = rig.store.log_content(LogKey::Id(log), 1, 10).await.unwrap();
    assert_eq!(content.value.content, "oall\n");
    assert_eq!(content.cursor, rig.cursor().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_emits_what_it_changes() {
    let rig = Rig::sqlite().await;
    let before = rig.cursor().await;
    rig.apply(Transition::Configure(rig.master, setup())).await;
    assert_eq!(
        rig.cursor().await,
        before,
        "the same configuration changes nothing"
    );
    let mut changed = setup();
    changed.builders.remove(0);
    changed.builders[0].description = Some("fast".to_owned());
    changed.schedulers = vec!["nightly".to_owned()];
    let Applied::Setup(ids) = rig.apply(Transition::Configure(rig.master, changed)).await else {
        panic!("no ids")
    };
    assert_eq!(ids.builders["release"], rig.builders[1]);
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "builder release update",
            "builder debug stopped",
            "scheduler nightly updated true",
            "scheduler all updated true",
            "worker anna state_updated on 0 masters, paused false, graceful false",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_one_name_are_told_apart() {
    let rig = Rig::sqlite().await;
    let (_, [request, _]) = rig.buildset().await;
    let build = rig.build(request).await;
    let before = rig.cursor().await;
    for _ in 0..3 {
        rig.apply(Transition::AddStep(build, "upload".to_owned())).await;
    }
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "step upload new - `pending`",
            "step upload_1 new - `pending`",
            "step upload_2 new - `pending`",
        ]
    );
}
