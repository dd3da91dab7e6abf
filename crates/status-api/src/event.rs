//! Events: what changed, in one total order.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::{BuildId, Entity, Properties, Result, Timestamp, Topic, Verb};

/// A place in the total order of events: the number of the last event that is included.
///
/// Numbers are dense: the event after cursor `n` has the number `n + 1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub i64);

impl Cursor {
    /// Before the first event.
    pub const ZERO: Self = Self(0);
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One change of state: what happened, and the whole resource after it.
///
/// Every change of a resource has an event, those that follow from another change too: that a build ends
/// changes its request and perhaps its buildset, that a worker is configured changes the worker. So whoever
/// puts each event's resource over the one before it has, at each cursor, what a read at that cursor gives
/// (but for properties, which come as changes of their own, for the text of logs, test results,
/// [`Master::last_active`](crate::Master::last_active), and how far a listener is and until when it is held:
/// [`ListenerStatus::place`](crate::ListenerStatus::place), [`ListenerStatus::held_until`](crate::ListenerStatus::held_until)). Appends to one log may share an event.
///
/// What is no longer kept goes with an event whose verb is [`Verb::Deleted`] and which holds it as it last was. What
/// belongs to a build goes with it and has no event of its own: its steps, logs, test results, data and properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the total order.
    pub cursor: Cursor,
    /// When it was committed.
    pub at: Timestamp,
    /// What happened.
    pub verb: Verb,
    /// The resource after it.
    pub entity: Entity,
}

impl Event {
    /// The topics under which it goes out, the shortest name first; Buildbot's.
    pub fn topics(&self) -> Vec<Topic> {
        crate::topic::topics(&self.entity, self.verb)
    }
}

/// Properties that were set on a build, in an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertiesUpdate {
    /// The build.
    pub build: BuildId,
    /// Those that are new or changed.
    pub changed: Properties,
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the next event.
    Now,
    /// With the first event after the cursor.
    After(Cursor),
}

/// What a watch gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// An event that matches the filter.
    Event(Arc<Event>),
    /// Nothing that matches happened up to this cursor; resume from here.
    Bookmark(Cursor),
}

impl Signal {
    /// The cursor to resume from after this.
    pub fn cursor(&self) -> Cursor {
        match self {
            Self::Event(event) => event.cursor,
            Self::Bookmark(cursor) => *cursor,
        }
    }
}

/// The events of a watch, in order. An error is the last item; resume from the last cursor.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Signal>> + Send>>;
