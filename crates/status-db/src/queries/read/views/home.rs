//! What runs, what waits and why, what is broken.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::RunQueryDsl;
use weir_status_api::{
    BrokenBuilder, BuildCell, BuildId, Builder, BuilderId, EXPECTED_BY_BUILDS, Home, HomeQuery, Results,
    RunningBuild, Step, Timestamp, Worker,
};

use super::newest::{self, By, newest};
use super::rows::{self, BuildRow, StepRow, WorkerRow};
use super::waiting::waiting;
use super::{Conn, builders};
use crate::error::Result;
use crate::schema::{builders as builders_table, builds, steps, workers};

pub(super) async fn home(conn: &mut Conn, query: &HomeQuery) -> Result<Home> {
    let limit = query.most();
    let builders = builders::chosen(conn, &query.builders).await?;
    let ids = builders::ids(&builders);
    let running = running(conn, &ids, limit).await?;
    let recent = newest(conn, &ids, By::End, limit, |builds| builds).await?;
    Ok(Home {
        workers: workers_of(conn, &running).await?,
        running: with_steps(conn, running).await?,
        waiting: waiting(conn, &builders, limit).await?,
        recent: recent
            .into_iter()
            .map(BuildRow::into_build)
            .collect::<Result<_>>()?,
        broken: broken(conn, &builders).await?,
        builders,
    })
}

async fn running(conn: &mut Conn, builders: &[i64], limit: u32) -> Result<Vec<BuildRow>> {
    let found = newest::among(builders)
        .filter(builds::complete_at.is_null())
        .order(builds::id.desc())
        .limit(limit.into());
    Ok(found.select(BuildRow::as_select()).load(conn).await?)
}

async fn workers_of(conn: &mut Conn, running: &[BuildRow]) -> Result<Vec<Worker>> {
    let ids: BTreeSet<i64> = running.iter().map(|row| row.worker).collect();
    let found: Vec<WorkerRow> = workers::table
        .filter(workers::id.eq_any(ids))
        .order(workers::id)
        .select(WorkerRow::as_select())
        .load(conn)
        .await?;
    rows::workers(conn, found).await
}

/// Of each build the last of its steps that runs.
async fn with_steps(conn: &mut Conn, running: Vec<BuildRow>) -> Result<Vec<RunningBuild>> {
    let ids: Vec<i64> = running.iter().map(|row| row.id).collect();
    let found: Vec<StepRow> = steps::table
        .filter(steps::build.eq_any(ids))
        .filter(steps::started_at.is_not_null())
        .filter(steps::complete_at.is_null())
        .order((steps::build, steps::number))
        .select(StepRow::as_select())
        .load(conn)
        .await?;
    let mut steps: HashMap<i64, Step> = HashMap::new();
    for row in found {
        steps.insert(row.build, row.into_step()?);
    }
    let usual = usual_times(conn, &running).await?;
    let with_step = |row: BuildRow| {
        let usual = usual.get(&row.id);
        Ok(RunningBuild {
            step: steps.remove(&row.id),
            expected_end_at: usual.map(|usual| Timestamp(row.started_at.saturating_add(*usual))),
            build: row.into_build()?,
        })
    };
    running.into_iter().map(with_step).collect()
}

#[derive(QueryableByName)]
struct Took {
    #[diesel(sql_type = BigInt)]
    build: i64,
    /// Microseconds of the good builds before it, together, and how many they are.
    #[diesel(sql_type = BigInt)]
    took: i64,
    #[diesel(sql_type = BigInt)]
    count: i64,
    /// Of those the ones on its worker.
    #[diesel(sql_type = BigInt)]
    took_there: i64,
    #[diesel(sql_type = BigInt)]
    count_there: i64,
}

/// How many microseconds good builds took, of those before each of these.
async fn usual_times(conn: &mut Conn, running: &[BuildRow]) -> Result<HashMap<i64, i64>> {
    if running.is_empty() {
        return Ok(HashMap::new());
    }
    // Numbers only, as in `firsts_after`.
    let ids: Vec<String> = running.iter().map(|row| row.id.to_string()).collect();
    let sum = |what: &str| format!("CAST(coalesce(sum({what}), 0) AS BIGINT)");
    let there = "own.worker = builds.worker";
    let query = format!(
        "SELECT builds.id AS build, {} AS took, count(*) AS count, {} AS took_there, {} AS count_there \
         FROM builds JOIN builds own ON own.builder = builds.builder \
         AND own.number >= builds.number - {EXPECTED_BY_BUILDS} AND own.number < builds.number \
         WHERE builds.id IN ({}) AND own.results IN ({}, {}) GROUP BY builds.id",
        sum("own.complete_at - own.started_at"),
        sum(&format!(
            "CASE WHEN {there} THEN own.complete_at - own.started_at END"
        )),
        sum(&format!("CASE WHEN {there} THEN 1 END")),
        ids.join(", "),
        Results::Success.code(),
        Results::Warnings.code(),
    );
    let found: Vec<Took> = diesel::sql_query(query).load(conn).await?;
    let mean = |row: &Took| {
        let there = row.took_there.checked_div(row.count_there);
        there.or_else(|| row.took.checked_div(row.count))
    };
    Ok(found
        .iter()
        .filter_map(|row| Some((row.build, mean(row)?)))
        .collect())
}

