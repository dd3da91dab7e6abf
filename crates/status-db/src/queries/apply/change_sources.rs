//! Change sources, as a master has them configured.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{ChangeSourceId, MasterId, Verb};

use super::super::rows::ChangeSourceRow;
use super::Tx;
use crate::error::Result;
use crate::schema::change_sources;

/// Makes the table say what the master has configured.
pub(super) async fn configure(
    tx: &mut Tx<'_>,
    master: MasterId,
    wanted: &[String],
) -> Result<BTreeMap<String, ChangeSourceId>> {
    let mut ids = BTreeMap::new();
    for name in wanted {
        let old = change_sources::table
            .filter(change_sources::name.eq(name))
            .select(ChangeSourceRow::as_select())
            .first(tx.conn)
            .await
            .optional()?;
        if let Some(old) = old
            && old.master == Some(master.0)
        {
            ids.insert(name.clone(), ChangeSourceId(old.id));
            continue;
        }
        let row = diesel::insert_into(change_sources::table)
            .values((change_sources::name.eq(name), change_sources::master.eq(master.0)))
            .on_conflict(change_sources::name)
            .do_update()
            .set(change_sources::master.eq(master.0))
            .returning(ChangeSourceRow::as_returning())
            .get_result(tx.conn)
            .await?;
        ids.insert(name.clone(), emit(tx, row));
    }
    let kept: Vec<i64> = ids.values().map(|id| id.0).collect();
    let removed = diesel::update(
        change_sources::table
            .filter(change_sources::master.eq(master.0))
            .filter(change_sources::id.ne_all(kept)),
    )
    .set(change_sources::master.eq(None::<i64>))
    .returning(ChangeSourceRow::as_returning())
    .get_results(tx.conn)
    .await?;
    for row in removed {
        emit(tx, row);
    }
    Ok(ids)
}

fn emit(tx: &mut Tx<'_>, row: ChangeSourceRow) -> ChangeSourceId {
    let source = row.into_change_source();
    let id = source.id;
    tx.emit(Verb::Updated, source);
    id
}
