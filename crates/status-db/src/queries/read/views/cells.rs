//! The cells of a table: what was built of some buildsets on some builders.

use std::collections::BTreeMap;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildCell, BuildId, BuildRequestId, BuilderId, Cell, Timestamp};

use super::Conn;
use super::rows::results;
use crate::error::Result;
use crate::schema::{build_requests, builds};

/// Buildsets that are looked at for one row.
const BUILDSETS_OF_ROW: usize = 20;
/// Buildsets that are read for all rows, of each way to find them.
pub(super) const MOST_BUILDSETS: i64 = 20_000;
/// Builds, and requests, that one cell holds.
const MOST_IN_CELL: usize = 20;
/// Builds, and requests, that are read.
const MOST_READ: i64 = 400_000;

/// The rows of a table in which each buildset stands.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<i64, Vec<u32>>);

impl Rows {
    /// Puts of each row's buildsets the newest ones into it.
    pub(super) fn of(buildsets: impl IntoIterator<Item = (u32, Vec<i64>)>) -> Self {
        let mut rows = Self::default();
        for (row, mut ids) in buildsets {
            ids.sort_unstable_by(|one, two| two.cmp(one));
            ids.dedup();
            ids.truncate(BUILDSETS_OF_ROW);
            for id in ids {
                rows.0.entry(id).or_default().push(row);
            }
        }
        rows
    }

    fn ids(&self) -> Vec<i64> {
        self.0.keys().copied().collect()
    }

    fn with(&self, buildset: i64) -> impl Iterator<Item = u32> {
        self.0.get(&buildset).into_iter().flatten().copied()
    }
}

/// A build's buildset, builder, and itself: id, number, beginning, end, results.
type BuildRow = (i64, i64, (i64, i64, i64, Option<i64>, Option<i32>));

/// The cells of the table, by row and builder; empty ones are left out.
pub(super) async fn cells(conn: &mut Conn, builders: &[i64], rows: &Rows) -> Result<Vec<Cell>> {
    let mut cells: BTreeMap<(u32, i64), Cell> = BTreeMap::new();
    let mut cell = |row: u32, builder: i64, put: &mut dyn FnMut(&mut Cell)| {
        put(cells.entry((row, builder)).or_insert_with(|| Cell {
            row,
            builder: BuilderId(builder),
            builds: vec![],
            waiting: vec![],
        }));
    };
    for (buildset, builder, build) in builds_of(conn, builders, rows).await? {
        let (id, number, started_at, complete_at, code) = build;
        let build = BuildCell {
            id: BuildId(id),
            number,
            started_at: Timestamp(started_at),
            complete_at: complete_at.map(Timestamp),
            results: results(code)?,
        };
        for row in rows.with(buildset) {
            cell(row, builder, &mut |cell| cell.builds.push(build));
        }
    }
    for (buildset, builder, id) in waiting_of(conn, builders, rows).await? {
        for row in rows.with(buildset) {
            cell(row, builder, &mut |cell| cell.waiting.push(BuildRequestId(id)));
        }
    }
    for cell in cells.values_mut() {
        cell.builds
            .sort_unstable_by_key(|build| std::cmp::Reverse(build.id));
        cell.builds.truncate(MOST_IN_CELL);
        cell.waiting.sort_unstable();
        cell.waiting.truncate(MOST_IN_CELL);
    }
    Ok(cells.into_values().collect())
}

/// The builds of the buildsets. The sum keeps databases from going by the builders' requests.
async fn builds_of(conn: &mut Conn, builders: &[i64], rows: &Rows) -> Result<Vec<BuildRow>> {
    let found = build_requests::table
        .inner_join(builds::table.on(builds::request.eq(build_requests::id)))
        .filter(build_requests::buildset.eq_any(rows.ids()))
        .filter((build_requests::builder + 0_i64).eq_any(builders.to_vec()))
        .limit(MOST_READ)
        .select((
            build_requests::buildset,
            build_requests::builder,
            (
                builds::id,
                builds::number,
                builds::started_at,
                builds::complete_at,
                builds::results,
            ),
        ));
    Ok(found.load(conn).await?)
}

/// The open requests of the buildsets without a build that runs: buildset, builder, request.
async fn waiting_of(conn: &mut Conn, builders: &[i64], rows: &Rows) -> Result<Vec<(i64, i64, i64)>> {
    let running = builds::table
        .filter(builds::request.eq(build_requests::id))
        .filter(builds::complete_at.is_null());
    let found = build_requests::table
        .filter(build_requests::buildset.eq_any(rows.ids()))
        .filter((build_requests::builder + 0_i64).eq_any(builders.to_vec()))
        .filter(build_requests::complete_at.is_null())
        .filter(not(exists(running)))
        .limit(MOST_READ)
        .select((
            build_requests::buildset,
            build_requests::builder,
            build_requests::id,
        ));
    Ok(found.load(conn).await?)
}
