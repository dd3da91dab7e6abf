//! Listeners: code that is told of events, in the master or anywhere else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;

use crate::{Cursor, Error, Event, Master, Query, ReadExt, Result, Signal, Start, StatusApi, TopicFilter};

/// Why a listener could not take an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenerError {
    /// It may work later; the runner tries again.
    #[error("{0}")]
    Later(String),
    /// This event will never work; the runner parks it and goes on.
    #[error("{0}")]
    Never(String),
}

/// Is told of events.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Its name, under which its place in the events is kept; unique within a master or process.
    fn name(&self) -> &str;

    /// The events it wants.
    fn filter(&self) -> TopicFilter;

    /// Takes one event. Delivery is at least once and in order: after a crash the last events may come
    /// again, with the same cursors.
    ///
    /// # Errors
    /// [`ListenerError`] says whether to try again.
    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError>;
}

/// Where listeners' places in the events are kept, durably.
#[async_trait]
pub trait Bookmarks: Send + Sync {
    /// The place of `listener`; none if it was never here.
    ///
    /// # Errors
    /// If it cannot be read.
    async fn load(&self, listener: &str) -> Result<Option<Cursor>>;

    /// Keeps the place of `listener`.
    ///
    /// # Errors
    /// If it cannot be written.
    async fn save(&self, listener: &str, cursor: Cursor) -> Result<()>;

    /// Keeps an event that `listener` could not take, with the reason, for people to look at.
    ///
    /// # Errors
    /// If it cannot be written.
    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()>;
}

/// How a [`Runner`] goes about it.
#[derive(Clone, Copy, Debug)]
pub struct RunnerOptions {
    /// The pause after the first failure; doubles up to `longest_pause`.
    pub first_pause: Duration,
    /// The longest pause between two tries.
    pub longest_pause: Duration,
    /// Tries after which an event is parked.
    pub tries: u32,
    /// Where a listener begins that was never here.
    pub start: Start,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(30),
            tries: 10,
            start: Start::Now,
        }
    }
}

/// Runs one listener over any status API: resumes from its bookmark, retries with backoff, parks what
/// cannot be delivered.
pub struct Runner {
    listener: Arc<dyn Listener>,
    api: Arc<dyn StatusApi>,
    bookmarks: Arc<dyn Bookmarks>,
    options: RunnerOptions,
}

impl Runner {
    /// A runner of `listener` on `api`, its place kept in `bookmarks`.
    pub fn new(
        listener: Arc<dyn Listener>,
        api: Arc<dyn StatusApi>,
        bookmarks: Arc<dyn Bookmarks>,
        options: RunnerOptions,
    ) -> Self {
        Self {
            listener,
            api,
            bookmarks,
            options,
        }
    }

    /// Runs until it is dropped; lost connections are taken up again from the bookmark.
    pub async fn run(&self) {
        let mut pause = self.options.first_pause;
        loop {
            let error = match self.follow(&mut pause).await {
                Ok(()) => Error::unavailable("the event stream ended"),
                Err(error) => error,
            };
            let name = self.listener.name();
            if matches!(&error, Error::InvalidQuery { field, .. } if field == "cursor") {
                tracing::error!(listener = name, %error, "the master's history was made anew or put back: this listener begins with what comes now");
                if let Err(error) = self.begin().await {
                    tracing::error!(listener = name, %error, "its place cannot be kept");
                }
            } else if let Error::CursorExpired { oldest } = &error {
                tracing::error!(listener = name, %oldest, "events were lost to this listener: its place is older than what is kept");
                if let Err(error) = self.bookmarks.save(name, *oldest).await {
                    tracing::error!(listener = name, %error, "its place cannot be kept");
                }
            } else {
                tracing::warn!(listener = name, %error, pause_ms = pause.as_millis(), "listening is interrupted");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.options.longest_pause);
        }
    }

    async fn follow(&self, pause: &mut Duration) -> Result<()> {
        let name = self.listener.name();
        let cursor = match self.bookmarks.load(name).await? {
            Some(cursor) => cursor,
            None => self.begin().await?,
        };
        let mut events = self
            .api
            .watch(self.listener.filter(), Start::After(cursor))
            .await?;
        while let Some(signal) = events.next().await {
            let signal = signal?;
            if let Signal::Event(event) = &signal {
                self.deliver(event).await?;
            }
            self.bookmarks.save(name, signal.cursor()).await?;
            *pause = self.options.first_pause;
        }
        Ok(())
    }

    /// Gives a new listener its place before it is told of anything: what happens from now on is not missed,
    /// whatever becomes of this process.
    async fn begin(&self) -> Result<Cursor> {
        let cursor = match self.options.start {
            Start::After(cursor) => cursor,
            Start::Now => self.api.page(Query::<Master>::new().limit(1)).await?.cursor,
        };
        self.bookmarks.save(self.listener.name(), cursor).await?;
        Ok(cursor)
    }

    async fn deliver(&self, event: &Event) -> Result<()> {
        let name = self.listener.name();
        let mut pause = self.options.first_pause;
        let mut tries = 1;
        loop {
            let why = match self.listener.on_event(event, self.api.as_ref()).await {
                Ok(()) => return Ok(()),
                Err(ListenerError::Later(why)) if tries < self.options.tries => {
                    tracing::warn!(listener = name, cursor = %event.cursor, tries, why, "delivery failed, trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(self.options.longest_pause);
                    tries += 1;
                    continue;
                }
                Err(ListenerError::Later(why) | ListenerError::Never(why)) => why,
            };
            tracing::error!(listener = name, cursor = %event.cursor, why, "the event is parked");
            return self.bookmarks.park(name, event, &why).await;
        }
    }
}
