//! The parents that a path names, as conditions of a list.

use weir_status_api::{
    At, Builder, BuilderKey, CommitGraph, CommitGraphQuery, CommitId, Condition, Entity, Error, Key, Op,
    Result, Value, View, ViewQuery,
};
use weir_status_http::v2::{self, CommitRange, Scope};

use crate::source::Source;

/// No id is this, so that a list under a parent that does not exist is empty, as Buildbot's.
const NOBODY: i64 = -1;
/// How many commits a range has at the most: a store takes twice as many values, and the list may have conditions of
/// its own.
const MOST_COMMITS: usize = 500;

/// The conditions that hold within all the scopes.
pub(crate) async fn conditions(source: &Source, scopes: Vec<Scope>) -> Result<Vec<Condition>> {
    let mut conditions = Vec::with_capacity(scopes.len());
    for scope in scopes {
        conditions.push(condition(source, scope).await?);
    }
    Ok(conditions)
}

async fn condition(source: &Source, scope: Scope) -> Result<Condition> {
    let (field, op, values) = match scope {
        Scope::Is(field, key) => (field, Op::Eq, vec![Value::Int(id(source, key).await?)]),
        Scope::Starts(key) => {
            let name = match key {
                BuilderKey::Name(name) => Some(name),
                key => builder(source, key).await?.map(|it| it.name),
            };
            match name {
                Some(name) => ("builder_names", Op::Contains, vec![Value::Text(name)]),
                // No force scheduler has an empty name.
                None => ("name", Op::Eq, vec![Value::Text(String::new())]),
            }
        }
        Scope::Has(key) => {
            let masters = builder(source, key)
                .await?
                .map(|it| it.masters)
                .unwrap_or_default();
            let ids = masters.into_iter().map(|id| Value::Int(id.0));
            ("id", Op::Eq, ids.chain([Value::Int(NOBODY)]).collect())
        }
        Scope::OnTheWay(field, range) => {
            let commits = on_the_way(source, range).await?;
            let ids = commits.into_iter().map(|id| Value::Int(id.0));
            (field, Op::Eq, ids.chain([Value::Int(NOBODY)]).collect())
        }
    };
    Ok(Condition {
        field: field.to_owned(),
        op,
        values,
    })
}

/// How two commits are related, if the first is of that codebase.
pub(crate) async fn commit_graph(source: &Source, range: CommitRange) -> Result<At<CommitGraph>> {
    let CommitRange {
        codebase,
        first,
        second,
    } = range;
    let key = Key::Commit(first.into());
    let codebase = id(source, Key::Codebase(codebase)).await?;
    let Entity::Commit(commit) = source.get(key.clone()).await?.value else {
        return Err(Error::internal("a commit that is none"));
    };
    if commit.codebase.0 != codebase {
        return Err(Error::not_found(key));
    }
    let query = CommitGraphQuery { first, second };
    match source.view(ViewQuery::CommitGraph(query)).await? {
        At {
            value: View::CommitGraph(value),
            cursor,
        } => Ok(At { value, cursor }),
        _ => Err(Error::internal("a graph of commits that is none")),
    }
}

/// The commits from the first to the second, both with them, as Buildbot has them; none if the second does not follow
/// the first.
async fn on_the_way(source: &Source, range: CommitRange) -> Result<Vec<CommitId>> {
    let first = range.first;
    let graph = match commit_graph(source, range).await {
        Ok(at) => at.value,
        // One is not there, or the two are of different codebases.
        Err(Error::NotFound { .. } | Error::InvalidQuery { .. }) => return Ok(vec![]),
        Err(error) => return Err(error),
    };
    if graph.common.is_none_or(|common| common.id != first) {
        return Ok(vec![]);
    }
    let mut way = graph.to_second;
    way.insert(0, first);
    if way.len() > MOST_COMMITS {
        let why = format!(
            "there are {} commits from the first to this one; a range has up to {MOST_COMMITS}, ask for parts of it",
            way.len()
        );
        return Err(Error::invalid("commitid2", why));
    }
    Ok(way)
}

async fn builder(source: &Source, key: BuilderKey) -> Result<Option<Builder>> {
    match found(source.get(Key::Builder(key)).await)? {
        Some(Entity::Builder(builder)) => Ok(Some(builder)),
        _ => Ok(None),
    }
}

/// The id of what `key` names.
async fn id(source: &Source, key: Key) -> Result<i64> {
    if let Some([Value::Int(id)]) = v2::key_conditions(&key).as_ref().map(|it| it.values.as_slice()) {
        return Ok(*id);
    }
    let entity = found(source.get(key).await)?;
    Ok(match entity {
        Some(Entity::Builder(it)) => it.id.0,
        Some(Entity::Build(it)) => it.id.0,
        Some(Entity::Step(it)) => it.id.0,
        Some(Entity::Log(it)) => it.id.0,
        Some(Entity::Worker(it)) => it.id.0,
        Some(Entity::Scheduler(it)) => it.id.0,
        Some(Entity::Project(it)) => it.id.0,
        Some(Entity::Codebase(it)) => it.id.0,
        Some(Entity::Listener(it)) => it.id.0,
        _ => NOBODY,
    })
}

fn found(answer: Result<At<Entity>>) -> Result<Option<Entity>> {
    match answer {
        Ok(at) => Ok(Some(at.value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
