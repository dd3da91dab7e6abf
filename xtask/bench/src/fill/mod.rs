//! History, written straight into the database of a stopped master.
//!
//! What happened is made once, in temporary tables (`made.sql`); a file for each server copies it into its tables.
//! So both have the same history. Indices are made again at the end, which is several times faster.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use weir_status_api::{Clock, SystemClock};

use crate::Result;
use crate::options::Plan;

const MADE: &str = include_str!("made.sql");

/// Nothing of this file outlives a failure, so nothing is done for its safety.
const FAST: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
                    PRAGMA cache_size = -400000; PRAGMA threads = 2;";
/// How both servers have it.
const SAFE: &str = "PRAGMA journal_mode = WAL;";

/// How the filling went.
pub(crate) struct Filled {
    /// Builds that were written.
    pub(crate) builds: u64,
    /// The time that it took, indices included.
    pub(crate) took: Duration,
}

impl Filled {
    /// Builds written in a second.
    pub(crate) fn builds_per_second(&self) -> f64 {
        self.builds as f64 / self.took.as_secs_f64()
    }
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Writes the plan's history by way of `inserts`. Builders, workers, a master and one log with text must be there.
pub(crate) fn fill(database: &Path, inserts: &str, plan: &Plan) -> Result<Filled> {
    let begun = Instant::now();
    let failed = |error: &dyn std::fmt::Display| format!("{} cannot be filled: {error}", database.display());
    let mut conn = SqliteConnection::establish(&database.display().to_string()).map_err(|it| failed(&it))?;
    write(&mut conn, inserts, plan).map_err(|it| failed(&it))?;
    Ok(Filled {
        builds: plan.builds,
        took: begun.elapsed(),
    })
}

fn write(conn: &mut SqliteConnection, inserts: &str, plan: &Plan) -> QueryResult<()> {
    conn.batch_execute(FAST)?;
    let indices: Vec<Index> =
        diesel::sql_query("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
            .load(conn)?;
    conn.transaction(|conn| {
        for index in &indices {
            conn.batch_execute(&format!("DROP INDEX \"{}\"", index.name))?;
        }
        conn.batch_execute(&scale(plan))?;
        conn.batch_execute(MADE)?;
        conn.batch_execute(inserts)?;
        for index in &indices {
            conn.batch_execute(&index.sql)?;
        }
        QueryResult::Ok(())
    })?;
    conn.batch_execute(SAFE)
}

fn scale(plan: &Plan) -> String {
    let Plan {
        builds,
        builders,
        per_change,
        workers,
        ..
    } = plan;
    let (changes, now) = (builds.div_ceil(*per_change), SystemClock.now().as_secs());
    format!(
        "CREATE TEMP TABLE scale AS SELECT {builds} AS builds, {changes} AS changes, {per_change} AS per_change, \
         {builders} AS builders, {workers} AS workers, {now} AS now;"
    )
}

#[cfg(test)]
mod tests;
