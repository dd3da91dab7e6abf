//! Asking with deadlines, and taking streams apart.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use crate::{Cursor, Error, Event, EventStream, ReadExt, Result, Signal, Start, StatusApi, TopicFilter};

/// How long anything may take that comes at all.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// The answer of `call`; asks again while the binding is unavailable.
pub(super) async fn patiently<T>(what: &str, mut call: impl AsyncFnMut() -> Result<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        match timeout(DEADLINE, call()).await {
            Err(_) => panic!("{what} is not answered within {DEADLINE:?}"),
            Ok(Ok(answer)) => return answer,
            Ok(Err(Error::Unavailable { .. })) if Instant::now() < end => {
                sleep(Duration::from_millis(20)).await;
            }
            Ok(Err(error)) => panic!("{what} fails: {error:?}"),
        }
    }
}

/// The cursor of the newest event.
pub(super) async fn newest(api: &dyn StatusApi) -> Cursor {
    let none = crate::Query::<crate::Master>::new().limit(1);
    patiently("a page of masters", async || api.page(none.clone()).await)
        .await
        .cursor
}

/// A watch that must begin.
pub(super) async fn watch(api: &dyn StatusApi, filter: &TopicFilter, start: Start) -> EventStream {
    patiently("a watch", async || api.watch(filter.clone(), start).await).await
}

/// The filter of these patterns.
pub(super) fn filter(patterns: &[&str]) -> TopicFilter {
    TopicFilter::parse_all(patterns.iter().copied()).expect("the patterns are good")
}

/// The next signal, which must come.
pub(super) async fn next_signal(stream: &mut EventStream) -> Signal {
    match timeout(DEADLINE, stream.next()).await {
        Err(_) => panic!("nothing comes from the watch within {DEADLINE:?}"),
        Ok(None) => panic!("the watch ends: it is without end"),
        Ok(Some(Err(error))) => panic!("the watch fails: {error:?}"),
        Ok(Some(Ok(signal))) => signal,
    }
}

/// The next event, which must come.
pub(super) async fn next_event(stream: &mut EventStream) -> Arc<Event> {
    loop {
        if let Signal::Event(event) = next_signal(stream).await {
            return event;
        }
    }
}

/// All events up to the cursor, which must come in order, after `from`, each once.
pub(super) async fn events_until(stream: &mut EventStream, from: Cursor, until: Cursor) -> Vec<Arc<Event>> {
    let mut collected = Collected::after(from);
    while collected.cursor < until {
        collected.take(next_signal(stream).await);
    }
    let Collected { mut events, .. } = collected;
    events.retain(|event| event.cursor <= until);
    events
}

/// What came from a watch, checked as it comes: in order, nothing twice.
#[derive(Debug)]
pub(super) struct Collected {
    /// The cursor to resume from.
    pub(super) cursor: Cursor,
    /// The events.
    pub(super) events: Vec<Arc<Event>>,
}

impl Collected {
    /// Nothing came since `cursor`.
    pub(super) fn after(cursor: Cursor) -> Self {
        Self {
            cursor,
            events: vec![],
        }
    }

    /// Takes the next signal.
    pub(super) fn take(&mut self, signal: Signal) {
        let (at, before) = (signal.cursor(), self.cursor);
        match signal {
            Signal::Event(event) => {
                assert!(
                    at > before,
                    "no duplicate, total order: event {at} comes after cursor {before}"
                );
                self.events.push(event);
            }
            Signal::Bookmark(_) => assert!(at >= before, "bookmark {at} goes back behind cursor {before}"),
        }
        self.cursor = at;
    }

    /// Takes from the stream until it has reached the cursor, or the binding is gone.
    pub(super) async fn take_until(&mut self, stream: &mut EventStream, until: Cursor) {
        while self.cursor < until {
            match timeout(DEADLINE, stream.next()).await {
                Err(_) => panic!("nothing comes after cursor {} within {DEADLINE:?}", self.cursor),
                Ok(None | Some(Err(Error::Unavailable { .. }))) => return,
                Ok(Some(Err(error))) => {
                    panic!("a watch that is cut fails as unavailable, not with {error:?}")
                }
                Ok(Some(Ok(signal))) => self.take(signal),
            }
        }
    }
}

/// The events must be those of all numbers after `from` up to `until`: none is missing.
pub(super) fn must_be_dense(events: &[Arc<Event>], from: Cursor, until: Cursor) {
    let got: Vec<i64> = events.iter().map(|event| event.cursor.0).collect();
    let missing: Vec<i64> = (from.0 + 1..=until.0).filter(|at| !got.contains(at)).collect();
    assert!(missing.is_empty(), "no gap: events {missing:?} are missing");
    assert_eq!(got.len() as i64, until.0 - from.0, "no duplicate");
}

/// Why a watch does not begin: refused at once, or by its first item.
pub(super) async fn refusal(api: &dyn StatusApi, start: Start) -> Error {
    let stream = patiently("a watch", async || {
        match api.watch(TopicFilter::all(), start).await {
            Err(error @ Error::Unavailable { .. }) => Err(error),
            other => Ok(other),
        }
    });
    let mut stream = match stream.await {
        Err(error) => return error,
        Ok(stream) => stream,
    };
    match timeout(DEADLINE, stream.next()).await {
        Ok(Some(Err(error))) => error,
        other => panic!("a watch from {start:?} is refused, but gives {other:?}"),
    }
}

/// The resource must be got as it is here.
pub(super) async fn must_get<R: crate::Resource + PartialEq + std::fmt::Debug>(
    api: &dyn StatusApi,
    key: crate::Key,
    expected: &R,
) {
    let name = key.to_string();
    let got = patiently(&name, async || api.one::<R>(key.clone()).await).await;
    assert_eq!(
        &levelled(got.value),
        expected,
        "{name} (left) is not what was written (right)"
    );
}

/// The row without what the API does not promise.
pub(super) fn levelled<R: crate::Resource>(row: R) -> R {
    R::from_entity(super::world::level(row.into_entity())).expect("it stays of its kind")
}
