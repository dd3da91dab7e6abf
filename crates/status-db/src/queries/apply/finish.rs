//! Builds, steps and logs end, the inner ones with the outer.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildId, BuildRequestId, LogId, MasterId, Results, StepId, Verb};

use super::super::rows::{BuildRow, StepRow};
use super::{Tx, builds, checkpoints, logs, plans, requests, steps};
use crate::error::Result;
use crate::schema::{build_requests, builds as builds_table, logs as logs_table, steps as steps_table};
use crate::texts::cut;

/// What people read of a step whose build ended before it began.
const NOT_RUN: &str = "not run: the build has ended";

/// Ends a build; steps and logs that are still open end with it.
pub(super) async fn build(tx: &mut Tx<'_>, build: BuildId, results: Results, state: &str) -> Result<()> {
    let request = BuildRequestId(builds::running(tx, build).await?.request);
    let asked_to_stop = builds_table::table
        .find(build.0)
        .select(builds_table::stop_requested)
        .first::<bool>(tx.conn)
        .await?;
    // Somebody asked for its end and was told that it will come: then it is not built again.
    let stopped = asked_to_stop && results == Results::Retry;
    let (results, state) = if stopped {
        (Results::Cancelled, "stopped, and then lost")
    } else {
        (results, state)
    };
    for (step, started) in open_steps(tx, build).await? {
        let (results, state) = if started {
            (results, state)
        } else {
            (Results::Skipped, NOT_RUN)
        };
        end_step(tx, step, results, state, None).await?;
    }
    plans::forget(tx, build).await?;
    let row = diesel::update(builds_table::table.find(build.0))
        .set((
            builds_table::complete_at.eq(tx.at.0),
            builds_table::results.eq(results.code()),
            builds_table::state.eq(cut(state)),
        ))
        .returning(BuildRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let build = row.into_build()?;
    tx.emit(Verb::Finished, build);
    let request = requests::load(tx, request).await?;
    if request.complete_at.is_some() {
        return Ok(());
    }
    if results == Results::Retry {
        requests::reopen(tx, request).await
    } else {
        requests::end(tx, request, results).await
    }
}

pub(super) async fn step(
    tx: &mut Tx<'_>,
    step: StepId,
    results: Results,
    state: &str,
    hidden: bool,
) -> Result<()> {
    steps::open(tx, step).await?;
    end_step(tx, step, results, state, Some(hidden)).await
}

async fn end_step(
    tx: &mut Tx<'_>,
    step: StepId,
    results: Results,
    state: &str,
    hidden: Option<bool>,
) -> Result<()> {
    let open: Vec<i64> = logs_table::table
        .filter(logs_table::step.eq(step.0).and(logs_table::complete.eq(false)))
        .order(logs_table::id)
        .select(logs_table::id)
        .load(tx.conn)
        .await?;
    for log in open {
        logs::finish(tx, LogId(log)).await?;
    }
    checkpoints::forget(tx, step).await?;
    if let Some(hidden) = hidden {
        diesel::update(steps_table::table.find(step.0))
            .set(steps_table::hidden.eq(hidden))
            .execute(tx.conn)
            .await?;
    }
    let row = diesel::update(steps_table::table.find(step.0))
        .set((
            steps_table::complete_at.eq(tx.at.0),
            steps_table::results.eq(results.code()),
            steps_table::state.eq(cut(state)),
        ))
        .returning(StepRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let step = row.into_step()?;
    tx.emit(Verb::Finished, step);
    Ok(())
}

/// The build's steps that have not ended, and whether each has begun.
async fn open_steps(tx: &mut Tx<'_>, build: BuildId) -> Result<Vec<(StepId, bool)>> {
    let open: Vec<(i64, Option<i64>)> = steps_table::table
        .filter(
            steps_table::build
                .eq(build.0)
                .and(steps_table::complete_at.is_null()),
        )
        .order(steps_table::number)
        .select((steps_table::id, steps_table::started_at))
        .load(tx.conn)
        .await?;
    let steps = open.into_iter();
    Ok(steps
        .map(|(id, started)| (StepId(id), started.is_some()))
        .collect())
}

/// Opens the requests again that an earlier life of the master had claimed and does not build.
pub(super) async fn left_behind(tx: &mut Tx<'_>, master: MasterId) -> Result<()> {
    let runs = builds_table::table
        .filter(builds_table::request.eq(build_requests::id))
        .filter(builds_table::complete_at.is_null());
    let claimed: Vec<i64> = build_requests::table
        .filter(build_requests::claimed_by.eq(master.0))
        .filter(build_requests::complete_at.is_null())
        .filter(not(exists(runs)))
        .order(build_requests::id)
        .select(build_requests::id)
        .load(tx.conn)
        .await?;
    for request in claimed {
        requests::unclaim(tx, BuildRequestId(request)).await?;
    }
    Ok(())
}
