//! The runner of a listener.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::{Bookmarks, Listener, ListenerError, Place};
use crate::{Cursor, Error, Event, Master, Query, ReadExt, Result, Signal, Start, StatusApi};

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
                if let Err(error) = self.bookmarks.save(name, &Place::after(*oldest)).await {
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
            Some(place) => place.after,
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
            self.bookmarks.save(name, &Place::after(signal.cursor())).await?;
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
        self.bookmarks
            .save(self.listener.name(), &Place::after(cursor))
            .await?;
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
                Err(ListenerError::Later(why) | ListenerError::After(why, _) | ListenerError::Never(why)) => {
                    why
                }
            };
            tracing::error!(listener = name, cursor = %event.cursor, why, "the event is parked");
            return self.bookmarks.park(name, event, &why).await;
        }
    }
}
