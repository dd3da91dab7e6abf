//! The event hub: hands the events of the store to any number of watchers.
//!
//! The newest events are kept in a ring. Each watcher pulls at its own pace: from the ring while its next
//! event is still there, else from the events table by pages. So a slow watcher harms only itself, and no
//! memory grows with the distance. The hub's tail reads from the table what this process did not write.

mod ring;
mod watcher;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use weir_status_api::{Cursor, Event, EventStream, Start, TopicFilter};

use self::ring::Ring;
use self::watcher::Watcher;
use crate::backend::{Backend, Span};
use crate::deadline::within_deadline;
use crate::error::{Error, Result};

/// How many events the tail reads at once.
const TAIL_PAGE: u32 = 512;
/// How many watchers read the events table at once; the others wait their turn.
const READING_AT_ONCE: usize = 2;
/// How long the tail waits after the database failed.
const RETRY: Duration = Duration::from_secs(1);

/// The events table, as the hub needs it.
#[async_trait]
pub(crate) trait EventLog: Send + Sync {
    /// As [`Backend::events_after`].
    async fn events_after(&self, cursor: Cursor, limit: u32) -> Result<Vec<Arc<Event>>>;
    /// As [`Backend::span`].
    async fn span(&self) -> Result<Span>;
}

#[async_trait]
impl EventLog for Arc<dyn Backend> {
    async fn events_after(&self, cursor: Cursor, limit: u32) -> Result<Vec<Arc<Event>>> {
        within_deadline((**self).events_after(cursor, limit)).await
    }
    async fn span(&self) -> Result<Span> {
        within_deadline((**self).span()).await
    }
}

/// Hands events to watchers; clones are the same hub. When the last is dropped, the streams end.
#[derive(Clone)]
pub(crate) struct Hub {
    running: Arc<Running>,
}

struct Running {
    shared: Arc<Shared>,
    tail: JoinHandle<()>,
}

/// What the hub, its tail and the watchers share.
struct Shared {
    log: Box<dyn EventLog>,
    ring: RwLock<Ring>,
    head: watch::Sender<Head>,
    /// The newest event that this process committed; the ring may not have come up to it.
    published: AtomicI64,
    /// Events were committed that the ring does not have.
    gap: Notify,
    reading: Semaphore,
}

/// How far the hub is.
#[derive(Clone, Copy, Debug)]
struct Head {
    newest: Cursor,
    closed: bool,
}

impl Hub {
    /// A hub over `log`. With `poll`, the log is looked at that often for events that another process wrote.
    ///
    /// # Errors
    /// Faults of the log.
    pub(crate) async fn new(log: impl EventLog + 'static, poll: Option<Duration>) -> Result<Self> {
        let newest = log.span().await?.newest;
        let shared = Arc::new(Shared {
            log: Box::new(log),
            ring: RwLock::new(Ring::new(newest)),
            published: AtomicI64::new(newest.0),
            head: watch::Sender::new(Head {
                newest,
                closed: false,
            }),
            gap: Notify::new(),
            reading: Semaphore::new(READING_AT_ONCE),
        });
        let tail = tokio::spawn(tail(shared.clone(), poll));
        Ok(Self {
            running: Arc::new(Running { shared, tail }),
        })
    }

    /// Takes the events of a commit of this process, in order.
    pub(crate) fn publish(&self, events: &[Arc<Event>]) {
        let shared = &self.running.shared;
        if let Some(last) = events.last() {
            shared.published.fetch_max(last.cursor.0, Ordering::SeqCst);
        }
        if !shared.push(events) {
            shared.gap.notify_one();
        }
    }

    /// What to call when another process says how far the events are. It does not keep the hub alive.
    pub(crate) fn hint(&self) -> impl Fn(Cursor) + Send + 'static {
        let shared = Arc::downgrade(&self.running.shared);
        move |newest| {
            if let Some(shared) = shared.upgrade()
                && newest > shared.head.borrow().newest
            {
                shared.gap.notify_one();
            }
        }
    }

    /// The events that match `filter`, from `start` on; see [`Watch`](weir_status_api::Watch).
    ///
    /// # Errors
    /// [`Error::CursorExpired`] if events after the cursor are no longer kept, [`Error::Invalid`] if it is in
    /// the future.
    pub(crate) async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let shared = &self.running.shared;
        let span = shared.log.span().await?;
        let cursor = match start {
            Start::Now => span.newest,
            Start::After(cursor) => check_start(cursor, span)?,
        };
        let watcher = Watcher::new(shared.clone(), filter, cursor, span.newest);
        Ok(Box::pin(stream::unfold(watcher, |mut watcher| async {
            watcher.next().await.map(|signal| (signal, watcher))
        })))
    }

    /// The newest event that is known here.
    pub(crate) fn newest(&self) -> Cursor {
        let published = Cursor(self.running.shared.published.load(Ordering::SeqCst));
        self.running.shared.head.borrow().newest.max(published)
    }

    /// Ends all streams with [`Error::Closed`].
    pub(crate) fn close(&self) {
        self.running.close();
    }
}

impl Running {
    fn close(&self) {
        self.tail.abort();
        self.shared.head.send_modify(|head| head.closed = true);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.close();
    }
}

fn check_start(cursor: Cursor, span: Span) -> Result<Cursor> {
    if cursor > span.newest {
        let why = format!("{cursor} is in the future, the newest event is {}", span.newest);
        return Err(Error::invalid("cursor", why));
    }
    if cursor < span.oldest {
        return Err(Error::CursorExpired { oldest: span.oldest });
    }
    Ok(cursor)
}

impl Shared {
    /// Adds events that follow the ring's; false if some are missing in between.
    fn push(&self, events: &[Arc<Event>]) -> bool {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let contiguous = ring.push(events);
        let newest = ring.newest();
        drop(ring);
        self.advance(newest);
        contiguous
    }

    fn advance(&self, newest: Cursor) {
        self.head.send_if_modified(|head| {
            let newer = newest > head.newest;
            head.newest = head.newest.max(newest);
            newer
        });
    }

    /// Reads what the log has beyond the ring.
    async fn catch_up(&self) -> Result<()> {
        loop {
            let newest = self.ring.read().unwrap_or_else(PoisonError::into_inner).newest();
            match self.log.events_after(newest, TAIL_PAGE).await {
                Ok(events) => {
                    self.push(&events);
                    if events.len() < TAIL_PAGE as usize {
                        return Ok(());
                    }
                }
                // Away for so long that the log has moved on: so do we, and leave the rest to the watchers.
                Err(Error::CursorExpired { .. }) => {
                    let newest = self.log.span().await?.newest;
                    *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Ring::new(newest);
                    self.advance(newest);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

async fn tail(shared: Arc<Shared>, poll: Option<Duration>) {
    loop {
        match poll {
            // The timeout is the poll.
            Some(every) => drop(tokio::time::timeout(every, shared.gap.notified()).await),
            None => shared.gap.notified().await,
        }
        while let Err(error) = shared.catch_up().await {
            tracing::warn!(%error, "new events could not be read; trying again");
            tokio::time::sleep(RETRY).await;
        }
    }
}

#[cfg(test)]
mod tests;
