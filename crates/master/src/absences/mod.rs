//! Tells of workers that should be connected and are not (Buildbot's `missing_timeout`).

mod away;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_status_api::{
    At, Clock, Entity, Key, ReadExt, Signal, Start, Timestamp, TopicFilter, Watch, Worker, WorkerId,
};
use weir_status_db::{Store, Transition};

use crate::current::Current;
use crate::error::{Error, Result};
use away::{Away, Patience};

/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(5);

/// Watches which workers come and go.
pub(crate) struct Absences {
    store: Store,
    clock: Arc<dyn Clock>,
    current: watch::Receiver<Arc<Current>>,
    away: Away,
}

impl Absences {
    /// Expects the workers that serve a builder, each as long as it is configured to be waited for.
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        mut current: watch::Receiver<Arc<Current>>,
    ) -> Self {
        let away = Away::new(expected(&current.borrow_and_update()));
        Self {
            store,
            clock,
            current,
            away,
        }
    }

    /// Runs until `stop`; a failure of the store is reported and tried again.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let error = tokio::select! {
                result = self.watch() => match result {
                    Ok(()) => Error::Status(weir_status_api::Error::unavailable("the events ended")),
                    Err(error) => error,
                },
                () = stop.cancelled() => return,
            };
            tracing::error!(%error, "watching for missing workers failed, trying again");
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Runs until the events end or something fails. Who is away now counts as away from now on.
    async fn watch(&mut self) -> Result<()> {
        // What happens from here on comes as an event, so reading the workers afterwards misses nothing.
        let after = Start::After(self.store.newest());
        let filter = TopicFilter::parse("workers/*/*")?;
        let mut events = self.store.watch(filter, after).await?;
        for worker in self.away.expected().collect::<Vec<_>>() {
            let At { value, .. } = self.store.one::<Worker>(Key::Worker(worker.into())).await?;
            self.see(&value, self.clock.now());
        }
        loop {
            self.tell().await?;
            let now = self.clock.now();
            let due = async {
                match self.away.next() {
                    Some(due) => tokio::time::sleep(due.since(now)).await,
                    None => std::future::pending().await,
                }
            };
            let signal = tokio::select! {
                biased;
                signal = events.next() => signal,
                Ok(()) = self.current.changed() => {
                    let expected = expected(&self.current.borrow_and_update());
                    // Those who are expected from now on, and may have been away for long.
                    for worker in self.away.expect(expected) {
                        let At { value, .. } = self.store.one::<Worker>(Key::Worker(worker.into())).await?;
                        self.see(&value, self.clock.now());
                    }
                    continue;
                }
                () = due => continue,
            };
            match signal.transpose()? {
                None => return Ok(()),
                Some(Signal::Event(event)) => {
                    if let Entity::Worker(worker) = &event.entity {
                        self.see(worker, event.at);
                    }
                }
                Some(Signal::Bookmark(_)) => {}
            }
        }
    }

    fn see(&mut self, worker: &Worker, at: Timestamp) {
        if worker.connected_to.is_empty() {
            self.away.left(worker.id, at);
        } else {
            self.away.came(worker.id);
        }
    }

    async fn tell(&mut self) -> Result<()> {
        for (worker, absence) in self.away.missing(self.clock.now()) {
            self.tell_of(worker, absence).await?;
        }
        Ok(())
    }

    async fn tell_of(&mut self, worker: WorkerId, absence: weir_status_api::Absence) -> Result<()> {
        tracing::warn!(%worker, since = %absence.last_connection, "a worker is missing");
        let miss = Transition::MissWorker(worker, Some(absence));
        self.store.apply(miss).await?;
        self.away.told(worker);
        Ok(())
    }
}

/// The workers that serve a builder, and how long each may be away.
fn expected(current: &Current) -> BTreeMap<WorkerId, Patience> {
    let config = &current.config;
    let serving: BTreeSet<&String> = config.builders.iter().flat_map(|it| &it.workers).collect();
    let expected = config.workers.iter().filter(|it| serving.contains(&it.name));
    expected
        .filter_map(|it| {
            let patience = Patience {
                timeout: it.missing_timeout?,
                notify: it.notify_on_missing.clone(),
            };
            Some((*current.ids.workers.get(&it.name)?, patience))
        })
        .collect()
}
