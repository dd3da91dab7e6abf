//! Rows that are inserted many at once. How, differs: SQLite's async connection has no such statement.

use diesel::prelude::*;

use crate::schema::{events, log_chunks, test_results};

/// How many rows go into one statement: SQLite takes no more than 32766 values.
pub(crate) const ROWS_AT_ONCE: usize = 1000;

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct EventRow {
    pub(crate) id: i64,
    pub(crate) at: i64,
    pub(crate) verb: &'static str,
    pub(crate) entity_json: String,
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = log_chunks, treat_none_as_default_value = false)]
pub(crate) struct ChunkRow {
    pub(crate) log: i64,
    pub(crate) first_line: i64,
    pub(crate) line_count: i64,
    pub(crate) segment: i64,
    pub(crate) byte_offset: i64,
    pub(crate) byte_length: i64,
    pub(crate) stored_at: i64,
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = test_results, treat_none_as_default_value = false)]
pub(crate) struct NewTestResultRow {
    pub(crate) builder: i64,
    pub(crate) result_set: i64,
    pub(crate) test_name: Option<String>,
    pub(crate) test_code_path: Option<String>,
    pub(crate) line: Option<i64>,
    pub(crate) duration_ns: Option<i64>,
    pub(crate) value: String,
}
