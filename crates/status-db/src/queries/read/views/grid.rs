//! Builders by revisions.

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Grid, GridQuery, GridRevision, SourceStamp, Timestamp};

use super::cells::{MOST_BUILDSETS, Rows, cells};
use super::rows::{self, SourceStampRow};
use super::{Conn, builders};
use crate::error::Result;
use crate::schema::{build_requests, buildset_sources, buildsets, source_stamps};

/// Buildsets that are read at a time.
const AT_A_TIME: i64 = 1_000;
/// How many times at the most.
const TIMES: usize = 10;

/// The ids of source stamps that are built together, in order.
type Stamps = Vec<i64>;

/// A revision on its way to the grid.
struct Found {
    stamps: Stamps,
    submitted_at: i64,
    buildsets: Vec<i64>,
}

pub(super) async fn grid(conn: &mut Conn, query: &GridQuery) -> Result<Grid> {
    let builders = builders::chosen(conn, &query.builders).await?;
    let ids = builders::ids(&builders);
    let mut walk = Walk::default();
    let wanted = query.most() as usize;
    for _ in 0..TIMES {
        if walk.found.len() >= wanted || walk.done {
            break;
        }
        walk.on(conn, &ids, query).await?;
    }
    walk.found.truncate(wanted);
    let revisions = revisions(conn, &walk.found).await?;
    let rows = Rows::of((0..).zip(buildsets_of(conn, &ids, &walk.found).await?));
    Ok(Grid {
        cells: cells(conn, &ids, &rows).await?,
        builders,
        revisions,
    })
}

/// A walk over the buildsets, from the newest on.
#[derive(Default)]
struct Walk {
    /// When the last one looked at was made, and its id.
    last: Option<(i64, i64)>,
    /// Whether there are no more.
    done: bool,
    /// The revisions, the newest first.
    found: Vec<Found>,
    places: HashMap<Stamps, usize>,
}

impl Walk {
    /// Looks at some more buildsets.
    async fn on(&mut self, conn: &mut Conn, builders: &[i64], query: &GridQuery) -> Result<()> {
        let asked = build_requests::table
            .filter(build_requests::buildset.eq(buildsets::id))
            .filter((build_requests::builder + 0_i64).eq_any(builders.to_vec()));
        let mut next = buildsets::table.filter(exists(asked)).into_boxed();
        if let Some((at, id)) = self.last {
            let tied = buildsets::submitted_at.eq(at).and(buildsets::id.lt(id));
            next = next
                .filter(buildsets::submitted_at.le(at))
                .filter(buildsets::submitted_at.lt(at).or(tied));
        }
        let sets: Vec<(i64, i64)> = next
            .order((buildsets::submitted_at.desc(), buildsets::id.desc()))
            .limit(AT_A_TIME)
            .select((buildsets::submitted_at, buildsets::id))
            .load(conn)
            .await?;
        self.done = (sets.len() as i64) < AT_A_TIME;
        self.last = sets.last().copied().or(self.last);
        let mut stamps = stamps_of(conn, sets.iter().map(|set| set.1).collect(), Some(query)).await?;
        for (submitted_at, buildset) in sets {
            if let Some(stamps) = stamps.remove(&buildset) {
                self.put(stamps, submitted_at, buildset);
            }
        }
        Ok(())
    }

    fn put(&mut self, stamps: Stamps, submitted_at: i64, buildset: i64) {
        let place = *self.places.entry(stamps.clone()).or_insert_with(|| {
            self.found.push(Found {
                stamps,
                submitted_at,
                buildsets: vec![],
            });
            self.found.len() - 1
        });
        self.found[place].buildsets.push(buildset);
    }
}

/// The buildsets of each revision: those that the walk met, and those that it did not come to.
async fn buildsets_of(conn: &mut Conn, builders: &[i64], found: &[Found]) -> Result<Vec<Vec<i64>>> {
    // A buildset of the same revision has its first source stamp too.
    let first: Vec<i64> = found
        .iter()
        .filter_map(|it| <[i64]>::first(&it.stamps).copied())
        .collect();
    let asked = build_requests::table
        .filter(build_requests::buildset.eq(buildset_sources::buildset))
        .filter((build_requests::builder + 0_i64).eq_any(builders.to_vec()));
    let candidates: Vec<i64> = buildset_sources::table
        .filter(buildset_sources::source_stamp.eq_any(first))
        .filter(exists(asked))
        .order(buildset_sources::buildset.desc())
        .limit(MOST_BUILDSETS)
        .select(buildset_sources::buildset)
        .load(conn)
        .await?;
    let stamps = stamps_of(conn, candidates, None).await?;
    let mut of_stamps: HashMap<&Stamps, Vec<i64>> = HashMap::new();
    for (buildset, stamps) in &stamps {
        of_stamps.entry(stamps).or_default().push(*buildset);
    }
    let all_of = |it: &Found| {
        let more = of_stamps.get(&it.stamps).into_iter().flatten();
        it.buildsets.iter().chain(more).copied().collect()
    };
    Ok(found.iter().map(all_of).collect())
}

/// The source stamps of each of the buildsets that has one of the branch and codebase asked for.
async fn stamps_of(
    conn: &mut Conn,
    buildsets: Vec<i64>,
    query: Option<&GridQuery>,
) -> Result<HashMap<i64, Stamps>> {
    let found: Vec<(i64, i64, Option<String>, String)> = buildset_sources::table
        .inner_join(source_stamps::table.on(source_stamps::id.eq(buildset_sources::source_stamp)))
        .filter(buildset_sources::buildset.eq_any(buildsets))
        .order((buildset_sources::buildset, buildset_sources::source_stamp))
        .select((
            buildset_sources::buildset,
            buildset_sources::source_stamp,
            source_stamps::branch,
            source_stamps::codebase,
        ))
        .load(conn)
        .await?;
    let mut stamps: HashMap<i64, (bool, Stamps)> = HashMap::new();
    for (buildset, stamp, branch, codebase) in found {
        let (fits, ids) = stamps.entry(buildset).or_default();
        *fits |= query.is_none_or(|query| {
            let branch_fits = query.branch.is_none() || query.branch == branch;
            branch_fits && query.codebase.as_ref().is_none_or(|wanted| *wanted == codebase)
        });
        ids.push(stamp);
    }
    let fitting = stamps.into_iter().filter(|(_, (fits, _))| *fits);
    Ok(fitting.map(|(buildset, (_, ids))| (buildset, ids)).collect())
}

async fn revisions(conn: &mut Conn, found: &[Found]) -> Result<Vec<GridRevision>> {
    let ids: Vec<i64> = found.iter().flat_map(|it| it.stamps.iter().copied()).collect();
    let rows: Vec<SourceStampRow> = source_stamps::table
        .filter(source_stamps::id.eq_any(ids))
        .select(SourceStampRow::as_select())
        .load(conn)
        .await?;
    let stamps: HashMap<i64, SourceStamp> = rows::source_stamps(conn, rows)
        .await?
        .into_iter()
        .map(|stamp| (stamp.id.0, stamp))
        .collect();
    let revision = |found: &Found| GridRevision {
        source_stamps: found
            .stamps
            .iter()
            .filter_map(|id| stamps.get(id).cloned())
            .collect(),
        submitted_at: Timestamp(found.submitted_at),
    };
    Ok(found.iter().map(revision).collect())
}
