//! Listeners, and what they could not deliver.

use diesel::prelude::*;
use weir_status_api::{
    Cursor, DeadLetter, DeadLetterId, Entity, Event, ListenerId, ListenerStatus, Timestamp, Verb,
};

use super::super::Db;
use super::from_json;
use crate::error::{Error, Result};
use crate::schema::{dead_letters, listeners};

/// A listener without its place's gaps and what it keeps itself, which nobody sees.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = listeners, check_for_backend(Db))]
pub(crate) struct ListenerRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) holder: Option<String>,
    pub(crate) held_on: Option<String>,
    pub(crate) held_until: Option<i64>,
    pub(crate) place: Option<i64>,
    pub(crate) waiting: bool,
    pub(crate) waiting_reason: Option<String>,
    pub(crate) waiting_since: Option<i64>,
    pub(crate) dead_letters: i64,
}

impl ListenerRow {
    pub(crate) fn into_listener(self) -> ListenerStatus {
        ListenerStatus {
            id: ListenerId(self.id),
            name: self.name,
            kind: self.kind,
            held_by: self.held_on,
            held_until: self.held_until.map(Timestamp),
            waiting: self.waiting,
            waiting_reason: self.waiting_reason,
            waiting_since: self.waiting_since.map(Timestamp),
            place: self.place.map(Cursor),
            dead_letters: self.dead_letters,
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = dead_letters, check_for_backend(Db))]
pub(crate) struct DeadLetterRow {
    pub(crate) id: i64,
    pub(crate) listener: i64,
    pub(crate) event: i64,
    pub(crate) event_at: i64,
    pub(crate) verb: String,
    pub(crate) entity_json: String,
    pub(crate) why: String,
    pub(crate) parked_at: i64,
    pub(crate) again: bool,
}

impl DeadLetterRow {
    pub(crate) fn into_dead_letter(self) -> Result<DeadLetter> {
        Ok(DeadLetter {
            id: DeadLetterId(self.id),
            listener: ListenerId(self.listener),
            event: Box::new(Event {
                cursor: Cursor(self.event),
                at: Timestamp(self.event_at),
                verb: verb(self.event, &self.verb)?,
                entity: from_json::<Entity>("dead_letters.entity_json", &self.entity_json)?,
            }),
            why: self.why,
            parked_at: Timestamp(self.parked_at),
            again: self.again,
        })
    }
}

/// The verb of an event, as it is stored.
pub(crate) fn verb(event: i64, name: &str) -> Result<Verb> {
    Verb::from_name(name).ok_or_else(|| Error::data(format_args!("event {event} has the verb `{name}`")))
}
