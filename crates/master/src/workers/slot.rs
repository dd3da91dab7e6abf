//! One worker, connected or not: its session, and the commands that it runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use weir_worker_protocol::Violation;
use weir_worker_protocol::v1::{
    FromCommand, HeldCommand, Hello, Ping, Resume, Shutdown, Welcome, to_worker::Message,
};

use super::command::Command;
use super::lock;

/// Why a command is lost whose worker's process is gone.
const ANOTHER_PROCESS: &str = "its worker was started anew";

/// The same of a worker whose commands end with its connection.
const CANNOT_RESUME: &str = "its worker came back without it, as its kind does";

/// A worker that may connect.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    /// Held from before the registry is told that the worker is there until after it is told that it is gone.
    pub(super) turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    presence: watch::Sender<Presence>,
    /// Told of each message of the worker's.
    heard: watch::Sender<()>,
    /// The master ends, and its workers go on.
    let_go: Arc<AtomicBool>,
}

/// Whether a worker is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// This process of it is.
    Connected(String),
    /// Not now, but it may come back to its commands.
    Awaited,
    /// No, and nobody waits for it.
    Gone,
}

#[derive(Debug, Default)]
struct State {
    /// Counts sessions.
    number: u64,
    session: Option<Live>,
    /// A process that is being let in: whether it was told to end meanwhile. Whoever hears of it by the registry is a
    /// moment ahead of its session.
    entering: Option<bool>,
    commands: BTreeMap<String, Arc<Command>>,
}

/// The latest session, also after its end.
#[derive(Debug)]
struct Live {
    instance: String,
    /// Told when there is something to send.
    wake: Arc<Notify>,
    welcome: Option<Welcome>,
    ping: Option<u64>,
    shutdown: bool,
    /// Cancelled when the session shall end.
    end: CancellationToken,
    ended: Option<End>,
}

/// How a session ends.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Why, for logs and the registry.
    pub(super) why: String,
    /// What the worker is told; nothing if it left by itself.
    pub(super) status: Option<Status>,
    /// Whether the commands go on if the same process comes back.
    pub(super) may_resume: bool,
}

/// What a session has.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) number: u64,
    pub(super) wake: Arc<Notify>,
    pub(super) end: CancellationToken,
}

/// What a session sends next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is sent at once"
)]
pub(super) enum Outgoing {
    /// This.
    Send(Message),
    /// Nothing before it is told.
    Wait,
    /// Nothing ever; the session ends so.
    End(Option<Status>),
}

impl Slot {
    pub(super) fn new(name: String, presence: Presence, let_go: Arc<AtomicBool>) -> Self {
        Self {
            name,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            presence: watch::Sender::new(presence),
            heard: watch::Sender::new(()),
            let_go,
        }
    }

    /// Whether the worker is there, and what becomes of that.
    pub(super) fn presence(&self) -> watch::Receiver<Presence> {
        self.presence.subscribe()
    }

    /// Whether the master ends, and leaves the worker's commands running.
    pub(super) fn is_let_go(&self) -> bool {
        self.let_go.load(Ordering::Relaxed)
    }

    /// Whether the worker is there.
    pub(super) fn is_connected(&self) -> bool {
        lock(&self.state).is_connected()
    }

    /// A process wants to be this worker. An older session of the same process is ended for it.
    ///
    /// # Errors
    /// If another process is this worker.
    pub(super) fn knock(&self, instance: &str) -> Result<(), Status> {
        let mut state = lock(&self.state);
        match &state.session {
            Some(live) if live.ended.is_none() && live.instance != instance => {
                let why = format!("another process is connected as the worker `{}`", self.name);
                Err(Status::already_exists(why))
            }
            _ => {
                let why = "the same process connects again".to_owned();
                let end = End {
                    status: Some(Status::aborted(why.clone())),
                    why,
                    may_resume: true,
                };
                self.end_in(&mut state, end);
                Ok(())
            }
        }
    }

    /// The registry is about to be told that a process is this worker.
    pub(super) fn enter(&self) {
        lock(&self.state).entering = Some(false);
    }

    /// The registry did not let the process in.
    pub(super) fn keep_out(&self) {
        lock(&self.state).entering = None;
    }

    /// Begins a session of a worker that `resumes` its commands, or cannot; `welcome` is completed with those that go on.
    pub(super) fn begin(&self, hello: &Hello, resumes: bool, mut welcome: Welcome) -> Begun {
        let mut state = lock(&self.state);
        let shutdown = state.entering.take().unwrap_or(false);
        let why = if resumes { ANOTHER_PROCESS } else { CANNOT_RESUME };
        welcome.resume = state.resume(&hello.instance, &hello.commands, why);
        state.number += 1;
        let wake = Arc::new(Notify::new());
        let end = CancellationToken::new();
        state.session = Some(Live {
            instance: hello.instance.clone(),
            wake: Arc::clone(&wake),
            welcome: Some(welcome),
            ping: None,
            shutdown,
            end: end.clone(),
            ended: None,
        });
        self.presence
            .send_replace(Presence::Connected(hello.instance.clone()));
        Begun {
            number: state.number,
            wake,
            end,
        }
    }

    /// Ends the session, if there is one; the first end counts.
    pub(super) fn end(&self, end: End) {
        self.end_in(&mut lock(&self.state), end);
    }

    fn end_in(&self, state: &mut State, end: End) {
        let presence = if end.may_resume {
            Presence::Awaited
        } else {
            Presence::Gone
        };
        if state.end(end) {
            self.presence.send_replace(presence);
        }
    }

