//! What somebody sees for whom some builders are hidden.

use std::sync::Arc;

use weir_status_api::{
    Build, BuildId, BuildRequest, Builder, BuilderId, BuilderKey, Buildset, BuildsetId, CodebaseId, CommitId,
    ControlTarget, DeadLetter, Entity, Error, Event, ForceScheduler, Key, Project, ProjectId, ReadExt,
    Result, Worker,
};

use crate::catalogue::Builders;
use crate::guarded::Shared;
use crate::policy::Limit;

/// The eyes of somebody who sees the builders only that one of the limits lets through.
#[derive(Clone)]
pub(crate) struct Eyes {
    pub(crate) shared: Arc<Shared>,
    pub(crate) limits: Arc<[Limit]>,
}

/// What becomes of a resource.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is hidden.
    Nothing,
    /// It can be seen as it is.
    Whole,
    /// It can be seen without what it says of something hidden.
    Part(Box<Entity>),
}

impl Seen {
    fn whole_if(seen: bool) -> Self {
        if seen { Self::Whole } else { Self::Nothing }
    }
}

impl Eyes {
    fn admits(&self, facts: &crate::policy::Facts) -> bool {
        self.limits.iter().any(|limit| limit.admits(facts))
    }

    async fn all_builders(&self) -> Result<Arc<Builders>> {
        self.shared
            .catalogue
            .all(&*self.shared.api, &*self.shared.clock)
            .await
    }

    /// The builders that are seen, in one order always, so that the pages of a list fit each other.
    pub(crate) async fn seen_builders(&self) -> Result<Vec<BuilderId>> {
        let all = self.all_builders().await?;
        let seen = all.iter().filter(|(_, facts)| self.admits(facts));
        let mut seen: Vec<BuilderId> = seen.map(|(id, _)| id).collect();
        seen.sort_unstable();
        Ok(seen)
    }

    /// Whether the builder is seen. One that does not exist is not.
    pub(crate) async fn sees_builder(&self, builder: impl Into<BuilderKey>) -> Result<bool> {
        let shared = &self.shared;
        let key = builder.into();
        let facts = shared.catalogue.facts(&*shared.api, &*shared.clock, &key).await?;
        Ok(facts.is_some_and(|facts| self.admits(&facts)))
    }

    async fn sees_owner(&self, builder: Option<BuilderId>) -> Result<bool> {
        match builder {
            Some(builder) => self.sees_builder(builder).await,
            None => Ok(false),
        }
    }

    /// Whether the build is seen.
    pub(crate) async fn sees_build(&self, build: BuildId) -> Result<bool> {
        let owner = self.shared.relations.of_build(&*self.shared.api, build).await?;
        self.sees_owner(owner).await
    }

    /// Whether the buildset is seen: if one of its builders is, or it has none. One that is not there is not: its
    /// builders cannot be told.
    pub(crate) async fn sees_buildset(&self, buildset: BuildsetId) -> Result<bool> {
        let shared = &self.shared;
        let builders = shared.relations.of_buildset(&*shared.api, buildset).await?;
        for builder in builders.iter() {
            if self.sees_builder(*builder).await? {
                return Ok(true);
            }
        }
        Ok(builders.is_empty() && shared.relations.is_buildset(&*shared.api, buildset).await?)
    }

    /// Whether the project is seen: if one of its builders is, or it has none.
    pub(crate) async fn sees_project(&self, project: ProjectId) -> Result<bool> {
        let all = self.all_builders().await?;
        let mut of_project = all.of_project(project).peekable();
        Ok(of_project.peek().is_none() || of_project.any(|facts| self.admits(facts)))
    }

    /// Whether the codebase, and what is known of it, is seen: if its project is.
    pub(crate) async fn sees_codebase(&self, codebase: CodebaseId) -> Result<bool> {
        let shared = &self.shared;
        match shared.relations.of_codebase(&*shared.api, codebase).await? {
            Some(project) => self.sees_project(project).await,
            None => Ok(false),
        }
    }

    /// Whether the commit is seen: if its codebase is.
    pub(crate) async fn sees_commit(&self, commit: CommitId) -> Result<bool> {
        let shared = &self.shared;
        match shared.relations.of_commit(&*shared.api, commit).await? {
            Some(codebase) => self.sees_codebase(codebase).await,
            None => Ok(false),
        }
    }

