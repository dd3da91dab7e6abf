//! Lists: a page of rows in one query, and what belongs to them in a constant number of further ones.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Entity, List, PageToken};

use super::super::Conn;
use super::plan::plan;
use super::properties::{fill_builds, fill_requests};
use super::rows::{
    self, BranchRow, BuildDataRow, BuildRequestRow, BuildRow, BuilderRow, BuildsetRow, ChangeRow,
    ChangeSourceRow, CodebaseRow, CommitRow, DeadLetterRow, ForceSchedulerRow, ListenerRow, LogRow,
    MasterRow, ProjectRow, SchedulerRow, SourceStampRow, StepRow, TestResultRow, TestResultSetRow, WorkerRow,
};
use crate::error::Result;
use crate::schema::{
    branches, build_data, build_requests, builders, builds, buildsets, change_sources, changes, codebases,
    commits, dead_letters, force_schedulers, listeners, logs, masters, projects, schedulers, source_stamps,
    steps, test_result_sets, test_results, workers,
};

macro_rules! select {
    ($parts:expr, $table:ident, $row:ty) => {
        $table::table
            .filter($parts.conditions)
            .order($parts.order_by)
            .limit($parts.fetch)
            .offset($parts.offset)
            .select(<$row>::as_select())
    };
}

/// The page that a query asks for; the last argument makes resources of its rows.
macro_rules! page {
    ($conn:ident, $query:expr, $table:ident, $row:ty, |$rows:ident| $resources:expr) => {{
        let (parts, paging) = plan(&$query)?;
        let $rows: Vec<$row> = select!(parts, $table, $row).load($conn).await?;
        let (items, next) = paging.page($resources);
        (items.into_iter().map(Entity::from).collect(), next)
    }};
}

/// What a fallible function makes of each row.
fn each<Row, R>(rows: Vec<Row>, convert: fn(Row) -> Result<R>) -> Result<Vec<R>> {
    rows.into_iter().map(convert).collect()
}

/// What a function makes of each row.
fn every<Row, R>(rows: Vec<Row>, convert: fn(Row) -> R) -> Vec<R> {
    rows.into_iter().map(convert).collect()
}

