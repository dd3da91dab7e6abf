//! What is built on a branch while a newer change of it waits: `old_build_canceller`.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use weir_status_api::{
    BuildRequest, BuildRequestId, BuilderId, Buildset, Change, ChangeField, ChangeId, Entity, Key, Query,
    ReadExt, Signal, SourceStampId, Start, TopicFilter, Watch,
};

use super::Context;
use crate::error::Result;

/// Cancels what is built of a branch when a newer change of it is to be built on the same builder.
///
/// A change alone cancels nothing: it may be one that is not built.
pub(super) struct OldBuilds<'c> {
    context: &'c Context,
    /// The requests that are not complete and that it looks at.
    open: BTreeMap<BuildRequestId, Open>,
}

/// A request that is not complete.
struct Open {
    builder: BuilderId,
    branches: BTreeMap<Branch, Newest>,
}

/// A branch of a codebase, by what it is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    project: String,
    codebase: String,
    repository: String,
    key: String,
}

/// How new a request's source of a branch is.
#[derive(Clone, Copy, Debug)]
struct Newest {
    /// The newest change that gives the source, if it comes from one.
    change: Option<ChangeId>,
    /// Whether a change of the branch has come since the request was made.
    is_passed: bool,
}

impl<'c> OldBuilds<'c> {
    pub(super) fn new(context: &'c Context) -> Self {
        Self {
            context,
            open: BTreeMap::new(),
        }
    }

    /// Runs until the events end or something fails.
    pub(super) async fn run(mut self) -> Result<()> {
        let (open, cursor) = self.context.open_requests().await?;
        for request in &open {
            self.take_up(request).await?;
        }
        let filter =
            TopicFilter::parse_all(["changes/*/new", "buildrequests/*/new", "buildrequests/*/complete"])?;
        let mut events = self.context.store.watch(filter, Start::After(cursor)).await?;
        while let Some(signal) = events.next().await.transpose()? {
            let Signal::Event(event) = signal else {
                continue;
            };
            match &event.entity {
                Entity::Change(change) => self.pass(change),
                Entity::BuildRequest(request) if request.complete_at.is_some() => {
                    self.open.remove(&request.id);
                }
                Entity::BuildRequest(request) => self.take_up(request).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes that a change of its branch came.
    fn pass(&mut self, change: &Change) {
        let Some(branch) = &change.branch else {
            return;
        };
        let kind = &self.context.config.kind;
        let branch = Branch {
            project: change.project.clone(),
            codebase: change.codebase.clone(),
            repository: change.repository.clone(),
            key: kind.branch_key(branch).to_owned(),
        };
        for open in self.open.values_mut() {
            if let Some(newest) = open.branches.get_mut(&branch) {
                newest.is_passed = true;
            }
        }
    }

    /// Takes up a request, and cancels those that it makes old.
    async fn take_up(&mut self, request: &BuildRequest) -> Result<()> {
        if self.context.looked_at(request.builder).is_none() || self.open.contains_key(&request.id) {
            return Ok(());
        }
        let key = Key::Buildset(request.buildset);
        let buildset: Buildset = self.context.store.one(key).await?.value;
        let branches = self.branches(&buildset).await?;
        for old in self.made_old(request.builder, &branches) {
            let why = format!(
                "build request {} is of a newer change of the same branch",
                request.id
            );
            self.context.cancel(old, &why).await?;
            self.open.remove(&old);
        }
        if !branches.is_empty() {
            let open = Open {
                builder: request.builder,
                branches,
            };
            self.open.insert(request.id, open);
        }
        Ok(())
    }

    /// The branches that it looks at of those that a buildset builds.
    async fn branches(&self, buildset: &Buildset) -> Result<BTreeMap<Branch, Newest>> {
        let config = &self.context.config;
        let mut branches = BTreeMap::new();
        for stamp in &buildset.source_stamps {
            let Some(branch) = stamp.branch.as_ref().filter(|_| config.filter.admits(stamp)) else {
                continue;
            };
            let branch = Branch {
                project: stamp.project.clone(),
                codebase: stamp.codebase.clone(),
                repository: stamp.repository.clone(),
                key: config.kind.branch_key(branch).to_owned(),
            };
            let newest = Newest {
                change: self.change_of(stamp.id).await?,
                is_passed: false,
            };
            branches.insert(branch, newest);
        }
        Ok(branches)
    }

    /// The newest change that gives the source stamp.
    async fn change_of(&self, stamp: SourceStampId) -> Result<Option<ChangeId>> {
        let newest = Query::<Change>::new()
            .eq(ChangeField::SourceStamp, stamp)
            .descending(ChangeField::Id)
            .limit(1);
        let found = self.context.store.page(newest).await?.items;
        Ok(found.first().map(|it| it.id))
    }

    /// The requests of the builder whose source of one of the branches is older than the new one's.
    fn made_old(&self, builder: BuilderId, new: &BTreeMap<Branch, Newest>) -> BTreeSet<BuildRequestId> {
        let is_old = |open: &Open| {
            open.branches.iter().any(|(branch, old)| {
                new.get(branch).is_some_and(|new| match (old.change, new.change) {
                    (Some(old), Some(new)) => old < new,
                    _ => old.is_passed,
                })
            })
        };
        let of_builder = self.open.iter().filter(|(_, open)| open.builder == builder);
        of_builder
            .filter(|(_, open)| is_old(open))
            .map(|(id, _)| *id)
            .collect()
    }
}
