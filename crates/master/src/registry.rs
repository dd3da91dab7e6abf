//! Stores which workers are connected.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use weir_status_api::{Key, MasterId, ReadExt, Worker, WorkerId, WorkerInfo};
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
    async fn connected(&self, name: &str, info: WorkerInfo, new_process: bool) -> Result<(), String> {
        let Some(id) = self.id(name) else {
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
        let Some(worker) = self.id(name) else {
            return Ok(());
        };
        let disconnect = Transition::DisconnectWorker(worker, self.master);
        self.store
            .apply(disconnect)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
