//! Steps are added, begin and change.

use std::collections::BTreeSet;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildId, StepId, Timestamp, Url, Verb};

use super::super::rows::{StepRow, to_json};
use super::{Tx, builds, found};
use crate::error::{Error, Result};
use crate::schema::steps;
use crate::texts::cut;

/// The step, which must not have ended.
pub(super) async fn open(tx: &mut Tx<'_>, step: StepId) -> Result<StepRow> {
    let row = steps::table
        .find(step.0)
        .select(StepRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let row = found(row, format_args!("step {step}"))?;
    if row.complete_at.is_some() {
        return Err(Error::conflict(format_args!("step {step} has ended")));
    }
    Ok(row)
}

pub(super) async fn add(tx: &mut Tx<'_>, build: BuildId, name: &str) -> Result<StepId> {
    builds::running(tx, build).await?;
    let last: Option<i64> = steps::table
        .filter(steps::build.eq(build.0))
        .select(max(steps::number))
        .first(tx.conn)
        .await?;
    let taken: BTreeSet<String> = steps::table
        .filter(steps::build.eq(build.0))
        .select(steps::name)
        .load::<String>(tx.conn)
        .await?
        .into_iter()
        .collect();
    let number = last.map_or(0, |last| last + 1);
    let row = insert(tx, build, number, &unique(&cut(name), &taken)).await?;
    let step = row.into_step()?;
    let id = step.id;
    tx.emit(Verb::New, step);
    Ok(id)
}

/// A step of the build that has not begun.
pub(super) async fn insert(tx: &mut Tx<'_>, build: BuildId, number: i64, name: &str) -> Result<StepRow> {
    let row = diesel::insert_into(steps::table)
        .values((
            steps::number.eq(number),
            steps::name.eq(name),
            steps::build.eq(build.0),
            steps::state.eq("pending"),
            steps::urls_json.eq("[]"),
            steps::hidden.eq(false),
        ))
        .returning(StepRow::as_returning())
        .get_result(tx.conn)
        .await?;
    Ok(row)
}

/// `name`, or with the first of `_1`, `_2` … that makes it unlike those taken, as Buildbot does.
pub(super) fn unique(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    (1..)
        .map(|count| format!("{name}_{count}"))
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

/// Begins the step, or goes on with one that waited for its locks.
pub(super) async fn start(tx: &mut Tx<'_>, step: StepId) -> Result<()> {
    let before = open(tx, step).await?;
    if before.started_at.is_some() && before.locks_acquired_at.is_some() {
        return Err(Error::conflict(format_args!("step {step} has begun")));
    }
    let row = diesel::update(steps::table.find(step.0))
        .set((
            steps::started_at.eq(before.started_at.unwrap_or(tx.at.0)),
            steps::locks_acquired_at.eq(tx.at.0),
            steps::state.eq("running"),
        ))
        .returning(StepRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let step = row.into_step()?;
    let (build, began) = (step.build, before.started_at);
    let verb = if began.is_some() {
        Verb::Updated
    } else {
        Verb::Started
    };
    tx.emit(verb, step);
    if let Some(began) = began {
        builds::add_locks_duration(tx, build, tx.at.since(Timestamp(began))).await?;
    }
    Ok(())
}

/// Begins the step, which waits for its locks; or tells what it waits for now.
pub(super) async fn await_locks(tx: &mut Tx<'_>, step: StepId, state: &str) -> Result<()> {
    let before = open(tx, step).await?;
    if before.locks_acquired_at.is_some() {
        return Err(Error::conflict(format_args!("step {step} has its locks")));
    }
    let row = diesel::update(steps::table.find(step.0))
        .set((
            steps::started_at.eq(before.started_at.unwrap_or(tx.at.0)),
            steps::state.eq(cut(state)),
        ))
        .returning(StepRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let step = row.into_step()?;
    let began = before.started_at.is_none();
    tx.emit(if began { Verb::Started } else { Verb::Updated }, step);
    Ok(())
}

pub(super) async fn update(tx: &mut Tx<'_>, step: StepId, state: &str, urls: &[Url]) -> Result<()> {
    open(tx, step).await?;
    let row = diesel::update(steps::table.find(step.0))
        .set((steps::state.eq(cut(state)), steps::urls_json.eq(to_json(urls)?)))
        .returning(StepRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let step = row.into_step()?;
    tx.emit(Verb::Updated, step);
    Ok(())
}
