//! What schedulers and change sources keep, and how long events are kept.

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::Cursor;

use super::super::Conn;
use super::super::rows::{from_json, to_json};
use super::Tx;
use crate::error::Result;
use crate::schema::{events, kept_states};
use crate::transition::KeptState;

pub(super) async fn keep(tx: &mut Tx<'_>, state: &KeptState) -> Result<()> {
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
