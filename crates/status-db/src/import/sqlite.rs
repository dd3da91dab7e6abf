//! An import into SQLite: a file that is renamed when it is whole.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use weir_status_api::Timestamp;

use super::rows::Rows;
use super::{Named, Number, Staging};
use crate::error::{Error, Result};
use crate::schema::{log_chunks, log_segments, source_stamps};
use crate::segments::off_thread;

/// What is not yet there can be begun anew, but what was committed stands.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = OFF; PRAGMA synchronous = NORMAL; \
                       PRAGMA cache_size = -65536; PRAGMA temp_store = FILE; PRAGMA threads = 2; \
                       PRAGMA wal_autocheckpoint = 8000;";

/// What only an import needs: where it is, and the indexes that are made at its end.
const TABLES: &str = "CREATE TABLE import_notes (name TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL); \
     CREATE TABLE import_indexes (name TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL); \
     INSERT INTO import_indexes SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL;";

/// The database of an import.
pub(super) struct File {
    /// Taken while a thread has it.
    conn: Option<SqliteConnection>,
}

/// Opens the file, which is made if it is not there, or was not wholly made.
pub(super) async fn open(file: &Path) -> Result<File> {
    let file = file.to_owned();
    off_thread(move || {
        let path = file
            .to_str()
            .ok_or_else(|| Error::invalid("database", "the path of the SQLite file is not UTF-8"))?;
        crate::sqlite::migrate(path)?;
        let mut conn = SqliteConnection::establish(path).map_err(|error| Error::Unreachable {
            why: format!("{path}: {error}"),
        })?;
        conn.batch_execute(PRAGMAS)?;
        prepare(&mut conn)?;
        Ok(File { conn: Some(conn) })
    })
    .await
}

/// Puts the indexes aside, once.
fn prepare(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.immediate_transaction(|conn| {
        let known = "SELECT COUNT(*) AS number FROM sqlite_master WHERE name = 'import_indexes'";
        if diesel::sql_query(known).get_result::<Number>(conn)?.number > 0 {
            return Ok(());
        }
        conn.batch_execute(TABLES)?;
        for index in indexes(conn)? {
            conn.batch_execute(&format!("DROP INDEX \"{}\"", index.name))?;
        }
        Ok(())
    })
}

fn indexes(conn: &mut SqliteConnection) -> QueryResult<Vec<Named>> {
    diesel::sql_query("SELECT name, body FROM import_indexes ORDER BY name").load(conn)
}

impl File {
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut conn = self.conn.take().ok_or(Error::Closed)?;
        let (conn, done) = off_thread(move || {
            let done = work(&mut conn);
            Ok((conn, done))
        })
        .await?;
        self.conn = Some(conn);
        done
    }
}

#[async_trait]
impl Staging for File {
    async fn notes(&mut self) -> Result<BTreeMap<String, String>> {
        self.with(|conn| {
            let notes: Vec<Named> = diesel::sql_query("SELECT name, body FROM import_notes").load(conn)?;
            Ok(notes.into_iter().map(|it| (it.name, it.body)).collect())
        })
        .await
    }

    async fn write(&mut self, rows: Rows, notes: Vec<(String, String)>) -> Result<()> {
        self.with(move |conn| {
            let written: QueryResult<()> = conn.immediate_transaction(|conn| {
                rows.into_sqlite(conn)?;
                for (name, body) in notes {
                    diesel::sql_query("INSERT OR REPLACE INTO import_notes (name, body) VALUES (?, ?)")
                        .bind::<Text, _>(name)
                        .bind::<Text, _>(body)
                        .execute(conn)?;
                }
                Ok(())
            });
            Ok(written?)
        })
        .await
    }

    async fn ids(&mut self, table: &'static str) -> Result<Vec<i64>> {
        self.with(move |conn| {
            let ids: Vec<Number> =
                diesel::sql_query(format!("SELECT id AS number FROM {table}")).load(conn)?;
            Ok(ids.into_iter().map(|it| it.number).collect())
        })
        .await
    }

    async fn digests(&mut self) -> Result<Vec<String>> {
        self.with(|conn| Ok(source_stamps::table.select(source_stamps::digest).load(conn)?))
            .await
    }

    async fn new_segment(&mut self, at: Timestamp) -> Result<i64> {
        self.with(move |conn| {
            let insert = diesel::insert_into(log_segments::table).values(log_segments::created_at.eq(at.0));
            Ok(insert.returning(log_segments::id).get_result(conn)?)
        })
        .await
    }

    async fn correct_logs(&mut self) -> Result<i64> {
        self.with(|conn| {
            let corrected = diesel::sql_query(super::CORRECT_LOGS).execute(conn)?;
            Ok(i64::try_from(corrected).unwrap_or(i64::MAX))
        })
        .await
    }

    async fn make_index(&mut self) -> Result<usize> {
        self.with(|conn| {
            let waiting = indexes(conn)?;
            let Some(index) = waiting.first() else {
                return Ok(0);
            };
            let made: QueryResult<()> = conn.immediate_transaction(|conn| {
                conn.batch_execute(&index.body)?;
                diesel::sql_query("DELETE FROM import_indexes WHERE name = ?")
                    .bind::<Text, _>(&index.name)
                    .execute(conn)
                    .map(drop)
            });
            made?;
            Ok(waiting.len() - 1)
        })
        .await
    }

    async fn count(&mut self, table: &'static str) -> Result<i64> {
        self.with(move |conn| {
            let counted = diesel::sql_query(format!("SELECT COUNT(*) AS number FROM {table}"));
            Ok(counted.get_result::<Number>(conn)?.number)
        })
        .await
    }

    async fn chunks(&mut self, behind: (i64, i64), most: i64) -> Result<Vec<super::FoundChunk>> {
        self.with(move |conn| {
            let chunks: Vec<super::ChunkValues> = log_chunks::table
                .filter(
                    log_chunks::log.ge(behind.0).and(
                        log_chunks::log
                            .gt(behind.0)
                            .or(log_chunks::first_line.gt(behind.1)),
                    ),
                )
                .order((log_chunks::log, log_chunks::first_line))
                .limit(most)
                .select(super::CHUNK_COLUMNS)
                .load(conn)?;
            Ok(chunks.into_iter().map(super::placed).collect())
        })
        .await
    }

    async fn close(&mut self) -> Result<()> {
        self.conn = None;
        Ok(())
    }
}

/// Takes away what only the import needs, and leaves all in the one file.
pub(super) async fn tidy(file: &Path) -> Result<()> {
    let file = file.to_owned();
    off_thread(move || {
        let path = file.to_string_lossy();
        let mut conn = SqliteConnection::establish(&path).map_err(|error| Error::Unreachable {
            why: format!("{path}: {error}"),
        })?;
        conn.batch_execute(
            "DROP TABLE IF EXISTS import_notes; DROP TABLE IF EXISTS import_indexes; \
             PRAGMA wal_checkpoint(TRUNCATE);",
        )?;
        Ok(())
    })
    .await
}
