//! `HttpStatus` on a Buildbot master.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod master;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use master::{Master, build};
use weir_status_api::{
    Bookmarks, Build, Cursor, Entity, Error, Event, EventStream, Listener, ListenerError, Place, Query,
    ReadExt, Runner, RunnerOptions, Signal, Start, StatusApi, TopicFilter, Watch, Worker,
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

/// A listener that takes its time.
struct Slow(tokio::sync::mpsc::UnboundedSender<(i64, String)>);

#[async_trait]
impl Listener for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse("builds/*/new").unwrap()
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> Result<(), ListenerError> {
        // Others come meanwhile.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Entity::Build(build) = &event.entity else {
            panic!("{event:?}")
        };
        self.0.send((event.cursor.0, build.id.to_string())).unwrap();
        Ok(())
    }
}

/// Keeps no places: a listener begins with what comes.
struct Nowhere;

#[async_trait]
impl Bookmarks for Nowhere {
    async fn load(&self, _: &str) -> Result<Option<Place>, Error> {
        Ok(None)
    }

    async fn save(&self, _: &str, _: &Place) -> Result<(), Error> {
        Ok(())
    }

    async fn park(&self, _: &str, event: &Event, why: &str) -> Result<(), Error> {
        panic!("{event:?}: {why}")
    }
}

#[tokio::test]
async fn a_listener_is_told_of_each_build_by_a_number_of_its_own() {
    let master = Master::start().await;
    let mut numbers = vec![];
    for (number, round) in [(1, 10..20), (2, 20..30)] {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let api = Arc::new(client(&master));
        let runner = Runner::new(
            Arc::new(Slow(told)),
            api,
            Arc::new(Nowhere),
            RunnerOptions::default(),
        );
        let running = tokio::spawn(async move { runner.run().await });
        let listens = async {
            while master.listeners() < number {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), listens)
            .await
            .unwrap();
        for build_id in round.clone() {
            master.tell(&format!("builds/{build_id}/new"), &build(build_id, false));
        }
        let mut builds = vec![];
        for _ in round.clone() {
            let next = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await;
            let (number, build) = next.unwrap().unwrap();
            numbers.push(number);
            builds.push(build);
        }
        builds.sort();
        assert_eq!(builds, round.map(|it| it.to_string()).collect::<Vec<_>>());
        running.abort();
    }
    let different: std::collections::BTreeSet<_> = numbers.iter().collect();
    assert_eq!(different.len(), 20, "{numbers:?}");
}

#[tokio::test]
async fn a_master_that_does_not_answer_is_unavailable() {
    let master = Master::start().await;
    let api = client(&master);
    let error = api.page(Query::<Worker>::new().limit(25)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
}
