//! Views, of the builders that somebody sees.

use weir_status_api::{
    At, Build, BuildField, BuildKey, BuilderChoice, BuilderId, CommitId, Entity, Error, Home, Key, MAX_LIMIT,
    MAX_VIEW_BUILDERS, Query, Resource, Result, View, ViewQuery, WaitReason, Worker,
};

use crate::eyes::{Eyes, cut_holders};
use crate::opened::missing;

/// The id of no builder.
const NOBODY: BuilderId = BuilderId(0);

impl Eyes {
    pub(crate) async fn view(&self, mut query: ViewQuery) -> Result<At<View>> {
        query.validate()?;
        match &mut query {
            ViewQuery::Home(query) => self.narrow_choice(&mut query.builders).await?,
            ViewQuery::Waterfall(query) => self.narrow_choice(&mut query.builders).await?,
            ViewQuery::Grid(query) => self.narrow_choice(&mut query.builders).await?,
            ViewQuery::Console(query) => self.narrow_choice(&mut query.builders).await?,
            ViewQuery::CommitGraph(query) => {
                self.must_see_commit(query.first).await?;
                self.must_see_commit(query.second).await?;
            }
            // What a newer version shows, nobody has said how to narrow.
            other => {
                return Err(Error::NotSupported {
                    operation: format!("the view {other:?}"),
                    implementer: "a master that hides some builders from you".to_owned(),
                });
            }
        }
        let mut at = self.shared.api.view(query).await?;
        if let View::Home(home) = &mut at.value {
            for it in &mut home.waiting {
                if let Some(cut) = cut_holders(&it.request) {
                    it.request = cut;
                }
            }
            self.narrow_workers(home).await?;
            self.narrow_reasons(home).await?;
        }
        Ok(at)
    }

    /// Takes out of the choice what is hidden. All that a view tells is of the builders chosen.
    async fn narrow_choice(&self, choice: &mut BuilderChoice) -> Result<()> {
        let mut seen = self.seen_builders().await?;
        if !choice.builders.is_empty() {
            seen.retain(|id| choice.builders.contains(id));
        }
        if seen.len() > MAX_VIEW_BUILDERS as usize {
            return Err(Error::invalid(
                "builders",
                format!("name the builders: there are more than {MAX_VIEW_BUILDERS} that you may see"),
            ));
        }
        if seen.is_empty() {
            seen.push(NOBODY);
        }
        choice.builders = seen;
        if let Some(project) = choice.project
            && !self.sees_project(project).await?
        {
            choice.builders = vec![NOBODY];
        }
        Ok(())
    }

    async fn narrow_workers(&self, home: &mut Home) -> Result<()> {
        let workers = std::mem::take(&mut home.workers);
        for worker in workers {
            if let Some(Entity::Worker(worker)) = self.show(Entity::from(worker)).await? {
                home.workers.push(worker);
            }
        }
        Ok(())
    }

    /// That workers are busy is told where it is with what can be seen; else the master waits for what it alone knows.
    async fn narrow_reasons(&self, home: &mut Home) -> Result<()> {
        if home.waiting.iter().all(|it| it.why != WaitReason::Busy) {
            return Ok(());
        }
        let workers: Vec<Worker> = self.rows(Query::new()).await?;
        let running: Vec<Build> = self.rows(Query::new().eq(BuildField::Complete, false)).await?;
        let is_idle = |worker: &&Worker| {
            let usable = !worker.connected_to.is_empty() && !worker.paused && !worker.graceful;
            usable && running.iter().all(|build| build.worker != worker.id)
        };
        let idle: Vec<&Worker> = workers.iter().filter(is_idle).collect();
        for it in &mut home.waiting {
            let serves = |worker: &&Worker| {
                let mut builders = worker.configured_on.iter();
                builders.any(|on| on.builder == it.request.builder)
            };
            if it.why == WaitReason::Busy && idle.iter().any(serves) {
                it.why = WaitReason::Ready;
            }
        }
        Ok(())
    }

    /// The rows that are seen of one page as large as there can be.
    async fn rows<R: Resource>(&self, query: Query<R>) -> Result<Vec<R>> {
        let page = self.list(R::into_list(query.limit(MAX_LIMIT))).await?;
        Ok(page.items.into_iter().filter_map(R::from_entity).collect())
    }

    async fn must_see_commit(&self, commit: CommitId) -> Result<()> {
        match self.sees_commit(commit).await? {
            true => Ok(()),
            false => Err(Error::not_found(Key::Commit(commit.into()))),
        }
    }

    pub(crate) async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        let what = Key::BuildData(build.clone(), name.clone());
        let seen = match self.build(&build).await {
            Ok(_) => true,
            Err(Error::NotFound { .. }) => false,
            Err(error) => return Err(error),
        };
        match seen {
            true => self
                .shared
                .api
                .build_data(build, name)
                .await
                .map_err(|error| missing(error, &what)),
            false => Err(Error::not_found(what)),
        }
    }
}
