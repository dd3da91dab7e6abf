//! Steps that a step adds to its build.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildId, StepId, Verb};

use super::super::Conn;
use super::super::rows::StepRow;
use super::{Tx, builds, steps};
use crate::error::Result;
use crate::schema::{step_plans, steps as steps_table};
use crate::texts::cut;
use crate::transition::NewSteps;

/// Adds steps behind the one that gave them, which must not have ended; those behind it move on.
pub(super) async fn insert(tx: &mut Tx<'_>, new: &NewSteps) -> Result<()> {
    let giver = steps::open(tx, new.after).await?;
    let build = BuildId(giver.build);
    builds::running(tx, build).await?;
    diesel::insert_into(step_plans::table)
        .values((step_plans::step.eq(new.after.0), step_plans::body.eq(&new.plan)))
        .execute(tx.conn)
        .await?;
    let count = i64::try_from(new.names.len()).unwrap_or(i64::MAX);
    for row in move_on(tx, build, giver.number, count).await? {
        let step = row.into_step()?;
        tx.emit(Verb::Updated, step);
    }
    let mut taken: BTreeSet<String> = steps_table::table
        .filter(steps_table::build.eq(build.0))
        .select(steps_table::name)
        .load::<String>(tx.conn)
        .await?
        .into_iter()
        .collect();
    for (number, name) in (giver.number + 1..).zip(&new.names) {
        let name = steps::unique(&cut(name), &taken);
        let row = steps::insert(tx, build, number, &name).await?;
        taken.insert(name);
        let step = row.into_step()?;
        tx.emit(Verb::New, step);
    }
    Ok(())
}

/// Gives the build's steps behind number `after` numbers that are higher by `count`; the last of them first.
async fn move_on(tx: &mut Tx<'_>, build: BuildId, after: i64, count: i64) -> Result<Vec<StepRow>> {
    let of_build = steps_table::table.filter(steps_table::build.eq(build.0));
    if count > 0 {
        // No two steps have the same number, not even for a moment: so they go by way of numbers that none has.
        diesel::update(of_build.filter(steps_table::number.gt(after)))
            .set(steps_table::number.eq((steps_table::number + count) * -1_i64))
            .execute(tx.conn)
            .await?;
        diesel::update(of_build.filter(steps_table::number.lt(0)))
            .set(steps_table::number.eq(steps_table::number * -1_i64))
            .execute(tx.conn)
            .await?;
    }
    let moved = of_build
        .filter(steps_table::number.gt(after + count))
        .order(steps_table::number.desc())
        .select(StepRow::as_select())
        .load(tx.conn)
        .await?;
    Ok(if count > 0 { moved } else { vec![] })
}

/// The build has ended.
pub(super) async fn forget(tx: &mut Tx<'_>, build: BuildId) -> Result<()> {
    let of_build = steps_table::table
        .filter(steps_table::build.eq(build.0))
        .select(steps_table::id);
    diesel::delete(step_plans::table.filter(step_plans::step.eq_any(of_build)))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// What steps of the build gave, by step.
pub(crate) async fn load(conn: &mut Conn, build: BuildId) -> Result<BTreeMap<StepId, String>> {
    let of_build = steps_table::table
        .filter(steps_table::build.eq(build.0))
        .select(steps_table::id);
    let plans = step_plans::table
        .filter(step_plans::step.eq_any(of_build))
        .select((step_plans::step, step_plans::body))
        .load::<(i64, String)>(conn)
        .await?;
    Ok(plans
        .into_iter()
        .map(|(step, plan)| (StepId(step), plan))
        .collect())
}
