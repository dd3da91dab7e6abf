//! All that a worker has to say to its master, and which session may say it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use weir_worker_protocol::Violation;
use weir_worker_protocol::v1::{FromWorker, Goodbye, HeldCommand, Piece, Pong, Resume, from_worker::Message};

use crate::hold::{Hold, lock};

/// The commands that the worker holds, and the state of its present session.
#[derive(Debug, Default)]
pub(crate) struct Table {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the present session: an older one gets nothing more to send.
    session: u64,
    /// Told when there is something to send.
    wake: Arc<Notify>,
    is_welcome: bool,
    /// How many sessions were welcome.
    welcomes: u64,
    pong: Option<u64>,
    goodbye: Option<String>,
    commands: BTreeMap<String, Arc<Hold>>,
    /// The command whose message was sent last, so that each has its turn.
    last_served: String,
}

/// What a session sends next.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// This.
    Send(Message),
    /// Nothing before it is told.
    Wait,
    /// Nothing ever.
    End,
}

impl Table {
    /// Begins a session, and ends the one before: its number, what wakes it, and the commands for its greeting.
    pub(crate) fn begin(&self) -> (u64, Arc<Notify>, Vec<HeldCommand>) {
        let mut state = lock(&self.state);
        state.wake.notify_one();
        state.session += 1;
        state.wake = Arc::new(Notify::new());
        state.is_welcome = false;
        state.pong = None;
        let held = state.commands.values().map(|it| it.summary()).collect();
        (state.session, Arc::clone(&state.wake), held)
    }

    /// Ends the session: nothing more is sent before the next one.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        state.session += 1;
        state.is_welcome = false;
        state.wake.notify_one();
        for hold in state.commands.values() {
            hold.away();
        }
    }

    /// How many sessions the master has welcomed.
    pub(crate) fn welcomes(&self) -> u64 {
        lock(&self.state).welcomes
    }

    /// The master's welcome: the commands of `resume` go on, the others are ended and forgotten.
    pub(crate) fn welcome(&self, resume: &[Resume]) -> Result<(), Violation> {
        let mut state = lock(&self.state);
        let mut others = std::mem::take(&mut state.commands);
        let mut result = Ok(());
        for Resume { command_id, received } in resume {
            let Some(hold) = others.remove(command_id) else {
                continue;
            };
            result = result.and(hold.resume(*received, Arc::clone(&state.wake)));
            state.commands.insert(command_id.clone(), hold);
        }
        for hold in others.values() {
            hold.forget("the master does not know this command any more");
        }
        state.is_welcome = true;
        state.welcomes += 1;
        state.wake.notify_one();
        result
    }

    /// A new command with a window of `window` bytes; none if its id is there already.
    pub(crate) fn add(&self, id: &str, window: usize) -> Option<Arc<Hold>> {
        let mut state = lock(&self.state);
        if state.commands.contains_key(id) {
            return None;
        }
        let hold = Arc::new(Hold::new(id.to_owned(), window, Arc::clone(&state.wake)));
        state.commands.insert(id.to_owned(), Arc::clone(&hold));
        Some(hold)
    }

    /// The master has stored what the command said up to `sequence`.
    pub(crate) fn acknowledge(&self, id: &str, sequence: u64) -> Result<(), Violation> {
        let mut state = lock(&self.state);
        let Some(hold) = state.commands.get(id) else {
            return Ok(());
        };
        if hold.acknowledge(sequence)? {
            state.commands.remove(id);
        }
        Ok(())
    }

    /// A command is given what it asked for.
    pub(crate) fn answer(&self, piece: Piece) {
        if let Some(hold) = lock(&self.state).commands.get(&piece.command_id) {
            hold.answer(piece);
        }
    }

    /// Asks a command to end.
    pub(crate) fn interrupt(&self, id: &str, reason: &str) {
        if let Some(hold) = lock(&self.state).commands.get(id) {
            hold.interrupt(reason);
        }
    }

    /// Asks all commands to end; what they say is kept for the master.
    pub(crate) fn interrupt_all(&self, reason: &str) {
        for hold in lock(&self.state).commands.values() {
            hold.interrupt(reason);
        }
    }

    /// Asks all commands to end, and forgets them.
    pub(crate) fn forget_all(&self, reason: &str) {
        for hold in std::mem::take(&mut lock(&self.state).commands).values() {
            hold.forget(reason);
        }
    }

    /// Whether the worker holds no command.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.state).commands.is_empty()
    }

    /// Answers a ping.
    pub(crate) fn pong(&self, number: u64) {
        let mut state = lock(&self.state);
        state.pong = Some(number);
        state.wake.notify_one();
    }

    /// Says goodbye once everything else is sent.
    pub(crate) fn goodbye(&self, reason: &str) {
        let mut state = lock(&self.state);
        state.goodbye = Some(reason.to_owned());
        state.wake.notify_one();
    }

    /// What `session` sends next.
    pub(crate) fn next_outgoing(&self, session: u64) -> Outgoing {
        let mut state = lock(&self.state);
        if state.session != session {
            return Outgoing::End;
        }
        if !state.is_welcome {
            return Outgoing::Wait;
        }
        if let Some(number) = state.pong.take() {
            return Outgoing::Send(Message::Pong(Pong { number }));
        }
        if let Some(message) = state.next_of_a_command() {
            return Outgoing::Send(message);
        }
        match state.goodbye.take() {
            Some(reason) => {
                state.session += 1;
                Outgoing::Send(Message::Goodbye(Goodbye { reason }))
            }
            None => Outgoing::Wait,
        }
    }
}

impl State {
    /// The next message of the first command after the one served last that has any.
    fn next_of_a_command(&mut self) -> Option<Message> {
        let after = (Bound::Excluded(self.last_served.as_str()), Bound::Unbounded);
        let (id, message) = self
            .commands
            .range::<str, _>(after)
            .chain(&self.commands)
            .find_map(|(id, hold)| Some((id, hold.next_unsent()?)))?;
        self.last_served = id.clone();
        Some(Message::Command(message))
    }
}

/// A message in its envelope.
pub(crate) const fn envelope(message: Message) -> FromWorker {
    FromWorker {
        message: Some(message),
    }
}
