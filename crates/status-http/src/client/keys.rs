//! Keys that have no path: a name in them is a number, empty, or dots, and would be taken for something else; or
//! Buildbot takes an id only there.

use weir_status_api::{
    At, BuildKey, Builder, BuilderField, BuilderKey, CodebaseKey, CommitKey, Condition, Entity, Error, Key,
    List, ListParts, LogKey, ProjectKey, PropertiesOf, Query, ReadExt, Result, SchedulerKey, StepKey, Value,
    WorkerKey,
};

use super::HttpStatus;
use crate::v2::{
    build_data_path, contents_path, equals, key_conditions, key_path, properties_path, search_path,
};

impl HttpStatus {
    /// The path of `key`, by way of an id if it has none of its own; none if it has no id either.
    pub(super) async fn path(&self, key: &Key) -> Result<Option<String>> {
        if let Some(path) = key_path(key) {
            return Ok(Some(path));
        }
        match key {
            Key::BuildData(build, name) => {
                let build = self.known_or_found(&Key::Build(build.clone()), key).await?;
                match build {
                    Key::Build(build) => Ok(key_path(&Key::BuildData(build, name.clone()))),
                    _ => Ok(None),
                }
            }
            key => Ok(key_path(&self.by_id(key).await?)),
        }
    }

    /// The path of a resource that has an id.
    pub(super) async fn path_with_id(&self, key: &Key) -> Result<String> {
        self.path(key).await?.ok_or_else(|| Error::not_found(key))
    }

    pub(super) async fn contents_path(&self, log: &LogKey) -> Result<String> {
        if let Some(path) = contents_path(log) {
            return Ok(path);
        }
        Ok(format!(
            "{}/contents",
            self.path_with_id(&Key::Log(log.clone())).await?
        ))
    }

    pub(super) async fn search_path(&self, log: &LogKey) -> Result<String> {
        if let Some(path) = search_path(log) {
            return Ok(path);
        }
        Ok(format!(
            "{}/search",
            self.path_with_id(&Key::Log(log.clone())).await?
        ))
    }

    pub(super) async fn properties_path(&self, of: &PropertiesOf) -> Result<String> {
        match (properties_path(of), of) {
            (Some(path), _) => Ok(path),
            (None, PropertiesOf::Build(build)) => Ok(format!(
                "{}/properties",
                self.path_with_id(&Key::Build(build.clone())).await?
            )),
            (None, PropertiesOf::Buildset(_)) => Err(Error::not_found(of)),
        }
    }

    pub(super) async fn build_data_path(&self, build: &BuildKey, name: &str) -> Result<String> {
        if let Some(path) = build_data_path(build, name) {
            return Ok(path);
        }
        let key = Key::BuildData(build.clone(), name.to_owned());
        match self.path(&key).await? {
            Some(path) => Ok(format!("{path}/value")),
            // No URL can have it: `.` and `..` are dropped from it. Buildbot's names are identifiers.
            None => Err(Error::NotSupported {
                operation: format!("reading the value of {key}"),
                implementer: "JSON, where a name cannot be empty or dots".to_owned(),
            }),
        }
    }

    /// A resource that has neither a path nor an id.
    pub(super) async fn get_by_list(&self, key: Key) -> Result<At<Entity>> {
        let conditions = self.conditions(&key).await?;
        self.first(&key, conditions).await
    }

    /// The same resource's key by id, looked for in a list.
    pub(super) async fn by_id(&self, key: &Key) -> Result<Key> {
        let conditions = self.conditions(key).await?;
        let found = self.first(key, conditions).await?.value;
        id_key(&found).ok_or_else(|| Error::not_found(key))
    }

    /// What only this resource meets.
    async fn conditions(&self, key: &Key) -> Result<Vec<Condition>> {
        Ok(match key {
            Key::Build(BuildKey::Number(builder, number)) => {
                let builder = self.builder_id(builder, key).await?;
                vec![equals("builder", builder), equals("number", Value::Int(*number))]
            }
            Key::Step(StepKey::Number(build, number)) => {
                let build = self.id(Key::Build(build.clone()), key).await?;
                vec![equals("build", build), equals("number", Value::Int(*number))]
            }
            Key::Step(StepKey::Name(build, name)) => {
                let build = self.id(Key::Build(build.clone()), key).await?;
                vec![equals("build", build), equals("name", name.as_str().into())]
            }
            Key::Log(LogKey::Slug(step, slug)) => {
                let step = self.id(Key::Step(step.clone()), key).await?;
                vec![equals("step", step), equals("slug", slug.as_str().into())]
            }
            Key::Codebase(CodebaseKey::Slug(project, slug)) => {
                let project = self.id(Key::Project(project.clone()), key).await?;
                vec![equals("project", project), equals("slug", slug.as_str().into())]
            }
            Key::Commit(CommitKey::Revision(codebase, revision)) => {
                let codebase = self.id(Key::Codebase(codebase.clone()), key).await?;
                vec![
                    equals("codebase", codebase),
                    equals("revision", revision.as_str().into()),
                ]
            }
            Key::BuildData(build, name) => {
                let build = self.id(Key::Build(build.clone()), key).await?;
                vec![equals("build", build), equals("name", name.as_str().into())]
            }
            key => key_conditions(key).into_iter().collect(),
        })
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

    /// The id of a resource that is a part of the key `whole`.
    async fn id(&self, part: Key, whole: &Key) -> Result<Value> {
        let key = self.known_or_found(&part, whole).await?;
        let id = key_conditions(&key).and_then(|mut it| it.values.pop());
        id.ok_or_else(|| Error::not_found(whole))
    }

    async fn known_or_found(&self, key: &Key, whole: &Key) -> Result<Key> {
        match key {
            Key::Build(BuildKey::Id(_))
            | Key::Step(StepKey::Id(_))
            | Key::Project(ProjectKey::Id(_))
            | Key::Codebase(CodebaseKey::Id(_)) => Ok(key.clone()),
            // A key within a key is as deep as the types are: two at the most.
            key => match Box::pin(self.by_id(key)).await {
                Err(Error::NotFound { .. }) => Err(Error::not_found(whole)),
                found => found,
            },
        }
    }

    async fn first(&self, key: &Key, conditions: Vec<Condition>) -> Result<At<Entity>> {
        let mut parts = ListParts::new(key.kind());
        parts.filters = conditions;
        parts.limit = Some(1);
        let mut page = self.list_of(List::from_parts(parts)?).await?;
        let value = page.items.pop().ok_or_else(|| Error::not_found(key))?;
        Ok(At {
            value,
            cursor: page.cursor,
        })
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
        Entity::Project(it) => Key::Project(it.id.into()),
        Entity::Codebase(it) => Key::Codebase(it.id.into()),
        Entity::Commit(it) => Key::Commit(it.id.into()),
        Entity::Listener(it) => Key::Listener(it.id.into()),
        _ => return None,
    })
}
