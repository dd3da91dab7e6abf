//! Who is told of events, and what could not be delivered.

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{Cursor, DeadLetterId, Event, ListenerId, Timestamp};

/// How many dead letters of one listener are kept. When there would be one more the listener waits, until some of them
/// are delivered or forgotten.
pub const MAX_DEAD_LETTERS: usize = 1000;

/// A listener that keeps its place with the master, and how it fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerStatus {
    /// Its id.
    pub id: ListenerId,
    /// Its name, unique.
    pub name: String,
    /// What it is, e.g. `mail`.
    pub kind: String,
    /// Who runs it, or ran it last without saying that it ended, for people: `master m1`, `weir listen on HOST, process 17`.
    pub held_by: Option<String>,
    /// Until when that is certain. Goes on without an event for as long as it runs; once it is past, nobody has run the
    /// listener since.
    pub held_until: Option<Timestamp>,
    /// Whether what comes waits: its destination takes nothing now, or no further dead letter can be kept.
    pub waiting: bool,
    /// Why it waits.
    pub waiting_reason: Option<String>,
    /// Since when it waits.
    pub waiting_since: Option<Timestamp>,
    /// All events up to this one are done; none before it begins. Goes on without an event: a listener of all events
    /// would hear of itself for ever.
    pub place: Option<Cursor>,
    /// How many [`DeadLetter`]s of it are kept.
    pub dead_letters: i64,
}

fields! {
    /// Fields of a [`ListenerStatus`].
    ListenerField {
        /// [`ListenerStatus::id`].
        Id: Int = "id",
        /// [`ListenerStatus::name`].
        Name: Text = "name",
        /// [`ListenerStatus::kind`].
        Kind: Text = "kind",
        /// [`ListenerStatus::waiting`].
        Waiting: Bool = "waiting",
        /// [`ListenerStatus::dead_letters`].
        DeadLetters: Int = "dead_letters",
    }
}

/// An event that a listener could not deliver, kept in whole: it can be delivered again when the event itself is no
/// longer kept. Events about listeners and dead letters never become one: each would make another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The listener.
    pub listener: ListenerId,
    /// The event.
    pub event: Box<Event>,
    /// Why it could not be delivered.
    pub why: String,
    /// When it was tried last.
    pub parked_at: Timestamp,
    /// Whether somebody asked to deliver it again.
    pub again: bool,
}

fields! {
    /// Fields of a [`DeadLetter`].
    DeadLetterField {
        /// [`DeadLetter::id`].
        Id: Int = "id",
        /// [`DeadLetter::listener`].
        Listener: Int = "listener",
        /// The cursor of [`DeadLetter::event`].
        Event: Int = "event",
        /// [`DeadLetter::why`].
        Why: Text = "why",
        /// [`DeadLetter::parked_at`].
        ParkedAt: Time = "parked_at",
        /// [`DeadLetter::again`].
        Again: Bool = "again",
    }
}
