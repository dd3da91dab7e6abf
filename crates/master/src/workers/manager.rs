//! The workers as a whole.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::account::{Accounts, Denied, WorkerAccount, WorkerBuilder};
use super::buildbot::Buildbot;
use super::command::{Command, RunningCommand};
use super::event::CommandEvent;
use super::lock;
use super::refusals::Refusals;
use super::registry::WorkerRegistry;
use super::service::{Service, WorkerService};
use super::session;
use super::slot::{Presence, Slot};
use super::spec::CommandSpec;
use super::tellers::Tellers;

/// How long sessions may take to end when the master does.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(15);

/// Times and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often each worker is asked whether it is there.
    pub heartbeat_interval: Duration,
    /// After how much silence a worker is taken for lost.
    pub heartbeat_deadline: Duration,
    /// For how long after a lost connection a worker's commands wait for the return of the same process.
    pub grace: Duration,
    /// For how long a worker that has lost the master goes on with its commands. Much longer than the grace: it cannot
    /// know how long a master takes to be started again.
    pub resume_within: Duration,
    /// How long a worker may take for its greeting.
    pub hello_timeout: Duration,
    /// How many bytes of a command's events may be unacknowledged before its worker stops reading.
    pub window: usize,
    /// How often each Buildbot worker is asked whether it is there; it notes that in its log.
    pub buildbot_heartbeat_interval: Duration,
    /// After how much silence a Buildbot worker is taken for lost. Longer than for others: it does one thing at a time,
    /// and packs large folders without a word.
    pub buildbot_heartbeat_deadline: Duration,
    /// How long a Buildbot worker's connection may take to show that it is alive, when another comes for the same
    /// worker.
    pub duplicate_patience: Duration,
    /// How often, at the most, the registry is told that a worker was refused.
    pub refusal_interval: Duration,
}

impl Default for Settings {
    /// 10 s, 30 s, 1 min, 1 h, 10 s and 4 MiB; for Buildbot's workers 2 min, 10 min and, as Buildbot has it, 10 s;
    /// of refusals 5 s.
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(10),
            heartbeat_deadline: Duration::from_secs(30),
            grace: Duration::from_secs(60),
            resume_within: Duration::from_secs(60 * 60),
            hello_timeout: Duration::from_secs(10),
            window: 4 * 1024 * 1024,
            buildbot_heartbeat_interval: Duration::from_secs(2 * 60),
            buildbot_heartbeat_deadline: Duration::from_secs(10 * 60),
            duplicate_patience: Duration::from_secs(10),
            refusal_interval: Duration::from_secs(5),
        }
    }
}

/// The worker is not connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker {worker} is not connected")]
pub struct WorkerGone {
    /// The worker's name.
    pub worker: String,
}

/// A command's name on its worker, and the process of the worker that is to run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id: never that of another command, whatever life of whatever master gives it.
    pub id: String,
    /// The process, as [`WorkerManager::process`] tells it.
    pub instance: String,
}

/// A command of an earlier life of the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id and its worker's process.
    pub order: Order,
    /// The window with which it was started, in bytes.
    pub window: usize,
    /// The sequence up to which its events are stored.
    pub received: u64,
}

/// Knows the workers, lets them in, and runs commands on them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkerManager {
    shared: Arc<Shared>,
}

/// What the sessions and the manager share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) registry: Arc<dyn WorkerRegistry>,
    pub(super) stopping: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) refusals: Refusals,
    pub(super) tellers: Tellers,
    /// [`Settings::grace`], as it is now.
    grace: Mutex<Duration>,
    accounts: RwLock<Accounts>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    /// Workers that have not come yet are expected back.
    expecting: AtomicBool,
    /// The master ends, and its workers go on.
    let_go: Arc<AtomicBool>,
}