    /// How the latest session ended.
    pub(super) fn ended(&self) -> Option<End> {
        lock(&self.state).session.as_ref().and_then(|it| it.ended.clone())
    }

    /// Gives the commands up, unless a session came after `number`.
    pub(super) fn give_up(&self, number: u64, why: &str) {
        let mut state = lock(&self.state);
        if state.number == number {
            state.lose_all(why);
            self.presence.send_replace(Presence::Gone);
        }
    }

    /// Adds a command for the process of the worker that it names. It is lost at once if that is not there and not
    /// awaited.
    pub(super) fn add(&self, command: &Arc<Command>) {
        let mut state = lock(&self.state);
        let presence = self.presence.borrow().clone();
        match presence {
            Presence::Connected(instance) if instance != command.instance => command.lose(ANOTHER_PROCESS),
            Presence::Gone => command.lose(&format!("the worker {} is not connected", self.name)),
            Presence::Connected(_) | Presence::Awaited => {
                state.commands.insert(command.id(), Arc::clone(command));
                state.wake();
            }
        }
    }

    /// Forgets a command that the worker was never told of in this life of the master.
    pub(super) fn remove(&self, command: &Arc<Command>) {
        let mut state = lock(&self.state);
        let id = command.id();
        if state.commands.get(&id).is_some_and(|it| Arc::ptr_eq(it, command)) {
            state.commands.remove(&id);
        }
    }

    /// A message about a command came.
    pub(super) fn receive(&self, message: FromCommand) -> Result<(), Violation> {
        let command = lock(&self.state).commands.get(&message.command_id).cloned();
        let Some(command) = command else {
            tracing::debug!(worker = self.name, "news of a command that is not known");
            return Ok(());
        };
        command.receive(message)?;
        self.wake();
        Ok(())
    }

    /// A message of the worker came.
    pub(super) fn heard(&self) {
        self.heard.send_replace(());
    }

    /// Whether the worker, which has a session, says anything within `patience` when it is asked.
    pub(super) async fn answers(&self, patience: Duration) -> bool {
        let mut heard = self.heard.subscribe();
        self.ping(0);
        timeout(patience, heard.changed()).await.is_ok()
    }

    /// Asks whether the worker is there.
    pub(super) fn ping(&self, number: u64) {
        let mut state = lock(&self.state);
        if let Some(live) = &mut state.session {
            live.ping = Some(number);
        }
        state.wake();
    }

    /// Tells the worker to end; false if it is not there.
    pub(super) fn shut_down(&self) -> bool {
        let mut state = lock(&self.state);
        if let Some(told) = &mut state.entering {
            *told = true;
            return true;
        }
        let is_connected = state.is_connected();
        if let Some(live) = &mut state.session {
            live.shutdown = true;
        }
        state.wake();
        is_connected
    }

    /// There is something to send.
    pub(super) fn wake(&self) {
        lock(&self.state).wake();
    }

    /// What the session `number` sends next.
    pub(super) fn next_outgoing(&self, number: u64) -> Outgoing {
        let mut state = lock(&self.state);
        let is_present = state.number == number;
        let State {
            session, commands, ..
        } = &mut *state;
        let Some(live) = session.as_mut().filter(|_| is_present) else {
            return Outgoing::End(Some(Status::aborted("the same process connects again")));
        };
        if let Some(end) = &live.ended {
            return Outgoing::End(end.status.clone());
        }
        if let Some(welcome) = live.welcome.take() {
            return Outgoing::Send(Message::Welcome(welcome));
        }
        if let Some(number) = live.ping.take() {
            return Outgoing::Send(Message::Ping(Ping { number }));
        }
        if std::mem::take(&mut live.shutdown) {
            return Outgoing::Send(Message::Shutdown(Shutdown {}));
        }
        let next = commands
            .iter()
            .find_map(|(id, it)| Some((id.clone(), it.next_outgoing()?)));
        let Some((id, message)) = next else {
            return Outgoing::Wait;
        };
        if commands.get(&id).is_some_and(|it| it.is_done()) {
            commands.remove(&id);
        }
        Outgoing::Send(message)
    }
}

impl State {
    fn is_connected(&self) -> bool {
        self.session.as_ref().is_some_and(|it| it.ended.is_none())
    }

    fn wake(&self) {
        if let Some(live) = &self.session {
            live.wake.notify_one();
        }
    }

    /// Whether that ended it.
    fn end(&mut self, end: End) -> bool {
        let Some(live) = &mut self.session else {
            return false;
        };
        let is_first = live.ended.is_none();
        live.ended.get_or_insert(end);
        live.end.cancel();
        live.wake.notify_one();
        is_first
    }

    /// Keeps those commands that can go on with the process, which holds `held`, and tells how; those of another one are
    /// lost, because `why`.
    fn resume(&mut self, instance: &str, held: &[HeldCommand], why: &str) -> Vec<Resume> {
        let held: BTreeMap<&str, &HeldCommand> = held.iter().map(|it| (it.command_id.as_str(), it)).collect();
        let mut resume = Vec::new();
        self.commands.retain(|id, command| {
            if command.instance != instance {
                command.lose(why);
                return false;
            }
            match command.resume(held.get(id.as_str()).copied()) {
                Ok(Some(received)) => resume.push(Resume {
                    command_id: id.clone(),
                    received,
                }),
                Ok(None) => {}
                Err(why) => {
                    command.lose(why);
                    return false;
                }
            }
            true
        });
        resume
    }

    fn lose_all(&mut self, why: &str) {
        for command in std::mem::take(&mut self.commands).into_values() {
            command.lose(why);
        }
    }
}
