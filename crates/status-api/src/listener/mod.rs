//! Listeners: code that is told of events, in the master or anywhere else.

mod gate;
mod lanes;
mod progress;
mod round;
mod runner;
mod status_bookmarks;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use gate::{Rate, Turn};
pub use runner::{Runner, RunnerOptions};
pub use status_bookmarks::StatusBookmarks;

use crate::{BuildId, Cursor, Entity, Error, Event, Result, StatusApi, TopicFilter};

/// Why a listener could not take an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenerError {
    /// It may work later; the runner tries again.
    #[error("{0}")]
    Later(String),
    /// It may work after that time, and not before (HTTP's `Retry-After`).
    #[error("{0}")]
    After(String, Duration),
    /// This event will never work; the runner parks it and goes on.
    #[error("{0}")]
    Never(String),
}

/// Is told of events.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Its name, under which its place in the events is kept; unique within a master or process.
    fn name(&self) -> &str;

    /// What it is, for people: `webhook`, `mail`.
    fn kind(&self) -> &str {
        "listener"
    }

    /// The events it wants.
    fn filter(&self) -> TopicFilter;

    /// Takes one event. Delivery is at least once: after a crash what was on its way then may come again, with the same
    /// cursors. Events of one [lane](Listener::lane) come in order, one after the other; those of several at once, as
    /// many as [`RunnerOptions::at_once`].
    ///
    /// # Errors
    /// [`ListenerError`] says whether to try again.
    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError>;

    /// Takes one event as [`Listener::on_event`] does, and says by `turn` when its destination is to be addressed: for
    /// listeners that tell of some events only, and find out which by reading. By itself each event is one that it tells
    /// of.
    ///
    /// # Errors
    /// As [`Listener::on_event`].
    async fn hear(&self, event: &Event, api: &dyn StatusApi, turn: &Turn) -> Result<(), ListenerError> {
        turn.come().await;
        self.on_event(event, api).await
    }

    /// What the event must be in order with: all of one build, unless the listener knows better.
    fn lane(&self, event: &Event) -> Lane {
        Lane::of(event)
    }

    /// What it does beside being told of events, for as long as no other runner holds it: keeps a connection, answers
    /// questions. It has begun before the first event comes, and is dropped with the hold; if it ends, it is not begun again
    /// before the next.
    async fn attend(&self, desk: Desk) {
        drop(desk);
        std::future::pending().await
    }
}

/// What events are in order with each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// All events of the listener.
    All,
    /// Those of one build, its steps, logs and properties.
    Build(BuildId),
    /// Those of one thing, by its topic's first two words: `workers/3`.
    Thing(String),
}

impl Lane {
    /// That of an event: its build if it is of one, else the thing that it is about.
    pub fn of(event: &Event) -> Self {
        match &event.entity {
            Entity::Build(build) => Self::Build(build.id),
            Entity::Step(step) => Self::Build(step.build),
            Entity::Properties(update) => Self::Build(update.build),
            _ => {
                let topics = event.topics();
                let topic = topics.first().map(ToString::to_string).unwrap_or_default();
                let mut words = topic.split('/');
                let thing: Vec<&str> = words.by_ref().take(2).collect();
                Self::Thing(thing.join("/"))
            }
        }
    }
}

/// What a listener has while it [attends](Listener::attend).
#[derive(Clone)]
pub struct Desk {
    name: Arc<str>,
    api: Arc<dyn StatusApi>,
    bookmarks: Arc<dyn Bookmarks>,
}

impl Desk {
    /// That of the listener `name`.
    pub fn new(name: &str, api: Arc<dyn StatusApi>, bookmarks: Arc<dyn Bookmarks>) -> Self {
        Self {
            name: name.into(),
            api,
            bookmarks,
        }
    }

    /// The status API.
    pub fn api(&self) -> &Arc<dyn StatusApi> {
        &self.api
    }

    /// What the listener kept.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn state(&self) -> Result<Option<serde_json::Value>> {
        self.bookmarks.state(&self.name).await
    }

    /// Keeps something for the listener, durably, in place of what it kept.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn keep_state(&self, state: &serde_json::Value) -> Result<()> {
        self.bookmarks.keep_state(&self.name, state).await
    }
}

