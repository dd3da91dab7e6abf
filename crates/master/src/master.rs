//! The master as a whole: starts its parts, has them go by another configuration, and ends them in order.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use weir_config::MasterConfig;
use weir_status_api::{Clock, MasterId};
use weir_status_db::{Applied, ConfigurationId, Store, Transition};

use crate::absences::Absences;
use crate::builds::{Engine, folder};
use crate::current::Current;
use crate::distributor::{Adoption, Distributor};
use crate::error::{Error, Result};
use crate::locks::Locks;
use crate::parts::{Parts, Slice};
use crate::registry::Registry;
use crate::workers::{Settings, WorkerAccount, WorkerBuilder, WorkerManager};

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
    /// The folder for files that steps take from workers and give to them.
    pub files: PathBuf,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A running master.
pub struct Master {
    id: MasterId,
    engine: Arc<Engine>,
    registry: Arc<Registry>,
    /// What goes by a slice of the configuration each.
    parts: Parts,
    adoptions: mpsc::Sender<Adoption>,
    /// Earlier configurations, as long as something goes by them.
    earlier: Vec<Weak<Current>>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
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
            files,
            clock,
        } = options;
        let config = Arc::new(config);
        let id = match store.apply(Transition::StartMaster { name }).await? {
            Applied::Master(id) => id,
            other => return Err(Error::Answer(format!("{other:?}"))),
        };
        let current = Current::store(&store, id, Arc::clone(&config), vec![]).await?;
        let registry = Arc::new(Registry::new(store.clone(), id));
        registry.learn(&current.ids);
        let settings = Settings {
            grace: config.worker_grace,
            ..Settings::default()
        };
        let workers = WorkerManager::new(Arc::clone(&registry) as _, settings);
        workers.set_workers(accounts(&config));
        workers.expect_back();
        let (current, seen) = watch::channel(Arc::new(current));
        let stop = CancellationToken::new();
        let mut parts = Parts::new(
            store.clone(),
            Arc::clone(&clock),
            cache,
            seen.clone(),
            workers.tellers(),
            stop.clone(),
        );
        parts.begin(Slice::all(&config));
        let began = clock.now();
        let mut tasks = JoinSet::new();
        tasks.spawn(Absences::new(store.clone(), clock, seen).run(stop.clone()));
        let engine = Arc::new(Engine {
            store,
            workers,
            locks: Locks::new(&config.locks),
            current,
            steps,
            files,
            master: id,
            life: format!("{:x}", began.as_micros()),
            began,
            ending: stop.clone(),
        });
        // Before any worker is let in: it would end what nobody wants yet.
        let left = engine.left_open().await?;
        let (adoptions, adopted) = mpsc::channel(1);
        tasks.spawn(Distributor::new(Arc::clone(&engine), left, adopted).run(stop.clone()));
        Ok(Self {
            id,
            engine,
            registry,
            parts,
            adoptions,
            earlier: vec![],
            stop,
            tasks,
        })
    }

    /// Goes by `config` from now on. Builds that run go on by the configuration with which they were begun; a worker
    /// that is removed, or has another token, stays until it has none of them. What did not change is not touched.
    ///
    /// # Errors
    /// If the store does not take it; the master goes on as before.
    pub async fn reconfigure(&mut self, config: MasterConfig) -> Result<()> {
        let config = Arc::new(config);
        let wanted = Slice::all(&config);
        // What these have handed to the store is stored before the new configuration: who takes up their work sees it.
        self.parts.end_all_but(&wanted).await;
        let needed = self.needed();
        let stored = Current::store(&self.engine.store, self.id, Arc::clone(&config), needed).await;
        let current = match stored {
            Ok(current) => Arc::new(current),
            Err(error) => {
                self.parts.begin(Slice::all(&self.engine.current().config));
                return Err(error);
            }
        };
        self.registry.learn(&current.ids);
        self.engine.workers.set_grace(config.worker_grace);
        self.engine.locks.reconfigure(&config.locks);
        self.earlier.push(Arc::downgrade(&self.engine.current()));
        self.engine.current.send_replace(Arc::clone(&current));
        self.parts.begin(wanted);
        let (done, adopted) = oneshot::channel();
        let adoption = Adoption { current, done };
        let gone = || Error::Answer("no distributor: it has ended".to_owned());
        self.adoptions.send(adoption).await.map_err(|_| gone())?;
        adopted.await.map_err(|_| gone())
    }

    /// The configurations by which something may begin that the store does not know of yet.
    fn needed(&mut self) -> Vec<ConfigurationId> {
        self.earlier.retain(|it| it.strong_count() > 0);
        let earlier = self.earlier.iter().filter_map(Weak::upgrade);
        let mut needed: Vec<_> = earlier.map(|it| it.configuration).collect();
        needed.push(self.engine.current().configuration);
        needed
    }

    /// Its id in the store.
    pub fn id(&self) -> MasterId {
        self.id
    }

    /// What it goes by.
    pub fn config(&self) -> Arc<MasterConfig> {
        Arc::clone(&self.engine.current().config)
    }

    /// Its side of the workers' protocol, to be served.
    pub fn workers(&self) -> &WorkerManager {
        &self.engine.workers
    }

    /// Stops it: no new builds; the running ones are left as they are, and the workers, which are let go, hold what
    /// they say for the next life of the master.
    ///
    /// # Errors
    /// If the store does not take its end.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        self.parts.ended().await;
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a part of the master ended by a fault");
            }
        }
        self.engine.workers.shutdown().await;
        self.engine.store.apply(Transition::StopMaster(self.id)).await?;
        Ok(())
    }
}

/// Who may connect as a worker.
pub(crate) fn accounts(config: &MasterConfig) -> Vec<WorkerAccount> {
    let builders = |worker: &String| {
        let of = config.builders.iter().filter(|it| it.workers.contains(worker));
        let builder = |it: &weir_config::BuilderConfig| WorkerBuilder {
            name: it.name.clone(),
            folder: folder(&it.name),
        };
        of.map(builder).collect()
    };
    let account = |it: &weir_config::WorkerConfig| WorkerAccount {
        name: it.name.clone(),
        token: it.token.expose().to_owned(),
        builders: builders(&it.name),
    };
    config.workers.iter().map(account).collect()
}
