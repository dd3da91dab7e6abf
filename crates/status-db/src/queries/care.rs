//! What is in the database, and the room it takes.

use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use weir_status_api::Timestamp;

use super::super::{SIZE, TABLES};
use super::Conn;
use crate::care::{AgeSpan, BuilderStats, Stats, TableStats};
use crate::error::Result;
use crate::schema::{builders, builds, changes, events};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

async fn number(conn: &mut Conn, sql: &str) -> Result<u64> {
    let Number { number } = diesel::sql_query(sql).get_result(conn).await?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// The bytes of the database.
pub(super) async fn size(conn: &mut Conn) -> Result<u64> {
    number(conn, SIZE).await
}

/// All but what only the files of logs tell.
pub(super) async fn stats(conn: &mut Conn) -> Result<Stats> {
    let sizes: Vec<Named> = diesel::sql_query(TABLES).load(conn).await?;
    let mut tables = Vec::with_capacity(sizes.len());
    for Named { name, number: bytes } in sizes {
        let rows = format!("SELECT COUNT(*) AS number FROM \"{}\"", name.replace('"', "\"\""));
        tables.push(TableStats {
            rows: number(conn, &rows).await?,
            bytes: u64::try_from(bytes).unwrap_or(0),
            name,
        });
    }
    let of_logs = "SELECT CAST(COALESCE(SUM(byte_length), 0) AS BIGINT) AS number FROM log_chunks";
    Ok(Stats {
        tables,
        database_bytes: size(conn).await?,
        segment_bytes: 0,
        log_bytes: number(conn, of_logs).await?,
        builds: span(
            builds::table
                .select((min(builds::started_at), max(builds::started_at)))
                .first(conn)
                .await?,
        ),
        changes: span(
            changes::table
                .select((min(changes::received_at), max(changes::received_at)))
                .first(conn)
                .await?,
        ),
        events: span(
            events::table
                .select((min(events::at), max(events::at)))
                .first(conn)
                .await?,
        ),
        builders: of_builders(conn).await?,
    })
}

fn span((oldest, newest): (Option<i64>, Option<i64>)) -> Option<AgeSpan> {
    Some(AgeSpan {
        oldest: Timestamp(oldest?),
        newest: Timestamp(newest?),
    })
}

async fn of_builders(conn: &mut Conn) -> Result<Vec<BuilderStats>> {
    let rows: Vec<(String, i64, Option<i64>, Option<i64>)> = builds::table
        .inner_join(builders::table.on(builders::id.eq(builds::builder)))
        .group_by(builders::name)
        .order(builders::name)
        .select((
            builders::name,
            count_star(),
            min(builds::started_at),
            max(builds::started_at),
        ))
        .load(conn)
        .await?;
    let stats = rows.into_iter().filter_map(|(name, count, oldest, newest)| {
        Some(BuilderStats {
            name,
            builds: u64::try_from(count).unwrap_or(0),
            began: span((oldest, newest))?,
        })
    });
    Ok(stats.collect())
}
