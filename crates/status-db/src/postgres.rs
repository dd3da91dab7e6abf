//! PostgreSQL: what differs from SQLite.

use std::error::Error as _;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl,
    SimpleAsyncConnection,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures::FutureExt;

use crate::backend::{Lockable, PATIENCE};
use crate::deadline::DEADLINE;
use crate::error::{Error, Result};
use crate::inserts::{ChunkRow, EventRow, NewTestResultRow, ROWS_AT_ONCE};
use crate::schema::{build_requests, builders, buildsets, events, log_chunks, test_results};

mod hints;
#[cfg(test)]
mod plans;
#[path = "queries/mod.rs"]
mod queries;

pub(crate) use hints::follow;
pub(crate) use queries::Database;

type Db = Pg;
pub(crate) type Conn = AsyncPgConnection;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// How many connections read.
const READERS: usize = 4;

/// The advisory lock under which events are numbered: `weir` in ASCII.
const EVENTS_LOCK: i64 = 0x7765_6972;

/// The advisory lock under which the tables are migrated.
const MIGRATION_LOCK: i64 = EVENTS_LOCK + 1;

/// What is around a condition that few rows meet. PostgreSQL knows from its statistics.
const FEW: [&str; 2] = ["", ""];

/// Whether indexes hold the beginnings of long texts only: no more than 2,700 bytes go into one.
const LONG_BY_BEGINNING: bool = true;

/// What is around a text and another, to tell whether the second is a part of the first.
const POSITION: [&str; 3] = ["strpos(", ", ", ") > 0"];

/// What is around a column of JSON arrays and a text, to tell whether the text is a member.
const HAS_MEMBER: [&str; 3] = ["jsonb_exists(CAST(", " AS jsonb), ", ")"];

/// The two directions of an order in which a missing value is the lowest.
const NULLS_LOWEST: [&str; 2] = [" ASC NULLS FIRST", " DESC NULLS LAST"];

/// Opens the database at `url`; its tables are made and migrated as needed.
pub(crate) async fn open(url: &str) -> Result<Database> {
    migrate(connect(url).await?).await?;
    let reading = format!("SET statement_timeout = '{} s'", DEADLINE.as_secs());
    Ok(Database::new(
        pool(url, 1, String::new())?,
        pool(url, READERS, reading)?,
    ))
}

/// A connection of its own.
pub(crate) async fn connect(url: &str) -> Result<Conn> {
    let connecting = tokio::time::timeout(PATIENCE, Conn::establish(url));
    let connected = match connecting.await {
        Ok(Ok(connected)) => Ok(connected),
        // Diesel keeps the first words of the reason only.
        Ok(Err(error)) => Err(why_not(url).await.unwrap_or_else(|| error.to_string())),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    connected.map_err(|why| Error::Unreachable { why })
}

/// Opens the database at `url` as it is.
pub(crate) async fn look(url: &str) -> Result<Database> {
    if let Some(why) = why_not(url).await {
        return Err(Error::Unreachable { why });
    }
    Ok(Database::new(
        pool(url, 1, String::new())?,
        pool(url, 1, String::new())?,
    ))
}

/// Why the database at `url` cannot be connected to, with all its causes; none if it can by now.
async fn why_not(url: &str) -> Option<String> {
    let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls);
    let error = tokio::time::timeout(PATIENCE, connecting).await.ok()?.err()?;
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        why = format!("{why}: {error}");
        cause = error.source();
    }
    Some(why)
}

