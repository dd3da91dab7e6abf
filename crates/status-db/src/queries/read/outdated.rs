//! What is too old, and what segments hold: looked for in steps, each of which is bounded.

use diesel::dsl::{count_star, exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuilderId, Cursor, LogKind, Timestamp};

use super::super::Conn;
use crate::backend::{Behind, Found, Search, SegmentChunk, SegmentUse};
use crate::error::Result;
use crate::schema::{
    build_requests, builders as builders_table, builds, buildset_changes, buildsets, changes, events,
    log_chunks, log_segments, logs, steps,
};
use crate::segments::Place;

/// The next of what is looked for.
pub(in super::super) async fn search(
    conn: &mut Conn,
    search: Search,
    behind: Behind,
    limit: u32,
) -> Result<Found> {
    let limit = i64::from(limit);
    match search {
        Search::Builds(before) => {
            // By its end, in the order of an index.
            let ended = builds::complete_at.assume_not_null();
            let rows = builds::table
                .filter(builds::complete_at.ge(behind.0))
                .filter(builds::complete_at.lt(before.0))
                .filter(builds::complete_at.gt(behind.0).or(builds::id.gt(behind.1)))
                .order((builds::complete_at, builds::id))
                .limit(limit)
                .select((ended, builds::id))
                .load(conn)
                .await?;
            Ok(found(rows, limit))
        }
        Search::Excess(builder, most) => excess(conn, builder, most, behind, limit).await,
        Search::Requests(before) => {
            let built = builds::table.filter(builds::request.eq(build_requests::id));
            let ended = build_requests::complete_at.assume_not_null();
            let rows = build_requests::table
                .filter(build_requests::complete_at.ge(behind.0))
                .filter(build_requests::complete_at.lt(before.0))
                .filter(
                    build_requests::complete_at
                        .gt(behind.0)
                        .or(build_requests::id.gt(behind.1)),
                )
                .filter(not(exists(built)))
                .order((build_requests::complete_at, build_requests::id))
                .limit(limit)
                .select((ended, build_requests::id))
                .load(conn)
                .await?;
            Ok(found(rows, limit))
        }
        Search::Buildsets(before) => {
            let asked = build_requests::table.filter(build_requests::buildset.eq(buildsets::id));
            let ended = buildsets::complete_at.assume_not_null();
            let rows = buildsets::table
                .filter(buildsets::complete_at.ge(behind.0))
                .filter(buildsets::complete_at.lt(before.0))
                .filter(buildsets::complete_at.gt(behind.0).or(buildsets::id.gt(behind.1)))
                .filter(not(exists(asked)))
                .order((buildsets::complete_at, buildsets::id))
                .limit(limit)
                .select((ended, buildsets::id))
                .load(conn)
                .await?;
            Ok(found(rows, limit))
        }
        Search::Logs(kind, before) => old_logs(conn, kind, before, behind, limit).await,
        Search::Changes(before) => {
            let built = buildset_changes::table.filter(buildset_changes::change.eq(changes::id));
            let rows = changes::table
                .filter(changes::received_at.ge(behind.0))
                .filter(changes::received_at.lt(before.0))
                .filter(changes::received_at.gt(behind.0).or(changes::id.gt(behind.1)))
                .filter(not(exists(built)))
                .order((changes::received_at, changes::id))
                .limit(limit)
                .select((changes::received_at, changes::id))
                .load(conn)
                .await?;
            Ok(found(rows, limit))
        }
    }
}

/// Rows of a value and an id; a page that is not full is the last.
fn found(rows: Vec<Behind>, limit: i64) -> Found {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    Found {
        next: rows.as_slice().last().copied().filter(|_| full),
        ids: rows.into_iter().map(|(_, id)| id).collect(),
    }
}

/// The builds of a builder behind its newest `most`, by their numbers.
async fn excess(conn: &mut Conn, builder: BuilderId, most: u32, behind: Behind, limit: i64) -> Result<Found> {
    let ended = || {
        builds::table
            .filter(builds::builder.eq(builder.0))
            .filter(builds::complete_at.is_not_null())
    };
    let newest: Option<i64> = ended()
        .order(builds::number.desc())
        .offset(i64::from(most))
        .select(builds::number)
        .first(conn)
        .await
        .optional()?;
    let Some(newest) = newest else {
        return Ok(Found::default());
    };
    let rows = ended()
        .filter(builds::number.gt(behind.0))
        .filter(builds::number.le(newest))
        .order(builds::number)
        .limit(limit)
        .select((builds::number, builds::id))
        .load(conn)
        .await?;
    Ok(found(rows, limit))
}

