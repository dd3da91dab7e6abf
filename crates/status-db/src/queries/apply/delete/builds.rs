//! Builds go with all that belongs to them.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::Verb;

use super::super::super::Conn;
use super::super::super::rows::{BuildRow, BuildsetRow, LogRow, buildsets as assemble};
use super::super::Tx;
use super::kept::Kept;
use super::{Budget, Fate, buildsets as sets, logs};
use crate::error::Result;
use crate::schema::{
    build_data, build_properties, build_requests, builds, buildsets, log_chunks, logs as logs_table, steps,
    test_result_sets, test_results,
};

/// So many bytes of build data count as a row.
const BYTES_OF_A_ROW: i64 = 64 * 1024;

/// Deletes a build, or as much of one with very many rows as may go now: the contents of its logs and its test
/// results first.
pub(super) async fn delete(
    tx: &mut Tx<'_>,
    id: i64,
    kept: &Kept,
    least: u32,
    budget: &mut Budget,
) -> Result<Fate> {
    let row = builds::table
        .find(id)
        .select(BuildRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let Some(row) = row else {
        return Ok(Fate::Stays);
    };
    if is_needed(tx, &row, kept, least).await? {
        return Ok(Fate::Stays);
    }
    let rows = count(tx.conn, id, budget.left).await?;
    if rows > budget.left {
        if budget.is_fresh() && shrink(tx, id, budget).await? {
            return Ok(Fate::Later);
        }
        if !budget.is_fresh() {
            return Ok(Fate::Later);
        }
        // What is left of it does not go by parts.
    }
    budget.take(usize::try_from(rows).unwrap_or(usize::MAX));
    let request = row.request;
    orphan(tx, id, budget).await?;
    delete_rows(tx.conn, id).await?;
    let build = row.into_build()?;
    tx.emit(Verb::Deleted, build);
    sets::delete_request(tx, request, kept, budget).await?;
    Ok(Fate::Gone)
}

/// Whether a build must stay: it runs, is among the newest of its builder, or somebody who is not done refers to it
/// or its buildset.
pub(super) async fn is_needed(tx: &mut Tx<'_>, build: &BuildRow, kept: &Kept, least: u32) -> Result<bool> {
    if build.complete_at.is_none() || kept.has(build.id) {
        return Ok(true);
    }
    let newer: Vec<i64> = builds::table
        .filter(builds::builder.eq(build.builder))
        .filter(builds::number.gt(build.number))
        .filter(builds::complete_at.is_not_null())
        .order(builds::number)
        .limit(i64::from(least))
        .select(builds::id)
        .load(tx.conn)
        .await?;
    if newer.len() < usize::try_from(least).unwrap_or(usize::MAX) {
        return Ok(true);
    }
    let (request, buildset, complete_at): (i64, i64, Option<i64>) = build_requests::table
        .find(build.request)
        .select((
            build_requests::id,
            build_requests::buildset,
            build_requests::complete_at,
        ))
        .first(tx.conn)
        .await?;
    if complete_at.is_none() || kept.has(request) || sets::is_needed(tx, buildset, kept).await? {
        return Ok(true);
    }
    let of_it = buildsets::parent_build
        .eq(build.id)
        .or(buildsets::rebuilt_build.eq(build.id));
    let open = buildsets::table
        .filter(buildsets::complete_at.is_null())
        .filter(of_it);
    Ok(select(exists(open)).get_result(tx.conn).await?)
}

/// The ids of the build's steps, logs or sets of test results, as subqueries.
macro_rules! of_build {
    (steps $build:expr) => {
        steps::table.filter(steps::build.eq($build)).select(steps::id)
    };
    (logs $build:expr) => {
        logs_table::table
            .filter(logs_table::step.eq_any(of_build!(steps $build)))
            .select(logs_table::id)
    };
    (sets $build:expr) => {
        test_result_sets::table
            .filter(test_result_sets::build.eq($build))
            .select(test_result_sets::id)
    };
}

/// How many rows belong to the build and are it; beyond `most` it is not counted on.
async fn count(conn: &mut Conn, build: i64, most: i64) -> Result<i64> {
    let most = most.saturating_add(1);
    let steps: Vec<i64> = of_build!(steps build).limit(most).load(conn).await?;
    let logs: Vec<i64> = of_build!(logs build).limit(most).load(conn).await?;
    let chunks: Vec<i64> = log_chunks::table
        .filter(log_chunks::log.eq_any(of_build!(logs build)))
        .select(log_chunks::first_line)
        .limit(most)
        .load(conn)
        .await?;
    let properties: Vec<i64> = build_properties::table
        .filter(build_properties::build.eq(build))
        .select(build_properties::build)
        .limit(most)
        .load(conn)
        .await?;
    let data: Vec<i64> = build_data::table
        .filter(build_data::build.eq(build))
        .select(build_data::length)
        .limit(most)
        .load(conn)
        .await?;
    let sets: Vec<i64> = of_build!(sets build).limit(most).load(conn).await?;
    let results: Vec<i64> = test_results::table
        .filter(test_results::result_set.eq_any(of_build!(sets build)))
        .select(test_results::id)
        .limit(most)
        .load(conn)
        .await?;
    let rows = 1
        + steps.len()
        + logs.len()
        + chunks.len()
        + properties.len()
        + data.len()
        + sets.len()
        + results.len();
    let large: i64 = data.iter().map(|length| length / BYTES_OF_A_ROW).sum();
    Ok(i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(large))
}

/// Takes as much of a build as may go now; whether there was something.
async fn shrink(tx: &mut Tx<'_>, build: i64, budget: &mut Budget) -> Result<bool> {
    let with_chunks = log_chunks::table
        .filter(log_chunks::log.eq(logs_table::id))
        .select(log_chunks::first_line);
    let logs: Vec<LogRow> = logs_table::table
        .filter(logs_table::step.eq_any(of_build!(steps build)))
        .filter(exists(with_chunks))
        .order(logs_table::id)
        .limit(budget.left)
        .select(LogRow::as_select())
        .load(tx.conn)
        .await?;
    for log in logs {
        if budget.is_spent() {
            return Ok(true);
        }
        logs::empty(tx, log, budget).await?;
    }
    let results: Vec<i64> = test_results::table
        .filter(test_results::result_set.eq_any(of_build!(sets build)))
        .order(test_results::id)
        .limit(budget.left.max(0))
        .select(test_results::id)
        .load(tx.conn)
        .await?;
    if let ([first, ..], [.., last]) = (results.as_slice(), results.as_slice()) {
        let gone = test_results::table
            .filter(test_results::id.between(*first, *last))
            .filter(test_results::result_set.eq_any(of_build!(sets build)));
        budget.take(diesel::delete(gone).execute(tx.conn).await?);
    }
    Ok(!budget.is_fresh())
}

/// Lets buildsets that the build triggered, or that repeated it, name no build any more.
async fn orphan(tx: &mut Tx<'_>, build: i64, budget: &mut Budget) -> Result<()> {
    let triggered = diesel::update(buildsets::table.filter(buildsets::parent_build.eq(build)))
        .set((
            buildsets::parent_build.eq(None::<i64>),
            buildsets::parent_relationship.eq(None::<String>),
            buildsets::parent_key.eq(None::<String>),
        ))
        .returning(BuildsetRow::as_returning())
        .get_results(tx.conn)
        .await?;
    let rebuilds = diesel::update(buildsets::table.filter(buildsets::rebuilt_build.eq(build)))
        .set(buildsets::rebuilt_build.eq(None::<i64>))
        .returning(BuildsetRow::as_returning())
        .get_results(tx.conn)
        .await?;
    budget.take(triggered.len() + rebuilds.len());
    for rows in [triggered, rebuilds] {
        for buildset in assemble(tx.conn, rows).await? {
            tx.emit(Verb::Update, buildset);
        }
    }
    Ok(())
}

async fn delete_rows(conn: &mut Conn, build: i64) -> Result<()> {
    let results = test_results::table.filter(test_results::result_set.eq_any(of_build!(sets build)));
    diesel::delete(results).execute(conn).await?;
    let sets = test_result_sets::table.filter(test_result_sets::build.eq(build));
    diesel::delete(sets).execute(conn).await?;
    let chunks = log_chunks::table.filter(log_chunks::log.eq_any(of_build!(logs build)));
    diesel::delete(chunks).execute(conn).await?;
    let logs = logs_table::table.filter(logs_table::step.eq_any(of_build!(steps build)));
    diesel::delete(logs).execute(conn).await?;
    let steps = steps::table.filter(steps::build.eq(build));
    diesel::delete(steps).execute(conn).await?;
    let data = build_data::table.filter(build_data::build.eq(build));
    diesel::delete(data).execute(conn).await?;
    let properties = build_properties::table.filter(build_properties::build.eq(build));
    diesel::delete(properties).execute(conn).await?;
    diesel::delete(builds::table.find(build)).execute(conn).await?;
    Ok(())
}
