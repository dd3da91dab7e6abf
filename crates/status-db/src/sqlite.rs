//! SQLite: what differs from PostgreSQL.

use std::path::Path;

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures::FutureExt;

use crate::backend::Lockable;
use crate::error::{Error, Result};
use crate::inserts::{ChunkRow, EventRow, NewTestResultRow, ROWS_AT_ONCE};
use crate::schema::{events, log_chunks, test_results};

mod checkpoints;
mod off_thread;
#[cfg(test)]
mod plans;
#[path = "queries/mod.rs"]
mod queries;
#[cfg(test)]
mod view_plans;

use off_thread::OffThread;
pub(crate) use queries::Database;

type Db = Sqlite;
type Conn = SyncConnectionWrapper<SqliteConnection, OffThread>;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// How many connections read. Each has a page cache of its own.
const READERS: usize = 3;

/// For every connection. The caches are small, for the file's pages are in the system's cache anyway.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
                       PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;";

/// What is around a condition that few rows meet, so that they are found by its index rather than by a walk
/// through all in the order of the list.
const FEW: [&str; 2] = ["unlikely(", ")"];

/// Whether indexes hold the beginnings of long texts only. SQLite's hold any text whole.
const LONG_BY_BEGINNING: bool = false;

/// What is around a text and another, to tell whether the second is a part of the first.
const POSITION: [&str; 3] = ["instr(", ", ", ") > 0"];

/// What is around a column of JSON arrays and a text, to tell whether the text is a member.
const HAS_MEMBER: [&str; 3] = ["EXISTS (SELECT 1 FROM json_each(", ") WHERE value = ", ")"];

/// The two directions of an order in which a missing value is the lowest.
const NULLS_LOWEST: [&str; 2] = [" ASC", " DESC"];

/// Opens the database file, which is made and migrated as needed.
pub(crate) async fn open(file: &Path) -> Result<Database> {
    let url = file
        .to_str()
        .ok_or_else(|| Error::invalid("database", "the path of the SQLite file is not UTF-8"))?
        .to_owned();
    let path = url.clone();
    weir_off_thread::off_thread(move || migrate(&path))
        .await
        .map_err(|error| Error::Unreachable {
            why: error.to_string(),
        })??;
    let database = Database::new(
        pool(&url, 1, checkpoints::PRAGMA)?,
        pool(&url, READERS, "PRAGMA query_only = ON;")?,
    );
    let beside = pool(&url, 1, "")?;
    Ok(database.meanwhile(|written| checkpoints::keep_short(beside, written)))
}

/// Opens a database file that is there, as it is.
pub(crate) fn look(file: &Path) -> Result<Database> {
    if !file.is_file() {
        return Err(Error::not_found(format_args!("database {}", file.display())));
    }
    let url = file
        .to_str()
        .ok_or_else(|| Error::invalid("database", "the path of the SQLite file is not UTF-8"))?;
    Ok(Database::new(
        pool(url, 1, "PRAGMA query_only = ON;")?,
        pool(url, 1, "PRAGMA query_only = ON;")?,
    ))
}

/// Makes the file and its tables as needed.
pub(crate) fn migrate(path: &str) -> Result<()> {
    let unreachable = |why: String| Error::Unreachable { why };
    let mut conn =
        SqliteConnection::establish(path).map_err(|error| unreachable(format!("{path}: {error}")))?;
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")?;
    // In one transaction: all or nothing, and one wait for the disk.
    conn.immediate_transaction(|conn| conn.run_pending_migrations(MIGRATIONS).map(drop))
        .map_err(|error| unreachable(format!("{path} cannot be migrated: {error}")))
}

fn pool(url: &str, size: usize, more: &'static str) -> Result<Pool<Conn>> {
    let mut config = ManagerConfig::<Conn>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        async move {
            let mut conn = Conn::establish(&url).await?;
            conn.batch_execute(&format!("{PRAGMAS}{more}"))
                .await
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(url, config))
        .max_size(size)
        .build()
        .map_err(|error| Error::Unreachable {
            why: error.to_string(),
        })
}

/// Begins a view: the first read fixes what it sees.
async fn begin_read(conn: &mut Conn) -> QueryResult<()> {
    begin(conn, "BEGIN").await
}

/// Begins a transaction that writes.
async fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    begin(conn, "BEGIN IMMEDIATE").await
}

async fn begin(conn: &mut Conn, sql: &'static str) -> QueryResult<()> {
    conn.spawn_blocking(move |conn| AnsiTransactionManager::begin_transaction_sql(conn, sql))
        .await
}

/// Keeps other masters from what hangs on a builder, buildset or request. There are none on SQLite.
async fn lock_row(_conn: &mut Conn, _row: Lockable) -> QueryResult<()> {
    Ok(())
}

/// Keeps other masters from numbering events. There are none on SQLite.
async fn lock_events(_conn: &mut Conn) -> QueryResult<()> {
    Ok(())
}

/// There is nobody to tell of events.
async fn notify(_conn: &mut Conn, _newest: i64) -> QueryResult<()> {
    Ok(())
}

/// Inserts events.
async fn insert_events(conn: &mut Conn, rows: Vec<EventRow>) -> QueryResult<()> {
    conn.spawn_blocking(move |conn| {
        rows.chunks(ROWS_AT_ONCE).try_for_each(|part| {
            let insert = diesel::insert_into(events::table).values(part);
            insert.execute(conn).map(drop)
        })
    })
    .await
}

/// Inserts chunks of logs.
async fn insert_chunks(conn: &mut Conn, rows: Vec<ChunkRow>) -> QueryResult<()> {
    conn.spawn_blocking(move |conn| {
        rows.chunks(ROWS_AT_ONCE).try_for_each(|part| {
            let insert = diesel::insert_into(log_chunks::table).values(part);
            insert.execute(conn).map(drop)
        })
    })
    .await
}

/// Inserts test results.
async fn insert_test_results(conn: &mut Conn, rows: Vec<NewTestResultRow>) -> QueryResult<()> {
    conn.spawn_blocking(move |conn| {
        rows.chunks(ROWS_AT_ONCE).try_for_each(|part| {
            let insert = diesel::insert_into(test_results::table).values(part);
            insert.execute(conn).map(drop)
        })
    })
    .await
}

/// Each table with its bytes, those of its indexes among them.
const TABLES: &str = "SELECT known.tbl_name AS name, SUM(pages.pgsize) AS number FROM dbstat AS pages \
                      JOIN sqlite_master AS known ON known.name = pages.name \
                      WHERE pages.aggregate = TRUE GROUP BY known.tbl_name";

/// The bytes of the whole.
const SIZE: &str = "SELECT pages.page_count * size.page_size AS number \
                    FROM pragma_page_count AS pages, pragma_page_size AS size";

/// Gives back what is free.
async fn vacuum(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
        .await
}

/// Moves the write-ahead log into the database file.
async fn rest(conn: &mut Conn) {
    if let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").await {
        tracing::warn!(%error, "the write-ahead log could not be moved into the database");
    }
}
