//! Buildsets after changes: `single_branch` and `any_branch`.

use std::time::Duration;

use futures::StreamExt;
use weir_config::{ChangeFilter, SchedulerKind};
use weir_status_api::{
    Change, ChangeField, ChangeId, Cursor, Entity, Key, Op, Query, ReadExt, Signal, Start, TopicFilter, Watch,
};
use weir_status_db::BuildsetSource;

use super::Context;
use super::pending::Pending;
use crate::error::{Error, Result};

/// A scheduler that waits for changes.
pub(super) struct AfterChanges<'c> {
    context: &'c Context,
    filter: &'c ChangeFilter,
    /// The one branch it looks at; none for any.
    only: Option<Option<&'c str>>,
    stable: Duration,
    pending: Pending,
    enabled: bool,
    cursor: Cursor,
}

impl<'c> AfterChanges<'c> {
    /// Takes up its work where its kept state says that it was left.
    pub(super) async fn load(context: &'c Context) -> Result<Self> {
        let (filter, only, stable) = match &context.config.kind {
            SchedulerKind::SingleBranch {
                branch,
                tree_stable,
                filter,
            } => (filter, Some(branch.as_deref()), *tree_stable),
            SchedulerKind::AnyBranch { tree_stable, filter } => (filter, None, *tree_stable),
            other => return Err(Error::Answer(format!("{other:?} for a scheduler after changes"))),
        };
        let newest = context
            .store
            .page(Query::<Change>::new().descending(ChangeField::Id).limit(1))
            .await?;
        let mut scheduler = Self {
            context,
            filter,
            only,
            stable,
            pending: Pending::default(),
            enabled: context.enabled().await?,
            cursor: newest.cursor,
        };
        match context.kept().await? {
            Some(pending) => scheduler.pending = pending,
            None => {
                // A new scheduler does not build history.
                scheduler.pending.seen = newest.items.first().map_or(0, |it| it.id.0);
                context.keep(&scheduler.pending).await?;
            }
        }
        Ok(scheduler)
    }

    /// Runs until the events end or something fails.
    pub(super) async fn run(mut self) -> Result<()> {
        self.catch_up().await?;
        let filter = TopicFilter::parse_all([
            "changes/*/new",
            &format!("schedulers/{}/updated", self.context.id),
        ])?;
        let mut events = self
            .context
            .store
            .watch(filter, Start::After(self.cursor))
            .await?;
        loop {
            self.build_what_is_stable().await?;
            let signal = tokio::select! {
                signal = events.next() => signal,
                () = self.wait() => continue,
            };
            match signal.transpose()? {
                None => return Ok(()),
                Some(Signal::Bookmark(_)) => {}
                Some(Signal::Event(event)) => match &event.entity {
                    Entity::Change(change) => self.consider(change).await?,
                    Entity::Scheduler(it) => self.set_enabled(it.enabled).await?,
                    _ => {}
                },
            }
        }
    }

    /// Looks at the changes that came while nobody watched.
    async fn catch_up(&mut self) -> Result<()> {
        let mut query = Query::<Change>::new()
            .filter(ChangeField::Id, Op::Gt, vec![self.pending.seen.into()])
            .ascending(ChangeField::Id);
        loop {
            let page = self.context.store.page(query.clone()).await?;
            for change in &page.items {
                self.consider(change).await?;
            }
            // What came after the last page is in the events after its cursor.
            self.cursor = page.cursor;
            match page.next {
                Some(next) => query = query.after(next),
                None => return self.context.keep(&self.pending).await,
            }
        }
    }

    async fn consider(&mut self, change: &Change) -> Result<()> {
        if change.id.0 <= self.pending.seen {
            return Ok(());
        }
        self.pending.seen = change.id.0;
        let on_branch = self.only.is_none_or(|only| only == change.branch.as_deref());
        if !self.enabled || !on_branch || !self.filter.admits(change) {
            return Ok(());
        }
        self.pending.add(change, self.context.clock.now());
        if self.stable.is_zero() {
            return self.build_what_is_stable().await;
        }
        self.context.keep(&self.pending).await
    }

    async fn set_enabled(&mut self, enabled: bool) -> Result<()> {
        self.enabled = enabled;
        if !enabled {
            self.pending.clear();
        }
        // What came while it was disabled stays unbuilt, even if the master restarts.
        self.context.keep(&self.pending).await
    }

    async fn wait(&self) {
        match self.pending.next_due(self.stable) {
            Some(due) => tokio::time::sleep(due.since(self.context.clock.now())).await,
            None => std::future::pending().await,
        }
    }

    async fn build_what_is_stable(&mut self) -> Result<()> {
        let now = self.context.clock.now();
        let mut after = self.pending.clone();
        while let Some(changes) = after.take_due(self.stable, now) {
            self.build(changes, &after).await?;
            self.pending = after.clone();
        }
        Ok(())
    }

    /// One buildset of `changes`, in one transaction with the state in which they no longer wait.
    async fn build(&self, changes: Vec<ChangeId>, after: &Pending) -> Result<()> {
        let Some(newest) = changes.last() else {
            return Ok(());
        };
        let newest: Change = self.context.store.one(Key::Change(*newest)).await?.value;
        let reason = format!(
            "The scheduler `{}` was triggered by changes",
            self.context.config.name
        );
        let mut buildset = self.context.buildset(reason, self.context.state(after)?);
        buildset.sources = vec![BuildsetSource::Stamp(newest.source_stamp.id)];
        buildset.changes = changes;
        for (name, property) in newest.properties {
            buildset.properties.entry(name).or_insert(property);
        }
        self.context.submit(buildset).await
    }
}
