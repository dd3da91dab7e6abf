//! Changes by builders.

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Change, Console, ConsoleQuery};

use super::cells::{MOST_BUILDSETS, Rows, cells};
use super::rows::{self, ChangeRow};
use super::{Conn, builders};
use crate::error::Result;
use crate::schema::{build_requests, buildset_changes, buildset_sources, changes};

pub(super) async fn console(conn: &mut Conn, query: &ConsoleQuery) -> Result<Console> {
    let builders = builders::chosen(conn, &query.builders).await?;
    let changes = newest_changes(conn, query).await?;
    let ids = builders::ids(&builders);
    let rows = rows_of(conn, &ids, &changes).await?;
    Ok(Console {
        cells: cells(conn, &ids, &rows).await?,
        builders,
        changes,
    })
}

async fn newest_changes(conn: &mut Conn, query: &ConsoleQuery) -> Result<Vec<Change>> {
    let mut found = changes::table.into_boxed();
    if let Some(branch) = &query.branch {
        found = found.filter(changes::branch.eq(branch.clone()));
    }
    if let Some(codebase) = &query.codebase {
        found = found.filter(changes::codebase.eq(codebase.clone()));
    }
    if let Some(before) = query.before {
        found = found.filter(changes::id.lt(before.0));
    }
    let found: Vec<ChangeRow> = found
        .order(changes::id.desc())
        .limit(query.most().into())
        .select(ChangeRow::as_select())
        .load(conn)
        .await?;
    rows::changes(conn, found).await
}

/// The buildsets of each change: those that list it, and those that build its source stamp.
async fn rows_of(conn: &mut Conn, builders: &[i64], changes: &[Change]) -> Result<Rows> {
    let asked = || build_requests::table.filter((build_requests::builder + 0_i64).eq_any(builders.to_vec()));
    let ids: Vec<i64> = changes.iter().map(|change| change.id.0).collect();
    let listed: Vec<(i64, i64)> = buildset_changes::table
        .filter(buildset_changes::change.eq_any(ids))
        .filter(exists(
            asked().filter(build_requests::buildset.eq(buildset_changes::buildset)),
        ))
        .order(buildset_changes::buildset.desc())
        .limit(MOST_BUILDSETS)
        .select((buildset_changes::change, buildset_changes::buildset))
        .load(conn)
        .await?;
    let stamps: Vec<i64> = changes.iter().map(|change| change.source_stamp.id.0).collect();
    let built: Vec<(i64, i64)> = buildset_sources::table
        .filter(buildset_sources::source_stamp.eq_any(stamps))
        .filter(exists(
            asked().filter(build_requests::buildset.eq(buildset_sources::buildset)),
        ))
        .order(buildset_sources::buildset.desc())
        .limit(MOST_BUILDSETS)
        .select((buildset_sources::source_stamp, buildset_sources::buildset))
        .load(conn)
        .await?;
    let (listed, built) = (grouped(listed), grouped(built));
    let of = |change: &Change| {
        let of_change = listed.get(&change.id.0).into_iter().flatten();
        let of_stamp = built.get(&change.source_stamp.id.0).into_iter().flatten();
        of_change.chain(of_stamp).copied().collect()
    };
    Ok(Rows::of((0..).zip(changes.iter().map(of))))
}

fn grouped(pairs: Vec<(i64, i64)>) -> HashMap<i64, Vec<i64>> {
    let mut groups: HashMap<i64, Vec<i64>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
