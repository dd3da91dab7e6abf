//! Rows of the tables, and the resources made of them.

mod builds;
mod listeners;
mod machines;
mod outcomes;
mod projects;
mod setup;
mod sources;

use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_status_api::Results;

pub(super) use builds::{BuildRequestRow, BuildRow, BuildsetRow, LogRow, StepRow, buildsets};
pub(super) use listeners::{DeadLetterRow, ListenerRow, verb};
pub(super) use machines::{MasterRow, WorkerRow, workers};
pub(super) use outcomes::{BuildDataRow, TestResultRow, TestResultSetRow};
pub(super) use projects::{BranchRow, CodebaseRow, CommitRow, ProjectRow, active_projects, projects};
pub(super) use setup::{
    BuilderRow, ChangeSourceRow, ForceSchedulerRow, SchedulerRow, builders, force_schedulers,
};
pub(super) use sources::{ChangeRow, SourceStampRow, changes, source_stamps};

use crate::error::{Error, Result};

/// What a `_json` column holds; `what` says which, for the error.
pub(super) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::data(format!("{what}: {error}")))
}

/// A value for a `_json` column.
pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::data(format!("cannot be written as JSON: {error}")))
}

pub(crate) fn results(code: Option<i32>) -> Result<Option<Results>> {
    code.map(|code| Results::try_from(code).map_err(Error::data))
        .transpose()
}
