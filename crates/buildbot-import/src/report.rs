//! What an import came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_status_db::Settled;

use crate::error::{Error, Result};
use crate::note::Note;
use crate::parts::PARTS;

/// Buildbot's tables, and what they are called in a store.
const TABLES: &[(&str, &str)] = &[
    ("masters", "masters"),
    ("projects", "projects"),
    ("codebases", "codebases"),
    ("codebase_commits", "commits"),
    ("codebase_branches", "branches"),
    ("builders", "builders"),
    ("workers", "workers"),
    ("schedulers", "schedulers"),
    ("changesources", "change_sources"),
    ("patches", "patches"),
    ("sourcestamps", "source_stamps"),
    ("changes", "changes"),
    ("buildsets", "buildsets"),
    ("buildset_sourcestamps", "buildset_sources"),
    ("buildrequests", "build_requests"),
    ("builds", "builds"),
    ("build_properties", "build_properties"),
    ("build_data", "build_data"),
    ("steps", "steps"),
    ("logs", "logs"),
    ("logchunks", "log_chunks"),
    ("test_result_sets", "test_result_sets"),
    ("test_results", "test_results"),
];

/// The tables that are counted.
pub(crate) fn counted() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(table, _)| *table)
}

/// A table, counted on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReport {
    /// Buildbot's name of it.
    pub table: String,
    /// Its rows.
    pub found: i64,
    /// Those that were stored, as the store counts them.
    pub stored: i64,
    /// Those that were not, since they belong to rows that are not there.
    pub left_out: i64,
}

/// Somebody whom Buildbot knew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownUser {
    /// The name that they signed in with, or else the one that is shown.
    pub name: String,
    /// The name that is shown.
    pub full_name: String,
    /// Their address.
    pub email: Option<String>,
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of Buildbot's schema.
    pub version: i64,
    /// The tables.
    pub tables: Vec<TableReport>,
    /// Lines of logs, counted on both sides.
    pub lines: i64,
    /// Their bytes, counted on both sides.
    pub bytes: i64,
    /// Logs of which Buildbot said another number of lines than they have.
    pub corrected_logs: i64,
    /// Chunks of logs that were damaged and are replaced.
    #[serde(default)]
    pub damaged_chunks: i64,
    /// Builds that ran, and ended with the import.
    pub interrupted_builds: i64,
    /// Requests that were cancelled with it.
    pub cancelled_requests: i64,
    /// Requests that wait.
    pub open_requests: i64,
    /// People; they are not in the store, but in its configuration.
    pub users: Vec<KnownUser>,
}

/// Compares what was read with what was stored, both counted anew.
///
/// # Errors
/// [`Error::Differs`] with the first difference.
pub(crate) fn compare(
    found: &BTreeMap<&'static str, i64>,
    notes: &BTreeMap<&'static str, Note>,
    settled: &Settled,
    report: &mut Report,
) -> Result<()> {
    for part in &PARTS {
        let read = notes.get(part.table).map_or(0, |note| note.read);
        let there = found.get(part.table).copied().unwrap_or(0);
        if read != there {
            let why = format!("{} has {there} rows, and {read} were read", part.table);
            return Err(Error::Differs(why));
        }
    }
    for (table, stored_in) in TABLES {
        let there = found.get(table).copied().unwrap_or(0);
        let kept: i64 = notes.values().filter_map(|note| note.kept.get(*stored_in)).sum();
        // Chunks are cut anew; their lines are compared below.
        let stored = match *stored_in {
            "log_chunks" => kept,
            name => settled.rows.get(name).copied().unwrap_or(0),
        };
        if stored != kept {
            let why = format!("{stored_in} has {stored} rows instead of {kept}");
            return Err(Error::Differs(why));
        }
        report.tables.push(TableReport {
            table: (*table).to_owned(),
            found: there,
            stored,
            left_out: (there - stored).max(0),
        });
    }
    let (lines, bytes) = notes
        .values()
        .fold((0, 0), |sum, note| (sum.0 + note.lines, sum.1 + note.bytes));
    if (lines, bytes) != (settled.lines, settled.bytes) {
        let why = format!(
            "logs have {} lines and {} bytes instead of {lines} and {bytes}",
            settled.lines, settled.bytes
        );
        return Err(Error::Differs(why));
    }
    (report.lines, report.bytes) = (lines, bytes);
    report.corrected_logs = settled.corrected_logs;
    report.damaged_chunks = notes.values().map(|note| note.damaged).sum();
    Ok(())
}
