//! The events of one client: what it subscribed to, and how far it has everything.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use weir_status_api::{
    At, Cursor, Entity, Error, Event, EventStream, Key, Kind, List, ListParts, Result, Signal, Start,
    StatusApi, TopicFilter, TopicPattern,
};
use weir_status_http::v2;

use crate::Shared;
use crate::answer::in_time;
use crate::frames::{Framed, Frames};

/// How many subscriptions a client may have at once.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 100;
/// How long is waited for what can be done without: to be told at once that a cursor is no good, a scheduler's
/// master.
const BRIEFLY: Duration = Duration::from_millis(100);

/// What a client wants: the events that match, from after a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) pattern: TopicPattern,
    pub(crate) after: Cursor,
}

/// One client's place in the order of all events, and what it wants of them.
///
/// There is one watch for all its subscriptions. To add one, the watch is opened anew at the same place: nothing
/// is lost or comes twice, whatever happens meanwhile.
pub(crate) struct Feed {
    app: Shared,
    api: Arc<dyn StatusApi>,
    subscriptions: Vec<Subscription>,
    events: Option<EventStream>,
    first: Option<Result<Signal>>,
    /// Up to where the client has everything that it wants.
    place: Cursor,
}

/// The cursor of the newest event, if `api` can be read.
pub(crate) async fn present(app: &Shared, api: &dyn StatusApi) -> Result<Cursor> {
    let mut parts = ListParts::new(Kind::Master);
    parts.limit = Some(0);
    let list = api.list(List::from_parts(parts)?);
    let cursor = in_time(app.options.deadline, list).await?.cursor;
    app.shared.fresh.told(cursor);
    Ok(cursor)
}

impl Feed {
    /// A client without subscriptions.
    pub(crate) fn new(app: &Shared, api: Arc<dyn StatusApi>, place: Cursor) -> Self {
        Self {
            app: Arc::clone(app),
            api,
            subscriptions: vec![],
            events: None,
            first: None,
            place,
        }
    }

    /// Up to where the client has everything that it wants.
    pub(crate) fn place(&self) -> Cursor {
        self.place
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.subscriptions.is_empty()
    }

    pub(crate) fn has(&self, pattern: &TopicPattern) -> bool {
        self.subscriptions.iter().any(|it| it.pattern == *pattern)
    }

    /// The cursor at which a subscription begins that shall have what happens from now on.
    pub(crate) async fn now(&mut self) -> Result<Cursor> {
        match &self.app.options.present {
            Some(present) => Ok(present.cursor()),
            None => present(&self.app, &*self.api).await,
        }
    }

    /// Adds subscriptions to new patterns. With one that begins before the present place the feed goes back to its
    /// cursor, for it alone.
    ///
    /// # Errors
    /// If there would be too many, or there is no watch from there. Then nothing has changed.
    pub(crate) async fn add(&mut self, new: Vec<Subscription>) -> Result<()> {
        let Some(first) = new.iter().map(|it| it.after).min() else {
            return Ok(());
        };
        let mut all = self.subscriptions.clone();
        for old in &mut all {
            old.after = old.after.max(self.place);
        }
        let place = match all.is_empty() {
            true => first,
            false => first.min(self.place),
        };
        all.extend(new);
        let events = self.watch(&all, place).await?;
        self.first = None;
        self.events = Some(events);
        self.subscriptions = all;
        self.place = place;
        Ok(())
    }

