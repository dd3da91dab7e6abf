//! What listeners, schedulers and change sources keep, and how long events are kept.

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::Cursor;

use super::super::Conn;
use super::super::rows::{from_json, to_json};
use super::Tx;
use crate::error::Result;
use crate::schema::{bookmarks, events, kept_states, parked_events};
use crate::transition::KeptState;

pub(super) async fn keep_state(tx: &mut Tx<'_>, state: &KeptState) -> Result<()> {
    let value = to_json(&state.value)?;
    diesel::insert_into(kept_states::table)
        .values((
            kept_states::owner.eq(&state.owner),
            kept_states::value_json.eq(&value),
        ))
        .on_conflict(kept_states::owner)
        .do_update()
        .set(kept_states::value_json.eq(&value))
        .execute(tx.conn)
        .await?;
    Ok(())
}

pub(crate) async fn kept_state(conn: &mut Conn, owner: &str) -> Result<Option<serde_json::Value>> {
    kept_states::table
        .find(owner)
        .select(kept_states::value_json)
        .first::<String>(conn)
        .await
        .optional()?
        .map(|text| from_json("kept_states.value_json", &text))
        .transpose()
}

pub(super) async fn keep_bookmark(tx: &mut Tx<'_>, listener: &str, cursor: Cursor) -> Result<()> {
    diesel::insert_into(bookmarks::table)
        .values((
            bookmarks::listener.eq(listener),
            bookmarks::after_event.eq(cursor.0),
        ))
        .on_conflict(bookmarks::listener)
        .do_update()
        .set(bookmarks::after_event.eq(cursor.0))
        .execute(tx.conn)
        .await?;
    Ok(())
}

pub(crate) async fn bookmark(conn: &mut Conn, listener: &str) -> Result<Option<Cursor>> {
    let cursor = bookmarks::table
        .find(listener)
        .select(bookmarks::after_event)
        .first::<i64>(conn)
        .await
        .optional()?;
    Ok(cursor.map(Cursor))
}

pub(super) async fn park(tx: &mut Tx<'_>, listener: &str, event: Cursor, why: &str) -> Result<()> {
    diesel::insert_into(parked_events::table)
        .values((
            parked_events::listener.eq(listener),
            parked_events::event.eq(event.0),
            parked_events::why.eq(why),
            parked_events::parked_at.eq(tx.at.0),
        ))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// Drops the events up to `cursor`, but never the newest: its number tells the next one.
pub(super) async fn expire_events(tx: &mut Tx<'_>, cursor: Cursor) -> Result<()> {
    let newest: Option<i64> = events::table.select(max(events::id)).first(tx.conn).await?;
    if let Some(newest) = newest {
        diesel::delete(events::table.filter(events::id.le(cursor.0.min(newest - 1))))
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}
