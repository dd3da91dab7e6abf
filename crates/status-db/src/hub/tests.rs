use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{FutureExt, StreamExt};
use weir_status_api::{Error as ApiError, Master, MasterId, Signal, Timestamp, Verb};

use super::*;

/// A log in memory, to which any process can add.
#[derive(Clone, Default)]
struct FakeLog {
    events: Arc<Mutex<Vec<Arc<Event>>>>,
    reads: Arc<AtomicUsize>,
}

impl FakeLog {
    /// Commits `count` events about the masters 0 to 9 in turn.
    fn commit(&self, count: i64) -> Vec<Arc<Event>> {
        let mut events = self.events.lock().unwrap();
        let last = events.last().map_or(0, |event| event.cursor.0);
        let new: Vec<_> = (last + 1..=last + count).map(event).collect();
        events.extend(new.iter().cloned());
        new
    }

    fn expire(&self, upto: i64) {
        self.events.lock().unwrap().retain(|event| event.cursor.0 > upto);
    }
}

fn event(number: i64) -> Arc<Event> {
    let master = Master {
        id: MasterId(number % 10),
        name: "m".to_owned(),
        active: true,
        last_active: Timestamp(number),
    };
    Arc::new(Event {
        cursor: Cursor(number),
        at: Timestamp(number),
        verb: Verb::Started,
        entity: master.into(),
    })
}

#[async_trait]
impl EventLog for FakeLog {
    async fn events_after(&self, cursor: Cursor, limit: u32) -> Result<Vec<Arc<Event>>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let span = self.span().await?;
        if cursor < span.oldest {
            return Err(Error::CursorExpired { oldest: span.oldest });
        }
        let events = self.events.lock().unwrap();
        let after = events.iter().filter(|event| event.cursor > cursor);
        Ok(after.take(limit as usize).cloned().collect())
    }

    async fn span(&self) -> Result<Span> {
        let events = self.events.lock().unwrap();
        Ok(Span {
            oldest: Cursor(events.first().map_or(0, |event| event.cursor.0 - 1)),
            newest: Cursor(events.last().map_or(0, |event| event.cursor.0)),
        })
    }
}

async fn hub(log: &FakeLog) -> Hub {
    Hub::new(log.clone(), None).await.unwrap()
}

/// The next signal, within a deadline.
async fn next(stream: &mut EventStream) -> weir_status_api::Result<Signal> {
    let signal = tokio::time::timeout(Duration::from_secs(8), stream.next());
    signal
        .await
        .expect("a signal in time")
        .expect("the stream goes on")
}

/// The cursors of the next events, without bookmarks.
async fn cursors(stream: &mut EventStream, count: usize) -> Vec<i64> {
    let mut found = Vec::new();
    while found.len() < count {
        if let Signal::Event(event) = next(stream).await.unwrap() {
            found.push(event.cursor.0);
        }
    }
    found
}