/// Where a listener is in the events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// All events up to this one are done.
    pub after: Cursor,
    /// The later ones that are done too, in order; never more than [`MAX_DONE`].
    pub done: Vec<Cursor>,
}

/// How many events a listener can be done with beyond the first that it is not.
pub const MAX_DONE: usize = 1000;

impl Place {
    /// The one at which all events up to `cursor` are done, and no other.
    pub const fn after(cursor: Cursor) -> Self {
        Self {
            after: cursor,
            done: vec![],
        }
    }
}

/// Whether a runner may deliver for a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It may, for that long from before it asked, and has to ask again before.
    Ours(Duration),
    /// Another does: its name for people. Ask again later.
    Theirs(String),
}

/// How a listener fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// What comes is delivered.
    #[default]
    Well,
    /// What comes waits: the destination takes nothing now, or no further event can be parked.
    Waiting {
        /// Why.
        why: String,
        /// When it is tried again, seconds from now.
        pause: Duration,
    },
}

/// An event that was parked, and that somebody asked to have delivered again.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    /// The dead letter's id, unique within the bookmarks.
    pub id: i64,
    /// The event.
    pub event: Event,
}

/// Where listeners' places in the events are kept, durably.
#[async_trait]
pub trait Bookmarks: Send + Sync {
    /// The place of `listener`; none if it was never here.
    ///
    /// # Errors
    /// If it cannot be read.
    async fn load(&self, listener: &str) -> Result<Option<Place>>;

    /// Keeps the place of `listener`.
    ///
    /// # Errors
    /// If it cannot be written; [`Error::Conflict`] if another runner holds the listener now.
    async fn save(&self, listener: &str, place: &Place) -> Result<()>;

    /// Keeps an event that `listener` could not take, with the reason: a dead letter. Once for each event: if it is there
    /// already, the reason is kept anew, and nobody asks for it again any more.
    ///
    /// # Errors
    /// [`Error::TooMany`] if as many as may be are kept: the runner waits until there is room. If it cannot be written.
    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()>;

    /// Holds `listener`, which is of that kind, against other runners, or goes on holding it. If somebody has put its place
    /// back since, whoever held it gets [`Hold::Theirs`] once, and so reads the place again.
    ///
    /// # Errors
    /// If that cannot be written.
    async fn hold(&self, listener: &str, kind: &str) -> Result<Hold> {
        let _ = (listener, kind);
        Ok(Hold::Ours(Duration::MAX))
    }

    /// Holds it no longer, so that another runner can at once.
    ///
    /// # Errors
    /// If that cannot be written.
    async fn release(&self, listener: &str) -> Result<()> {
        let _ = listener;
        Ok(())
    }

    /// Notes how `listener` fares, for people.
    ///
    /// # Errors
    /// If it cannot be written.
    async fn note(&self, listener: &str, standing: &Standing) -> Result<()> {
        let _ = (listener, standing);
        Ok(())
    }

    /// Parked events that somebody asked to have delivered again, oldest first, 100 at the most. That nobody asked may be
    /// what was so a second ago.
    ///
    /// # Errors
    /// If they cannot be read.
    async fn asked_again(&self, listener: &str) -> Result<Vec<Again>> {
        let _ = listener;
        Ok(vec![])
    }

    /// Forgets a parked event: it was delivered after all.
    ///
    /// # Errors
    /// If that cannot be written.
    async fn unpark(&self, listener: &str, id: i64) -> Result<()> {
        let _ = (listener, id);
        Ok(())
    }

    /// What `listener` kept with [`Bookmarks::keep_state`].
    ///
    /// # Errors
    /// If it cannot be read.
    async fn state(&self, listener: &str) -> Result<Option<serde_json::Value>> {
        let _ = listener;
        Ok(None)
    }

    /// Keeps what `listener` wants to know after a restart, in place of what it kept.
    ///
    /// # Errors
    /// If it cannot be written.
    async fn keep_state(&self, listener: &str, state: &serde_json::Value) -> Result<()> {
        let _ = state;
        Err(Error::Conflict {
            why: format!("nothing can be kept here for {listener}"),
        })
    }
}
