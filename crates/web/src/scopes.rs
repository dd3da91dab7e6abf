//! The parents that a path names, as conditions of a list.

use weir_status_api::{At, Builder, BuilderKey, Condition, Entity, Error, Key, Op, Result, Value};
use weir_status_http::v2::{self, Scope};

use crate::source::Source;

/// No id is this, so that a list under a parent that does not exist is empty, as Buildbot's.
const NOBODY: i64 = -1;

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
    };
    Ok(Condition {
        field: field.to_owned(),
        op,
        values,
    })
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