    /// Whether the log is seen.
    pub(crate) async fn sees_log(&self, log: weir_status_api::LogId) -> Result<bool> {
        let owner = self.shared.relations.of_log(&*self.shared.api, log).await?;
        self.sees_owner(owner).await
    }

    /// What is seen of `entity`.
    pub(crate) async fn look(&self, entity: &Entity) -> Result<Seen> {
        let (api, relations) = (&*self.shared.api, &self.shared.relations);
        let seen = match entity {
            // These belong to no builder.
            Entity::Master(_)
            | Entity::SourceStamp(_)
            | Entity::Change(_)
            | Entity::ChangeSource(_)
            | Entity::Listener(_) => true,
            Entity::DeadLetter(it) => return self.look_at_dead_letter(it).await,
            Entity::Project(it) => return self.look_at_project(it).await,
            Entity::Codebase(it) => self.sees_project(it.project).await?,
            Entity::Branch(it) => self.sees_codebase(it.codebase).await?,
            Entity::Commit(it) => self.sees_codebase(it.codebase).await?,
            Entity::Builder(it) => self.sees_itself(it).await?,
            Entity::BuildData(it) => self.sees_build(it.build).await?,
            Entity::TestResultSet(it) => self.sees_builder(it.builder).await?,
            Entity::TestResult(it) => self.sees_builder(it.builder).await?,
            Entity::Build(it) => self.sees_builder(it.builder).await?,
            Entity::BuildRequest(it) if self.sees_builder(it.builder).await? => {
                return Ok(Self::look_at_wait(it));
            }
            Entity::BuildRequest(_) => false,
            Entity::Buildset(it) => return self.look_at_buildset(it).await,
            Entity::Step(it) => self.sees_build(it.build).await?,
            Entity::Log(it) => self.sees_owner(relations.of_step(api, it.step).await?).await?,
            Entity::Worker(it) => return self.look_at_worker(it).await,
            Entity::Scheduler(it) => self.sees_scheduler(&it.name).await?,
            Entity::ForceScheduler(it) => return self.look_at_force_scheduler(it).await,
            Entity::Properties(it) => self.sees_build(it.build).await?,
            Entity::Control(it) => match it.target {
                ControlTarget::Build(id) => self.sees_build(id).await?,
                ControlTarget::BuildRequest(id) => {
                    self.sees_owner(relations.of_request(api, id).await?).await?
                }
                ControlTarget::Worker(_) | ControlTarget::Listener(_) => true,
            },
        };
        Ok(Seen::whole_if(seen))
    }

    /// A dead letter is seen as its event is.
    async fn look_at_dead_letter(&self, letter: &DeadLetter) -> Result<Seen> {
        // No dead letter holds another one, so this goes one deep.
        Ok(match Box::pin(self.look(&letter.event.entity)).await? {
            Seen::Part(entity) => {
                let event = Event {
                    entity: *entity,
                    ..(*letter.event).clone()
                };
                let event = Box::new(event);
                Seen::Part(Box::new(Entity::DeadLetter(DeadLetter {
                    event,
                    ..letter.clone()
                })))
            }
            seen => seen,
        })
    }

    async fn sees_itself(&self, builder: &Builder) -> Result<bool> {
        let shared = &self.shared;
        let facts = shared
            .catalogue
            .facts_of(&*shared.api, &*shared.clock, builder)
            .await?;
        Ok(self.admits(&facts))
    }

    /// Who holds the lock that a request waits for may be hidden.
    fn look_at_wait(request: &BuildRequest) -> Seen {
        match cut_holders(request) {
            Some(request) => Seen::Part(Box::new(request.into())),
            None => Seen::Whole,
        }
    }

    async fn look_at_project(&self, project: &Project) -> Result<Seen> {
        let all = self.all_builders().await?;
        let mut builders = all.of_project(project.id).peekable();
        if builders.peek().is_none() {
            return Ok(Seen::Whole);
        }
        let mut seen = builders.filter(|facts| self.admits(facts)).peekable();
        Ok(if seen.peek().is_none() {
            Seen::Nothing
        } else if !project.active || seen.any(|facts| facts.configured) {
            Seen::Whole
        } else {
            // Only something hidden keeps it active.
            Seen::Part(Box::new(Entity::Project(Project {
                active: false,
                ..project.clone()
            })))
        })
    }

