//! What stays, what goes, and what is told of it.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use weir_status_api::{Build, Error, Key, Log, LogKind, Query, Read, ReadExt, Start, TopicFilter, Watch};
use weir_status_db::{Applied, Database, Deleted, ForceKey, Outdated, Retention, Transition};

use super::{DAY, Old, keep};
use crate::rig::{new_buildset, shorts};

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_has_no_more_builds_than_it_may() {
    let old = Old::on(Database::Sqlite).await;
    for _ in 0..5 {
        old.one().await;
    }
    let most = Retention {
        builds_per_builder: Some(2),
        ..Retention::default()
    };
    let gone = old.rig.store.retain(&most).await.unwrap();
    assert_eq!(gone.builds, 3);
    let page = old.rig.store.page(Query::<Build>::new()).await.unwrap();
    let numbers: Vec<i64> = page.items.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [4, 5]);
    // The next build goes on counting.
    old.one().await;
    let page = old.rig.store.page(Query::<Build>::new()).await.unwrap();
    assert_eq!(page.items.last().unwrap().number, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_goes_with_its_request_and_buildset_and_that_is_told() {
    let old = Old::on(Database::Sqlite).await;
    let (build, log) = old.one().await;
    old.pass(10);
    old.one().await;
    let before = old.rig.cursor().await;
    let gone = old.rig.store.retain(&keep(5)).await.unwrap();
    assert_eq!(gone.builds, 1);
    assert_eq!(
        shorts(&old.rig.events(before).await),
        [
            "build 1 deleted success `done`",
            "request 1 deleted success claimed",
            "buildset 1 deleted success",
        ],
        "both buildsets share the source stamp, which stays"
    );
    for key in [Key::Build(build.into()), Key::Log(log.into())] {
        assert!(matches!(
            old.rig.store.get(key).await,
            Err(Error::NotFound { .. })
        ));
    }
    let gone = old.rig.store.retain(&keep(5)).await.unwrap();
    assert!(gone.is_nothing(), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_content_is_gone_says_so() {
    let old = Old::on(Database::Sqlite).await;
    let (_, log) = old.one().await;
    let (_, newest) = old.one().await;
    old.pass(10);
    let logs = Retention {
        logs: Some(DAY),
        ..Retention::default()
    };
    let before = old.rig.cursor().await;
    assert_eq!(old.rig.store.retain(&logs).await.unwrap().logs, 1);
    let row: Log = old.rig.store.one(Key::Log(log.into())).await.unwrap().value;
    assert_eq!((row.kind, row.num_lines), (LogKind::Deleted, 1));
    let error = old.rig.store.log_content(log.into(), 0, 1).await.unwrap_err();
    let what = format!("log {log}");
    assert_eq!(error, Error::ContentDeleted { what });
    assert_eq!(shorts(&old.rig.events(before).await), ["log stdio update 1"]);
    // The newest build of a builder stays whole.
    assert!(old.rig.store.log_content(newest.into(), 0, 1).await.is_ok());
    assert!(old.rig.store.retain(&logs).await.unwrap().is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn old_events_go_and_an_old_cursor_is_told() {
    let old = Old::on(Database::Sqlite).await;
    for _ in 0..50 {
        old.one().await;
    }
    let until = old.rig.cursor().await;
    old.pass(10);
    old.one().await;
    let events = Retention {
        events: Some(DAY),
        ..Retention::default()
    };
    let gone = old.rig.store.retain(&events).await.unwrap();
    assert_eq!(gone.events, until.0 as u64);
    let all = TopicFilter::all();
    assert!(
        old.rig
            .store
            .watch(all.clone(), Start::After(until))
            .await
            .is_ok()
    );
    let earlier = Start::After(weir_status_api::Cursor(until.0 - 1));
    let refused = old.rig.store.watch(all, earlier).await.map(drop);
    assert_eq!(refused, Err(Error::CursorExpired { oldest: until }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_force_may_be_answered_with_again_stays_for_a_day() {
    let old = Old::on(Database::Sqlite).await;
    let key = ForceKey {
        caller: "ada".to_owned(),
        scheduler: "force".to_owned(),
        key: "once".to_owned(),
    };
    let new = new_buildset(vec![old.rig.builders[0]]);
    let force = Transition::Force(key, Box::new(new));
    let first = old.rig.apply(force.clone()).await;
    let Applied::Buildset(_, requests) = &first else {
        panic!("{first:?}")
    };
    for request in requests.values() {
        old.ended(*request).await;
    }
    old.one().await;
    let most = Retention {
        builds_per_builder: Some(1),
        ..Retention::default()
    };
    assert_eq!(old.rig.store.retain(&most).await.unwrap().builds, 0);
    assert_eq!(old.rig.apply(force).await, first);
    old.pass(2);
    assert_eq!(old.rig.store.retain(&most).await.unwrap().builds, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_with_very_much_goes_in_several_steps() {
    let old = Old::on(Database::Sqlite).await;
    let (_, requests) = old.buildset(new_buildset(vec![old.rig.builders[0]])).await;
    let build = old.rig.build(requests[0]).await;
    let (_, log) = old.rig.step(build).await;
    for line in 0..50 {
        old.rig
            .apply(Transition::AppendLog(log, format!("oline {line}\n")))
            .await;
    }
    old.finish(build).await;
    old.one().await;
    let delete = || Transition::Delete {
        what: Outdated::Builds(vec![build]),
        least_per_builder: 1,
        rows: 20,
    };
    let mut steps = vec![];
    loop {
        let Applied::Deleted(deleted) = old.rig.apply(delete()).await else {
            panic!("a deletion")
        };
        steps.push(deleted);
        if deleted.done == 1 {
            break;
        }
        let error = old.rig.store.log_content(log.into(), 0, 1).await.unwrap_err();
        assert!(matches!(error, Error::ContentDeleted { .. }), "{error}");
    }
    assert!(steps.len() > 2, "{steps:?}");
    assert!(steps.iter().all(|it| it.rows <= 21), "{steps:?}");
    let Applied::Deleted(again) = old.rig.apply(delete()).await else {
        panic!("a deletion")
    };
    assert_eq!(
        again,
        Deleted {
            done: 1,
            gone: 0,
            rows: 0
        }
    );
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = diesel::sql_types::Text)]
    reference: String,
}

/// Whoever adds a table that refers to what can go must let it go too, or let it stand against it.
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_refers_to_what_goes_is_known() {
    let old = Old::on(Database::Sqlite).await;
    let file = old.rig.dir.path().join("weir.sqlite");
    let mut database = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    database.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    let sql = "SELECT tables.name || '.' || refers.\"from\" AS reference \
               FROM sqlite_master AS tables, pragma_foreign_key_list(tables.name) AS refers \
               WHERE tables.type = 'table' AND refers.\"table\" IN ('builds', 'steps', 'logs', 'test_result_sets', \
               'build_requests', 'buildsets', 'source_stamps', 'patches', 'changes', 'log_segments')";
    let found: Vec<Reference> = diesel::sql_query(sql).load(&mut database).unwrap();
    let found: BTreeSet<&str> = found.iter().map(|it| it.reference.as_str()).collect();
    let known = BTreeSet::from([
        "source_stamps.patch",
        "changes.source_stamp",
        "buildset_sources.buildset",
        "buildset_sources.source_stamp",
        "buildset_changes.buildset",
        "buildset_changes.change",
        "build_requests.buildset",
        "builds.request",
        "build_properties.build",
        "steps.build",
        // These go when their step ends.
        "step_checkpoints.step",
        "step_pieces.step",
        // These go when their build ends.
        "step_plans.step",
        "logs.step",
        "log_chunks.log",
        "log_chunks.segment",
        "build_data.build",
        "test_result_sets.build",
        "test_result_sets.step",
        "test_results.result_set",
        "force_keys.buildset",
    ]);
    assert_eq!(found, known, "`queries/apply/delete` must know these");
}