    /// As [`Feed::add`], from a cursor that the client named. Some implementations tell only within the stream that
    /// it is no good, and a client understands an answer better than the end of its stream: so that is waited for.
    pub(crate) async fn resume(&mut self, new: Vec<Subscription>) -> Result<()> {
        let (old, place) = (self.subscriptions.clone(), self.place);
        if let Some(after) = new.iter().map(|it| it.after).max().filter(|after| *after > place) {
            // The watch begins before that, so that it does not tell.
            let newest = present(&self.app, &*self.api).await?;
            if after > newest {
                let why = format!("{after} is in the future, the newest event is {newest}");
                return Err(Error::invalid("since", why));
            }
        }
        self.add(new).await?;
        let Some(events) = &mut self.events else {
            return Ok(());
        };
        let Ok(first) = tokio::time::timeout(BRIEFLY, events.next()).await else {
            return Ok(());
        };
        match first.unwrap_or_else(|| Err(ended())) {
            Ok(first) => self.first = Some(Ok(first)),
            Err(error) => {
                self.restore(old, place).await?;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn restore(&mut self, subscriptions: Vec<Subscription>, place: Cursor) -> Result<()> {
        self.events = match subscriptions.is_empty() {
            true => None,
            false => Some(self.watch(&subscriptions, place).await?),
        };
        self.subscriptions = subscriptions;
        self.place = place;
        Ok(())
    }

    async fn watch(&mut self, subscriptions: &[Subscription], after: Cursor) -> Result<EventStream> {
        if subscriptions.len() > MAX_SUBSCRIPTIONS {
            return Err(too_many());
        }
        let patterns: Vec<String> = subscriptions.iter().map(|it| it.pattern.to_string()).collect();
        let filter = TopicFilter::parse_all(patterns.iter().map(String::as_str))?;
        let watch = self.api.watch(filter, Start::After(after));
        in_time(self.app.options.deadline, watch).await
    }

    /// Ends a subscription; false if there is none.
    pub(crate) fn remove(&mut self, pattern: &TopicPattern) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|it| it.pattern != *pattern);
        if self.subscriptions.is_empty() {
            // With others the watch goes on: what nobody wants any more is passed over.
            self.events = None;
            self.first = None;
        }
        self.subscriptions.len() < before
    }

    /// Makes the subscriptions those of `wanted`; those that it has go on as they are.
    pub(crate) async fn turn_to(&mut self, wanted: &[Subscription]) -> Result<()> {
        let gone: Vec<TopicPattern> = self
            .subscriptions
            .iter()
            .filter(|old| wanted.iter().all(|it| it.pattern != old.pattern))
            .map(|old| old.pattern.clone())
            .collect();
        for pattern in gone {
            self.remove(&pattern);
        }
        let new = wanted.iter().filter(|it| !self.has(&it.pattern));
        self.add(new.cloned().collect()).await
    }

    /// The next signal; without subscriptions, never. Nothing is lost if the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Signal> {
        let signal = match (self.first.take(), &mut self.events) {
            (Some(first), _) => first,
            (None, Some(events)) => events.next().await.unwrap_or_else(|| Err(ended())),
            (None, None) => std::future::pending().await,
        }?;
        self.place = signal.cursor();
        self.app.shared.fresh.told(self.place);
        Ok(signal)
    }

    /// The patterns whose subscribers want an event with this cursor.
    pub(crate) fn wanting(&self, cursor: Cursor) -> impl Iterator<Item = &TopicPattern> + Clone {
        let begun = self.subscriptions.iter().filter(move |it| it.after < cursor);
        begun.map(|it| &it.pattern)
    }

    /// The event as it goes out.
    pub(crate) async fn framed(&mut self, event: &Arc<Event>) -> Arc<Framed> {
        match with_master(&*self.api, event).await {
            // Whether the master is hidden may differ from caller to caller, and such events are rare.
            Some(message) => Frames::alone(event, message),
            None => self.app.frames.of(event),
        }
    }
}

/// The message of an event whose resource carries its master whole, with that in the place of its id.
async fn with_master(api: &dyn StatusApi, event: &Event) -> Option<String> {
    let read = api.get(Key::Master(v2::master_within(&event.entity)?));
    // Without an answer in time the message has the master's id alone.
    let read = tokio::time::timeout(BRIEFLY, read).await;
    let Ok(Ok(At {
        value: Entity::Master(master),
        ..
    })) = read
    else {
        return None;
    };
    let mut object = v2::object(&event.entity);
    v2::put_master(&mut object, &master);
    serde_json::to_string(&object).ok()
}

pub(crate) fn too_many() -> Error {
    let why = format!("a client has at most {MAX_SUBSCRIPTIONS} subscriptions; `*` stands for any word");
    Error::invalid("path", why)
}

fn ended() -> Error {
    Error::unavailable("the stream of events ended")
}