    async fn look_at_buildset(&self, buildset: &Buildset) -> Result<Seen> {
        if !self.sees_buildset(buildset.id).await? {
            return Ok(Seen::Nothing);
        }
        let hidden = async |build: Option<BuildId>| match build {
            Some(build) => Ok::<_, Error>(!self.sees_build(build).await?),
            None => Ok(false),
        };
        let (parent, rebuilt) = (
            hidden(buildset.parent_build).await?,
            hidden(buildset.rebuilt_build).await?,
        );
        if !parent && !rebuilt {
            return Ok(Seen::Whole);
        }
        let mut buildset = buildset.clone();
        if parent {
            buildset.parent_build = None;
            buildset.parent_relationship = None;
        }
        if rebuilt {
            buildset.rebuilt_build = None;
        }
        Ok(Seen::Part(Box::new(buildset.into())))
    }

    async fn look_at_worker(&self, worker: &Worker) -> Result<Seen> {
        let mut seen = Vec::with_capacity(worker.configured_on.len());
        for it in &worker.configured_on {
            if self.sees_builder(it.builder).await? {
                seen.push(*it);
            }
        }
        if seen.len() == worker.configured_on.len() {
            return Ok(Seen::Whole);
        }
        Ok(Seen::Part(Box::new(Entity::Worker(Worker {
            configured_on: seen,
            ..worker.clone()
        }))))
    }

    async fn look_at_force_scheduler(&self, scheduler: &ForceScheduler) -> Result<Seen> {
        let names = &scheduler.builder_names;
        let mut seen = Vec::with_capacity(names.len());
        for name in names {
            if self.sees_builder(name.as_str()).await? {
                seen.push(name.clone());
            }
        }
        Ok(if seen.len() == names.len() {
            Seen::Whole
        } else if seen.is_empty() {
            Seen::Nothing
        } else {
            Seen::Part(Box::new(Entity::ForceScheduler(ForceScheduler {
                builder_names: seen,
                ..scheduler.clone()
            })))
        })
    }

    /// Whether the scheduler is seen: a force scheduler is hidden with its builders.
    pub(crate) async fn sees_scheduler(&self, name: &str) -> Result<bool> {
        let key = Key::ForceScheduler(name.to_owned());
        match self.shared.api.one::<ForceScheduler>(key).await {
            Ok(at) => Ok(!matches!(
                self.look_at_force_scheduler(&at.value).await?,
                Seen::Nothing
            )),
            Err(Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// `entity` as it is seen; none if it is hidden.
    pub(crate) async fn show(&self, entity: Entity) -> Result<Option<Entity>> {
        Ok(match self.look(&entity).await? {
            Seen::Nothing => None,
            Seen::Whole => Some(entity),
            Seen::Part(part) => Some(*part),
        })
    }

    /// The build that is asked for, if it is seen.
    ///
    /// # Errors
    /// [`Error::NotFound`] as for one that does not exist.
    pub(crate) async fn build(&self, key: &weir_status_api::BuildKey) -> Result<Build> {
        let key = Key::Build(key.clone());
        let build = self.shared.api.one::<Build>(key.clone()).await?.value;
        match self.sees_builder(build.builder).await? {
            true => Ok(build),
            false => Err(Error::not_found(key)),
        }
    }
}

/// The request without who holds what it waits for; none if it does not tell.
pub(crate) fn cut_holders(request: &BuildRequest) -> Option<BuildRequest> {
    let (what, _holders) = request.waiting_for.as_deref()?.split_once(", held by ")?;
    Some(BuildRequest {
        waiting_for: Some(what.to_owned()),
        ..request.clone()
    })
}

#[cfg(test)]
mod tests {
    use weir_status_api::{BuildRequestId, Timestamp};

    use super::*;

    #[test]
    fn a_request_tells_of_the_lock_and_not_of_who_holds_it() {
        let mut request = BuildRequest {
            id: BuildRequestId(1),
            buildset: BuildsetId(1),
            builder: BuilderId(1),
            priority: 0,
            claimed_at: None,
            claimed_by: None,
            complete_at: None,
            results: None,
            submitted_at: Timestamp(1),
            waited_for: false,
            waiting_for: None,
            properties: Default::default(),
        };
        assert_eq!(cut_holders(&request), None);
        request.waiting_for = Some("lock db, held by secret/1, secret/2 and 3 more".to_owned());
        let cut = cut_holders(&request).and_then(|it| it.waiting_for);
        assert_eq!(cut.as_deref(), Some("lock db"));
    }
}
