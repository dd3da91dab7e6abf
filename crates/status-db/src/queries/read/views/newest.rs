//! The newest builds of some builders, by one index or another.
//!
//! Few builders are asked one by one, each by an index of its own builds in order. For many, the index of all
//! builds in that order is walked until enough are found; most of what it passes is wanted.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::rows::BuildRow;
use super::{Conn, Db};
use crate::error::Result;
use crate::schema::builds;

/// Up to how many builders are asked one by one.
const FEW: usize = 64;

/// A query for builds that is being put together.
pub(super) type Builds = builds::BoxedQuery<'static, Db>;

/// By which moment builds are newer than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// When they began.
    Start,
    /// When they ended; those that run are left out.
    End,
}

impl By {
    fn of(self, row: &BuildRow) -> (i64, i64) {
        match self {
            Self::Start => (row.started_at, row.id),
            Self::End => (row.complete_at.unwrap_or(i64::MAX), row.id),
        }
    }

    fn order(self, builds: Builds) -> Builds {
        match self {
            Self::Start => builds.order((builds::started_at.desc(), builds::id.desc())),
            Self::End => builds
                .filter(builds::complete_at.is_not_null())
                .order((builds::complete_at.desc(), builds::id.desc())),
        }
    }
}

/// The `limit` newest builds of the builders, among those that `narrow` leaves, the newest first.
pub(super) async fn newest(
    conn: &mut Conn,
    builders: &[i64],
    by: By,
    limit: u32,
    narrow: impl Fn(Builds) -> Builds,
) -> Result<Vec<BuildRow>> {
    let limit = i64::from(limit);
    if builders.len() > FEW {
        let walked = by.order(narrow(among(builders))).limit(limit);
        return Ok(walked.select(BuildRow::as_select()).load(conn).await?);
    }
    let mut found: Vec<BuildRow> = vec![];
    for builder in builders {
        let own = by.order(narrow(of(*builder))).limit(limit);
        found.extend(own.select(BuildRow::as_select()).load(conn).await?);
    }
    found.sort_by_key(|row| std::cmp::Reverse(by.of(row)));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// The builds of one builder.
fn of(builder: i64) -> Builds {
    builds::table.filter(builds::builder.eq(builder)).into_boxed()
}

/// The builds of many builders. The sum keeps databases from going by the indices of builders.
pub(super) fn among(builders: &[i64]) -> Builds {
    let condition = (builds::builder + 0_i64).eq_any(builders.to_vec());
    builds::table.filter(condition).into_boxed()
}

/// The `SELECT`s, so that tests can look at how the database would go about them.
#[cfg(test)]
#[allow(dead_code, reason = "tests look at the plans of SQLite only")]
pub(in super::super::super::super) fn sql_of_builders_newest() -> Vec<super::super::column::Sql> {
    let many: Vec<i64> = (0..200).collect();
    [By::Start, By::End]
        .into_iter()
        .flat_map(|by| [by.order(of(7)), by.order(among(&many))])
        .map(|query| -> super::super::column::Sql { Box::new(query.limit(50).select(BuildRow::as_select())) })
        .collect()
}
