//! Buildsets in intervals: `periodic`.

use std::time::Duration;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use weir_config::SourceDefaults;
use weir_status_api::{Entity, Key, Read, Signal, Start, Timestamp, TopicFilter, Watch};
use weir_status_db::{BuildsetSource, NewSourceStamp};

use super::Context;
use crate::error::Result;

/// A scheduler that goes by the clock.
pub(super) struct Periodic<'c> {
    context: &'c Context,
    interval: Duration,
    source: &'c SourceDefaults,
}

#[derive(Debug, Serialize, Deserialize)]
struct Last {
    last_at: Timestamp,
}

impl<'c> Periodic<'c> {
    pub(super) fn new(context: &'c Context, interval: Duration, source: &'c SourceDefaults) -> Self {
        Self {
            context,
            interval,
            source,
        }
    }

    /// Runs until the events end or something fails. The first buildset comes at once; one that was due while
    /// the master was down comes once.
    pub(super) async fn run(self) -> Result<()> {
        let last: Option<Last> = self.context.kept().await?;
        let mut due = last.map_or(self.context.clock.now(), |it| it.last_at.plus(self.interval));
        let key = Key::Scheduler(self.context.id.into());
        let at = self.context.store.get(key).await?;
        let mut enabled = matches!(at.value, Entity::Scheduler(it) if it.enabled);
        let filter = TopicFilter::parse(&format!("schedulers/{}/updated", self.context.id))?;
        let mut events = self.context.store.watch(filter, Start::After(at.cursor)).await?;
        loop {
            let wait = tokio::time::sleep(due.since(self.context.clock.now()));
            let signal = tokio::select! {
                signal = events.next() => signal,
                () = wait => {
                    due = self.fire(enabled).await?;
                    continue;
                }
            };
            match signal.transpose()? {
                None => return Ok(()),
                Some(Signal::Event(event)) => {
                    if let Entity::Scheduler(it) = &event.entity {
                        enabled = it.enabled;
                    }
                }
                Some(Signal::Bookmark(_)) => {}
            }
        }
    }

    /// Makes the buildset that is due and gives the time of the next. A disabled scheduler lets its times pass.
    async fn fire(&self, enabled: bool) -> Result<Timestamp> {
        let now = self.context.clock.now();
        let state = self.context.state(&Last { last_at: now })?;
        if enabled {
            let reason = format!(
                "The scheduler `{}` triggered this build",
                self.context.config.name
            );
            let mut buildset = self.context.buildset(reason, state);
            buildset.sources = vec![BuildsetSource::New(NewSourceStamp {
                revision: None,
                branch: self.source.branch.clone(),
                repository: self.source.repository.clone(),
                project: self.source.project.clone(),
                codebase: self.source.codebase.clone(),
            })];
            self.context.submit(buildset).await?;
        }
        Ok(now.plus(self.interval))
    }
}
