//! A transaction that is under way, and the events it will have.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Cursor, Entity, Event, Log, LogId, Timestamp, Verb};

use super::super::super::{insert_events, lock_events, notify};
use super::super::Conn;
use super::super::rows::to_json;
use crate::error::{Error, Result};
use crate::inserts::EventRow;
use crate::schema::events;

/// A transaction that is under way.
pub(super) struct Tx<'a> {
    pub(super) conn: &'a mut Conn,
    /// The moment at which all of it happens.
    pub(super) at: Timestamp,
    events: Vec<Option<(Verb, Entity)>>,
    /// Where the last append to each log is among the events.
    appends: HashMap<LogId, usize>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(conn: &'a mut Conn, at: Timestamp) -> Self {
        Self {
            conn,
            at,
            events: Vec::new(),
            appends: HashMap::new(),
        }
    }

    /// Adds an event: the resource as it is now.
    pub(super) fn emit(&mut self, verb: Verb, entity: impl Into<Entity>) {
        self.events.push(Some((verb, entity.into())));
    }

    /// Adds the event of lines added to a log, in place of one of the same batch for the same log: events
    /// carry counts, so the last one says all.
    pub(super) fn emit_append(&mut self, log: Log) {
        if let Some(earlier) = self.appends.insert(log.id, self.events.len())
            && let Some(event) = self.events.get_mut(earlier)
        {
            *event = None;
        }
        self.emit(Verb::Append, log);
    }

    /// Numbers the events in the total order and stores them. Nothing may follow but the commit.
    pub(super) async fn number_events(self) -> Result<Vec<Arc<Event>>> {
        let Self { conn, at, events, .. } = self;
        let pending: Vec<_> = events.into_iter().flatten().collect();
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        lock_events(conn).await?;
        let last: Option<i64> = events::table.select(max(events::id)).first(conn).await?;
        let numbered: Vec<Arc<Event>> = pending
            .into_iter()
            .zip(last.unwrap_or(0) + 1..)
            .map(|((verb, entity), number)| {
                Arc::new(Event {
                    cursor: Cursor(number),
                    at,
                    verb,
                    entity,
                })
            })
            .collect();
        let rows = numbered
            .iter()
            .map(|event| {
                Ok(EventRow {
                    id: event.cursor.0,
                    at: event.at.0,
                    verb: event.verb.name(),
                    entity_json: to_json(&event.entity)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        insert_events(conn, rows).await?;
        if let Some(last) = numbered.last() {
            notify(conn, last.cursor.0).await?;
        }
        Ok(numbered)
    }
}

/// The row, or that there is no `what`.
pub(super) fn found<T>(row: Option<T>, what: impl Display) -> Result<T> {
    row.ok_or_else(|| Error::not_found(what))
}
