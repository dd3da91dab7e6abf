//! Requests and buildsets go when nothing refers to them any more.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildRequestId, BuildsetId, Verb};

use super::super::super::super::lock_row;
use super::super::super::rows::{BuildRequestRow, BuildsetRow, buildsets as assemble};
use super::super::{Tx, force_keys as keys};
use super::kept::Kept;
use super::{Budget, Fate, sources};
use crate::backend::Lockable;
use crate::error::Result;
use crate::schema::{build_requests, builds, buildset_changes, buildset_sources, buildsets};

/// Whether a buildset must stay with all that belongs to it: it is not complete, a kept state may name it, the build
/// that triggered it runs, or it is the answer to a force that may be asked again.
pub(super) async fn is_needed(tx: &mut Tx<'_>, buildset: i64, kept: &Kept) -> Result<bool> {
    let (complete_at, parent): (Option<i64>, Option<i64>) = buildsets::table
        .find(buildset)
        .select((buildsets::complete_at, buildsets::parent_build))
        .first(tx.conn)
        .await?;
    if complete_at.is_none() || kept.has(buildset) {
        return Ok(true);
    }
    if let Some(parent) = parent {
        let running = builds::table
            .filter(builds::id.eq(parent))
            .filter(builds::complete_at.is_null());
        if select(exists(running)).get_result(tx.conn).await? {
            return Ok(true);
        }
    }
    keys::stands(tx, BuildsetId(buildset)).await
}

/// Deletes a complete request that has no build, and its buildset if it was the last.
pub(super) async fn delete_request(
    tx: &mut Tx<'_>,
    id: i64,
    kept: &Kept,
    budget: &mut Budget,
) -> Result<Fate> {
    lock_row(tx.conn, Lockable::Request(BuildRequestId(id))).await?;
    let row = build_requests::table
        .find(id)
        .select(BuildRequestRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let Some(row) = row.filter(|it| it.complete_at.is_some() && !kept.has(id)) else {
        return Ok(Fate::Stays);
    };
    let built = builds::table.filter(builds::request.eq(id));
    let buildset = row.buildset;
    if select(exists(built)).get_result(tx.conn).await? {
        return Ok(Fate::Stays);
    }
    if is_needed(tx, buildset, kept).await? {
        return Ok(Fate::Stays);
    }
    diesel::delete(build_requests::table.find(id))
        .execute(tx.conn)
        .await?;
    budget.take(1);
    let request = row.into_request()?;
    tx.emit(Verb::Deleted, request);
    delete(tx, buildset, kept, budget).await?;
    Ok(Fate::Gone)
}

/// Deletes a complete buildset that has no request, and the source stamps that nothing else refers to.
pub(super) async fn delete(tx: &mut Tx<'_>, id: i64, kept: &Kept, budget: &mut Budget) -> Result<Fate> {
    lock_row(tx.conn, Lockable::Buildset(BuildsetId(id))).await?;
    let row = buildsets::table
        .find(id)
        .select(BuildsetRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let Some(row) = row else {
        return Ok(Fate::Stays);
    };
    let asked = build_requests::table.filter(build_requests::buildset.eq(id));
    if select(exists(asked)).get_result(tx.conn).await? {
        return Ok(Fate::Stays);
    }
    if is_needed(tx, id, kept).await? {
        return Ok(Fate::Stays);
    }
    keys::clear_of(tx, BuildsetId(id)).await?;
    let entity = assemble(tx.conn, vec![row]).await?;
    let stamps: Vec<i64> = buildset_sources::table
        .filter(buildset_sources::buildset.eq(id))
        .select(buildset_sources::source_stamp)
        .load(tx.conn)
        .await?;
    let sources = buildset_sources::table.filter(buildset_sources::buildset.eq(id));
    budget.take(diesel::delete(sources).execute(tx.conn).await?);
    let changes = buildset_changes::table.filter(buildset_changes::buildset.eq(id));
    budget.take(diesel::delete(changes).execute(tx.conn).await?);
    diesel::delete(buildsets::table.find(id)).execute(tx.conn).await?;
    budget.take(1);
    for buildset in entity {
        tx.emit(Verb::Deleted, buildset);
    }
    for stamp in stamps {
        sources::delete_stamp(tx, stamp, kept, budget).await?;
    }
    Ok(Fate::Gone)
}
