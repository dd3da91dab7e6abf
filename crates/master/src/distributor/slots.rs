//! Which workers can take a build now.

use std::collections::{HashMap, HashSet};

use weir_config::MasterConfig;
use weir_status_api::{BuilderId, MasterId, Worker, WorkerId};

/// One worker as the distributor sees it.
#[derive(Debug, Default)]
struct Slot {
    /// Connected to this master and neither paused nor told to end.
    ready: bool,
    /// Told to end after its builds.
    graceful: bool,
    name: String,
    max_builds: Option<u32>,
    /// The builders that it builds for now. One build of a builder at a time: they share a folder.
    building: HashSet<BuilderId>,
}

/// The workers and what they do.
#[derive(Debug)]
pub(super) struct Slots {
    master: MasterId,
    workers: HashMap<WorkerId, Slot>,
}

impl Slots {
    /// No workers yet; those of `master` count.
    pub(super) fn new(master: MasterId) -> Self {
        Self {
            master,
            workers: HashMap::new(),
        }
    }

    /// Takes account of the worker as it is now.
    pub(super) fn update(&mut self, worker: &Worker, config: &MasterConfig) {
        let slot = self.workers.entry(worker.id).or_default();
        slot.name.clone_from(&worker.name);
        let connected = worker.connected_to.contains(&self.master);
        slot.ready = connected && !worker.paused && !worker.graceful;
        slot.graceful = connected && worker.graceful;
        slot.max_builds = config.worker(&worker.name).and_then(|it| it.max_builds);
    }

    /// The name of a worker that is told to end and has nothing left to do.
    pub(super) fn done(&self, worker: WorkerId) -> Option<&str> {
        let slot = self.workers.get(&worker)?;
        (slot.graceful && slot.building.is_empty()).then_some(slot.name.as_str())
    }

    /// The name of a worker that is to end at once; it takes no build any more.
    pub(super) fn end(&mut self, worker: WorkerId) -> Option<&str> {
        let slot = self.workers.get_mut(&worker)?;
        slot.ready = false;
        Some(slot.name.as_str())
    }

    /// Of `candidates`, the one that can take a build of `builder` and does the least now.
    pub(super) fn free(&self, builder: BuilderId, candidates: &[WorkerId]) -> Option<WorkerId> {
        candidates
            .iter()
            .filter_map(|id| Some((*id, self.workers.get(id)?)))
            .filter(|(_, slot)| slot.ready && !slot.building.contains(&builder))
            .filter(|(_, slot)| {
                slot.max_builds
                    .is_none_or(|max| slot.building.len() < max as usize)
            })
            .min_by_key(|(id, slot)| (slot.building.len(), *id))
            .map(|(id, _)| id)
    }

    /// The worker takes a build of the builder.
    pub(super) fn occupy(&mut self, worker: WorkerId, builder: BuilderId) {
        self.workers.entry(worker).or_default().building.insert(builder);
    }

    /// The build of the builder has ended on the worker.
    pub(super) fn release(&mut self, worker: WorkerId, builder: BuilderId) {
        if let Some(slot) = self.workers.get_mut(&worker) {
            slot.building.remove(&builder);
        }
    }
}
