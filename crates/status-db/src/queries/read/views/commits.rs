//! How two commits are related.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Commit, CommitField, CommitGraph, CommitGraphQuery, CommitId, CommitKey, Key, Query, Resource,
};

use super::super::list;
use super::Conn;
use crate::error::{Error, Result};
use crate::schema::commits;

/// Commits on the way back from one, at the most.
const MOST: usize = 10_000;

#[derive(QueryableByName)]
struct Ancestor {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

pub(super) async fn graph(conn: &mut Conn, query: CommitGraphQuery) -> Result<CommitGraph> {
    let CommitGraphQuery { first, second } = query;
    if codebase(conn, first).await? != codebase(conn, second).await? {
        return Err(Error::invalid("second", "the commits are of different codebases"));
    }
    let first = ancestors(conn, first).await?;
    let second = ancestors(conn, second).await?;
    let places: HashMap<i64, usize> = second.iter().copied().zip(0..).collect();
    let common = first.iter().position(|id| places.contains_key(id));
    let behind = |ancestors: &[i64], end: Option<usize>| {
        let end = end.unwrap_or(ancestors.len()).min(MOST);
        ancestors[..end].iter().rev().map(|id| CommitId(*id)).collect()
    };
    let place_in_second = common.and_then(|place| places.get(&first[place]).copied());
    Ok(CommitGraph {
        to_first: behind(&first, common),
        to_second: behind(&second, place_in_second),
        common: match common {
            Some(place) => one(conn, first[place]).await?,
            None => None,
        },
    })
}

async fn codebase(conn: &mut Conn, commit: CommitId) -> Result<i64> {
    let found = commits::table.find(commit.0).select(commits::codebase);
    let found: Option<i64> = found.first(conn).await.optional()?;
    found.ok_or_else(|| Error::not_found(Key::Commit(CommitKey::Id(commit))))
}

/// The commit and those before it, the newest first.
async fn ancestors(conn: &mut Conn, CommitId(commit): CommitId) -> Result<Vec<i64>> {
    // Numbers only, so that they can stand in the text, where each database has its own sign for a value.
    let walk = format!(
        "WITH RECURSIVE way (id, parent, depth) AS ( \
           SELECT id, parent, 0 FROM commits WHERE id = {commit} \
           UNION ALL \
           SELECT commits.id, commits.parent, way.depth + 1 FROM commits JOIN way ON commits.id = way.parent \
           WHERE way.depth < {MOST} \
         ) SELECT id FROM way ORDER BY depth"
    );
    let way: Vec<Ancestor> = diesel::sql_query(walk).load(conn).await?;
    Ok(way.into_iter().map(|ancestor| ancestor.id).collect())
}

async fn one(conn: &mut Conn, id: i64) -> Result<Option<Commit>> {
    let query = Query::<Commit>::new().eq(CommitField::Id, id).limit(1);
    let (mut found, _) = list(conn, Commit::into_list(query)).await?;
    Ok(found.pop().and_then(Commit::from_entity))
}
