//! Views, of the builders that somebody sees.

use weir_status_api::{
    At, BuildKey, BuilderChoice, BuilderId, Commit, CommitId, CommitKey, Entity, Error, Home, Key,
    MAX_VIEW_BUILDERS, ReadExt, Result, View, ViewQuery,
};

use crate::eyes::Eyes;
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
            self.narrow_workers(home).await?;
        }
        Ok(at)
    }

    /// Takes out of the choice what is hidden. All that a view tells is of the builders chosen.
    async fn narrow_choice(&self, choice: &mut BuilderChoice) -> Result<()> {
        let (mut seen, _) = self.sides().await?;
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

    async fn must_see_commit(&self, commit: CommitId) -> Result<()> {
        let key = Key::Commit(CommitKey::Id(commit));
        let found = self.shared.api.one::<Commit>(key.clone()).await?.value;
        match self.sees_codebase(found.codebase).await? {
            true => Ok(()),
            false => Err(Error::not_found(key)),
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