/// Ids of builds of one builder: the last good ones and the last bad ones, each by their results.
type Lasts = (i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// The builders whose last build failed or met an exception.
async fn broken(conn: &mut Conn, builders: &[Builder]) -> Result<Vec<BrokenBuilder>> {
    let mut bad = vec![];
    for (builder, success, warnings, failure, exception) in lasts(conn, &builders::ids(builders)).await? {
        let (good, last) = (success.max(warnings), failure.max(exception));
        if let Some(last) = last.filter(|last| Some(*last) > good) {
            bad.push((builder, last, good));
        }
    }
    let since = firsts_after(conn, &bad).await?;
    let wanted = bad
        .iter()
        .map(|(_, last, _)| *last)
        .chain(since.values().copied());
    let cells = cells(conn, wanted.collect()).await?;
    let mut broken: HashMap<i64, BrokenBuilder> = HashMap::new();
    for (builder, last, good) in bad {
        let first = since.get(&builder).and_then(|id| cells.get(id)).copied();
        if let (Some(last), Some(since)) = (cells.get(&last).copied(), first) {
            let row = BrokenBuilder {
                builder: BuilderId(builder),
                last,
                since,
                last_good: good.map(BuildId),
            };
            broken.insert(builder, row);
        }
    }
    let by_name = builders.iter().filter_map(|builder| broken.remove(&builder.id.0));
    Ok(by_name.collect())
}

/// Of each builder the last build of each of the results that tell of what was built.
async fn lasts(conn: &mut Conn, builders: &[i64]) -> Result<Vec<Lasts>> {
    let own = diesel::alias!(builds as own);
    let last = |results: Results| {
        own.filter(own.field(builds::builder).eq(builders_table::id))
            .filter(own.field(builds::results).eq(results.code()))
            .select(max(own.field(builds::id)))
            .single_value()
    };
    let found = builders_table::table
        .filter(builders_table::id.eq_any(builders))
        .select((
            builders_table::id,
            last(Results::Success),
            last(Results::Warnings),
            last(Results::Failure),
            last(Results::Exception),
        ));
    Ok(found.load(conn).await?)
}

#[derive(QueryableByName)]
struct Firsts {
    #[diesel(sql_type = BigInt)]
    builder: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    failure: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    exception: Option<i64>,
}

/// Of each builder the first bad build after its last good one.
async fn firsts_after(conn: &mut Conn, bad: &[(i64, i64, Option<i64>)]) -> Result<HashMap<i64, i64>> {
    if bad.is_empty() {
        return Ok(HashMap::new());
    }
    // Numbers only, so that they can stand in the text, where each database has its own sign for a value.
    let places: Vec<String> = bad
        .iter()
        .map(|(builder, _, good)| format!("(CAST({builder} AS BIGINT), {})", good.unwrap_or(0)))
        .collect();
    let first = |results: Results| {
        format!(
            "(SELECT min(id) FROM builds WHERE builder = places.builder AND results = {} AND id > places.good)",
            results.code()
        )
    };
    let query = format!(
        "WITH places (builder, good) AS (VALUES {}) SELECT builder, {} AS failure, {} AS exception FROM places",
        places.join(", "),
        first(Results::Failure),
        first(Results::Exception),
    );
    let found: Vec<Firsts> = diesel::sql_query(query).load(conn).await?;
    let earlier = |row: &Firsts| row.failure.into_iter().chain(row.exception).min();
    let first = |row: Firsts| Some((row.builder, earlier(&row)?));
    Ok(found.into_iter().filter_map(first).collect())
}

async fn cells(conn: &mut Conn, ids: BTreeSet<i64>) -> Result<HashMap<i64, BuildCell>> {
    let found: Vec<BuildRow> = builds::table
        .filter(builds::id.eq_any(ids))
        .select(BuildRow::as_select())
        .load(conn)
        .await?;
    let cell = |row: BuildRow| {
        Ok((
            row.id,
            BuildCell {
                id: BuildId(row.id),
                number: row.number,
                started_at: Timestamp(row.started_at),
                complete_at: row.complete_at.map(Timestamp),
                results: rows::results(row.results)?,
            },
        ))
    };
    found.into_iter().map(cell).collect()
}
