//! An import into PostgreSQL: a schema beside the store's, whose tables move into it when they are whole.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use weir_status_api::Timestamp;

use super::rows::Rows;
use super::{Named, Number, Staging};
use crate::error::{Error, Result};
use crate::postgres::{Conn, connect, migrate};
use crate::schema::{log_chunks, log_segments, source_stamps};

/// Where the tables are until they are whole.
const USE_STAGING: &str = "SET search_path = weir_import";

/// The advisory lock of whoever imports into the database: `weir` in ASCII, and 2.
const LOCK: &str = "SELECT pg_try_advisory_lock(1952804212) AS yes";

/// What only an import needs: where it is, and the indexes that are made at its end. Those of keys stay.
const TABLES: &str = "CREATE TABLE import_notes (name TEXT PRIMARY KEY, body TEXT NOT NULL); \
     CREATE TABLE import_indexes (name TEXT PRIMARY KEY, body TEXT NOT NULL); \
     INSERT INTO import_indexes SELECT indexname, indexdef FROM pg_indexes \
       WHERE schemaname = 'weir_import' AND indexname NOT IN \
         (SELECT conname FROM pg_constraint WHERE connamespace = 'weir_import'::regnamespace) \
       AND tablename NOT LIKE 'import\\_%'; \
     DO $$ DECLARE it record; BEGIN \
       FOR it IN SELECT name FROM import_indexes LOOP EXECUTE format('DROP INDEX %I', it.name); END LOOP; \
     END $$;";

/// Moves the tables, with sequences that go on behind the greatest ids.
const PUBLISH: &str = "DO $$ DECLARE it record; target text := current_schema(); BEGIN \
       IF to_regnamespace('weir_import') IS NULL THEN RETURN; END IF; \
       DROP TABLE IF EXISTS weir_import.import_notes, weir_import.import_indexes; \
       FOR it IN SELECT table_name AS name FROM information_schema.columns \
         WHERE table_schema = 'weir_import' AND column_name = 'id' AND is_identity = 'YES' LOOP \
         EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), \
           COALESCE((SELECT MAX(id) FROM weir_import.%I), 0) + 1, false)', 'weir_import.' || it.name, it.name); \
       END LOOP; \
       FOR it IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'weir_import' LOOP \
         EXECUTE format('ALTER TABLE weir_import.%I SET SCHEMA %I', it.name, target); \
       END LOOP; \
       DROP SCHEMA weir_import; \
     END $$;";

/// Tables of a store, or of another program that calls them the same.
const TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM information_schema.tables \
     WHERE table_schema = current_schema() AND table_name IN ('masters', 'builders', 'builds')) AS yes";

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    yes: bool,
}

/// The database of an import.
pub(super) struct Schema {
    /// Closed when there is none.
    conn: Option<Conn>,
}

pub(super) async fn refuse_store(url: &str) -> Result<()> {
    let mut conn = connect(url).await?;
    let taken: Answer = diesel::sql_query(TAKEN).get_result(&mut conn).await?;
    match taken.yes {
        false => Ok(()),
        true => Err(Error::conflict(
            "the database holds tables of a store or of another master already, and an import keeps all ids: name an \
             empty database with --database",
        )),
    }
}

/// Opens the schema, which is made if it is not there, or was not wholly made.
pub(super) async fn open(url: &str) -> Result<Schema> {
    let mut conn = connect(url).await?;
    conn.batch_execute("CREATE SCHEMA IF NOT EXISTS weir_import")
        .await?;
    conn.batch_execute(USE_STAGING).await?;
    migrate(conn).await?;
    let mut conn = connect(url).await?;
    conn.batch_execute(USE_STAGING).await?;
    let alone: Answer = diesel::sql_query(LOCK).get_result(&mut conn).await?;
    if !alone.yes {
        return Err(Error::conflict("another import into the database is under way"));
    }
    let known = "SELECT to_regclass('weir_import.import_indexes') IS NOT NULL AS yes";
    let known: Answer = diesel::sql_query(known).get_result(&mut conn).await?;
    if !known.yes {
        conn.batch_execute(&format!("BEGIN; {TABLES} COMMIT;")).await?;
    }
    Ok(Schema { conn: Some(conn) })
}

pub(super) async fn drop_staging(url: &str) -> Result<()> {
    let mut conn = connect(url).await?;
    // It is asked for in words of a message only if there is one.
    conn.batch_execute("SET client_min_messages = warning; DROP SCHEMA IF EXISTS weir_import CASCADE")
        .await?;
    Ok(())
}

