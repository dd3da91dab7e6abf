//! `HttpStatus` on a Buildbot master.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod master;

use std::time::Duration;

use futures::StreamExt;
use master::{Master, build};
use weir_status_api::{
    Build, Cursor, Entity, Error, EventStream, Query, ReadExt, Signal, Start, TopicFilter, Watch, Worker,
};
use weir_status_http::{HttpOptions, HttpStatus};

fn client(master: &Master) -> HttpStatus {
    let options = HttpOptions {
        timeout: Duration::from_millis(500),
        silence: Duration::from_millis(100),
        ..HttpOptions::default()
    };
    HttpStatus::new(&master.address, options).unwrap()
}

/// The next signal, in short; a bookmark is a dot.
async fn next(events: &mut EventStream) -> String {
    let signal = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
    match signal.unwrap().unwrap() {
        Ok(Signal::Bookmark(cursor)) => {
            assert_eq!(cursor, Cursor::ZERO);
            ".".to_owned()
        }
        Ok(Signal::Event(event)) => match &event.entity {
            Entity::Build(build) => format!("{} {}", build.id, event.verb.name()),
            other => panic!("{other:?}"),
        },
        Err(Error::Unavailable { .. }) => "gone".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_watch_tells_what_was_missed_while_the_master_was_away() {
    let master = Master::start().await;
    master.builds.lock().unwrap().extend([(6, true), (7, false)]);
    let api = client(&master);
    assert!(!api.resumes().await.unwrap());
    let page = api.page(Query::<Build>::new()).await.unwrap();
    assert_eq!((page.items.len(), page.cursor), (2, Cursor::ZERO));

    let filter = TopicFilter::parse_all(["builds/*/new", "builds/*/finished"]).unwrap();
    let mut events = api
        .watch(filter.clone(), Start::After(page.cursor))
        .await
        .unwrap();
    assert!(
        master
            .asked
            .lock()
            .unwrap()
            .contains(&"/sse/add/64f09471-abbd/builds/*/*".to_owned())
    );
    assert_eq!(next(&mut events).await, ".");
    // The update that comes before the build is new is none that is asked for, and what is told in part is left out.
    master.tell("builds/8/update", &build(8, false));
    master.tell("builders/1/started", r#"{"builderid": 1}"#);
    master.tell("strangers/1/new", "{}");
    master.tell("builds/8/new", &build(8, false));
    assert_eq!(next(&mut events).await, "8 new");
    // It is asked whether it is still there while it says nothing.
    let asked = || {
        master
            .asked
            .lock()
            .unwrap()
            .iter()
            .any(|it| it.starts_with("/sse/remove/"))
    };
    tokio::time::timeout(Duration::from_secs(20), async {
        tokio::select! {
            it = next(&mut events) => panic!("{it}"),
            () = async { while !asked() { tokio::time::sleep(Duration::from_millis(20)).await } } => {}
        }
    })
    .await
    .unwrap();

    *master.builds.lock().unwrap() = vec![(6, true), (7, true), (8, false), (9, true)];
    master.hang_up();
    assert_eq!(next(&mut events).await, "gone");
    let mut events = api
        .watch(filter.clone(), Start::After(Cursor::ZERO))
        .await
        .unwrap();
    for expected in ["7 finished", "9 new", "9 finished", "."] {
        assert_eq!(next(&mut events).await, expected);
    }
    // Whoever begins now is told nothing of what was.
    let mut others = api.watch(filter, Start::Now).await.unwrap();
    assert_eq!(next(&mut others).await, ".");
    master.tell("builds/8/finished", &build(8, true));
    assert_eq!(
        (next(&mut events).await, next(&mut others).await),
        ("8 finished".to_owned(), "8 finished".to_owned())
    );
}

#[tokio::test]
async fn a_master_that_does_not_answer_is_unavailable() {
    let master = Master::start().await;
    let api = client(&master);
    let error = api.page(Query::<Worker>::new().limit(25)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
}
