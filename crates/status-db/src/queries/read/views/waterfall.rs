//! What was done when.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use weir_status_api::{Step, Timestamp, Waterfall, WaterfallQuery};

use super::newest::{self, Builds, By};
use super::rows::{self, BuildRow, ChangeRow, StepRow};
use super::{Conn, builders};
use crate::error::Result;
use crate::schema::{builds, changes, steps};

/// Steps at the most.
const MOST_STEPS: i64 = 100_000;

/// Builds that took longer than this many microseconds have an index of their own, by when they began; the
/// conditions are those of the indices `builds_longer_…`, to the letter.
///
/// Builds that cross a moment began before it, nobody knows how long before. Those that began within the last
/// ten minutes are few. Of the earlier ones only those matter that took longer than ten minutes; and so on.
const LONG: [(i64, &str); 3] = [
    (600_000_000, "complete_at - started_at > 600000000"),
    (14_400_000_000, "complete_at - started_at > 14400000000"),
    (345_600_000_000, "complete_at - started_at > 345600000000"),
];

pub(super) async fn waterfall(conn: &mut Conn, query: &WaterfallQuery) -> Result<Waterfall> {
    let limit = query.most();
    let builders = builders::chosen(conn, &query.builders).await?;
    let ids = builders::ids(&builders);
    let (builds, builds_from) = builds_within(conn, &ids, query, limit).await?;
    let steps = match query.steps {
        true => steps_of(conn, &builds).await?,
        false => vec![],
    };
    let (changes, changes_from) = changes_within(conn, query, limit).await?;
    Ok(Waterfall {
        builders,
        builds: builds
            .into_iter()
            .map(BuildRow::into_build)
            .collect::<Result<_>>()?,
        steps,
        changes: rows::changes(conn, changes).await?,
        complete_from: Timestamp(builds_from.max(changes_from)),
    })
}

/// The builds that ran within the range, and from when on they are all here.
async fn builds_within(
    conn: &mut Conn,
    builders: &[i64],
    query: &WaterfallQuery,
    limit: u32,
) -> Result<(Vec<BuildRow>, i64)> {
    let (from, to) = (query.from.0, query.to.0);
    // One more than wanted tells whether there are more.
    let more = limit + 1;
    let begun = |builds: Builds| builds.filter(builds::started_at.ge(from).and(builds::started_at.lt(to)));
    let mut found = newest::newest(conn, builders, By::Start, more, begun).await?;
    if found.len() < more as usize {
        let mut crossing = vec![];
        for part in crossing_parts(builders, from) {
            let rows: Vec<BuildRow> = part
                .select(BuildRow::as_select())
                .limit(more.into())
                .load(conn)
                .await?;
            crossing.extend(rows);
        }
        crossing.sort_by_key(|row| std::cmp::Reverse((row.started_at, row.id)));
        found.extend(crossing);
    }
    if found.len() <= limit as usize {
        return Ok((found, from));
    }
    found.truncate(limit as usize);
    // Another build may have begun at the same moment as the last one here.
    let last = found.last().map_or(to, |row| row.started_at + 1);
    Ok((found, last.max(from)))
}

/// The builds that began before the moment and did not end before it; each query gives a part of them.
fn crossing_parts(builders: &[i64], moment: i64) -> Vec<Builds> {
    let newest_first = |builds: Builds| builds.order((builds::started_at.desc(), builds::id.desc()));
    let crossing = |begun_before: i64| {
        newest::among(builders)
            .filter(builds::started_at.lt(begun_before))
            .filter(builds::complete_at.ge(moment))
    };
    let mut parts = vec![
        newest::among(builders)
            .filter(builds::complete_at.is_null())
            .filter(builds::started_at.lt(moment))
            .order(builds::id.desc()),
        newest_first(crossing(moment).filter(builds::started_at.ge(moment.saturating_sub(LONG[0].0)))),
    ];
    for (place, (longer, condition)) in LONG.into_iter().enumerate() {
        let part = crossing(moment.saturating_sub(longer)).filter(sql::<Bool>(condition));
        parts.push(newest_first(match LONG.get(place + 1) {
            Some((next, _)) => part.filter(builds::started_at.ge(moment.saturating_sub(*next))),
            None => part,
        }));
    }
    parts
}

/// The steps of the builds that began, by build and number.
async fn steps_of(conn: &mut Conn, builds: &[BuildRow]) -> Result<Vec<Step>> {
    let ids: Vec<i64> = builds.iter().map(|row| row.id).collect();
    let rows: Vec<StepRow> = steps::table
        .filter(steps::build.eq_any(ids))
        .filter(steps::started_at.is_not_null())
        .order((steps::build, steps::number))
        .limit(MOST_STEPS)
        .select(StepRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(StepRow::into_step).collect()
}

/// The changes made within the range, and from when on they are all here.
async fn changes_within(
    conn: &mut Conn,
    query: &WaterfallQuery,
    limit: u32,
) -> Result<(Vec<ChangeRow>, i64)> {
    let (from, to) = (query.from.0, query.to.0);
    let mut found: Vec<ChangeRow> = changes::table
        .filter(changes::made_at.ge(from).and(changes::made_at.lt(to)))
        .order((changes::made_at.desc(), changes::id.desc()))
        .limit(i64::from(limit) + 1)
        .select(ChangeRow::as_select())
        .load(conn)
        .await?;
    if found.len() <= limit as usize {
        return Ok((found, from));
    }
    found.truncate(limit as usize);
    let last = found.last().map_or(to, |row| row.made_at + 1);
    Ok((found, last.max(from)))
}

/// The `SELECT`s of builds that cross a moment, so that tests can look at how the database would go about them.
#[cfg(test)]
#[allow(dead_code, reason = "tests look at the plans of SQLite only")]
pub(in super::super::super::super) fn sql_of_crossing() -> Vec<super::super::column::Sql> {
    let parts = crossing_parts(&[1, 2, 3], 1_000_000_000_000);
    let select = |part: Builds| -> super::super::column::Sql { Box::new(part.select(BuildRow::as_select())) };
    parts.into_iter().map(select).collect()
}
