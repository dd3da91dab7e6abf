//! The events table.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Cursor, Event, Timestamp};

use super::super::super::Db;
use super::super::Conn;
use super::rows::{from_json, verb as verb_of};
use crate::backend::Span;
use crate::error::{Error, Result};
use crate::schema::events;

/// Which events are kept.
pub(in super::super) async fn span(conn: &mut Conn) -> Result<Span> {
    let ids = || events::table.select(events::id);
    let (first, last): (Option<i64>, Option<i64>) = diesel::select((
        ids().order(events::id.asc()).limit(1).single_value(),
        ids().order(events::id.desc()).limit(1).single_value(),
    ))
    .get_result(conn)
    .await?;
    Ok(Span {
        oldest: Cursor(first.map_or(0, |first| first - 1)),
        newest: Cursor(last.unwrap_or(0)),
    })
}

fn after(cursor: Cursor, limit: u32) -> events::BoxedQuery<'static, Db> {
    events::table
        .filter(events::id.gt(cursor.0))
        .order(events::id)
        .limit(limit.into())
        .into_boxed()
}

/// The `SELECT` of events, so that tests can look at how the database would go about it.
#[cfg(test)]
#[allow(dead_code, reason = "tests look at the plans of SQLite only")]
pub(in super::super::super) fn sql_of_events(cursor: Cursor) -> super::column::Sql {
    Box::new(after(cursor, 100))
}

/// The first `limit` events after `cursor`, in order.
///
/// # Errors
/// [`Error::CursorExpired`] if the event after `cursor` is no longer kept.
pub(in super::super) async fn events_after(
    conn: &mut Conn,
    cursor: Cursor,
    limit: u32,
) -> Result<Vec<Event>> {
    let rows: Vec<(i64, i64, String, String)> = after(cursor, limit).load(conn).await?;
    // Numbers are dense, so one that is not the next tells that some are gone.
    if let [(first, ..), ..] = rows.as_slice()
        && *first != cursor.0.saturating_add(1)
    {
        return Err(Error::CursorExpired {
            oldest: Cursor(first - 1),
        });
    }
    rows.into_iter()
        .map(|(id, at, verb, entity)| {
            Ok(Event {
                cursor: Cursor(id),
                at: Timestamp(at),
                verb: verb_of(id, &verb)?,
                entity: from_json("events.entity_json", &entity)?,
            })
        })
        .collect()
}
