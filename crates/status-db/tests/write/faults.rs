//! Failures, and many writers at once.

use std::time::Duration;

use futures::future::join_all;
use weir_status_api::{Bookmarks, BuildRequestId, Change, Cursor, Entity, Place, Query, ReadExt, Results};
use weir_status_db::{Applied, Database, Error, KeptState, NewChange, Options, Store, Transition};
use weir_testbed::{Link, Postgres, eventually};

use crate::rig::{Rig, events, newest, open};

fn change(author: String) -> Transition {
    Transition::AddChange(Box::new(NewChange {
        author,
        ..NewChange::default()
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_does_not_harm_those_beside_it() {
    let rig = Rig::sqlite().await;
    let before = rig.cursor().await;
    let all = (0..40).map(|at| {
        rig.store.apply(if at == 20 {
            Transition::Claim(BuildRequestId(99), rig.master)
        } else {
            change(format!("author {at}"))
        })
    });
    for (at, applied) in join_all(all).await.into_iter().enumerate() {
        match applied {
            Err(Error::NotFound { what }) if at == 20 => assert_eq!(what, "build request 99"),
            Ok(Applied::Change(_)) if at != 20 => {}
            other => panic!("{at}: {other:?}"),
        }
    }
    // The changes share a source stamp.
    assert_eq!(rig.events(before).await.len(), 39 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_together_fails_together() {
    let rig = Rig::sqlite().await;
    let before = rig.cursor().await;
    let both = vec![
        change("kept by nobody".to_owned()),
        Transition::CompleteRequest(BuildRequestId(99), Results::Success),
    ];
    rig.store.apply_all(both).await.unwrap_err();
    assert_eq!(rig.cursor().await, before);
    assert!(
        rig.store
            .page(Query::<Change>::new())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_many_writers_are_dense_and_each_writers_in_order() {
    let rig = Rig::sqlite().await;
    let before = rig.cursor().await;
    write_from_many(std::slice::from_ref(&rig.store)).await;
    check_order(&rig.store, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_masters_on_one_postgres_share_one_order() {
    let server = Postgres::start().unwrap();
    let url = server.url();
    let here = Rig::on(Database::Postgres(url.clone())).await;
    let dir = tempfile::tempdir().unwrap();
    let there = open(Database::Postgres(url), dir.path()).await;
    let before = here.cursor().await;
    write_from_many(&[here.store.clone(), there.clone()]).await;
    check_order(&here.store, before).await;
    check_order(&there, before).await;
}

const WRITERS: usize = 64;
const CHANGES: usize = 10;

async fn write_from_many(stores: &[Store]) {
    let writers = (0..WRITERS).map(|writer| {
        let store = stores[writer % stores.len()].clone();
        tokio::spawn(async move {
            for at in 0..CHANGES {
                store.apply(change(format!("{writer}/{at}"))).await.unwrap();
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
}

/// Numbers without a hole are asserted by `events`.
async fn check_order(store: &Store, before: Cursor) {
    let events = events(store, before).await;
    let changes = events.iter().filter_map(|event| match &event.entity {
        Entity::Change(change) => Some(change),
        _ => None,
    });
    let mut next = vec![0; WRITERS];
    for change in changes {
        let (writer, at) = change.author.split_once('/').unwrap();
        let writer: usize = writer.parse().unwrap();
        assert_eq!(at.parse(), Ok(next[writer]));
        next[writer] += 1;
    }
    assert_eq!(next, [CHANGES; WRITERS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_outlives_a_database_that_goes_and_comes_back() {
    let server = Postgres::start().unwrap();
    let url = server.url();
    let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
    let link = Link::to(format!("127.0.0.1:{port}").parse().unwrap())
        .await
        .unwrap();
    let through = url.replace(&format!(":{port}/"), &format!(":{}/", link.address().port()));
    let rig = Rig::on(Database::Postgres(through)).await;
    rig.apply(change("before".to_owned())).await;
    link.refuse();
    let error = rig.store.apply(change("lost".to_owned())).await.unwrap_err();
    let shown = weir_status_api::Error::from(error);
    assert!(
        matches!(shown, weir_status_api::Error::Unavailable { .. }),
        "{shown}"
    );
    link.heal();
    eventually("the database answers again", Duration::from_secs(8), async || {
        rig.store.apply(change("after".to_owned())).await.is_ok()
    })
    .await;
    let changes = rig.store.page(Query::<Change>::new()).await.unwrap();
    let authors: Vec<&str> = changes.items.iter().map(|it| it.author.as_str()).collect();
    assert_eq!(authors, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_belongs_to_one_master() {
    let rig = Rig::sqlite().await;
    let again = Store::open(Options {
        database: Database::Sqlite,
        data_dir: rig.dir.path().to_owned(),
        clock: std::sync::Arc::new(weir_status_api::SystemClock),
    });
    let error = again.await.err().unwrap();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_survives_a_close_and_nothing_is_taken_after_it() {
    let rig = Rig::sqlite().await;
    let state = KeptState {
        owner: "git_poller/weir".to_owned(),
        value: serde_json::json!({"main": "abc"}),
    };
    rig.apply(Transition::KeepState(state.clone())).await;
    let bookmarks = rig.store.bookmarks("master m1");
    bookmarks.hold("webhook", "webhook").await.unwrap();
    bookmarks.save("webhook", &Place::after(Cursor(2))).await.unwrap();
    bookmarks.save("webhook", &Place::after(Cursor(3))).await.unwrap();
    drop(bookmarks);
    let old = rig.store.clone();
    old.close().await;
    assert!(matches!(
        old.apply(change("late".to_owned())).await,
        Err(Error::Closed)
    ));
    drop(old);
    let rig = rig.reopened().await;
    assert_eq!(
        rig.store.kept_state(&state.owner).await.unwrap(),
        Some(state.value)
    );
    let bookmarks = rig.store.bookmarks("master m1");
    assert_eq!(
        bookmarks.load("webhook").await.unwrap(),
        Some(Place::after(Cursor(3)))
    );
    assert_eq!(bookmarks.load("mail").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_event_is_never_dropped() {
    let rig = Rig::sqlite().await;
    rig.apply(change("last".to_owned())).await;
    let last = rig.cursor().await;
    rig.apply(Transition::ExpireEvents(Cursor(i64::MAX))).await;
    assert_eq!(newest(&rig.store).await, last);
    rig.apply(change("next".to_owned())).await;
    assert_eq!(rig.cursor().await, Cursor(last.0 + 1));
}
