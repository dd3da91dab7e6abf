//! Retention: what is too old goes, in small steps between which others write.

mod segments;

use std::time::Duration;

use tokio::time::Instant;
use weir_status_api::{BuildId, BuildRequestId, BuildsetId, ChangeId, Cursor, LogId, LogKind, Timestamp};

use crate::backend::{Behind, Found, Search};
use crate::deadline::within_deadline;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::transition::{Applied, Deleted, Outdated, Transition};
use segments::Spare;

pub(crate) use segments::COPYING;

/// About how many rows go in one transaction.
const ROWS: u32 = 500;
/// How many candidates are looked for at once.
const PAGE: u32 = 500;
/// How many events go in one transaction: they have one index.
const EVENTS: i64 = 2_000;
/// Where each search begins.
const START: Behind = (i64::MIN, 0);

/// How long things are kept. What nothing is said of is kept for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Builds, from their end on; and requests and buildsets that ended without a build.
    pub builds: Option<Duration>,
    /// How many ended builds of a builder are kept at the most: the newest.
    pub builds_per_builder: Option<u32>,
    /// How many of the newest ended builds of a builder stay as they are, however old; at least one does.
    pub least_per_builder: u32,
    /// The contents of logs, from the end of their build on.
    pub logs: Option<Duration>,
    /// Changes, from when they came; one that a buildset refers to stays as long as that.
    pub changes: Option<Duration>,
    /// Events, from when they happened.
    pub events: Option<Duration>,
}

/// What a round of retention let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Builds.
    pub builds: u64,
    /// Requests and buildsets that ended without a build.
    pub requests: u64,
    /// Contents of logs, beside those of the builds.
    pub logs: u64,
    /// Changes.
    pub changes: u64,
    /// Events.
    pub events: u64,
    /// Bytes of log segments.
    pub log_bytes: u64,
    /// The longest that a transaction of it held up others.
    pub longest_step: Duration,
}

impl Retained {
    /// Whether nothing went.
    pub fn is_nothing(&self) -> bool {
        let Self {
            builds,
            requests,
            logs,
            changes,
            events,
            log_bytes,
            longest_step: _,
        } = *self;
        [builds, requests, logs, changes, events, log_bytes] == [0; 6]
    }
}

impl Store {
    /// Lets go what is too old, and frees the space of logs; this can take long, and leaves half of the time to others.
    /// It can be given up at any moment.
    ///
    /// Never goes what belongs to a build that runs, to the newest builds of a builder, to a buildset that is not
    /// complete or whose triggering build runs, or what a scheduler or change source may refer to in its kept state.
    ///
    /// # Errors
    /// Faults of the database and of the disk; what went until then is gone.
    pub async fn retain(&self, retention: &Retention) -> Result<Retained> {
        let mut round = Round {
            store: self,
            least: retention.least_per_builder.max(1),
            now: self.inner.clock.now(),
            retained: Retained::default(),
        };
        round.run(retention).await?;
        Ok(round.retained)
    }
}

/// Frees all space of log segments that is worth it; how many bytes that brings.
pub(crate) async fn tidy(store: &Store) -> Result<u64> {
    segments::sweep(store, Spare::Tenth).await
}

struct Round<'a> {
    store: &'a Store,
    least: u32,
    now: Timestamp,
    retained: Retained,
}

impl Round<'_> {
    async fn run(&mut self, retention: &Retention) -> Result<()> {
        if let Some(most) = retention.builds_per_builder {
            for builder in within_deadline(self.store.inner.backend.builder_ids()).await? {
                self.retained.builds += self.delete(Search::Excess(builder, most), builds).await?;
            }
        }
        if let Some(age) = retention.builds {
            let before = self.before(age);
            self.retained.builds += self.delete(Search::Builds(before), builds).await?;
            self.retained.requests += self.delete(Search::Requests(before), requests).await?;
            self.retained.requests += self.delete(Search::Buildsets(before), buildsets).await?;
        }
        if let Some(age) = retention.logs {
            let before = self.before(age);
            for kind in [LogKind::Stdio, LogKind::Text, LogKind::Html] {
                self.retained.logs += self.delete(Search::Logs(kind, before), logs).await?;
            }
        }
        if let Some(age) = retention.changes {
            let before = self.before(age);
            self.retained.changes += self.delete(Search::Changes(before), changes).await?;
        }
        if let Some(age) = retention.events {
            self.expire_events(age).await?;
        }
        self.retained.log_bytes = segments::sweep(self.store, Spare::Half).await?;
        Ok(())
    }

    /// The moment before which things are too old.
    fn before(&self, age: Duration) -> Timestamp {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.now.0.saturating_sub(age))
    }

    /// Deletes all that the search finds and nobody needs; how many those were.
    async fn delete(&mut self, search: Search, name: fn(&[i64]) -> Outdated) -> Result<u64> {
        let mut behind = START;
        let mut gone = 0;
        loop {
            let backend = &self.store.inner.backend;
            let Found { ids, next } = within_deadline(backend.search(search, behind, PAGE)).await?;
            let mut rest = ids.as_slice();
            while !rest.is_empty() {
                let deleted = self.step(name(rest)).await?;
                if deleted.done == 0 && deleted.rows == 0 {
                    return Err(Error::data("a deletion came no further"));
                }
                gone += u64::try_from(deleted.gone).unwrap_or(0);
                rest = rest.get(deleted.done..).unwrap_or_default();
            }
            match next {
                Some(next) => behind = next,
                None => return Ok(gone),
            }
        }
    }

    async fn step(&mut self, what: Outdated) -> Result<Deleted> {
        let delete = Transition::Delete {
            what,
            least_per_builder: self.least,
            rows: ROWS,
        };
        match self.paced(delete).await? {
            Applied::Deleted(deleted) => Ok(deleted),
            other => Err(Error::data(format_args!("a deletion gave {other:?}"))),
        }
    }

    /// Applies the transition, and leaves the writer to others for as long as it took.
    async fn paced(&mut self, transition: Transition) -> Result<Applied> {
        let begun = Instant::now();
        let applied = self.store.apply(transition).await?;
        let took = begun.elapsed();
        self.retained.longest_step = self.retained.longest_step.max(took);
        tokio::time::sleep(took).await;
        Ok(applied)
    }

    async fn expire_events(&mut self, age: Duration) -> Result<()> {
        let backend = &self.store.inner.backend;
        let last = within_deadline(backend.last_event_before(self.before(age))).await?;
        let Some(last) = last else {
            return Ok(());
        };
        let mut oldest = within_deadline(backend.span()).await?.oldest;
        while oldest < last {
            let upto = Cursor(last.0.min(oldest.0.saturating_add(EVENTS)));
            self.paced(Transition::ExpireEvents(upto)).await?;
            self.retained.events += u64::try_from(upto.0 - oldest.0).unwrap_or(0);
            oldest = upto;
        }
        Ok(())
    }
}

fn builds(ids: &[i64]) -> Outdated {
    Outdated::Builds(ids.iter().copied().map(BuildId).collect())
}

fn requests(ids: &[i64]) -> Outdated {
    Outdated::Requests(ids.iter().copied().map(BuildRequestId).collect())
}

fn buildsets(ids: &[i64]) -> Outdated {
    Outdated::Buildsets(ids.iter().copied().map(BuildsetId).collect())
}

fn logs(ids: &[i64]) -> Outdated {
    Outdated::Logs(ids.iter().copied().map(LogId).collect())
}

fn changes(ids: &[i64]) -> Outdated {
    Outdated::Changes(ids.iter().copied().map(ChangeId).collect())
}
