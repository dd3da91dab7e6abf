//! The watch that equal callers share, and the newest of what it gave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use weir_status_api::{
    Cursor, Error, Event, EventStream, Result, Signal, Start, StatusApi, Topic, TopicFilter,
};

use super::newest;

/// How many events are kept.
const MOST_EVENTS: usize = 1_024;

/// A watch of all that a caller may see, from the newest event on. It ends when it is dropped.
pub(super) struct Line {
    shared: Arc<Shared>,
    follower: JoinHandle<()>,
}

struct Shared {
    ring: Mutex<Ring>,
    /// Sends whenever the ring has changed.
    news: watch::Sender<()>,
}

/// The newest events without a gap.
struct Ring {
    /// All events after this, up to the newest, are here.
    begin: Cursor,
    newest: Cursor,
    entries: VecDeque<Entry>,
    /// With what the watch ended.
    ended: Option<Error>,
}

/// An event, and what all subscribers need to know of it, found out once.
struct Entry {
    event: Arc<Event>,
    topics: Vec<Topic>,
}

/// What the line has for a subscriber.
pub(super) enum Look {
    /// The next event that matches.
    Event(Arc<Event>),
    /// Nothing matches up to here, which is the newest place.
    Nothing(Cursor),
    /// Their next event is no longer here.
    Behind,
    /// There is nothing more.
    Ended(Error),
}

impl Line {
    /// A line that begins now.
    pub(super) async fn begin(api: &Arc<dyn StatusApi>) -> Result<Self> {
        let begin = newest(&**api).await?;
        let events = api.watch(TopicFilter::all(), Start::After(begin)).await?;
        let shared = Arc::new(Shared {
            ring: Mutex::new(Ring {
                begin,
                newest: begin,
                entries: VecDeque::new(),
                ended: None,
            }),
            news: watch::Sender::new(()),
        });
        let follower = tokio::spawn(follow(Arc::clone(&shared), events));
        Ok(Self { shared, follower })
    }

    /// Whether there may be more.
    pub(super) fn goes_on(&self) -> bool {
        self.shared.ring().ended.is_none()
    }

    /// The oldest place from which it has everything.
    pub(super) fn begin_at(&self) -> Cursor {
        self.shared.ring().begin
    }

    /// The newest place that it has come to.
    pub(super) fn newest(&self) -> Cursor {
        self.shared.ring().newest
    }

    /// What tells when there is something new.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.shared.news.subscribe()
    }

    /// What there is for whoever has everything up to `place`.
    pub(super) fn look(&self, place: Cursor, filter: &TopicFilter) -> Look {
        self.shared.ring().look(place, filter)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn follow(shared: Arc<Shared>, mut events: EventStream) {
    loop {
        let signal = events.next().await;
        let signal = signal.unwrap_or_else(|| Err(Error::unavailable("the stream of events ended")));
        let ended = signal.is_err();
        shared.ring().take(signal);
        shared.news.send_replace(());
        if ended {
            return;
        }
    }
}

impl Ring {
    fn take(&mut self, signal: Result<Signal>) {
        match signal {
            Ok(signal) => {
                self.newest = self.newest.max(signal.cursor());
                if let Signal::Event(event) = signal {
                    let topics = event.topics();
                    self.entries.push_back(Entry { event, topics });
                }
                if self.entries.len() > MOST_EVENTS
                    && let Some(oldest) = self.entries.pop_front()
                {
                    self.begin = oldest.event.cursor;
                }
            }
            Err(error) => self.ended = Some(error),
        }
    }

    fn look(&self, place: Cursor, filter: &TopicFilter) -> Look {
        if place < self.begin {
            return Look::Behind;
        }
        let first = self.entries.partition_point(|it| it.event.cursor <= place);
        let wanted = self.entries.range(first..).find(|it| it.matches(filter));
        match (wanted, &self.ended) {
            (Some(entry), _) => Look::Event(Arc::clone(&entry.event)),
            (None, Some(error)) => Look::Ended(error.clone()),
            (None, None) => Look::Nothing(self.newest),
        }
    }
}

impl Entry {
    fn matches(&self, filter: &TopicFilter) -> bool {
        let mut topics = self.topics.iter();
        topics.any(|topic| filter.patterns().iter().any(|pattern| pattern.matches(topic)))
    }
}
