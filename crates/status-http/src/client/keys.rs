//! Keys that have no path: a name in them is a number, empty, or dots, and would be taken for something else.

use weir_status_api::{
    BuildKey, Builder, BuilderField, BuilderKey, Condition, Entity, Error, Key, List, ListParts, LogKey, Op,
    PropertiesOf, Query, ReadExt, Result, SchedulerKey, StepKey, Value, WorkerKey,
};

use super::HttpStatus;
use crate::v2::{contents_path, key_conditions, key_path, properties_path};

impl HttpStatus {
    /// The path of `key`, by way of an id if it has none of its own.
    pub(super) async fn path(&self, key: &Key) -> Result<String> {
        if let Some(path) = key_path(key) {
            return Ok(path);
        }
        let id = self.by_id(key).await?;
        key_path(&id).ok_or_else(|| Error::not_found(key))
    }

    pub(super) async fn contents_path(&self, log: &LogKey) -> Result<String> {
        if let Some(path) = contents_path(log) {
            return Ok(path);
        }
        Ok(format!("{}/contents", self.path(&Key::Log(log.clone())).await?))
    }

    pub(super) async fn properties_path(&self, of: &PropertiesOf) -> Result<String> {
        match (properties_path(of), of) {
            (Some(path), _) => Ok(path),
            (None, PropertiesOf::Build(build)) => Ok(format!(
                "{}/properties",
                self.path(&Key::Build(build.clone())).await?
            )),
            (None, PropertiesOf::Buildset(_)) => Err(Error::not_found(of)),
        }
    }

    /// The same resource's key by id, looked for in a list.
    async fn by_id(&self, key: &Key) -> Result<Key> {
        let conditions = match key {
            Key::Build(BuildKey::Number(builder, number)) => {
                let builder = self.builder_id(builder, key).await?;
                vec![equals("builder", builder), equals("number", Value::Int(*number))]
            }
            Key::Step(StepKey::Number(build, number)) => {
                vec![
                    equals("build", self.build_id(build, key).await?),
                    equals("number", Value::Int(*number)),
                ]
            }
            Key::Step(StepKey::Name(build, name)) => {
                vec![
                    equals("build", self.build_id(build, key).await?),
                    equals("name", Value::Text(name.clone())),
                ]
            }
            Key::Log(LogKey::Slug(step, slug)) => {
                vec![
                    equals("step", self.step_id(step, key).await?),
                    equals("slug", Value::Text(slug.clone())),
                ]
            }
            key => key_conditions(key).into_iter().collect(),
        };
        self.find(key, conditions).await
    }

    async fn builder_id(&self, builder: &BuilderKey, whole: &Key) -> Result<Value> {
        match builder {
            BuilderKey::Id(id) => Ok(Value::Int(id.0)),
            BuilderKey::Name(name) => {
                let query = Query::<Builder>::new()
                    .eq(BuilderField::Name, name.as_str())
                    .limit(1);
                let found = self.page(query).await?.items.pop();
                found
                    .map(|it| Value::Int(it.id.0))
                    .ok_or_else(|| Error::not_found(whole))
            }
        }
    }

    async fn build_id(&self, build: &BuildKey, whole: &Key) -> Result<Value> {
        match self.known_or_found(&Key::Build(build.clone()), whole).await? {
            Key::Build(BuildKey::Id(id)) => Ok(Value::Int(id.0)),
            _ => Err(Error::not_found(whole)),
        }
    }

    async fn step_id(&self, step: &StepKey, whole: &Key) -> Result<Value> {
        match self.known_or_found(&Key::Step(step.clone()), whole).await? {
            Key::Step(StepKey::Id(id)) => Ok(Value::Int(id.0)),
            _ => Err(Error::not_found(whole)),
        }
    }

    async fn known_or_found(&self, key: &Key, whole: &Key) -> Result<Key> {
        match key {
            Key::Build(BuildKey::Id(_)) | Key::Step(StepKey::Id(_)) => Ok(key.clone()),
            // A key within a key is as deep as the types are: two at the most.
            key => match Box::pin(self.by_id(key)).await {
                Err(Error::NotFound { .. }) => Err(Error::not_found(whole)),
                found => found,
            },
        }
    }

    async fn find(&self, key: &Key, conditions: Vec<Condition>) -> Result<Key> {
        let mut parts = ListParts::new(key.kind());
        parts.filters = conditions;
        parts.limit = Some(1);
        let found = self.list_of(List::from_parts(parts)?).await?.items.pop();
        found
            .and_then(|it| id_key(&it))
            .ok_or_else(|| Error::not_found(key))
    }
}

fn equals(field: &str, value: Value) -> Condition {
    Condition {
        field: field.to_owned(),
        op: Op::Eq,
        values: vec![value],
    }
}

/// The key by id of a resource that also has a name or a place.
fn id_key(entity: &Entity) -> Option<Key> {
    Some(match entity {
        Entity::Builder(it) => Key::Builder(it.id.into()),
        Entity::Build(it) => Key::Build(it.id.into()),
        Entity::Step(it) => Key::Step(it.id.into()),
        Entity::Log(it) => Key::Log(it.id.into()),
        Entity::Worker(it) => Key::Worker(WorkerKey::Id(it.id)),
        Entity::Scheduler(it) => Key::Scheduler(SchedulerKey::Id(it.id)),
        _ => return None,
    })
}
