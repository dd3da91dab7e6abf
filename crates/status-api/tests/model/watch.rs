//! Watches: a stream remembers its place and reads on from there, so it can be as slow as it likes.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream;
use tokio::sync::watch::Receiver;
use weir_status_api::{Cursor, Error, Event, EventStream, Result, Signal, Start, TopicFilter, Watch};

use super::{Fault, Model};

/// One stream.
struct Place {
    model: Model,
    grown: Receiver<()>,
    filter: TopicFilter,
    /// How far it has looked.
    cursor: Cursor,
    /// How far its reader knows that it has; nothing yet before the first signal that says that it has all there was.
    told: Option<Cursor>,
    /// How often streams had been cut when it began.
    cuts: u64,
    ended: bool,
}

impl Place {
    async fn next(&mut self) -> Option<Result<Signal>> {
        while !self.ended {
            self.grown.borrow_and_update();
            match self.look() {
                Some(signal) => return Some(signal),
                // The model itself holds the sender.
                None => self.grown.changed().await.ok()?,
            }
        }
        None
    }

    /// What there is to tell now.
    fn look(&mut self) -> Option<Result<Signal>> {
        let model = self.model.clone();
        let state = model.lock();
        if self.cuts != state.cuts {
            self.ended = true;
            return Some(Err(Error::unavailable("the stream was cut")));
        }
        if model.has(Fault::LosesWhenSlow) && self.cursor.0 + 200 < state.cursor().0 {
            self.cursor = Cursor(state.cursor().0 - 100);
        }
        if self.cursor < state.oldest && model.has(Fault::ExpiresSilently) {
            self.cursor = state.oldest;
        }
        if self.cursor < state.oldest {
            self.ended = true;
            return Some(Err(Error::CursorExpired { oldest: state.oldest }));
        }
        while let Some(event) = state
            .events
            .get(usize::try_from(self.cursor.0).unwrap_or(usize::MAX))
        {
            self.cursor = Cursor(self.cursor.0 + 1);
            let dropped = model.has(Fault::DropsEvents) && self.cursor.0 % 37 == 0;
            if self.wants(event) && !dropped {
                self.told = self.told.map(|_| self.cursor);
                return Some(Ok(Signal::Event(Arc::clone(event))));
            }
        }
        let news = self.told < Some(self.cursor) && !model.has(Fault::HasNoBookmarks);
        self.told = Some(self.cursor);
        news.then_some(Ok(Signal::Bookmark(self.cursor)))
    }

    fn wants(&self, event: &Event) -> bool {
        if self.model.has(Fault::FiltersByFirstTopic) {
            let first = event.topics().swap_remove(0);
            return self
                .filter
                .patterns()
                .iter()
                .any(|pattern| pattern.matches(&first));
        }
        self.filter.matching(event).is_some()
    }
}

impl Model {
    /// The newest cursor, and how often streams were cut.
    fn place(&self) -> (Cursor, u64) {
        let state = self.lock();
        (state.cursor(), state.cuts)
    }
}

#[async_trait]
impl Watch for Model {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let grown = self.grown.subscribe();
        let (newest, cuts) = self.place();
        let cursor = match start {
            Start::Now if self.has(Fault::BeginsLate) => Cursor(newest.0 + 1),
            Start::Now if self.has(Fault::BeginsEarly) => Cursor(newest.0 - 1),
            Start::Now => newest,
            Start::After(cursor) if cursor > newest && !self.has(Fault::WaitsForTheFuture) => {
                return Err(Error::invalid(
                    "since",
                    format!("{cursor} is in the future, the newest is {newest}"),
                ));
            }
            Start::After(cursor) if self.has(Fault::RepeatsOnResume) => Cursor((cursor.0 - 1).max(0)),
            Start::After(cursor) => cursor,
        };
        let place = Place {
            model: self.clone(),
            grown,
            filter,
            cursor,
            told: None,
            cuts,
            ended: false,
        };
        Ok(Box::pin(stream::unfold(place, |mut place| async {
            let signal = place.next().await?;
            Some((signal, place))
        })))
    }
}
