//! The rest of a buildset of which one build has failed: `failing_buildset_canceller`.

use std::collections::BTreeSet;

use futures::StreamExt;
use weir_status_api::{
    BuildRequest, BuildRequestField, Buildset, BuildsetId, Entity, Key, Query, ReadExt, Results, Signal,
    Start, TopicFilter, Watch,
};

use super::Context;
use crate::error::Result;

/// Cancels the rest of a buildset of which one build has failed.
pub(super) struct FailingBuildsets<'c> {
    context: &'c Context,
    /// The builders whose builds are cancelled; all if empty.
    cancel: &'c [String],
}

impl<'c> FailingBuildsets<'c> {
    pub(super) fn new(context: &'c Context, cancel: &'c [String]) -> Self {
        Self { context, cancel }
    }

    /// Runs until the events end or something fails.
    pub(super) async fn run(self) -> Result<()> {
        let (open, cursor) = self.context.open_requests().await?;
        // Of these a build can have failed while nobody watched.
        let buildsets: BTreeSet<BuildsetId> = open.iter().map(|it| it.buildset).collect();
        for buildset in buildsets {
            let failed = Query::<BuildRequest>::new()
                .eq(BuildRequestField::Buildset, buildset)
                .eq(BuildRequestField::Complete, true);
            for request in self.context.store.page(failed).await?.items {
                self.look_at(&request).await?;
            }
        }
        let filter = TopicFilter::parse("buildrequests/*/complete")?;
        let mut events = self.context.store.watch(filter, Start::After(cursor)).await?;
        while let Some(signal) = events.next().await.transpose()? {
            if let Signal::Event(event) = signal
                && let Entity::BuildRequest(request) = &event.entity
            {
                self.look_at(request).await?;
            }
        }
        Ok(())
    }

    /// Cancels what else belongs to the buildset of a request that has failed.
    async fn look_at(&self, failed: &BuildRequest) -> Result<()> {
        let Some(name) = self.context.looked_at(failed.builder) else {
            return Ok(());
        };
        if failed.results != Some(Results::Failure) {
            return Ok(());
        }
        let key = Key::Buildset(failed.buildset);
        let buildset: Buildset = self.context.store.one(key).await?.value;
        let filter = &self.context.config.filter;
        if buildset.complete_at.is_some() || !buildset.source_stamps.iter().any(|it| filter.admits(it)) {
            return Ok(());
        }
        let why = format!("the build on `{name}` of the same buildset failed");
        let query = Query::<BuildRequest>::new()
            .eq(BuildRequestField::Buildset, failed.buildset)
            .eq(BuildRequestField::Complete, false);
        let mut pages = self.context.store.pages(query);
        while let Some(page) = pages.next().await? {
            for request in page.items {
                let name = self.context.builder_name(request.builder);
                if self.cancel.is_empty() || name.is_some_and(|it| self.cancel.contains(&it)) {
                    self.context.cancel(request.id, &why).await?;
                }
            }
        }
        Ok(())
    }
}
