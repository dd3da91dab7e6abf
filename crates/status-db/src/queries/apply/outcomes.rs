//! What builds leave behind beside logs: data and test results.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildData, TestResultSetId, Verb};

use super::super::super::insert_test_results;
use super::super::rows::TestResultSetRow;
use super::{Tx, builds, found};
use crate::error::{Error, Result};
use crate::inserts::NewTestResultRow;
use crate::schema::{build_data, builds as builds_table, steps, test_result_sets};
use crate::texts::check;
use crate::transition::{MAX_BUILD_DATA, NewBuildData, NewTestResult, NewTestResultSet};

/// How many bytes the name of a piece of data can have.
const MAX_NAME: usize = 256;

pub(super) async fn set_build_data(tx: &mut Tx<'_>, new: &NewBuildData) -> Result<()> {
    if new.name.is_empty() || new.name.len() > MAX_NAME {
        return Err(Error::invalid(
            "name",
            format_args!("must have 1 to {MAX_NAME} bytes"),
        ));
    }
    // In a path of JSON these would be no word, or lead elsewhere.
    if matches!(new.name.as_str(), "." | "..") {
        return Err(Error::invalid("name", "must not be `.` or `..`"));
    }
    if new.value.len() > MAX_BUILD_DATA {
        let why = format_args!("has {} bytes; {MAX_BUILD_DATA} are the most", new.value.len());
        return Err(Error::invalid("value", why));
    }
    refuse_nul("name", Some(&new.name))?;
    refuse_nul("source", Some(&new.source))?;
    check("source", Some(&new.source))?;
    builds::load(tx, new.build).await?;
    let length = i64::try_from(new.value.len()).unwrap_or(i64::MAX);
    let rest = (
        build_data::source.eq(&new.source),
        build_data::length.eq(length),
        build_data::value.eq(&new.value),
    );
    diesel::insert_into(build_data::table)
        .values((
            build_data::build.eq(new.build.0),
            build_data::name.eq(&new.name),
            rest,
        ))
        .on_conflict((build_data::build, build_data::name))
        .do_update()
        .set(rest)
        .execute(tx.conn)
        .await?;
    tx.emit(
        Verb::Update,
        BuildData {
            build: new.build,
            name: new.name.clone(),
            length,
            source: new.source.clone(),
        },
    );
    Ok(())
}

pub(super) async fn add_set(tx: &mut Tx<'_>, new: &NewTestResultSet) -> Result<TestResultSetId> {
    check("category", Some(&new.category))?;
    check("value_unit", Some(&new.value_unit))?;
    let step = steps::table
        .inner_join(builds_table::table.on(builds_table::id.eq(steps::build)))
        .filter(steps::id.eq(new.step.0))
        .select((builds_table::builder, builds_table::id))
        .first::<(i64, i64)>(tx.conn);
    let (builder, build) = found(step.await.optional()?, format_args!("step {}", new.step))?;
    let row = diesel::insert_into(test_result_sets::table)
        .values((
            test_result_sets::builder.eq(builder),
            test_result_sets::build.eq(build),
            test_result_sets::step.eq(new.step.0),
            test_result_sets::description.eq(&new.description),
            test_result_sets::category.eq(&new.category),
            test_result_sets::value_unit.eq(&new.value_unit),
            test_result_sets::complete.eq(false),
        ))
        .returning(TestResultSetRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let set = row.into_set();
    let id = set.id;
    tx.emit(Verb::New, set);
    Ok(id)
}

/// The set, to which something can be added.
async fn open(tx: &mut Tx<'_>, set: TestResultSetId) -> Result<TestResultSetRow> {
    let row = test_result_sets::table
        .find(set.0)
        .select(TestResultSetRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let row = found(row, format_args!("test result set {set}"))?;
    if row.complete {
        return Err(Error::conflict(format_args!("test result set {set} is complete")));
    }
    Ok(row)
}

/// Adds results. They have no events: their set has.
pub(super) async fn add_results(
    tx: &mut Tx<'_>,
    set: TestResultSetId,
    results: &[NewTestResult],
) -> Result<()> {
    let builder = open(tx, set).await?.builder;
    let rows = results.iter().map(|it| {
        if it.test_name.is_none() && it.test_code_path.is_none() {
            return Err(Error::invalid("test_name", "a test result needs it or the path"));
        }
        refuse_nul("test_name", it.test_name.as_deref())?;
        refuse_nul("test_code_path", it.test_code_path.as_deref())?;
        refuse_nul("value", Some(&it.value))?;
        Ok(NewTestResultRow {
            builder,
            result_set: set.0,
            test_name: it.test_name.clone(),
            test_code_path: it.test_code_path.clone(),
            line: it.line,
            duration_ns: it.duration_ns,
            value: it.value.clone(),
        })
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    Ok(insert_test_results(tx.conn, rows).await?)
}

pub(super) async fn finish_set(
    tx: &mut Tx<'_>,
    set: TestResultSetId,
    passed: Option<i64>,
    failed: Option<i64>,
) -> Result<()> {
    open(tx, set).await?;
    let row = diesel::update(test_result_sets::table.find(set.0))
        .set((
            test_result_sets::tests_passed.eq(passed),
            test_result_sets::tests_failed.eq(failed),
            test_result_sets::complete.eq(true),
        ))
        .returning(TestResultSetRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let set = row.into_set();
    tx.emit(Verb::Completed, set);
    Ok(())
}

/// Refuses a text that one of the databases cannot store.
fn refuse_nul(field: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.contains('\0') => Err(Error::invalid(field, "holds a NUL character")),
        _ => Ok(()),
    }
}