/// Logs by their ids, which are in the order in which they were opened: behind the first whose step began too late,
/// all are of builds that ended too late.
async fn old_logs(
    conn: &mut Conn,
    kind: LogKind,
    before: Timestamp,
    behind: Behind,
    limit: i64,
) -> Result<Found> {
    let rows: Vec<(i64, Option<i64>, Option<i64>)> = logs::table
        .inner_join(steps::table.on(steps::id.eq(logs::step)))
        .inner_join(builds::table.on(builds::id.eq(steps::build)))
        .filter(logs::kind.eq(kind.letter()))
        .filter(logs::id.gt(behind.1))
        .order(logs::id)
        .limit(limit)
        .select((logs::id, steps::started_at, builds::complete_at))
        .load(conn)
        .await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let mut found = Found::default();
    for (log, started_at, ended_at) in rows {
        if started_at.is_some_and(|at| at >= before.0) {
            return Ok(Found { next: None, ..found });
        }
        if ended_at.is_some_and(|at| at < before.0) {
            found.ids.push(log);
        }
        found.next = full.then_some((0, log));
    }
    Ok(found)
}

/// The ids of all builders.
pub(in super::super) async fn builders(conn: &mut Conn) -> Result<Vec<BuilderId>> {
    let ids: Vec<i64> = builders_table::table
        .order(builders_table::id)
        .select(builders_table::id)
        .load(conn)
        .await?;
    Ok(ids.into_iter().map(BuilderId).collect())
}

/// The last event before a moment, found by halving: their times grow with their numbers.
pub(in super::super) async fn last_event_before(
    conn: &mut Conn,
    before: Timestamp,
) -> Result<Option<Cursor>> {
    let span = super::span(conn).await?;
    let (mut old, mut young) = (span.oldest.0, span.newest.0 + 1);
    while young - old > 1 {
        let middle = old + (young - old) / 2;
        let at: Option<i64> = events::table
            .find(middle)
            .select(events::at)
            .first(conn)
            .await
            .optional()?;
        match at {
            Some(at) if at >= before.0 => young = middle,
            // Numbers are dense; one that is gone by now was old.
            _ => old = middle,
        }
    }
    Ok((old > span.oldest.0).then_some(Cursor(old)))
}

/// What of a segment is referred to.
pub(in super::super) async fn segment_use(conn: &mut Conn, segment: i64) -> Result<Option<SegmentUse>> {
    let known: Option<i64> = log_segments::table
        .find(segment)
        .select(log_segments::id)
        .first(conn)
        .await
        .optional()?;
    if known.is_none() {
        return Ok(None);
    }
    let (chunks, bytes) = log_chunks::table
        .filter(log_chunks::segment.eq(segment))
        .select((
            count_star(),
            sql::<BigInt>("CAST(coalesce(sum(byte_length), 0) AS BIGINT)"),
        ))
        .first(conn)
        .await?;
    Ok(Some(SegmentUse { chunks, bytes }))
}

/// The first chunks of a segment.
pub(in super::super) async fn segment_chunks(
    conn: &mut Conn,
    segment: i64,
    limit: u32,
) -> Result<Vec<SegmentChunk>> {
    let rows: Vec<(i64, i64, i64, i64)> = log_chunks::table
        .filter(log_chunks::segment.eq(segment))
        .order((log_chunks::log, log_chunks::first_line))
        .limit(i64::from(limit))
        .select((
            log_chunks::log,
            log_chunks::first_line,
            log_chunks::byte_offset,
            log_chunks::byte_length,
        ))
        .load(conn)
        .await?;
    let chunk = |(log, first_line, offset, length)| SegmentChunk {
        log,
        first_line,
        place: Place {
            segment,
            offset,
            length,
        },
    };
    Ok(rows.into_iter().map(chunk).collect())
}
