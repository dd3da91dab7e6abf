//! Changes go, and source stamps when nothing refers to them.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::Verb;

use super::super::super::rows::{
    ChangeRow, SourceStampRow, changes as assemble, source_stamps as with_patches,
};
use super::super::Tx;
use super::kept::Kept;
use super::{Budget, Fate};
use crate::error::Result;
use crate::schema::{buildset_changes, buildset_sources, changes, patches, source_stamps};

/// Deletes a change that no buildset refers to.
pub(super) async fn delete_change(
    tx: &mut Tx<'_>,
    id: i64,
    kept: &Kept,
    budget: &mut Budget,
) -> Result<Fate> {
    let row = changes::table
        .find(id)
        .select(ChangeRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let Some(row) = row.filter(|_| !kept.has(id)) else {
        return Ok(Fate::Stays);
    };
    let built = buildset_changes::table.filter(buildset_changes::change.eq(id));
    if select(exists(built)).get_result(tx.conn).await? {
        return Ok(Fate::Stays);
    }
    let stamp = row.source_stamp;
    let entity = assemble(tx.conn, vec![row]).await?;
    diesel::delete(changes::table.find(id)).execute(tx.conn).await?;
    budget.take(1);
    for change in entity {
        tx.emit(Verb::Deleted, change);
    }
    delete_stamp(tx, stamp, kept, budget).await?;
    Ok(Fate::Gone)
}

/// Deletes a source stamp that nothing refers to, and its patch.
pub(super) async fn delete_stamp(tx: &mut Tx<'_>, id: i64, kept: &Kept, budget: &mut Budget) -> Result<()> {
    let changed = changes::table.filter(changes::source_stamp.eq(id));
    let built = buildset_sources::table.filter(buildset_sources::source_stamp.eq(id));
    if kept.has(id)
        || select(exists(changed).or(exists(built)))
            .get_result(tx.conn)
            .await?
    {
        return Ok(());
    }
    let row = source_stamps::table
        .find(id)
        .select(SourceStampRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let Some(row) = row else {
        return Ok(());
    };
    let patch = row.patch;
    let entity = with_patches(tx.conn, vec![row]).await?;
    diesel::delete(source_stamps::table.find(id))
        .execute(tx.conn)
        .await?;
    budget.take(1);
    for stamp in entity {
        tx.emit(Verb::Deleted, stamp);
    }
    if let Some(patch) = patch {
        let used = source_stamps::table.filter(source_stamps::patch.eq(patch));
        if !select(exists(used)).get_result(tx.conn).await? {
            diesel::delete(patches::table.find(patch))
                .execute(tx.conn)
                .await?;
            budget.take(1);
        }
    }
    Ok(())
}
