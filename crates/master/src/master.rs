//! The master as a whole: starts its parts, and ends them in order.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use weir_config::{ChangeSource, MasterConfig};
use weir_status_api::{Clock, Key, MasterId, ReadExt, Worker, WorkerInfo};
use weir_status_db::{Applied, SetupIds, Store, Transition};

use crate::absences::Absences;
use crate::builds::Engine;
use crate::cancellers;
use crate::change_sources::GitPollerTask;
use crate::distributor::Distributor;
use crate::error::{Error, Result};
use crate::locks::Locks;
use crate::retention;
use crate::schedulers;
use crate::setup::{codebase_id, setup};
use crate::workers::{Settings, WorkerAccount, WorkerManager, WorkerRegistry};

/// What a master is started with.
pub struct Options {
    /// Its name, `host:directory`: unique among the masters of a store.
    pub name: String,
    /// What it is configured with.
    pub config: MasterConfig,
    /// Where everything is stored.
    pub store: Store,
    /// A folder for what can be fetched again, such as copies of repositories.
    pub cache: PathBuf,
    /// A folder for what steps do on the master's machine.
    pub steps: PathBuf,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A running master.
pub struct Master {
    id: MasterId,
    store: Store,
    workers: WorkerManager,
    stop: CancellationToken,
    parts: JoinSet<()>,
}

impl Master {
    /// Starts a master: its configuration is stored, its parts begin, and the builds that an earlier life left running
    /// go on. Its workers may be let in when this returns, not before.
    ///
    /// # Errors
    /// If the store does not take its start.
    pub async fn start(options: Options) -> Result<Self> {
        let Options {
            name,
            config,
            store,
            cache,
            steps,
            clock,
        } = options;
        let config = Arc::new(config);
        let id = match store.apply(Transition::StartMaster { name }).await? {
            Applied::Master(id) => id,
            other => return Err(Error::Answer(format!("{other:?}"))),
        };
        let ids = match store.apply(Transition::Configure(id, setup(&config))).await? {
            Applied::Setup(ids) => ids,
            other => return Err(Error::Answer(format!("{other:?}"))),
        };
        let registry = Arc::new(Registry {
            store: store.clone(),
            master: id,
            ids: ids.clone(),
        });
        let configuration = match store
            .apply(Transition::KeepConfiguration(config.source.text.clone()))
            .await?
        {
            Applied::Configuration(id) => id,
            other => return Err(Error::Answer(format!("{other:?}"))),
        };
        let settings = Settings {
            grace: config.worker_grace,
            ..Settings::default()
        };
        let workers = WorkerManager::new(registry, settings);
        workers.set_workers(config.workers.iter().map(account).collect());
        workers.expect_back();
        let mut master = Self {
            id,
            store: store.clone(),
            workers: workers.clone(),
            stop: CancellationToken::new(),
            parts: JoinSet::new(),
        };
        master.start_change_sources(&config, &ids, &cache);
        master.start_schedulers(&config, &clock, &ids);
        for canceller in &config.cancellers {
            let context = cancellers::Context::new(store.clone(), canceller.clone(), &ids);
            master.parts.spawn(cancellers::run(context, master.stop.clone()));
        }
        if let Some(config) = &config.retention {
            let keeping = retention::run(store.clone(), config.clone(), master.stop.clone());
            master.parts.spawn(keeping);
        }
        let began = clock.now();
        let life = format!("{:x}", began.as_micros());
        let absences = Absences::new(store.clone(), clock, &config, &ids);
        master.parts.spawn(absences.run(master.stop.clone()));
        let engine = Arc::new(Engine {
            store,
            workers,
            locks: Locks::new(&config.locks),
            config,
            configuration,
            ids,
            steps,
            master: id,
            life,
            began,
            ending: master.stop.clone(),
        });
        // Before any worker is let in: it would end what nobody wants yet.
        let left = engine.left_open().await?;
        master
            .parts
            .spawn(Distributor::new(engine, left).run(master.stop.clone()));
        Ok(master)
    }

    fn start_change_sources(&mut self, config: &MasterConfig, ids: &SetupIds, cache: &std::path::Path) {
        for ChangeSource::GitPoller(poller) in &config.change_sources {
            let codebase = codebase_id(config, ids, &poller.project, &poller.codebase);
            let task = GitPollerTask::new(poller.clone(), self.store.clone(), cache, codebase);
            self.parts.spawn(task.run(self.stop.clone()));
        }
    }

    fn start_schedulers(&mut self, config: &MasterConfig, clock: &Arc<dyn Clock>, ids: &SetupIds) {
        for scheduler in &config.schedulers {
            let context =
                schedulers::Context::new(self.store.clone(), Arc::clone(clock), scheduler.clone(), ids);
            match context {
                Some(context) => {
                    self.parts.spawn(schedulers::run(context, self.stop.clone()));
                }
                None => tracing::error!(scheduler = scheduler.name, "the store has no ids for it"),
            }
        }
    }

    /// Its id in the store.
    pub fn id(&self) -> MasterId {
        self.id
    }

    /// Its side of the workers' protocol, to be served.
    pub fn workers(&self) -> &WorkerManager {
        &self.workers
    }

    /// Stops it: no new builds; the running ones are left as they are, and the workers, which are let go, hold what
    /// they say for the next life of the master.
    ///
    /// # Errors
    /// If the store does not take its end.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.parts.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a part of the master ended by a fault");
            }
        }
        self.workers.shutdown().await;
        self.store.apply(Transition::StopMaster(self.id)).await?;
        Ok(())
    }
}

fn account(config: &weir_config::WorkerConfig) -> WorkerAccount {
    WorkerAccount {
        name: config.name.clone(),
        token: config.token.expose().to_owned(),
    }
}

/// Stores who is connected.
struct Registry {
    store: Store,
    master: MasterId,
    ids: SetupIds,
}

#[async_trait]
impl WorkerRegistry for Registry {
    async fn connected(&self, name: &str, info: WorkerInfo, new_process: bool) -> Result<(), String> {
        let Some(&id) = self.ids.workers.get(name) else {
            return Err(format!("the store has no worker `{name}`"));
        };
        let mut connect = vec![];
        if new_process {
            let at = self.store.one(Key::Worker(id.into())).await;
            let worker: Worker = at.map_err(|error| error.to_string())?.value;
            // One that was told to end has done so; whoever starts it again wants it to work.
            connect.extend(worker.graceful.then_some(Transition::SetWorkerState {
                worker: id,
                paused: worker.paused,
                reason: worker.pause_reason,
                graceful: false,
            }));
        }
        connect.push(Transition::ConnectWorker(id, self.master, info));
        self.store
            .apply_all(connect)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }

    async fn disconnected(&self, name: &str, why: &str) -> Result<(), String> {
        tracing::info!(worker = name, why, "a worker is gone");
        let Some(worker) = self.ids.workers.get(name) else {
            return Ok(());
        };
        let disconnect = Transition::DisconnectWorker(*worker, self.master);
        self.store
            .apply(disconnect)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
