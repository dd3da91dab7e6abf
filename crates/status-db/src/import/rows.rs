//! The rows that an import writes, and how they are written: each statement is prepared once on SQLite, and takes many
//! rows on PostgreSQL, where each has its way to go.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_async::AsyncPgConnection;

use crate::schema::*;

/// How many rows a statement has on PostgreSQL, which takes no more than 65535 values.
const ROWS_AT_ONCE: usize = 1000;

/// Structs of rows, all of them together, and their statements. Tables stand behind those that they refer to.
macro_rules! rows {
    ($($table:ident $row:ident { $($field:ident: $type:ty,)+ })+) => {
        $(
            #[derive(Clone, Debug, Insertable)]
            #[diesel(table_name = $table, treat_none_as_default_value = false)]
            pub(super) struct $row {
                $(pub(super) $field: $type,)+
            }
        )+

        /// What is written in one transaction.
        #[derive(Clone, Debug, Default)]
        pub(super) struct Rows {
            $(pub(super) $table: Vec<$row>,)+
        }

        /// The tables that have such rows.
        pub(super) const TABLES: &[&str] = &[$(stringify!($table)),+];

        impl Rows {
            /// Writes them into SQLite.
            pub(super) fn into_sqlite(self, conn: &mut SqliteConnection) -> QueryResult<()> {
                $(for row in self.$table {
                    let insert = diesel::insert_into($table::table).values(row);
                    diesel::RunQueryDsl::execute(insert, conn)?;
                })+
                Ok(())
            }

            /// Writes them into PostgreSQL.
            pub(super) async fn into_postgres(self, conn: &mut AsyncPgConnection) -> QueryResult<()> {
                $(for part in self.$table.chunks(ROWS_AT_ONCE) {
                    let insert = diesel::insert_into($table::table).values(part);
                    diesel_async::RunQueryDsl::execute(insert, conn).await?;
                })+
                Ok(())
            }
        }
    };
}

rows! {
    masters MasterRow { id: i64, name: String, active: bool, last_active: i64, }
    projects ProjectRow {
        id: i64, name: String, slug: String, description: Option<String>, description_format: Option<String>,
    }
    codebases CodebaseRow { id: i64, project: i64, name: String, slug: String, }
    commits CommitRow {
        id: i64, codebase: i64, author: String, committer: Option<String>, comments: String, made_at: i64,
        revision: String, parent: Option<i64>,
    }
    branches BranchRow { id: i64, codebase: i64, name: String, head: Option<i64>, last_moved_at: i64, }
    change_sources ChangeSourceRow { id: i64, name: String, }
    schedulers SchedulerRow { id: i64, name: String, enabled: bool, }
    builders BuilderRow {
        id: i64, name: String, description: Option<String>, description_format: Option<String>,
        project: Option<i64>, tags_json: String,
    }
    workers WorkerRow {
        id: i64, name: String, info_json: String, paused: bool, pause_reason: Option<String>,
        away_reason: Option<String>, graceful: bool,
    }
    patches PatchRow { id: i64, level: i32, subdir: String, author: String, comment: String, body: Vec<u8>, }
    source_stamps SourceStampRow {
        id: i64, digest: String, revision: Option<String>, branch: Option<String>, repository: String,
        project: String, codebase: String, created_at: i64, patch: Option<i64>,
    }
    changes ChangeRow {
        id: i64, parents_json: String, author: String, committer: Option<String>, files_json: String,
        comments: String, revision: Option<String>, branch: Option<String>, category: Option<String>,
        revlink: Option<String>, properties_json: String, repository: String, project: String, codebase: String,
        source_stamp: i64, made_at: i64, received_at: i64,
    }
    buildsets BuildsetRow {
        id: i64, external_id: Option<String>, reason: String, rebuilt_build: Option<i64>, submitted_at: i64,
        complete_at: Option<i64>, results: Option<i32>, parent_build: Option<i64>,
        parent_relationship: Option<String>, properties_json: String,
    }
    buildset_sources BuildsetSourceRow { buildset: i64, source_stamp: i64, }
    buildset_changes BuildsetChangeRow { buildset: i64, change: i64, }
    build_requests BuildRequestRow {
        id: i64, buildset: i64, builder: i64, priority: i32, claimed_at: Option<i64>, claimed_by: Option<i64>,
        complete_at: Option<i64>, results: Option<i32>, submitted_at: i64, waited_for: bool,
    }
    builds BuildRow {
        id: i64, number: i64, builder: i64, request: i64, worker: i64, master: i64, started_at: i64,
        complete_at: Option<i64>, locks_duration_s: i64, results: Option<i32>, state: String,
    }
    build_properties BuildPropertyRow { build: i64, name: String, value_json: String, source: String, }
    build_data BuildDataRow { build: i64, name: String, source: String, length: i64, value: Vec<u8>, }
    steps StepRow {
        id: i64, number: i64, name: String, build: i64, started_at: Option<i64>, locks_acquired_at: Option<i64>,
        complete_at: Option<i64>, results: Option<i32>, state: String, urls_json: String, hidden: bool,
    }
    logs LogRow {
        id: i64, name: String, slug: String, step: i64, complete: bool, num_lines: i64, kind: String,
    }
    log_chunks ChunkRow {
        log: i64, first_line: i64, line_count: i64, segment: i64, byte_offset: i64, byte_length: i64,
    }
    test_result_sets TestResultSetRow {
        id: i64, builder: i64, build: i64, step: i64, description: Option<String>, category: String,
        value_unit: String, tests_passed: Option<i64>, tests_failed: Option<i64>, complete: bool,
    }
    test_results TestResultRow {
        id: i64, builder: i64, result_set: i64, test_name: Option<String>, test_code_path: Option<String>,
        line: Option<i64>, duration_ns: Option<i64>, value: String,
    }
}