pub(super) async fn publish(url: &str) -> Result<()> {
    let mut conn = connect(url).await?;
    conn.batch_execute(PUBLISH).await?;
    // Until the tables are known, a plan is a guess.
    conn.batch_execute("ANALYZE").await?;
    Ok(())
}

impl Schema {
    fn conn(&mut self) -> Result<&mut Conn> {
        self.conn.as_mut().ok_or(Error::Closed)
    }

    async fn indexes(&mut self) -> Result<Vec<Named>> {
        let query = diesel::sql_query("SELECT name, body FROM import_indexes ORDER BY name");
        Ok(query.load(self.conn()?).await?)
    }
}

#[async_trait]
impl Staging for Schema {
    async fn notes(&mut self) -> Result<BTreeMap<String, String>> {
        let query = diesel::sql_query("SELECT name, body FROM import_notes");
        let notes: Vec<Named> = query.load(self.conn()?).await?;
        Ok(notes.into_iter().map(|it| (it.name, it.body)).collect())
    }

    async fn write(&mut self, rows: Rows, notes: Vec<(String, String)>) -> Result<()> {
        let conn = self.conn()?;
        let written: QueryResult<()> = conn
            .transaction(async |conn| {
                rows.into_postgres(conn).await?;
                for (name, body) in notes {
                    let keep = "INSERT INTO import_notes (name, body) VALUES ($1, $2) \
                                ON CONFLICT (name) DO UPDATE SET body = excluded.body";
                    diesel::sql_query(keep)
                        .bind::<Text, _>(name)
                        .bind::<Text, _>(body)
                        .execute(conn)
                        .await?;
                }
                Ok(())
            })
            .await;
        Ok(written?)
    }

    async fn ids(&mut self, table: &'static str) -> Result<Vec<i64>> {
        let query = diesel::sql_query(format!("SELECT id AS number FROM {table}"));
        let ids: Vec<Number> = query.load(self.conn()?).await?;
        Ok(ids.into_iter().map(|it| it.number).collect())
    }

    async fn digests(&mut self) -> Result<Vec<String>> {
        let query = source_stamps::table.select(source_stamps::digest);
        Ok(query.load(self.conn()?).await?)
    }

    async fn new_segment(&mut self, at: Timestamp) -> Result<i64> {
        let insert = diesel::insert_into(log_segments::table)
            .values(log_segments::created_at.eq(at.0))
            .returning(log_segments::id);
        Ok(insert.get_result(self.conn()?).await?)
    }

    async fn correct_logs(&mut self) -> Result<i64> {
        let corrected = diesel::sql_query(super::CORRECT_LOGS)
            .execute(self.conn()?)
            .await?;
        Ok(i64::try_from(corrected).unwrap_or(i64::MAX))
    }

    async fn make_index(&mut self) -> Result<usize> {
        let waiting = self.indexes().await?;
        let Some(index) = waiting.as_slice().first() else {
            return Ok(0);
        };
        let made: QueryResult<()> = self
            .conn()?
            .transaction(async |conn| {
                conn.batch_execute(&index.body).await?;
                diesel::sql_query("DELETE FROM import_indexes WHERE name = $1")
                    .bind::<Text, _>(&index.name)
                    .execute(conn)
                    .await
                    .map(drop)
            })
            .await;
        made?;
        Ok(waiting.len() - 1)
    }

    async fn count(&mut self, table: &'static str) -> Result<i64> {
        let query = diesel::sql_query(format!("SELECT COUNT(*) AS number FROM {table}"));
        let counted: Number = query.get_result(self.conn()?).await?;
        Ok(counted.number)
    }

    async fn chunks(&mut self, behind: (i64, i64), most: i64) -> Result<Vec<super::FoundChunk>> {
        let query = log_chunks::table
            .filter(
                log_chunks::log.ge(behind.0).and(
                    log_chunks::log
                        .gt(behind.0)
                        .or(log_chunks::first_line.gt(behind.1)),
                ),
            )
            .order((log_chunks::log, log_chunks::first_line))
            .limit(most)
            .select(super::CHUNK_COLUMNS);
        let chunks: Vec<super::ChunkValues> = query.load(self.conn()?).await?;
        Ok(chunks.into_iter().map(super::placed).collect())
    }

    async fn close(&mut self) -> Result<()> {
        self.conn = None;
        Ok(())
    }
}
