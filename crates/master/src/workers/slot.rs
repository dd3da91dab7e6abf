//! One worker, connected or not: its session, and the commands that it runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use weir_worker_protocol::Violation;
use weir_worker_protocol::v1::{
    FromCommand, HeldCommand, Hello, Ping, Resume, Shutdown, Welcome, to_worker::Message,
};

use super::command::Command;
use super::lock;

/// A worker that may connect.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    /// Held from before the registry is told that the worker is there until after it is told that it is gone.
    pub(super) turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts sessions.
    number: u64,
    session: Option<Live>,
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
pub(super) enum Outgoing {
    /// This.
    Send(Message),
    /// Nothing before it is told.
    Wait,
    /// Nothing ever; the session ends so.
    End(Option<Status>),
}

impl Slot {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// Whether the worker is there.
    pub(super) fn is_connected(&self) -> bool {
        lock(&self.state).is_connected()
    }

    /// A process wants to be this worker. An older session of the same process is ended for it.
    ///
    /// # Errors
    /// If another process is this worker.
    /// Whether its last session was of this process.
    pub(super) fn had(&self, instance: &str) -> bool {
        lock(&self.state)
            .session
            .as_ref()
            .is_some_and(|it| it.instance == instance)
    }

    pub(super) fn knock(&self, instance: &str) -> Result<(), Status> {
        let mut state = lock(&self.state);
        match &state.session {
            Some(live) if live.ended.is_none() && live.instance != instance => {
                let why = format!("another process is connected as the worker `{}`", self.name);
                Err(Status::already_exists(why))
            }
            _ => {
                let why = "the same process connects again".to_owned();
                state.end(End {
                    status: Some(Status::aborted(why.clone())),
                    why,
                    may_resume: true,
                });
                Ok(())
            }
        }
    }

    /// Begins a session; `welcome` is completed with the commands that go on.
    pub(super) fn begin(&self, hello: &Hello, mut welcome: Welcome) -> Begun {
        let mut state = lock(&self.state);
        let same_process = state
            .session
            .as_ref()
            .is_some_and(|it| it.instance == hello.instance);
        if same_process {
            welcome.resume = state.resume(&hello.commands);
        } else {
            state.lose_all("its worker was started anew");
        }
        state.number += 1;
        let wake = Arc::new(Notify::new());
        let end = CancellationToken::new();
        state.session = Some(Live {
            instance: hello.instance.clone(),
            wake: Arc::clone(&wake),
            welcome: Some(welcome),
            ping: None,
            shutdown: false,
            end: end.clone(),
            ended: None,
        });
        Begun {
            number: state.number,
            wake,
            end,
        }
    }

    /// Ends the session, if there is one; the first end counts.
    pub(super) fn end(&self, end: End) {
        lock(&self.state).end(end);
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
        }
    }

    /// Whether commands wait for the worker's return.
    pub(super) fn has_commands(&self) -> bool {
        !lock(&self.state).commands.is_empty()
    }

    /// Adds a command for the worker; false if it is not there.
    pub(super) fn add(&self, id: String, command: Arc<Command>) -> bool {
        let mut state = lock(&self.state);
        let is_connected = state.is_connected();
        if is_connected {
            state.commands.insert(id, command);
            state.wake();
        }
        is_connected
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

    fn end(&mut self, end: End) {
        if let Some(live) = &mut self.session {
            live.ended.get_or_insert(end);
            live.end.cancel();
            live.wake.notify_one();
        }
    }

    /// Keeps those commands that can go on with the same process, which holds `held`, and tells how.
    fn resume(&mut self, held: &[HeldCommand]) -> Vec<Resume> {
        let held: BTreeMap<&str, &HeldCommand> = held.iter().map(|it| (it.command_id.as_str(), it)).collect();
        let mut resume = Vec::new();
        self.commands.retain(|id, command| {
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
