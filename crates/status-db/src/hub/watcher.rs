//! One watcher: pulls the events that match its filter.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use weir_status_api::{Cursor, Event, Result, Signal, TopicFilter};

use super::ring::Scan;
use super::{Head, Shared};
use crate::error::Error;

/// How many events of the ring are looked at in one go.
const SCAN: usize = 64;
/// How many events are read from the table in one go.
const PAGE: u32 = 256;
/// How long a watcher waits for its turn to read the table.
const PATIENCE: Duration = Duration::from_secs(60);
/// A bookmark comes at the latest after this many events that do not match,
const BOOKMARK_EVENTS: usize = 1000;
/// or this long after the first of them.
const BOOKMARK_AFTER: Duration = Duration::from_secs(3);

/// The state of a stream of events.
pub(super) struct Watcher {
    shared: Arc<Shared>,
    head: watch::Receiver<Head>,
    /// None if every event matches.
    filter: Option<TopicFilter>,
    /// The last event that was looked at.
    cursor: Cursor,
    ready: VecDeque<Signal>,
    /// Events that were looked at and not told of since the last signal.
    skipped: usize,
    bookmark_due: Instant,
    /// The newest event when it began, until a bookmark has told that it has come to it.
    behind: Option<Cursor>,
    ended: bool,
}

impl Watcher {
    /// One that has everything up to `cursor`, while `newest` is the newest event.
    pub(super) fn new(shared: Arc<Shared>, filter: TopicFilter, cursor: Cursor, newest: Cursor) -> Self {
        let head = shared.head.subscribe();
        Self {
            shared,
            head,
            filter: Some(filter).filter(|filter| *filter != TopicFilter::all()),
            cursor,
            ready: VecDeque::new(),
            skipped: 0,
            bookmark_due: Instant::now(),
            behind: Some(newest),
            ended: false,
        }
    }

    /// The next signal; none after an error.
    pub(super) async fn next(&mut self) -> Option<Result<Signal>> {
        while !self.ended {
            if let Some(signal) = self.ready.pop_front() {
                return Some(Ok(signal));
            }
            if let Err(error) = self.look().await {
                self.ended = true;
                return Some(Err(error.into()));
            }
        }
        None
    }

    /// Looks at the next events, or waits until there are some or a bookmark is due.
    async fn look(&mut self) -> Result<(), Error> {
        // Marked as seen before the look at the ring, so that what comes meanwhile ends the wait below.
        if self.head.borrow_and_update().closed {
            return Err(Error::Closed);
        }
        let scan = self
            .shared
            .ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .scan(self.cursor, SCAN, self.filter.as_ref());
        match scan {
            Scan::Upto(cursor, matching) => self.take(cursor, matching),
            Scan::Behind => self.read_page().await?,
            Scan::UpToDate => self.wait().await?,
        }
        Ok(())
    }

    /// Takes note of what was found up to `cursor`.
    fn take(&mut self, cursor: Cursor, matching: Vec<Arc<Event>>) {
        let last = matching.last().map(|event| event.cursor);
        if last.is_some() {
            self.skipped = 0;
        }
        if self.skipped == 0 {
            self.bookmark_due = Instant::now() + BOOKMARK_AFTER;
        }
        self.skipped += usize::try_from(cursor.0 - last.unwrap_or(self.cursor).0).unwrap_or(0);
        self.cursor = cursor;
        self.ready.extend(matching.into_iter().map(Signal::Event));
        let is_due =
            self.skipped >= BOOKMARK_EVENTS || self.skipped > 0 && Instant::now() >= self.bookmark_due;
        if is_due || self.has_come() {
            self.bookmark();
        }
    }

    /// Whether it has come to where the events were when it began, and has not told so.
    fn has_come(&self) -> bool {
        self.behind.is_some_and(|newest| self.cursor >= newest)
    }

    fn bookmark(&mut self) {
        self.skipped = 0;
        if self.has_come() {
            self.behind = None;
        }
        self.ready.push_back(Signal::Bookmark(self.cursor));
    }

    /// Reads on in the events table, when it is this watcher's turn.
    async fn read_page(&mut self) -> Result<(), Error> {
        let shared = self.shared.clone();
        let turn = timeout(PATIENCE, shared.reading.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(Error::Unreachable {
                why: "too many watchers read old events".to_owned(),
            });
        };
        let mut events = shared.log.events_after(self.cursor, PAGE).await?;
        let Some(last) = events.last().map(|event| event.cursor) else {
            return Err(Error::data(format!(
                "there are no events after {} though there were newer ones",
                self.cursor
            )));
        };
        if let Some(filter) = &self.filter {
            events.retain(|event| filter.matching(event).is_some());
        }
        self.take(last, events);
        Ok(())
    }

    /// Waits for new events. Without events that a bookmark must tell of there is nothing to wake up for:
    /// the wait ends with the hub or the stream.
    async fn wait(&mut self) -> Result<(), Error> {
        if self.has_come() {
            self.bookmark();
            return Ok(());
        }
        if self.skipped == 0 {
            return self.head.changed().await.map_err(|_| Error::Closed);
        }
        match timeout_at(self.bookmark_due, self.head.changed()).await {
            Ok(changed) => changed.map_err(|_| Error::Closed),
            Err(_) => {
                self.bookmark();
                Ok(())
            }
        }
    }
}
