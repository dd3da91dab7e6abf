//! How far a part is, as it is noted in the store with what was stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How far a part is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The key of the last row that was read: its id, or for chunks of logs the log and the first line.
    pub(crate) after: (i64, i64),
    /// Rows that were read, for the bar.
    pub(crate) read: i64,
    /// Rows that were stored, by the table that they are in now.
    pub(crate) kept: BTreeMap<String, i64>,
    /// Bytes of logs.
    pub(crate) bytes: i64,
    /// Lines of the log that was read last.
    pub(crate) of_log: i64,
    /// Lines of logs.
    pub(crate) lines: i64,
    /// Chunks of logs that were replaced.
    #[serde(default)]
    pub(crate) damaged: i64,
    /// Whether there is nothing more.
    pub(crate) done: bool,
}

impl Note {
    pub(crate) fn keep(&mut self, table: &str, rows: usize) {
        if rows > 0 {
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            *self.kept.entry(table.to_owned()).or_default() += rows;
        }
    }

    /// The `WHERE` of the rows behind it, by `column`, and how many.
    pub(crate) fn next(&self, column: &str, most: usize) -> String {
        format!(
            "WHERE t.{column} > {} ORDER BY t.{column} LIMIT {most}",
            self.after.0
        )
    }
}
