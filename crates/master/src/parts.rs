//! The parts of the master that run by themselves, each by its own slice of the configuration and nothing else of it:
//! when the configuration changes, those whose slice is as before run on, and know nothing of it.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weir_config::{CancellerConfig, ChangeSource, MasterConfig, RetentionConfig, SchedulerConfig};
use weir_status_api::Clock;
use weir_status_db::Store;

use crate::change_sources::{GitPollerTask, PbChangeSourceTask};
use crate::current::Current;
use crate::setup::{codebase_id, codebase_key};
use crate::workers::Tellers;
use crate::{cancellers, retention, schedulers};

/// What one part goes by: two that are equal do the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slice {
    /// A change source, and the slugs of the project and codebase whose history it records.
    ChangeSource(ChangeSource, Option<(String, String)>),
    /// A scheduler.
    Scheduler(Box<SchedulerConfig>),
    /// A canceller.
    Canceller(CancellerConfig),
    /// How long things are kept.
    Retention(RetentionConfig),
}

impl Slice {
    /// Those of a configuration, in its order.
    pub(crate) fn all(config: &MasterConfig) -> Vec<Self> {
        let sources = config.change_sources.iter().map(|source| {
            let codebase = match source {
                ChangeSource::GitPoller(poller) => codebase_key(config, &poller.project, &poller.codebase),
                ChangeSource::Pb(_) => None,
            };
            Self::ChangeSource(source.clone(), codebase)
        });
        let schedulers = config.schedulers.iter().cloned();
        let schedulers = schedulers.map(|it| Self::Scheduler(Box::new(it)));
        sources
            .chain(schedulers)
            .chain(config.cancellers.iter().cloned().map(Self::Canceller))
            .chain(config.retention.iter().cloned().map(Self::Retention))
            .collect()
    }
}

struct Part {
    slice: Slice,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

/// All parts that run.
pub(crate) struct Parts {
    store: Store,
    clock: Arc<dyn Clock>,
    cache: PathBuf,
    current: watch::Receiver<Arc<Current>>,
    tellers: Tellers,
    stop: CancellationToken,
    running: Vec<Part>,
}

impl Parts {
    /// None yet; all that will be end with `stop`.
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        cache: PathBuf,
        current: watch::Receiver<Arc<Current>>,
        tellers: Tellers,
        stop: CancellationToken,
    ) -> Self {
        Self {
            store,
            clock,
            cache,
            current,
            tellers,
            stop,
            running: vec![],
        }
    }

    /// Ends those that are not `wanted`, and returns when they have ended: what they have handed to the store until then
    /// goes before all that is handed to it afterwards.
    pub(crate) async fn end_all_but(&mut self, wanted: &[Slice]) {
        let (stay, leave): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|it| wanted.contains(&it.slice));
        self.running = stay;
        for part in &leave {
            part.stop.cancel();
        }
        for part in leave {
            ended(part).await;
        }
    }

    /// Begins those of `wanted` that do not run.
    pub(crate) fn begin(&mut self, wanted: Vec<Slice>) {
        let current = Arc::clone(&self.current.borrow());
        for slice in wanted {
            if self.running.iter().any(|it| it.slice == slice) {
                continue;
            }
            let stop = self.stop.child_token();
            if let Some(task) = self.task(&slice, &current, stop.clone()) {
                let task = AbortOnDropHandle::new(task);
                self.running.push(Part { slice, stop, task });
            }
        }
    }

    fn task(
        &self,
        slice: &Slice,
        current: &Current,
        stop: CancellationToken,
    ) -> Option<tokio::task::JoinHandle<()>> {
        let store = self.store.clone();
        match slice.clone() {
            Slice::ChangeSource(ChangeSource::GitPoller(poller), _) => {
                let codebase = codebase_id(&current.config, &current.ids, &poller.project, &poller.codebase);
                let poller = GitPollerTask::new(poller, store, &self.cache, codebase);
                Some(tokio::spawn(poller.run(stop)))
            }
            Slice::ChangeSource(ChangeSource::Pb(source), _) => {
                let source = PbChangeSourceTask::new(source, store, &self.tellers);
                Some(tokio::spawn(source.run(stop)))
            }
            Slice::Scheduler(scheduler) => {
                let name = scheduler.name.clone();
                let clock = Arc::clone(&self.clock);
                let context = schedulers::Context::new(store, clock, *scheduler, &current.ids);
                if context.is_none() {
                    tracing::error!(scheduler = name, "the store has no ids for it");
                }
                Some(tokio::spawn(schedulers::run(context?, stop)))
            }
            Slice::Canceller(canceller) => {
                let context = cancellers::Context::new(store, canceller, self.current.clone());
                Some(tokio::spawn(cancellers::run(context, stop)))
            }
            Slice::Retention(config) => Some(tokio::spawn(retention::run(store, config, stop))),
        }
    }

    /// Returns when all have ended, as `stop` told them to.
    pub(crate) async fn ended(self) {
        for part in self.running {
            ended(part).await;
        }
    }
}

async fn ended(part: Part) {
    if let Err(error) = part.task.await {
        tracing::error!(%error, "a part of the master ended by a fault");
    }
}