/// One master at a time; the harness blocks, so it gets a thread of its own.
pub(crate) async fn migrate(mut conn: Conn) -> Result<()> {
    select_lock(&mut conn, "SELECT pg_advisory_lock($1)", MIGRATION_LOCK).await?;
    let migrated = tokio::task::spawn_blocking(move || {
        AsyncMigrationHarness::new(conn)
            .run_pending_migrations(MIGRATIONS)
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await;
    migrated
        .unwrap_or_else(|error| Err(error.to_string()))
        .map_err(|why| Error::Unreachable {
            why: format!("the tables cannot be migrated: {why}"),
        })
}

/// Connections that begin with the statements `first`.
fn pool(url: &str, size: usize, first: String) -> Result<Pool<Conn>> {
    let mut config = ManagerConfig::<Conn>::default();
    config.recycling_method = RecyclingMethod::Verified;
    config.custom_setup = Box::new(move |url| {
        let (url, first) = (url.to_owned(), first.clone());
        async move {
            let mut conn = Conn::establish(&url).await?;
            conn.batch_execute(&first)
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
    AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
}

/// Begins a transaction that writes. Each of its statements sees what others have committed by then.
async fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL READ COMMITTED").await
}

/// Keeps other masters from what hangs on a builder, buildset or request until this transaction ends. Rows that
/// refer to it can be added meanwhile.
async fn lock_row(conn: &mut Conn, row: Lockable) -> QueryResult<()> {
    let locked: QueryResult<Option<i64>> = match row {
        Lockable::Builder(id) => {
            let query = builders::table
                .find(id.0)
                .select(builders::id)
                .for_no_key_update();
            query.first(conn).await.optional()
        }
        Lockable::Buildset(id) => {
            let query = buildsets::table
                .find(id.0)
                .select(buildsets::id)
                .for_no_key_update();
            query.first(conn).await.optional()
        }
        Lockable::Request(id) => {
            let query = build_requests::table
                .find(id.0)
                .select(build_requests::id)
                .for_no_key_update();
            query.first(conn).await.optional()
        }
    };
    locked.map(drop)
}

/// Keeps other masters from numbering events until this transaction ends, so that the order of numbers is
/// the order of commits.
async fn lock_events(conn: &mut Conn) -> QueryResult<()> {
    select_lock(conn, "SELECT pg_advisory_xact_lock($1)", EVENTS_LOCK).await
}

async fn select_lock(conn: &mut Conn, sql: &str, lock: i64) -> QueryResult<()> {
    diesel::sql_query(sql)
        .bind::<BigInt, _>(lock)
        .execute(conn)
        .await
        .map(drop)
}

/// Tells other processes of the events up to `newest`, once this transaction is committed.
async fn notify(conn: &mut Conn, newest: i64) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_notify($1, $2)")
        .bind::<Text, _>(hints::CHANNEL)
        .bind::<Text, _>(newest.to_string())
        .execute(conn)
        .await
        .map(drop)
}

/// Inserts events.
async fn insert_events(conn: &mut Conn, rows: Vec<EventRow>) -> QueryResult<()> {
    for part in rows.chunks(ROWS_AT_ONCE) {
        let insert = diesel::insert_into(events::table).values(part);
        insert.execute(conn).await?;
    }
    Ok(())
}

/// Inserts chunks of logs.
async fn insert_chunks(conn: &mut Conn, rows: Vec<ChunkRow>) -> QueryResult<()> {
    for part in rows.chunks(ROWS_AT_ONCE) {
        let insert = diesel::insert_into(log_chunks::table).values(part);
        insert.execute(conn).await?;
    }
    Ok(())
}

/// Inserts test results.
async fn insert_test_results(conn: &mut Conn, rows: Vec<NewTestResultRow>) -> QueryResult<()> {
    for part in rows.chunks(ROWS_AT_ONCE) {
        let insert = diesel::insert_into(test_results::table).values(part);
        insert.execute(conn).await?;
    }
    Ok(())
}

/// Each table with its bytes, those of its indexes among them.
const TABLES: &str = "SELECT CAST(relname AS TEXT) AS name, pg_total_relation_size(relid) AS number \
                      FROM pg_stat_user_tables WHERE schemaname = current_schema()";

/// The bytes of the whole.
const SIZE: &str = "SELECT pg_database_size(current_database()) AS number";

/// Makes room that is free fit for use.
async fn vacuum(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("VACUUM (ANALYZE)").await
}

/// Nothing to do: the server looks after itself.
async fn rest(_conn: &mut Conn) {}
