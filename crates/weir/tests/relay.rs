//! Callers of a gateway who are equal share one watch of the master; none of them misses an event or gets it twice.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../status-db/tests/stage/mod.rs"]
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use stage::StoreStage;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use weir_status_api::conformance::Writer;
use weir_status_api::{
    Access, Caller, Change, ChangeId, Cursor, Error, EventStream, OpenToAll, Properties, Result, Signal,
    SourceStamp, SourceStampId, Start, Timestamp, TopicFilter,
};
use weir_status_db::Database;
use weir_status_grpc::{Admit, Asking, GrpcStatus, routes_admitting, serve};
use weir_testbed::eventually;
use weir_web::Relay;

const DEADLINE: Duration = Duration::from_secs(20);

/// Counts the watches that the master has.
#[derive(Default)]
struct Count {
    open: Arc<AtomicUsize>,
    begun: Arc<AtomicUsize>,
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Admit for Count {
    fn admit(&self, _: Asking<'_>) -> Result<Box<dyn Send>> {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Open(Arc::clone(&self.open))))
    }
}

/// A master with a store, and a gateway before it.
struct House {
    stage: StoreStage,
    relay: Relay,
    open: Arc<AtomicUsize>,
    begun: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl House {
    async fn new() -> Self {
        let stage = StoreStage::open(Database::Sqlite).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("grpc://{}", listener.local_addr().unwrap());
        let (count, stop) = (Count::default(), CancellationToken::new());
        let (open, begun) = (Arc::clone(&count.open), Arc::clone(&count.begun));
        let access = Arc::new(OpenToAll(stage.writer.open_to_all()));
        let routes = routes_admitting(access, Arc::new(count), stop.clone());
        tokio::spawn(serve(listener, routes, stop.clone()));
        let relay = Relay::new(Arc::new(GrpcStatus::connect(&url, None).unwrap()));
        Self {
            stage,
            relay,
            open,
            begun,
            stop,
        }
    }

    async fn change(&self) {
        let writer: &dyn Writer = &self.stage.writer;
        writer.add_change(change()).await;
    }

    async fn watch(&self, caller: &Caller, start: Start) -> EventStream {
        let filter = TopicFilter::parse("changes/*/*").unwrap();
        self.relay.open(caller).watch(filter, start).await.unwrap()
    }
}

fn change() -> Change {
    let stamp = SourceStamp {
        id: SourceStampId(0),
        revision: None,
        branch: None,
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        created_at: Timestamp::default(),
        patch: None,
    };
    Change {
        id: ChangeId(0),
        parents: vec![],
        author: "ada".to_owned(),
        committer: None,
        files: vec![],
        comments: "a change".to_owned(),
        revision: None,
        branch: None,
        category: None,
        revlink: None,
        properties: Properties::new(),
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        source_stamp: stamp,
        when: Timestamp::default(),
    }
}

/// The cursors of the next events, past bookmarks.
async fn take(events: &mut EventStream, count: usize) -> Vec<Cursor> {
    let mut cursors = vec![];
    while cursors.len() < count {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        if let Signal::Event(event) = next.expect("an event in time").unwrap().unwrap() {
            cursors.push(event.cursor);
        }
    }
    cursors
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_are_equal_share_one_watch_and_others_do_not() {
    let house = House::new().await;
    let anonymous = Caller::anonymous();
    let mut all = vec![];
    for _ in 0..50 {
        all.push(house.watch(&anonymous, Start::Now).await);
    }
    let ada = Caller::bearer("ada's");
    let mut hers = [
        house.watch(&ada, Start::Now).await,
        house.watch(&ada, Start::Now).await,
    ];
    for _ in 0..20 {
        house.change().await;
    }
    let expected = take(&mut all[0], 20).await;
    for events in all.iter_mut().skip(1).chain(&mut hers) {
        assert_eq!(take(events, 20).await, expected);
    }
    assert_eq!(
        house.begun.load(Ordering::SeqCst),
        2,
        "one for each who is different"
    );
    drop(all);
    let open = async || house.open.load(Ordering::SeqCst) == 1;
    eventually("nobody's watch ends", DEADLINE, open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_behind_catches_up_alone_and_then_shares() {
    let house = House::new().await;
    let anonymous = Caller::anonymous();
    for _ in 0..10 {
        house.change().await;
    }
    let mut first = house.watch(&anonymous, Start::Now).await;
    let mut behind = house.watch(&anonymous, Start::After(Cursor::ZERO)).await;
    let old = take(&mut behind, 10).await;
    for _ in 0..10 {
        house.change().await;
    }
    let new = take(&mut first, 10).await;
    assert_eq!(take(&mut behind, 10).await, new);
    assert!(old.last() < new.first());
    let open = async || house.open.load(Ordering::SeqCst) == 1;
    eventually("the watch of their own ends", DEADLINE, open).await;
    // From then on they share, and nothing is begun any more.
    let begun = house.begun.load(Ordering::SeqCst);
    house.change().await;
    assert_eq!(take(&mut behind, 1).await, take(&mut first, 1).await);
    assert_eq!(house.begun.load(Ordering::SeqCst), begun);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_falls_behind_and_loses_nothing() {
    let house = House::new().await;
    let anonymous = Caller::anonymous();
    let mut slow = house.watch(&anonymous, Start::Now).await;
    let mut quick = house.watch(&anonymous, Start::Now).await;
    let mut expected = vec![];
    // More than a line keeps.
    for _ in 0..15 {
        for _ in 0..100 {
            house.change().await;
        }
        expected.extend(take(&mut quick, 100).await);
    }
    assert_eq!(take(&mut slow, 1_500).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_watch_is_that_of_all_who_share_it() {
    let house = House::new().await;
    let mut all = vec![];
    for _ in 0..3 {
        all.push(house.watch(&Caller::anonymous(), Start::Now).await);
    }
    house.stop.cancel();
    for events in &mut all {
        loop {
            let next = tokio::time::timeout(DEADLINE, events.next()).await;
            match next.expect("an end in time") {
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
                    break;
                }
                None => panic!("an error is the last item"),
            }
        }
    }
}
