//! Buildsets after changes: `single_branch` and `any_branch`.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use weir_config::{ChangeFilter, SchedulerKind, SourceDefaults};
use weir_status_api::{
    Change, ChangeField, ChangeId, Cursor, Entity, Key, Op, Query, ReadExt, Signal, Start, TopicFilter, Watch,
};
use weir_status_db::BuildsetSource;

use super::pending::{Pending, line};
use super::{Context, LONGEST_SLEEP, new_stamp};
use crate::error::{Error, Result};

/// The line of all changes where one branch of several codebases is built together.
const TOGETHER: &str = "";

/// A scheduler that waits for changes.
pub(super) struct AfterChanges<'c> {
    context: &'c Context,
    filter: &'c ChangeFilter,
    /// The one branch it looks at; none for any.
    only: Option<Option<&'c str>>,
    stable: Duration,
    /// The codebases that it builds together; if empty, each change's source alone.
    codebases: &'c [SourceDefaults],
    pending: Pending,
    enabled: bool,
    cursor: Cursor,
}

impl<'c> AfterChanges<'c> {
    /// Takes up its work where its kept state says that it was left.
    pub(super) async fn load(context: &'c Context) -> Result<Self> {
        let (filter, only, stable, codebases) = match &context.config.kind {
            SchedulerKind::SingleBranch {
                branch,
                tree_stable,
                filter,
                codebases,
            } => (filter, Some(branch.as_deref()), *tree_stable, codebases),
            SchedulerKind::AnyBranch {
                tree_stable,
                filter,
                codebases,
            } => (filter, None, *tree_stable, codebases),
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
            codebases,
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
        let query = Query::<Change>::new()
            .filter(ChangeField::Id, Op::Gt, vec![self.pending.seen.into()])
            .ascending(ChangeField::Id);
        let mut pages = self.context.store.pages(query);
        while let Some(page) = pages.next().await? {
            for change in &page.items {
                self.consider(change).await?;
            }
            // What came after the last page is in the events after its cursor.
            self.cursor = page.cursor;
        }
        self.context.keep(&self.pending).await
    }

    async fn consider(&mut self, change: &Change) -> Result<()> {
        if change.id.0 <= self.pending.seen {
            return Ok(());
        }
        self.pending.seen = change.id.0;
        let on_branch = self.only.is_none_or(|only| only == change.branch.as_deref());
        let own = self.codebases.iter().find(|it| it.codebase == change.codebase);
        let of_codebase = self.codebases.is_empty() || own.is_some();
        if !self.enabled || !on_branch || !of_codebase || !self.context.admits(self.filter, change) {
            return Ok(());
        }
        // What is built of a codebase when another has a change is the newest of its own branch.
        if own.is_some_and(|own| self.only.is_some() || own.branch == change.branch) {
            self.pending.note_newest(change);
        }
        let line = if self.only.is_some() && own.is_some() {
            TOGETHER.to_owned()
        } else {
            line(change)
        };
        let is_important = self.context.is_important(self.filter, change);
        if !is_important && self.stable.is_zero() {
            // As Buildbot: there is no time in which others could come along.
            return self.context.keep(&self.pending).await;
        }
        self.pending
            .add(line, change, is_important, self.context.clock.now());
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
            Some(due) => {
                let pause = due.since(self.context.clock.now());
                tokio::time::sleep(pause.min(LONGEST_SLEEP)).await;
            }
            None => std::future::pending().await,
        }
    }

    async fn build_what_is_stable(&mut self) -> Result<()> {
        let now = self.context.clock.now();
        self.pending.set_back(now);
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
        buildset.sources = self.sources(&newest, &changes, after).await?;
        buildset.changes = changes;
        for (name, property) in newest.properties {
            buildset.properties.entry(name).or_insert(property);
        }
        self.context.submit(buildset).await
    }

    /// What is built of `changes`: the newest source of each codebase, of those without one the newest that is
    /// known.
    async fn sources(
        &self,
        newest: &Change,
        changes: &[ChangeId],
        after: &Pending,
    ) -> Result<Vec<BuildsetSource>> {
        if self.codebases.is_empty() {
            return Ok(vec![BuildsetSource::Stamp(newest.source_stamp.id)]);
        }
        let mut stamps = BTreeMap::new();
        for change in changes {
            let change: Change = self.context.store.one(Key::Change(*change)).await?.value;
            stamps.insert(change.codebase, change.source_stamp.id);
        }
        let source = |own: &SourceDefaults| {
            let known = stamps.get(&own.codebase).copied();
            match known.or_else(|| after.newest_of(&own.codebase)) {
                Some(stamp) => BuildsetSource::Stamp(stamp),
                None => BuildsetSource::New(new_stamp(own)),
            }
        };
        Ok(self.codebases.iter().map(source).collect())
    }
}
