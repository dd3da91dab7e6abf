//! Build requests are claimed, given back, cancelled and complete; their buildsets with them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    BuildRequestId, BuildsetId, ControlAction, ControlRecord, ControlTarget, Entity, MasterId, Results, Verb,
};

use super::super::super::lock_row;
use super::super::rows::{BuildRequestRow, BuildsetRow, buildsets as assemble};
use super::{Tx, builds, found, workers};
use crate::backend::Lockable;
use crate::error::{Error, Result};
use crate::schema::{build_requests, builds as builds_table, buildsets};
use crate::texts::cut;

/// The request as it is now, which no other master touches until the transaction ends.
pub(super) async fn load(tx: &mut Tx<'_>, request: BuildRequestId) -> Result<BuildRequestRow> {
    lock_row(tx.conn, Lockable::Request(request)).await?;
    let row = build_requests::table
        .find(request.0)
        .select(BuildRequestRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    found(row, format_args!("build request {request}"))
}

/// Whether the request was open, and is the master's now.
pub(super) async fn claim(tx: &mut Tx<'_>, request: BuildRequestId, master: MasterId) -> Result<bool> {
    let row = load(tx, request).await?;
    if row.claimed_by.is_some() || row.complete_at.is_some() {
        return Ok(false);
    }
    let row = diesel::update(build_requests::table.find(request.0))
        .set((
            build_requests::claimed_at.eq(tx.at.0),
            build_requests::claimed_by.eq(master.0),
            build_requests::waiting_for.eq(None::<&str>),
        ))
        .returning(BuildRequestRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let request = row.into_request()?;
    tx.emit(Verb::Claimed, request);
    Ok(true)
}

/// Gives a claimed request back; one whose cancel was asked for is cancelled instead.
pub(super) async fn unclaim(tx: &mut Tx<'_>, request: BuildRequestId) -> Result<()> {
    let row = load(tx, request).await?;
    if row.complete_at.is_some() {
        return Err(Error::conflict(format_args!(
            "build request {request} is complete"
        )));
    }
    if row.claimed_by.is_none() {
        return Ok(());
    }
    reopen(tx, row).await
}

/// Opens an incomplete request again, unless its cancel was asked for.
pub(super) async fn reopen(tx: &mut Tx<'_>, row: BuildRequestRow) -> Result<()> {
    if row.cancel_requested {
        return end(tx, row, Results::Cancelled).await;
    }
    let row = diesel::update(build_requests::table.find(row.id))
        .set((
            build_requests::claimed_at.eq(None::<i64>),
            build_requests::claimed_by.eq(None::<i64>),
        ))
        .returning(BuildRequestRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let request = row.into_request()?;
    tx.emit(Verb::Unclaimed, request);
    Ok(())
}

/// A complete request, and one that has the priority, stays as it is.
pub(super) async fn set_priority(tx: &mut Tx<'_>, request: BuildRequestId, priority: i32) -> Result<()> {
    let row = load(tx, request).await?;
    if row.complete_at.is_some() || row.priority == priority {
        return Ok(());
    }
    let row = diesel::update(build_requests::table.find(request.0))
        .set(build_requests::priority.eq(priority))
        .returning(BuildRequestRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let request = row.into_request()?;
    tx.emit(Verb::Update, request);
    Ok(())
}

/// One that is claimed or complete waits for nothing; that it does may be told too late.
pub(super) async fn set_waiting_for(
    tx: &mut Tx<'_>,
    request: BuildRequestId,
    what: Option<&str>,
) -> Result<()> {
    let what = what.map(cut);
    let row = load(tx, request).await?;
    if row.complete_at.is_some() || row.claimed_by.is_some() || row.waiting_for.as_deref() == what.as_deref()
    {
        return Ok(());
    }
    let row = diesel::update(build_requests::table.find(request.0))
        .set(build_requests::waiting_for.eq(what.as_deref()))
        .returning(BuildRequestRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let request = row.into_request()?;
    tx.emit(Verb::Update, request);
    Ok(())
}

pub(super) async fn complete(tx: &mut Tx<'_>, request: BuildRequestId, results: Results) -> Result<()> {
    let row = load(tx, request).await?;
    if row.complete_at.is_some() {
        return Err(Error::conflict(format_args!(
            "build request {request} is complete"
        )));
    }
    end(tx, row, results).await
}

/// Completes those of `collapsed` that nobody has, while `into` is open. Each is claimed by nobody, as one that is
/// cancelled while it waits.
pub(super) async fn collapse(
    tx: &mut Tx<'_>,
    into: BuildRequestId,
    collapsed: &[BuildRequestId],
) -> Result<()> {
    if load(tx, into).await?.complete_at.is_some() {
        return Ok(());
    }
    for id in collapsed.iter().filter(|id| **id != into) {
        let row = load(tx, *id).await?;
        if row.complete_at.is_none() && row.claimed_by.is_none() {
            end(tx, row, Results::Skipped).await?;
        }
    }
    Ok(())
}

/// Completes an incomplete request, and its buildset if it was the last.
pub(super) async fn end(tx: &mut Tx<'_>, row: BuildRequestRow, results: Results) -> Result<()> {
    let row = diesel::update(build_requests::table.find(row.id))
        .set((
            build_requests::complete_at.eq(tx.at.0),
            build_requests::results.eq(results.code()),
            build_requests::waiting_for.eq(None::<&str>),
        ))
        .returning(BuildRequestRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let buildset = BuildsetId(row.buildset);
    let request = row.into_request()?;
    tx.emit(Verb::Complete, request);
    end_buildset(tx, buildset).await
}

/// Completes a buildset if all its requests are complete; its results are the worst of theirs.
pub(super) async fn end_buildset(tx: &mut Tx<'_>, buildset: BuildsetId) -> Result<()> {
    lock_row(tx.conn, Lockable::Buildset(buildset)).await?;
    let requests: Vec<(Option<i64>, Option<i32>)> = build_requests::table
        .filter(build_requests::buildset.eq(buildset.0))
        .select((build_requests::complete_at, build_requests::results))
        .load(tx.conn)
        .await?;
    if requests.iter().any(|(complete_at, _)| complete_at.is_none()) {
        return Ok(());
    }
    let results = requests
        .into_iter()
        .filter_map(|(_, results)| results.and_then(Results::from_code));
    let row = diesel::update(buildsets::table.find(buildset.0))
        .filter(buildsets::complete_at.is_null())
        .set((
            buildsets::complete_at.eq(tx.at.0),
            buildsets::results.eq(Results::of_all(results).code()),
        ))
        .returning(BuildsetRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    for buildset in assemble(tx.conn, row.into_iter().collect()).await? {
        tx.emit(Verb::Complete, buildset);
    }
    Ok(())
}

/// Tells the master of a wish. What has ended stays as it is, silently; the cancel of a request that
/// nobody has claimed needs no master.
pub(super) async fn record(tx: &mut Tx<'_>, record: &ControlRecord) -> Result<()> {
    match (record.target, record.action) {
        (ControlTarget::BuildRequest(id), _) => {
            let row = load(tx, id).await?;
            if row.complete_at.is_some() {
                return Ok(());
            }
            if row.claimed_by.is_none() {
                return end(tx, row, Results::Cancelled).await;
            }
            diesel::update(build_requests::table.find(id.0))
                .set((
                    build_requests::cancel_requested.eq(true),
                    build_requests::cancel_reason.eq(record.tell("stopped")),
                ))
                .execute(tx.conn)
                .await?;
        }
        (ControlTarget::Build(id), action) => {
            if builds::load(tx, id).await?.complete_at.is_some() {
                return Ok(());
            }
            if action == ControlAction::Stop {
                diesel::update(builds_table::table.find(id.0))
                    .set((
                        builds_table::stop_requested.eq(true),
                        builds_table::stop_reason.eq(record.tell("stopped")),
                    ))
                    .execute(tx.conn)
                    .await?;
            }
        }
        (ControlTarget::Worker(id), action) => return workers::ask(tx, id, action, record).await,
        (ControlTarget::Listener(_), _) => {
            return Err(Error::data(
                "what is asked of a listener is a transition of its own",
            ));
        }
    }
    tx.emit(Verb::Requested, Entity::Control(record.clone()));
    Ok(())
}
