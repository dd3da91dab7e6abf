//! One of those who share a line.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use weir_status_api::{Cursor, Error, EventStream, Result, Signal, Start, StatusApi, TopicFilter};

use super::Slot;
use super::line::{Line, Look};

/// A bookmark comes at the latest after this many events that do not match,
const BOOKMARK_EVENTS: i64 = 1_000;
/// or this long after the first of them.
const BOOKMARK_AFTER: Duration = Duration::from_secs(3);

/// A place on a line, or on the way to it.
pub(super) struct Subscriber {
    api: Arc<dyn StatusApi>,
    line: Arc<Line>,
    news: watch::Receiver<()>,
    filter: TopicFilter,
    /// Up to here everything was looked at.
    place: Cursor,
    /// Up to here it was told.
    told: Cursor,
    bookmark_due: Instant,
    /// Where the line was when they began, until they were told that they have come to it.
    behind: Option<Cursor>,
    /// Their own watch, while they are behind.
    own: Option<EventStream>,
}

impl Subscriber {
    /// Somebody who has everything up to `place`; from there by a watch of their `own`, if there is one.
    pub(super) fn new(
        api: Arc<dyn StatusApi>,
        line: Arc<Line>,
        filter: TopicFilter,
        place: Cursor,
        own: Option<EventStream>,
    ) -> Self {
        let newest = line.newest().max(place);
        Self {
            news: line.news(),
            api,
            line,
            filter,
            place,
            told: place,
            bookmark_due: Instant::now(),
            behind: Some(newest),
            own,
        }
    }

    /// Their signals; an error is the last. `slot` is kept meanwhile, so that equals find the line.
    pub(super) fn signals(mut self, slot: Arc<Slot>) -> EventStream {
        async_stream::stream! {
            let _kept = slot;
            loop {
                let signal = self.next().await;
                let last = signal.is_err();
                yield signal;
                if last {
                    break;
                }
            }
        }
        .boxed()
    }

    async fn next(&mut self) -> Result<Signal> {
        loop {
            if let Some(own) = &mut self.own {
                let ended = || Err(Error::unavailable("the stream of events ended"));
                let signal = own.next().await.unwrap_or_else(ended)?;
                self.tell(signal.cursor());
                if self.place >= self.line.begin_at() {
                    self.own = None;
                }
                return Ok(signal);
            }
            // Marked as seen before the look, so that what comes meanwhile ends the wait below.
            self.news.borrow_and_update();
            match self.line.look(self.place, &self.filter) {
                Look::Event(event) => {
                    self.tell(event.cursor);
                    return Ok(Signal::Event(event));
                }
                Look::Nothing(upto) => {
                    self.pass_over(upto);
                    let has_come = self.behind.is_some_and(|newest| self.place >= newest);
                    if has_come || self.place.0 - self.told.0 >= BOOKMARK_EVENTS || self.wait().await {
                        self.behind = self.behind.filter(|_| !has_come);
                        self.tell(self.place);
                        return Ok(Signal::Bookmark(self.place));
                    }
                }
                Look::Behind => {
                    let from = Start::After(self.place);
                    self.own = Some(self.api.watch(self.filter.clone(), from).await?);
                }
                Look::Ended(error) => return Err(error),
            }
        }
    }

    fn tell(&mut self, upto: Cursor) {
        self.place = upto;
        self.told = upto;
    }

    fn pass_over(&mut self, upto: Cursor) {
        if upto > self.place {
            if self.place == self.told {
                self.bookmark_due = Instant::now() + BOOKMARK_AFTER;
            }
            self.place = upto;
        }
    }

    /// Waits for something new; true if a bookmark is due before.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            // The line, which sends, is here: an error there is none.
            _ = self.news.changed() => false,
            () = sleep_until(self.bookmark_due), if self.place > self.told => true,
        }
    }
}
