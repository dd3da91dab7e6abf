//! Buildsets after those of another scheduler: `dependent`.

use std::collections::BTreeSet;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use weir_status_api::{
    Buildset, BuildsetField, BuildsetId, Cursor, Entity, Key, Op, PropertiesOf, Query, Read, ReadExt,
    Results, Signal, Start, TopicFilter, Watch,
};
use weir_status_db::BuildsetSource;

use super::Context;
use crate::error::Result;

/// A scheduler that follows another.
pub(super) struct Dependent<'c> {
    context: &'c Context,
    upstream: &'c str,
    state: Following,
    cursor: Cursor,
    enabled: bool,
}

/// What it keeps in the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Following {
    /// The newest buildset looked at.
    seen: i64,
    /// The buildsets of the other that have not ended, or whose end it has not looked at.
    waiting: BTreeSet<i64>,
}

impl<'c> Dependent<'c> {
    /// Takes up its work where its kept state says that it was left. A new one follows what is to come.
    pub(super) async fn load(context: &'c Context, upstream: &'c str) -> Result<Self> {
        let newest = Query::<Buildset>::new().descending(BuildsetField::Id).limit(1);
        let newest = context.store.page(newest).await?;
        let kept = context.kept().await?;
        let is_known = kept.is_some();
        let scheduler = Self {
            context,
            upstream,
            state: kept.unwrap_or(Following {
                seen: newest.items.first().map_or(0, |it| it.id.0),
                waiting: BTreeSet::new(),
            }),
            cursor: newest.cursor,
            enabled: context.enabled().await?,
        };
        if !is_known {
            context.keep(&scheduler.state).await?;
        }
        Ok(scheduler)
    }

    /// Runs until the events end or something fails.
    pub(super) async fn run(mut self) -> Result<()> {
        self.catch_up().await?;
        let filter = TopicFilter::parse_all([
            "buildsets/*/new",
            "buildsets/*/complete",
            &format!("schedulers/{}/updated", self.context.id),
        ])?;
        let mut events = self
            .context
            .store
            .watch(filter, Start::After(self.cursor))
            .await?;
        while let Some(signal) = events.next().await.transpose()? {
            if let Signal::Event(event) = signal {
                match &event.entity {
                    Entity::Buildset(buildset) => {
                        self.note(buildset).await?;
                        self.settle(buildset).await?;
                    }
                    Entity::Scheduler(it) => self.enabled = it.enabled,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Looks at the buildsets that came and ended while nobody watched.
    async fn catch_up(&mut self) -> Result<()> {
        let query = Query::<Buildset>::new()
            .filter(BuildsetField::Id, Op::Gt, vec![self.state.seen.into()])
            .ascending(BuildsetField::Id);
        let mut pages = self.context.store.pages(query);
        while let Some(page) = pages.next().await? {
            for buildset in &page.items {
                self.note(buildset).await?;
            }
            self.cursor = page.cursor;
        }
        for id in self.state.waiting.clone() {
            let key = Key::Buildset(BuildsetId(id));
            match self.context.store.one::<Buildset>(key).await {
                Ok(at) => self.settle(&at.value).await?,
                Err(weir_status_api::Error::NotFound { .. }) => {
                    self.state.waiting.remove(&id);
                    self.context.keep(&self.state).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes up a buildset of the other scheduler; not one that repeats a build of it.
    async fn note(&mut self, buildset: &Buildset) -> Result<()> {
        if buildset.id.0 <= self.state.seen {
            return Ok(());
        }
        self.state.seen = buildset.id.0;
        if buildset.rebuilt_build.is_some() {
            return Ok(());
        }
        let of = PropertiesOf::Buildset(buildset.id);
        let properties = self.context.store.properties(of).await?.value;
        let scheduler = properties.get("scheduler").and_then(|it| it.value.as_str());
        if scheduler == Some(self.upstream) {
            self.state.waiting.insert(buildset.id.0);
            self.context.keep(&self.state).await?;
        }
        Ok(())
    }

    /// Does what the end of a buildset leads to. While it is disabled, none leads to anything.
    async fn settle(&mut self, upstream: &Buildset) -> Result<()> {
        if upstream.complete_at.is_none() || !self.state.waiting.contains(&upstream.id.0) {
            return Ok(());
        }
        let mut after = self.state.clone();
        after.waiting.remove(&upstream.id.0);
        let succeeded = matches!(upstream.results, Some(Results::Success | Results::Warnings));
        if succeeded && self.enabled {
            let reason = format!(
                "The scheduler `{}` was triggered by the success of `{}` (buildset {})",
                self.context.config.name, self.upstream, upstream.id
            );
            let mut buildset = self.context.buildset(reason, self.context.state(&after)?);
            buildset.sources = vec![BuildsetSource::Of(upstream.id)];
            self.context.submit(buildset).await?;
        } else {
            self.context.keep(&after).await?;
        }
        self.state = after;
        Ok(())
    }
}