/// The page that `list` asks for, and where the next one begins.
pub(in super::super) async fn list(conn: &mut Conn, list: List) -> Result<(Vec<Entity>, Option<PageToken>)> {
    Ok(match list {
        List::Master(query) => page!(conn, query, masters, MasterRow, |rows| {
            every(rows, MasterRow::into_master)
        }),
        List::Builder(query) => {
            page!(conn, query, builders, BuilderRow, |rows| rows::builders(
                conn, rows
            )
            .await?)
        }
        List::Build(query) => page!(conn, query, builds, BuildRow, |rows| {
            let builds = each(rows, BuildRow::into_build)?;
            fill_builds(conn, builds, &query.properties).await?
        }),
        List::BuildRequest(query) => page!(conn, query, build_requests, BuildRequestRow, |rows| {
            let requests = each(rows, BuildRequestRow::into_request)?;
            fill_requests(conn, requests, &query.properties).await?
        }),
        List::Buildset(query) => {
            page!(conn, query, buildsets, BuildsetRow, |rows| rows::buildsets(
                conn, rows
            )
            .await?)
        }
        List::SourceStamp(query) => page!(conn, query, source_stamps, SourceStampRow, |rows| {
            rows::source_stamps(conn, rows).await?
        }),
        List::Change(query) => {
            page!(conn, query, changes, ChangeRow, |rows| rows::changes(conn, rows)
                .await?)
        }
        List::Step(query) => page!(conn, query, steps, StepRow, |rows| each(
            rows,
            StepRow::into_step
        )?),
        List::Log(query) => page!(conn, query, logs, LogRow, |rows| each(rows, LogRow::into_log)?),
        List::Worker(query) => {
            page!(conn, query, workers, WorkerRow, |rows| rows::workers(conn, rows)
                .await?)
        }
        List::Scheduler(query) => page!(conn, query, schedulers, SchedulerRow, |rows| {
            every(rows, SchedulerRow::into_scheduler)
        }),
        List::ForceScheduler(query) => page!(conn, query, force_schedulers, ForceSchedulerRow, |rows| {
            rows::force_schedulers(conn, rows).await?
        }),
        List::ChangeSource(query) => page!(conn, query, change_sources, ChangeSourceRow, |rows| {
            every(rows, ChangeSourceRow::into_change_source)
        }),
        List::Project(query) => {
            page!(conn, query, projects, ProjectRow, |rows| rows::projects(
                conn, rows
            )
            .await?)
        }
        List::Codebase(query) => page!(conn, query, codebases, CodebaseRow, |rows| {
            every(rows, CodebaseRow::into_codebase)
        }),
        List::Branch(query) => page!(conn, query, branches, BranchRow, |rows| {
            every(rows, BranchRow::into_branch)
        }),
        List::Commit(query) => page!(conn, query, commits, CommitRow, |rows| {
            every(rows, CommitRow::into_commit)
        }),
        List::BuildData(query) => page!(conn, query, build_data, BuildDataRow, |rows| {
            every(rows, BuildDataRow::into_build_data)
        }),
        List::TestResultSet(query) => page!(conn, query, test_result_sets, TestResultSetRow, |rows| {
            every(rows, TestResultSetRow::into_set)
        }),
        List::TestResult(query) => page!(conn, query, test_results, TestResultRow, |rows| {
            every(rows, TestResultRow::into_result)
        }),
        List::Listener(query) => page!(conn, query, listeners, ListenerRow, |rows| {
            every(rows, ListenerRow::into_listener)
        }),
        List::DeadLetter(query) => page!(conn, query, dead_letters, DeadLetterRow, |rows| {
            each(rows, DeadLetterRow::into_dead_letter)?
        }),
    })
}

/// The `SELECT` of a list's rows, so that tests can look at how the database would go about it.
#[cfg(test)]
#[allow(dead_code, reason = "tests look at the plans of SQLite only")]
pub(in super::super::super) fn sql_of(list: List) -> Result<super::column::Sql> {
    macro_rules! sql {
        ($query:expr, $table:ident, $row:ty) => {
            Box::new(select!(plan(&$query)?.0, $table, $row))
        };
    }
    Ok(match list {
        List::Master(query) => sql!(query, masters, MasterRow),
        List::Builder(query) => sql!(query, builders, BuilderRow),
        List::Build(query) => sql!(query, builds, BuildRow),
        List::BuildRequest(query) => sql!(query, build_requests, BuildRequestRow),
        List::Buildset(query) => sql!(query, buildsets, BuildsetRow),
        List::SourceStamp(query) => sql!(query, source_stamps, SourceStampRow),
        List::Change(query) => sql!(query, changes, ChangeRow),
        List::Step(query) => sql!(query, steps, StepRow),
        List::Log(query) => sql!(query, logs, LogRow),
        List::Worker(query) => sql!(query, workers, WorkerRow),
        List::Scheduler(query) => sql!(query, schedulers, SchedulerRow),
        List::ForceScheduler(query) => sql!(query, force_schedulers, ForceSchedulerRow),
        List::ChangeSource(query) => sql!(query, change_sources, ChangeSourceRow),
        List::Project(query) => sql!(query, projects, ProjectRow),
        List::Codebase(query) => sql!(query, codebases, CodebaseRow),
        List::Branch(query) => sql!(query, branches, BranchRow),
        List::Commit(query) => sql!(query, commits, CommitRow),
        List::BuildData(query) => sql!(query, build_data, BuildDataRow),
        List::TestResultSet(query) => sql!(query, test_result_sets, TestResultSetRow),
        List::TestResult(query) => sql!(query, test_results, TestResultRow),
        List::Listener(query) => sql!(query, listeners, ListenerRow),
        List::DeadLetter(query) => sql!(query, dead_letters, DeadLetterRow),
    })
}
