//! Stores which workers are connected.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use weir_status_api::{Caller, Command, Control as _, MasterId, WorkerId, WorkerInfo};
use weir_status_db::{SetupIds, Store, Transition};

use crate::workers::WorkerRegistry;

/// Stores who is connected.
pub(crate) struct Registry {
    store: Store,
    master: MasterId,
    /// Of all workers that have been configured in this life of the master: one that is removed may still be connected.
    ids: RwLock<BTreeMap<String, WorkerId>>,
}

impl Registry {
    pub(crate) fn new(store: Store, master: MasterId) -> Self {
        Self {
            store,
            master,
            ids: RwLock::default(),
        }
    }

    /// Learns of the workers of a configuration.
    pub(crate) fn learn(&self, ids: &SetupIds) {
        let new = ids.workers.iter().map(|(name, id)| (name.clone(), *id));
        self.ids
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(new);
    }

    fn id(&self, name: &str) -> Option<WorkerId> {
        let ids = self.ids.read().unwrap_or_else(PoisonError::into_inner);
        ids.get(name).copied()
    }
}

#[async_trait]
impl WorkerRegistry for Registry {
    async fn connected(&self, name: &str, info: WorkerInfo, process: &str) -> Result<(), String> {
        let Some(id) = self.id(name) else {
            return Err(format!("the store has no worker `{name}`"));
        };
        let known = Transition::KnowProcess(id, process.to_owned());
        let connected = Transition::ConnectWorker(id, self.master, info);
        self.store
            .apply_all(vec![known, connected])
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }

    async fn wants_to_leave(&self, name: &str) -> Result<(), String> {
        let Some(worker) = self.id(name) else {
            return Ok(());
        };
        let stop = Command::StopWorker {
            worker: worker.into(),
            reason: Some("the worker asks for it".to_owned()),
        };
        let caller = Caller::named(format!("worker {name}"));
        let done = self.store.control(&caller, stop).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    async fn disconnected(&self, name: &str, why: &str) -> Result<(), String> {
        tracing::info!(worker = name, why, "a worker is gone");
        let Some(worker) = self.id(name) else {
            return Ok(());
        };
        let disconnect = Transition::DisconnectWorker {
            worker,
            master: self.master,
            why: why.to_owned(),
        };
        self.store
            .apply(disconnect)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }

    async fn refused(&self, name: &str, why: &str) -> Result<(), String> {
        let Some(worker) = self.id(name) else {
            return Ok(());
        };
        self.store
            .apply(Transition::RefuseWorker(worker, why.to_owned()))
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
