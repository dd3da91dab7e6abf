//! Watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use weir_status_api::*;
use weir_status_grpc::{Admit, Asking};
use weir_testbed::eventually;

use crate::scripted::{DEADLINE, Mood, Scripted, Served, event, last_error, next, next_event};

#[tokio::test]
async fn events_come_whole_and_in_order() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    api.commit();
    api.commit();
    let mut all = client
        .watch(TopicFilter::all(), Start::After(Cursor::ZERO))
        .await
        .unwrap();
    for cursor in 1..=2 {
        assert_eq!(
            next(&mut all).await,
            Some(Ok(Signal::Event(event(cursor).into())))
        );
    }
    assert_eq!(next(&mut all).await, Some(Ok(Signal::Bookmark(Cursor(2)))));

    // What is committed once the call has returned comes; what was before does not.
    let mut new = client.watch(TopicFilter::all(), Start::Now).await.unwrap();
    api.commit();
    assert_eq!(next_event(&mut new).await, Ok(Cursor(3)));
    assert_eq!(next_event(&mut all).await, Ok(Cursor(3)));
}

#[tokio::test]
async fn errors_come_typed_at_the_start_and_within() {
    let api = Scripted::forgetting(Cursor(5));
    let server = Served::start(&api).await;
    let client = server.client();
    let expired = Error::CursorExpired { oldest: Cursor(5) };
    let start = client.watch(TopicFilter::all(), Start::After(Cursor(4))).await;
    assert_eq!(start.err(), Some(expired.clone()));

    api.commit();
    let mut events = client
        .watch(TopicFilter::all(), Start::After(Cursor(5)))
        .await
        .unwrap();
    assert_eq!(next_event(&mut events).await, Ok(Cursor(6)));
    api.set(Mood::Fails(expired.clone()));
    assert_eq!(last_error(&mut events).await, expired);
}

#[tokio::test]
async fn a_panic_ends_its_watch_only() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    let mut events = client.watch(TopicFilter::all(), Start::Now).await.unwrap();
    api.set(Mood::Panics);
    let error = last_error(&mut events).await;
    assert!(matches!(error, Error::Internal { .. }), "{error:?}");
    api.set(Mood::Well);
    let mut events = client.watch(TopicFilter::all(), Start::Now).await.unwrap();
    assert!(matches!(next(&mut events).await, Some(Ok(Signal::Bookmark(_)))));
}

#[tokio::test]
async fn a_watch_ends_on_the_server_when_the_client_drops_it() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    let mut idle = client.watch(TopicFilter::all(), Start::Now).await.unwrap();
    next(&mut idle).await;
    assert_eq!(api.open_watches(), 1);
    drop(idle);
    eventually("no watch is open", DEADLINE, async || api.open_watches() == 0).await;
}

#[tokio::test]
async fn an_unread_watch_costs_a_bounded_amount_and_holds_nobody_up() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    api.set(Mood::Floods);
    let mut unread = Vec::new();
    for _ in 0..10 {
        unread.push(client.watch(TopicFilter::all(), Start::Now).await.unwrap());
    }
    // The server goes on until the connection has no room, and then fetches nothing more.
    let mut before = usize::MAX;
    eventually("the flood stands still", DEADLINE, async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = api.events_given();
        std::mem::replace(&mut before, now) == now
    })
    .await;
    let bytes_each = api.events_given() * 64 * 1024 / unread.len();
    assert!(bytes_each < 4 << 20, "{bytes_each} bytes wait for each watch");

    client.get(Key::Build(BuildId(1).into())).await.unwrap();
    // Nothing of it is lost to a reader who comes back.
    let mut late = unread.pop().unwrap();
    for cursor in 1..=100 {
        assert_eq!(next_event(&mut late).await, Ok(Cursor(cursor)));
    }
    drop((late, unread));
    eventually("no watch is open", DEADLINE, async || api.open_watches() == 0).await;
}

/// Room for two watches of those who are not known.
#[derive(Default)]
struct RoomForTwo(Arc<AtomicUsize>);

struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn full() -> Error {
    Error::TooMany {
        why: "watches, at most 2".to_owned(),
    }
}

impl Admit for RoomForTwo {
    fn admit(&self, asking: Asking<'_>) -> Result<Box<dyn Send>> {
        assert!(asking.headers.contains_key("content-type"));
        if asking.known {
            return Ok(Box::new(()));
        }
        let place = Place(Arc::clone(&self.0));
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Ok(Box::new(place)),
            _ => Err(full()),
        }
    }
}

#[tokio::test]
async fn watches_are_admitted_for_as_long_as_they_go_on() {
    let api = Scripted::new();
    let room = RoomForTwo::default();
    let open = Arc::clone(&room.0);
    let access = Arc::new(OpenToAll(Arc::clone(&api) as _));
    let server = Served::admitting(access, Arc::new(room)).await;
    let client = server.client();
    let watch = async || client.watch(TopicFilter::all(), Start::Now).await;
    let (first, _second) = (watch().await.unwrap(), watch().await.unwrap());
    assert_eq!(watch().await.err(), Some(full()), "the error comes whole");
    let known = client.open(&Caller::bearer("ada's"));
    let _more = known.watch(TopicFilter::all(), Start::Now).await.unwrap();
    drop(first);
    eventually("the place is free again", DEADLINE, async || {
        open.load(Ordering::SeqCst) == 1
    })
    .await;
    drop(watch().await.unwrap());
}
