//! Which workers can take a build now.

use std::collections::{BTreeSet, HashMap, HashSet};

use weir_config::MasterConfig;
use weir_status_api::{BuilderId, MasterId, Worker, WorkerId};

use super::rules::Free;

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

impl Slot {
    /// It can take a build of some builder.
    fn is_free(&self) -> bool {
        let full = self
            .max_builds
            .is_some_and(|max| self.building.len() >= max as usize);
        self.ready && !full
    }
}

/// The workers and what they do.
#[derive(Debug)]
pub(super) struct Slots {
    master: MasterId,
    workers: HashMap<WorkerId, Slot>,
    /// Those that can take a build of some builder.
    free: BTreeSet<WorkerId>,
}

/// Whose builds a worker may take that it could not take before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Nobody's.
    None,
    /// One builder's.
    For(BuilderId),
    /// Those of all builders that it serves.
    ForAll,
}

impl Slots {
    /// No workers yet; those of `master` count.
    pub(super) fn new(master: MasterId) -> Self {
        Self {
            master,
            workers: HashMap::new(),
            free: BTreeSet::new(),
        }
    }

    /// Takes account of the worker as it is now.
    pub(super) fn update(&mut self, worker: &Worker, config: &MasterConfig) -> Room {
        let slot = self.workers.entry(worker.id).or_default();
        slot.name.clone_from(&worker.name);
        let connected = worker.connected_to.contains(&self.master);
        slot.ready = connected && !worker.paused && !worker.graceful;
        slot.graceful = connected && worker.graceful;
        slot.max_builds = config.worker(&worker.name).and_then(|it| it.max_builds);
        self.count(worker.id)
    }

    /// Goes by another configuration from now on.
    pub(super) fn adopt(&mut self, config: &MasterConfig) {
        for slot in self.workers.values_mut() {
            slot.max_builds = config.worker(&slot.name).and_then(|it| it.max_builds);
        }
        let workers: Vec<WorkerId> = self.workers.keys().copied().collect();
        for worker in workers {
            self.count(worker);
        }
    }

    /// Whether the worker builds nothing.
    pub(super) fn is_idle(&self, worker: WorkerId) -> bool {
        self.workers.get(&worker).is_none_or(|it| it.building.is_empty())
    }

    /// Counts the worker among the free ones, or not.
    fn count(&mut self, worker: WorkerId) -> Room {
        if self.workers.get(&worker).is_some_and(Slot::is_free) {
            match self.free.insert(worker) {
                true => Room::ForAll,
                false => Room::None,
            }
        } else {
            self.free.remove(&worker);
            Room::None
        }
    }

    /// The worker's name; empty if it is not known.
    pub(super) fn name(&self, worker: WorkerId) -> &str {
        self.workers.get(&worker).map_or("", |it| it.name.as_str())
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
        self.count(worker);
        self.workers.get(&worker).map(|it| it.name.as_str())
    }

    /// Whether no worker can take a build of any builder.
    pub(super) fn none_is_free(&self) -> bool {
        self.free.is_empty()
    }

    /// Of `candidates`, those that can take a build of `builder`, in the same order.
    pub(super) fn free(&self, builder: BuilderId, candidates: &[WorkerId]) -> Vec<Free> {
        let free = |worker: &WorkerId| {
            let slot = self.workers.get(worker)?;
            let can = slot.is_free() && !slot.building.contains(&builder);
            can.then_some(Free {
                worker: *worker,
                builds: slot.building.len(),
            })
        };
        candidates.iter().filter_map(free).collect()
    }

    /// The worker takes a build of the builder.
    pub(super) fn occupy(&mut self, worker: WorkerId, builder: BuilderId) {
        self.workers.entry(worker).or_default().building.insert(builder);
        self.count(worker);
    }

    /// The build of the builder has ended on the worker.
    pub(super) fn release(&mut self, worker: WorkerId, builder: BuilderId) -> Room {
        if let Some(slot) = self.workers.get_mut(&worker) {
            slot.building.remove(&builder);
        }
        match self.count(worker) {
            Room::None if self.free.contains(&worker) => Room::For(builder),
            room => room,
        }
    }
}