#[tokio::test]
async fn all_come_once_and_in_order_from_the_log_and_the_ring() {
    let log = FakeLog::default();
    log.commit(700);
    let hub = hub(&log).await;
    let mut old = hub
        .watch(TopicFilter::all(), Start::After(Cursor(3)))
        .await
        .unwrap();
    let mut now = hub.watch(TopicFilter::all(), Start::Now).await.unwrap();
    let filter = TopicFilter::parse("masters/7/*").unwrap();
    let mut some = hub.watch(filter, Start::After(Cursor::ZERO)).await.unwrap();
    for _ in 0..100 {
        hub.publish(&log.commit(3));
    }
    assert_eq!(cursors(&mut old, 997).await, (4..=1000).collect::<Vec<_>>());
    assert_eq!(cursors(&mut now, 300).await, (701..=1000).collect::<Vec<_>>());
    assert_eq!(
        cursors(&mut some, 100).await,
        (0..100).map(|n| n * 10 + 7).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_reader_that_the_ring_has_left_behind_misses_nothing() {
    let log = FakeLog::default();
    let hub = hub(&log).await;
    let mut slow = hub.watch(TopicFilter::all(), Start::Now).await.unwrap();
    let mut quick = hub.watch(TopicFilter::all(), Start::Now).await.unwrap();
    for _ in 0..20 {
        hub.publish(&log.commit(1000));
        cursors(&mut quick, 1000).await;
    }
    assert_eq!(log.reads.load(Ordering::Relaxed), 0, "the quick one needs no log");
    assert_eq!(cursors(&mut slow, 20_000).await, (1..=20_000).collect::<Vec<_>>());
    assert!(log.reads.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn what_another_process_wrote_in_between_is_read_from_the_log() {
    let log = FakeLog::default();
    let hub = hub(&log).await;
    let mut stream = hub.watch(TopicFilter::all(), Start::Now).await.unwrap();
    hub.publish(&log.commit(2));
    log.commit(600);
    let ours = log.commit(2);
    hub.publish(&ours);
    assert_eq!(cursors(&mut stream, 604).await, (1..=604).collect::<Vec<_>>());
    hub.publish(&ours);
    hub.publish(&log.commit(1));
    assert_eq!(cursors(&mut stream, 1).await, [605], "nothing comes twice");
}

#[tokio::test]
async fn a_poll_finds_what_nobody_told_of() {
    let log = FakeLog::default();
    let poll = Some(Duration::from_millis(5));
    let hub = Hub::new(log.clone(), poll).await.unwrap();
    let mut stream = hub.watch(TopicFilter::all(), Start::Now).await.unwrap();
    log.commit(1300);
    assert_eq!(cursors(&mut stream, 1300).await, (1..=1300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_ahead_of_the_hub_waits_for_what_comes_after_it() {
    let log = FakeLog::default();
    let hub = hub(&log).await;
    let late = log.commit(5);
    let mut stream = hub
        .watch(TopicFilter::all(), Start::After(Cursor(4)))
        .await
        .unwrap();
    hub.publish(&late);
    assert_eq!(cursors(&mut stream, 1).await, [5]);
}

#[tokio::test(start_paused = true)]
async fn who_has_all_that_there_was_is_told_so_at_once() {
    let log = FakeLog::default();
    log.commit(700);
    let hub = hub(&log).await;
    let began = tokio::time::Instant::now();
    let filter = TopicFilter::parse("builds/*/*").unwrap();
    for start in [Start::Now, Start::After(Cursor(700)), Start::After(Cursor(3))] {
        let mut stream = hub.watch(filter.clone(), start).await.unwrap();
        assert_eq!(next(&mut stream).await, Ok(Signal::Bookmark(Cursor(700))));
    }
    let mut all = hub
        .watch(TopicFilter::all(), Start::After(Cursor(698)))
        .await
        .unwrap();
    assert_eq!(cursors(&mut all, 2).await, [699, 700]);
    assert_eq!(next(&mut all).await, Ok(Signal::Bookmark(Cursor(700))));
    // What another process wrote is not here yet, so that it would be told too early.
    log.commit(1);
    let mut late = hub.watch(filter, Start::After(Cursor(700))).await.unwrap();
    assert!(late.next().now_or_never().is_none());
    hub.publish(&log.commit(1));
    assert_eq!(next(&mut late).await, Ok(Signal::Bookmark(Cursor(702))));
    assert_eq!(tokio::time::Instant::now(), began, "no time passes");
}

#[tokio::test]
async fn bookmarks_tell_how_far_a_watcher_is_that_nothing_matches() {
    let log = FakeLog::default();
    let hub = hub(&log).await;
    let filter = TopicFilter::parse("builds/*/*").unwrap();
    let mut stream = hub.watch(filter, Start::Now).await.unwrap();
    hub.publish(&log.commit(2500));
    let mut last = Cursor(-1);
    while last < Cursor(2500) {
        let Signal::Bookmark(cursor) = next(&mut stream).await.unwrap() else {
            panic!("nothing matches");
        };
        assert!(cursor > last && cursor.0 - last.0 < 1100, "{last} {cursor}");
        last = cursor;
    }
}

#[tokio::test]
async fn cursors_that_cannot_be_started_from_are_refused() {
    let log = FakeLog::default();
    let hub = hub(&log).await;
    hub.publish(&log.commit(10));
    log.expire(4);
    let watch = |cursor| hub.watch(TopicFilter::all(), Start::After(Cursor(cursor)));
    assert!(matches!(watch(11).await, Err(Error::Invalid { .. })));
    assert!(matches!(
        watch(3).await,
        Err(Error::CursorExpired { oldest: Cursor(4) })
    ));
    assert_eq!(
        cursors(&mut watch(4).await.unwrap(), 6).await,
        [5, 6, 7, 8, 9, 10]
    );
}

#[tokio::test]
async fn events_that_expire_under_a_slow_reader_end_its_stream() {
    let log = FakeLog::default();
    log.commit(1000);
    let hub = hub(&log).await;
    let mut stream = hub
        .watch(TopicFilter::all(), Start::After(Cursor::ZERO))
        .await
        .unwrap();
    cursors(&mut stream, 1).await;
    log.expire(900);
    let error = loop {
        if let Err(error) = next(&mut stream).await {
            break error;
        }
    };
    assert_eq!(error, ApiError::CursorExpired { oldest: Cursor(900) });
    assert!(stream.next().await.is_none(), "an error is the last item");
}

#[tokio::test]
async fn streams_end_with_the_hub() {
    let log = FakeLog::default();
    let hub = hub(&log).await;
    let mut stream = hub.watch(TopicFilter::all(), Start::Now).await.unwrap();
    drop(hub);
    assert!(matches!(
        next(&mut stream).await,
        Err(ApiError::Unavailable { .. })
    ));
    assert!(stream.next().await.is_none());
}