impl WorkerManager {
    /// One without workers yet, that tells `registry` of those that come and go.
    pub fn new(registry: Arc<dyn WorkerRegistry>, settings: Settings) -> Self {
        let shared = Shared {
            grace: Mutex::new(settings.grace),
            settings,
            registry,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            refusals: Refusals::default(),
            tellers: Tellers::default(),
            accounts: RwLock::default(),
            slots: Mutex::default(),
            expecting: AtomicBool::new(false),
            let_go: Arc::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Replaces the workers that may connect. Those that are no more among them, or with another token, are
    /// disconnected and their commands are lost.
    pub fn set_workers(&self, workers: Vec<WorkerAccount>) {
        self.change_workers(workers, &HashSet::new());
    }

    /// As [`Self::set_workers`], but the `busy` ones may stay, and come back, until they are [let
    /// leave](Self::let_leave).
    pub fn change_workers(&self, workers: Vec<WorkerAccount>, busy: &HashSet<&str>) {
        let new = Accounts::new(workers);
        let leaving: Vec<_> = {
            let mut accounts = self
                .shared
                .accounts
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let leaves = |name: &str| !busy.contains(name) && !accounts.agrees_with(&new, name);
            let slots = lock(&self.shared.slots);
            let slots = slots.values().filter(|it| leaves(&it.name)).cloned().collect();
            let before = std::mem::take(&mut *accounts);
            *accounts = new.with_leaving(before, busy);
            slots
        };
        for slot in leaving {
            slot.end(session::removed());
        }
        // Those of Buildbot are told which builders there are.
        for slot in lock(&self.shared.slots).values() {
            slot.wake();
        }
    }

    /// A worker has nothing left to do: if it was removed, or has another token now, it is disconnected.
    pub fn let_leave(&self, worker: &str) {
        let leaves = self
            .shared
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .let_leave(worker);
        if leaves && let Some(slot) = self.shared.existing_slot(worker) {
            slot.end(session::removed());
        }
    }

    /// For how long from now on a worker's commands wait for its return after a lost connection.
    pub fn set_grace(&self, grace: Duration) {
        *lock(&self.shared.grace) = grace;
    }

    /// The gRPC service to which workers connect.
    pub fn service(&self) -> WorkerService {
        Service::mount(Arc::clone(&self.shared))
    }

    /// Where Buildbot's workers are let in.
    pub fn buildbot(&self) -> Buildbot {
        Buildbot::new(Arc::clone(&self.shared))
    }

    /// Who may tell of changes where Buildbot's workers are let in.
    pub fn tellers(&self) -> Tellers {
        self.shared.tellers.clone()
    }

    /// Whether the worker is connected.
    pub fn is_connected(&self, worker: &str) -> bool {
        self.shared
            .existing_slot(worker)
            .is_some_and(|it| it.is_connected())
    }

    /// Expects the workers back that were connected to an earlier life of the master: those that have not come within
    /// the grace, counted from now, are gone, and their commands lost.
    pub fn expect_back(&self) {
        self.shared.expecting.store(true, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let grace = shared.settings.grace;
            tokio::select! {
                () = tokio::time::sleep(grace) => {}
                () = shared.stopping.cancelled() => return,
            }
            shared.expecting.store(false, Ordering::Relaxed);
            let slots: Vec<_> = lock(&shared.slots).values().cloned().collect();
            for slot in slots {
                let why = format!("the worker {} did not come back within {grace:?}", slot.name);
                slot.give_up(0, &why);
            }
        });
    }

    /// The process that is the worker now; none if it is not connected.
    pub fn process_now(&self, worker: &str) -> Option<String> {
        match &*self.shared.existing_slot(worker)?.presence().borrow() {
            Presence::Connected(instance) => Some(instance.clone()),
            Presence::Awaited | Presence::Gone => None,
        }
    }

    /// The process that is the worker, once it is connected: one that lost its connection, or is expected back, is
    /// waited for.
    ///
    /// # Errors
    /// If it is gone, or did not come back in time.
    pub async fn process(&self, worker: &str) -> Result<String, WorkerGone> {
        let gone = || WorkerGone {
            worker: worker.to_owned(),
        };
        let slot = match self.shared.existing_slot(worker) {
            Some(slot) => slot,
            None if self.shared.expecting.load(Ordering::Relaxed) => self.shared.slot(worker),
            None => return Err(gone()),
        };
        let mut presence = slot.presence();
        let known = presence.wait_for(|it| *it != Presence::Awaited).await;
        match known.map(|it| it.clone()) {
            Ok(Presence::Connected(instance)) => Ok(instance),
            _ => Err(gone()),
        }
    }

    /// Starts a command on a process of a worker; if that is gone, the command is lost. Whatever is wrong with the
    /// command is its outcome.
    pub fn start(&self, worker: &str, order: Order, spec: CommandSpec) -> RunningCommand {
        let slot = self.shared.slot(worker);
        let Order { id, instance } = order;
        let window = self.shared.settings.window;
        let command = match spec.into_start(id.clone(), window) {
            Ok(start) => {
                let command = Arc::new(Command::new(instance, start, window));
                slot.add(&command);
                command
            }
            Err(outcome) => {
                let event = CommandEvent::Finished { outcome, sequence: 0 };
                Arc::new(Command::ended(instance, id, event))
            }
        };
        RunningCommand::new(command, slot)
    }

    /// Takes over a command of an earlier life of the master: once its process comes back, its events go on after what
    /// is stored. To be done before workers are let in, for a worker ends what nobody wants when it comes.
    pub fn adopt(&self, worker: &str, held: Held) -> RunningCommand {
        let slot = self.shared.slot(worker);
        let Held {
            order: Order { id, instance },
            window,
            received,
        } = held;
        let command = Arc::new(Command::adopted(instance, id, window, received));
        slot.add(&command);
        RunningCommand::new(command, slot)
    }

    /// The window of the commands that are started, in bytes.
    pub fn window(&self) -> usize {
        self.shared.settings.window
    }

    /// From now on a command that its owner drops runs on, to be taken over by the next life of the master.
    pub fn let_go(&self) {
        self.shared.let_go.store(true, Ordering::Relaxed);
    }

    /// Tells a worker to end: it interrupts its commands, leaves, and its process ends.
    ///
    /// # Errors
    /// If the worker is not connected.
    pub fn shut_down_worker(&self, worker: &str) -> Result<(), WorkerGone> {
        match self.shared.existing_slot(worker) {
            Some(slot) if slot.shut_down() => Ok(()),
            _ => Err(WorkerGone {
                worker: worker.to_owned(),
            }),
        }
    }

    /// Lets no worker in any more, ends all sessions, and returns when the registry knows it. Commands that
    /// somebody still waits for are lost here; the workers hold them for the next life of the master.
    pub async fn shutdown(&self) {
        self.shared.stopping.cancel();
        self.shared.tasks.close();
        if timeout(SHUTDOWN_PATIENCE, self.shared.tasks.wait())
            .await
            .is_err()
        {
            tracing::error!("some workers' sessions did not end within {SHUTDOWN_PATIENCE:?}");
        }
    }
}

impl Shared {
    /// For how long a worker's commands wait for its return.
    pub(super) fn grace(&self) -> Duration {
        *lock(&self.grace)
    }

    /// Whether somebody with this name and token may connect.
    pub(super) fn admit(&self, name: &str, token: &str) -> Result<(), Denied> {
        self.accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .admit(name, token)
    }

    /// The token of the worker `name` that `proves` says somebody knows.
    pub(super) fn admit_proven(&self, name: &str, proves: impl Fn(&str) -> bool) -> Result<String, Denied> {
        self.accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .admit_proven(name, proves)
    }

    /// What a worker builds for.
    pub(super) fn builders(&self, name: &str) -> Arc<[WorkerBuilder]> {
        self.accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .builders(name)
    }

    /// The slot of a worker that was admitted.
    pub(super) fn slot(&self, name: &str) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        let slot = slots.entry(name.to_owned()).or_insert_with(|| {
            let presence = if self.expecting.load(Ordering::Relaxed) {
                Presence::Awaited
            } else {
                Presence::Gone
            };
            Arc::new(Slot::new(name.to_owned(), presence, Arc::clone(&self.let_go)))
        });
        Arc::clone(slot)
    }

    pub(super) fn existing_slot(&self, name: &str) -> Option<Arc<Slot>> {
        lock(&self.slots).get(name).cloned()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
