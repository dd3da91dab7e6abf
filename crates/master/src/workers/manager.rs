//! The workers as a whole.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use prost::Message;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weir_status_api::Clock;
use weir_worker_protocol::MAX_MESSAGE;

use super::account::{Accounts, Denied, WorkerAccount};
use super::command::{Command, RunningCommand};
use super::event::{CommandEvent, Outcome};
use super::lock;
use super::registry::WorkerRegistry;
use super::service::{Service, WorkerService};
use super::session;
use super::slot::Slot;
use super::spec::CommandSpec;

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
    pub resume_within: Duration,
    /// How long a worker may take for its greeting.
    pub hello_timeout: Duration,
    /// How many bytes of a command's events may be unacknowledged before its worker stops reading.
    pub window: usize,
}

impl Default for Settings {
    /// 10 s, 30 s, 30 s, 10 s and 4 MiB.
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(10),
            heartbeat_deadline: Duration::from_secs(30),
            resume_within: Duration::from_secs(30),
            hello_timeout: Duration::from_secs(10),
            window: 4 * 1024 * 1024,
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
    accounts: RwLock<Accounts>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    /// Tells this life of the master from all others, in the ids of commands.
    life: String,
    commands: AtomicU64,
}

impl WorkerManager {
    /// One with the usual [`Settings`], no workers yet, that tells `registry` of those that come and go.
    pub fn new(clock: Arc<dyn Clock>, registry: Arc<dyn WorkerRegistry>) -> Self {
        Self::with_settings(&*clock, registry, Settings::default())
    }

    /// One with other settings.
    pub fn with_settings(clock: &dyn Clock, registry: Arc<dyn WorkerRegistry>, settings: Settings) -> Self {
        let shared = Shared {
            settings,
            registry,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            accounts: RwLock::default(),
            slots: Mutex::default(),
            life: format!("{:x}", clock.now().as_micros()),
            commands: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Replaces the workers that may connect. Those that are no more among them, or with another token, are
    /// disconnected and their commands are lost.
    pub fn set_workers(&self, workers: Vec<WorkerAccount>) {
        let new = Accounts::new(workers);
        let slots: Vec<_> = {
            let mut accounts = self
                .shared
                .accounts
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let changed = |name: &str| !accounts.agrees_with(&new, name);
            let slots = lock(&self.shared.slots);
            let slots = slots.values().filter(|it| changed(&it.name)).cloned().collect();
            *accounts = new;
            slots
        };
        for slot in slots {
            slot.end(session::removed());
        }
    }

    /// The gRPC service to which workers connect.
    pub fn service(&self) -> WorkerService {
        Service::mount(Arc::clone(&self.shared))
    }

    /// Whether the worker is connected.
    pub fn is_connected(&self, worker: &str) -> bool {
        self.shared
            .existing_slot(worker)
            .is_some_and(|it| it.is_connected())
    }

    /// Starts a command on a worker.
    ///
    /// # Errors
    /// If the worker is not connected. Whatever else is wrong with the command is its outcome.
    pub async fn start(&self, worker: &str, spec: CommandSpec) -> Result<RunningCommand, WorkerGone> {
        let gone = || WorkerGone {
            worker: worker.to_owned(),
        };
        let slot = self.shared.existing_slot(worker).ok_or_else(gone)?;
        let number = self.shared.commands.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{number}", self.shared.life);
        let window = self.shared.settings.window;
        let start = spec.into_message(id.clone(), window);
        let size = start.encoded_len();
        // Half of it is for what goes around the command.
        let command = if size > MAX_MESSAGE / 2 {
            let why = format!("the command with its environment and input is too large: {size} bytes");
            let outcome = Outcome::CouldNotStart(why);
            Arc::new(Command::ended(
                start,
                CommandEvent::Finished { outcome, sequence: 0 },
            ))
        } else {
            let command = Arc::new(Command::new(start, window));
            if !slot.add(id, Arc::clone(&command)) {
                return Err(gone());
            }
            command
        };
        Ok(RunningCommand {
            command,
            slot,
            is_over: false,
        })
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
    /// run are lost.
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
    /// Whether somebody with this name and token may connect.
    pub(super) fn admit(&self, name: &str, token: &str) -> Result<(), Denied> {
        self.accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .admit(name, token)
    }

    /// The slot of a worker that was admitted.
    pub(super) fn slot(&self, name: &str) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        let slot = slots
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(Slot::new(name.to_owned())));
        Arc::clone(slot)
    }

    fn existing_slot(&self, name: &str) -> Option<Arc<Slot>> {
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
