//! The builders, with what rules look at.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use weir_status_api::{
    Builder, BuilderId, BuilderKey, Clock, Cursor, Error, Key, MAX_LIMIT, Project, ProjectId, Query, ReadExt,
    Resource, Result, StatusApi, Timestamp,
};

use crate::policy::Facts;

/// How long the builders are remembered: when another configuration changes their tags, rules follow this late, in
/// streams at once.
const FRESH: Duration = Duration::from_secs(2);

/// All builders at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Builders {
    facts: HashMap<BuilderId, Facts>,
    names: HashMap<String, BuilderId>,
    projects: HashMap<ProjectId, String>,
    /// All that happened up to this is in here.
    cursor: Cursor,
}

impl Builders {
    fn put(&mut self, builder: &Builder) {
        self.names.insert(builder.name.clone(), builder.id);
        let project = builder.project.and_then(|id| self.projects.get(&id).cloned());
        self.facts.insert(builder.id, facts(builder, project));
    }

    fn knows_project_of(&self, builder: &Builder) -> bool {
        builder.project.is_none_or(|id| self.projects.contains_key(&id))
    }

    /// What rules look at of the builders of a project.
    pub(crate) fn of_project(&self, project: ProjectId) -> impl Iterator<Item = &Facts> {
        self.facts
            .values()
            .filter(move |facts| facts.project_id == Some(project))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (BuilderId, &Facts)> {
        self.facts.iter().map(|(id, facts)| (*id, facts))
    }
}

/// What rules look at of `builder`.
fn facts(builder: &Builder, project: Option<String>) -> Facts {
    Facts {
        name: builder.name.clone(),
        tags: builder.tags.clone(),
        project,
        project_id: builder.project,
        configured: !builder.masters.is_empty(),
    }
}

/// The builders as they were read last. There are few enough of them to be held all.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    last: RwLock<Option<(Timestamp, Arc<Builders>)>>,
    /// So that many callers do not all read at once.
    reading: tokio::sync::Mutex<()>,
}

impl Catalogue {
    fn fresh(&self, now: Timestamp) -> Option<Arc<Builders>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let (at, builders) = last.as_ref()?;
        (now >= *at && now.since(*at) < FRESH).then(|| Arc::clone(builders))
    }

    /// All builders.
    pub(crate) async fn all(&self, api: &dyn StatusApi, clock: &dyn Clock) -> Result<Arc<Builders>> {
        if let Some(builders) = self.fresh(clock.now()) {
            return Ok(builders);
        }
        let _one_at_a_time = self.reading.lock().await;
        let now = clock.now();
        if let Some(builders) = self.fresh(now) {
            return Ok(builders);
        }
        let mut builders = Builders::default();
        // Builders first: the projects that they are of are there by then.
        let (rows, cursor) = every::<Builder>(api).await?;
        let (projects, _) = every::<Project>(api).await?;
        builders.cursor = cursor;
        builders.projects = projects.into_iter().map(|it| (it.id, it.name)).collect();
        rows.iter().for_each(|builder| builders.put(builder));
        let builders = Arc::new(builders);
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&builders)));
        Ok(builders)
    }

    /// Takes over what an event says of a builder.
    pub(crate) fn note(&self, builder: &Builder) {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, builders)) = last.as_mut() {
            if builders.knows_project_of(builder) {
                Arc::make_mut(builders).put(builder);
            } else {
                // All is read again, with its project.
                *last = None;
            }
        }
    }

    /// Forgets what was read before that happened.
    pub(crate) fn must_know(&self, cursor: Cursor) {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        if last
            .as_ref()
            .is_some_and(|(_, builders)| builders.cursor < cursor)
        {
            *last = None;
        }
    }

    /// What rules look at of this builder, as it is told here.
    pub(crate) async fn facts_of(
        &self,
        api: &dyn StatusApi,
        clock: &dyn Clock,
        builder: &Builder,
    ) -> Result<Facts> {
        let all = self.all(api, clock).await?;
        let project = match builder.project {
            None => None,
            Some(id) => match all.projects.get(&id) {
                Some(name) => Some(name.clone()),
                None => Some(api.one::<Project>(Key::Project(id.into())).await?.value.name),
            },
        };
        Ok(facts(builder, project))
    }

    /// What rules look at of the builder, if it is there.
    pub(crate) async fn facts(
        &self,
        api: &dyn StatusApi,
        clock: &dyn Clock,
        builder: &BuilderKey,
    ) -> Result<Option<Facts>> {
        let all = self.all(api, clock).await?;
        let id = match builder {
            BuilderKey::Id(id) => Some(*id),
            BuilderKey::Name(name) => all.names.get(name).copied(),
        };
        if let Some(facts) = id.and_then(|id| all.facts.get(&id)) {
            return Ok(Some(facts.clone()));
        }
        // It may be newer than what is remembered.
        match api.one::<Builder>(Key::Builder(builder.clone())).await {
            Ok(at) => {
                self.note(&at.value);
                Ok(Some(self.facts_of(api, clock, &at.value).await?))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// All resources of one type, and the cursor since which they are so.
async fn every<R: Resource>(api: &dyn StatusApi) -> Result<(Vec<R>, Cursor)> {
    let mut rows = vec![];
    let mut after = None;
    let mut since = None;
    loop {
        let mut query = Query::<R>::new().limit(MAX_LIMIT);
        query.after = after;
        let page = api.page(query).await?;
        let since = *since.get_or_insert(page.cursor);
        rows.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok((rows, since));
        }
    }
}
