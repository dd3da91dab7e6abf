//! What views hold, computed by looking at every row. An implementation that holds its rows in memory may use it.

mod commits;
mod home;
mod tables;
mod waterfall;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::{
    Build, BuildCell, BuildRequest, Builder, BuilderChoice, Buildset, BuildsetId, Change, ChangeId, Commit,
    MAX_VIEW_BUILDERS, Master, Result, Step, View, ViewQuery, Worker,
};

/// All rows that views are made of.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each holds all resources of its name")]
pub struct ViewRows {
    pub masters: Vec<Master>,
    pub builders: Vec<Builder>,
    pub workers: Vec<Worker>,
    pub builds: Vec<Build>,
    pub requests: Vec<BuildRequest>,
    pub buildsets: Vec<Buildset>,
    pub steps: Vec<Step>,
    pub changes: Vec<Change>,
    pub commits: Vec<Commit>,
    /// The changes that each buildset lists.
    pub buildset_changes: BTreeMap<BuildsetId, Vec<ChangeId>>,
}

impl ViewRows {
    /// What `query` asks for.
    ///
    /// # Errors
    /// As [`Read::view`](crate::Read::view).
    pub fn view(&self, query: &ViewQuery) -> Result<View> {
        query.validate()?;
        Ok(match query {
            ViewQuery::Home(query) => View::Home(self.home(query)),
            ViewQuery::Waterfall(query) => View::Waterfall(self.waterfall(query)),
            ViewQuery::Grid(query) => View::Grid(self.grid(query)),
            ViewQuery::Console(query) => View::Console(self.console(query)),
            ViewQuery::CommitGraph(query) => View::CommitGraph(self.commit_graph(*query)?),
        })
    }

    fn chosen(&self, choice: &BuilderChoice) -> Vec<Builder> {
        let has_one = |builder: &Builder, tags: &[String]| builder.tags.iter().any(|tag| tags.contains(tag));
        let is_chosen = |builder: &&Builder| {
            (choice.builders.is_empty() || choice.builders.contains(&builder.id))
                && (choice.project.is_none() || builder.project == choice.project)
                && (choice.tags.is_empty() || has_one(builder, &choice.tags))
                && !has_one(builder, &choice.without_tags)
                && (choice.removed_too || !builder.masters.is_empty())
        };
        let mut chosen: Vec<Builder> = self.builders.iter().filter(is_chosen).cloned().collect();
        chosen.sort_by(|one, two| one.name.cmp(&two.name));
        chosen.truncate(MAX_VIEW_BUILDERS as usize);
        chosen
    }

    /// The builds of the builders, the last to begin first; without properties, as all builds in views are.
    fn builds_of(&self, builders: &[Builder]) -> Vec<Build> {
        let is_of = |build: &&Build| builders.iter().any(|builder| builder.id == build.builder);
        let mut builds: Vec<Build> = self.builds.iter().filter(is_of).cloned().collect();
        builds.sort_by_key(|build| Reverse((build.started_at, build.id)));
        for build in &mut builds {
            build.properties.clear();
        }
        builds
    }

    /// Whether the request is open and has no build that runs.
    fn waits(&self, request: &BuildRequest) -> bool {
        let runs = |build: &Build| build.request == request.id && build.complete_at.is_none();
        request.complete_at.is_none() && !self.builds.iter().any(runs)
    }
}

fn cell(build: &Build) -> BuildCell {
    BuildCell {
        id: build.id,
        number: build.number,
        started_at: build.started_at,
        complete_at: build.complete_at,
        results: build.results,
    }
}
