//! The newest events, in memory.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, OnceLock};

use weir_status_api::{Cursor, Event, Topic, TopicFilter};

/// How many events the ring holds at the most.
const MAX_EVENTS: usize = 8192;
/// How much it holds at the most, as JSON; in memory an event takes about twice that.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The newest events without a gap, bounded by count and size.
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    newest: Cursor,
}

/// An event, and what all watchers need to know of it, found out once.
struct Entry {
    event: Arc<Event>,
    topics: OnceLock<Vec<Topic>>,
    bytes: usize,
}

/// What the ring has for a watcher.
pub(super) enum Scan {
    /// Nothing after its cursor yet.
    UpToDate,
    /// Its next event is no longer in the ring.
    Behind,
    /// Events were looked at up to the cursor; these match.
    Upto(Cursor, Vec<Arc<Event>>),
}

impl Ring {
    /// An empty ring behind the event `newest`.
    pub(super) fn new(newest: Cursor) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            newest,
        }
    }

    /// The cursor of the newest event.
    pub(super) fn newest(&self) -> Cursor {
        self.newest
    }

    /// Adds events in order; those it has are passed over. False if one is missing before one of them; then
    /// that and the later ones are not added.
    pub(super) fn push(&mut self, events: &[Arc<Event>]) -> bool {
        for event in events {
            if event.cursor <= self.newest {
                continue;
            }
            if event.cursor.0 != self.newest.0 + 1 {
                return false;
            }
            self.newest = event.cursor;
            let bytes = size(event);
            self.bytes += bytes;
            self.entries.push_back(Entry {
                event: event.clone(),
                topics: OnceLock::new(),
                bytes,
            });
            while self.entries.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
                let Some(oldest) = self.entries.pop_front() else {
                    break;
                };
                self.bytes -= oldest.bytes;
            }
        }
        true
    }

    /// Looks at up to `limit` events after `cursor`; without a filter, all match.
    pub(super) fn scan(&self, cursor: Cursor, limit: usize, filter: Option<&TopicFilter>) -> Scan {
        if cursor >= self.newest {
            return Scan::UpToDate;
        }
        let first = self.newest.0 - self.entries.len() as i64;
        let Ok(skip) = usize::try_from(cursor.0 - first) else {
            return Scan::Behind;
        };
        let mut upto = cursor;
        let mut matching = Vec::new();
        for entry in self.entries.range(skip..).take(limit) {
            upto = entry.event.cursor;
            if filter.is_none_or(|filter| entry.matches(filter)) {
                matching.push(entry.event.clone());
            }
        }
        Scan::Upto(upto, matching)
    }
}

impl Entry {
    fn matches(&self, filter: &TopicFilter) -> bool {
        let topics = self.topics.get_or_init(|| self.event.topics());
        topics
            .iter()
            .any(|topic| filter.patterns().iter().any(|pattern| pattern.matches(topic)))
    }
}

/// How long the event is as JSON: what no other part keeps a bound on, such as a change's message, counts.
fn size(event: &Event) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and what cannot be JSON could not have been stored.
    serde_json::to_writer(&mut count, event).ok();
    count.0
}
