//! A command that a worker runs, and its owner's hold on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::Notify;

use weir_worker_protocol::v1::{
    Ack, FromCommand, HeldCommand, Interrupt, Piece, StartCommand, to_worker::Message,
};
use weir_worker_protocol::{Arrival, Inbox, Violation};

use super::event::CommandEvent;
use super::lock;
use super::slot::Slot;
use super::spec::CommandSpec;

/// A command, as its worker's session and its owner share it.
#[derive(Debug)]
pub(super) struct Command {
    /// The process of its worker that runs it.
    pub(super) instance: String,
    state: Mutex<State>,
    /// Told when there is an event.
    news: Notify,
}

#[derive(Debug)]
struct State {
    id: String,
    /// What starts it. One that was taken over from an earlier life of the master has none before its owner says so.
    start: Option<StartCommand>,
    /// Whether the worker was told to start it, or has it.
    is_started: bool,
    inbox: Inbox,
    /// What came and the owner has not taken; the inbox's window bounds it.
    events: VecDeque<CommandEvent>,
    /// The sequence of the last acknowledgement in this session.
    told_acknowledged: u64,
    interrupt: Option<String>,
    told_interrupt: bool,
    /// The answer to what it asked for last.
    piece: Option<Piece>,
    told_piece: bool,
    /// The owner dropped it: nobody wants its events.
    is_abandoned: bool,
    is_lost: bool,
}

impl Command {
    /// One that was not started yet.
    pub(super) fn new(instance: String, start: StartCommand, window: usize) -> Self {
        let id = start.command_id.clone();
        Self::with(instance, id, Some(start), Inbox::new(window))
    }

    /// One that an earlier life of the master may have started, and of which all up to `received` is stored.
    pub(super) fn adopted(instance: String, id: String, window: usize, received: u64) -> Self {
        Self::with(instance, id, None, Inbox::after(window, received))
    }

    /// One that ended before it reached a worker.
    pub(super) fn ended(instance: String, id: String, event: CommandEvent) -> Self {
        let command = Self::with(instance, id, None, Inbox::new(0));
        lock(&command.state).events.push_back(event);
        command
    }

    fn with(instance: String, id: String, start: Option<StartCommand>, inbox: Inbox) -> Self {
        Self {
            instance,
            state: Mutex::new(State {
                id,
                start,
                is_started: false,
                inbox,
                events: VecDeque::new(),
                told_acknowledged: 0,
                interrupt: None,
                told_interrupt: false,
                piece: None,
                told_piece: false,
                is_abandoned: false,
                is_lost: false,
            }),
            news: Notify::new(),
        }
    }

    /// A message of the worker's about it.
    pub(super) fn receive(&self, message: FromCommand) -> Result<(), Violation> {
        let sequence = message.sequence;
        let mut state = lock(&self.state);
        let Some(event) = CommandEvent::from_message(message) else {
            // News of a newer worker: it has its place in the order, and is acknowledged with what follows.
            return state.inbox.accept(sequence, 0, false).map(drop);
        };
        let arrival = state.inbox.accept(sequence, event.size(), event.is_last())?;
        if state.is_abandoned {
            state.inbox.acknowledge(sequence);
        } else if arrival == Arrival::New {
            if let CommandEvent::Read { .. } = event {
                state.piece = None;
            }
            state.events.push_back(event);
            self.news.notify_one();
        }
        Ok(())
    }

    /// What its worker is to be told next.
    pub(super) fn next_outgoing(&self) -> Option<Message> {
        let mut state = lock(&self.state);
        if !state.is_started {
            let start = state.start.clone()?;
            state.is_started = true;
            return Some(Message::Start(start));
        }
        let command_id = state.id.clone();
        if let Some(reason) = state.interrupt.clone()
            && !state.told_interrupt
        {
            state.told_interrupt = true;
            return Some(Message::Interrupt(Interrupt { command_id, reason }));
        }
        if let Some(piece) = state.piece.clone()
            && !state.told_piece
        {
            state.told_piece = true;
            return Some(Message::Piece(piece));
        }
        let sequence = state.inbox.acknowledged();
        if sequence > state.told_acknowledged {
            state.told_acknowledged = sequence;
            return Some(Message::Ack(Ack { command_id, sequence }));
        }
        None
    }

    /// Its id.
    pub(super) fn id(&self) -> String {
        lock(&self.state).id.clone()
    }

    /// Whether its worker has said everything and was told that it is stored.
    pub(super) fn is_done(&self) -> bool {
        let state = lock(&self.state);
        state.inbox.is_done() && state.told_acknowledged == state.inbox.received()
    }

    /// Its worker has come back; `held` is how the worker has it, if it does. Gives the last sequence that
    /// came if it goes on there, nothing if the worker is to start it still.
    ///
    /// # Errors
    /// Why it cannot go on.
    pub(super) fn resume(&self, held: Option<&HeldCommand>) -> Result<Option<u64>, &'static str> {
        let mut state = lock(&self.state);
        if state.is_abandoned {
            return Err("nobody waits for it any more");
        }
        let received = state.inbox.received();
        state.told_acknowledged = 0;
        state.told_interrupt = false;
        // It may have been lost with the connection.
        state.told_piece = false;
        match held {
            Some(held) if (held.acknowledged..=held.last).contains(&received) => {
                state.is_started = true;
                Ok(Some(received))
            }
            Some(_) => Err("its worker came back with other output than it had"),
            // A worker holds a command from its start on: this one did not reach it.
            None if received == 0 && !state.inbox.is_ended() => {
                state.is_started = false;
                Ok(None)
            }
            None => Err("its worker came back without it"),
        }
    }

    /// Its worker is gone for good.
    pub(super) fn lose(&self, why: &str) {
        let mut state = lock(&self.state);
        let has_ended = state.is_lost || state.inbox.is_ended();
        if !has_ended && !state.is_abandoned {
            state.is_lost = true;
            state.events.push_back(CommandEvent::Lost(why.to_owned()));
            self.news.notify_one();
        }
    }
}

/// A command that runs on a worker. Dropping it interrupts the command, unless the master lets its workers go.
#[derive(Debug)]
pub struct RunningCommand {
    command: Arc<Command>,
    slot: Arc<Slot>,
    is_over: bool,
}

impl RunningCommand {
    pub(super) fn new(command: Arc<Command>, slot: Arc<Slot>) -> Self {
        Self {
            command,
            slot,
            is_over: false,
        }
    }

    /// What starts the command, which was taken over, on a worker that it never reached. Changes nothing if the
    /// worker has it.
    pub fn start_as(&self, spec: CommandSpec) {
        {
            let mut state = lock(&self.command.state);
            if state.start.is_some() || state.is_started {
                return;
            }
            let window = state.inbox.window();
            match spec.into_start(state.id.clone(), window) {
                Ok(start) => state.start = Some(start),
                Err(outcome) => {
                    state
                        .events
                        .push_back(CommandEvent::Finished { outcome, sequence: 0 });
                    self.command.news.notify_one();
                }
            }
        }
        self.slot.wake();
    }

    /// The command's next event. After the last one there is nothing but [`CommandEvent::Lost`].
    ///
    /// May be given up at any time, in a `select!` for instance, without losing an event.
    pub async fn next(&mut self) -> CommandEvent {
        if self.is_over {
            return CommandEvent::Lost("the command has ended".to_owned());
        }
        loop {
            let event = lock(&self.command.state).events.pop_front();
            match event {
                Some(event) => {
                    self.is_over = event.is_last();
                    return event;
                }
                None => self.command.news.notified().await,
            }
        }
    }

    /// Everything up to the event with this sequence is stored: the worker may forget it. A worker stops
    /// reading a command's output while a window of it is not acknowledged.
    pub fn acknowledge(&self, sequence: u64) {
        lock(&self.command.state).inbox.acknowledge(sequence);
        self.slot.wake();
    }

    /// Answers [`CommandEvent::Read`] with what begins at its `offset`: bytes, none at the end of the file, or why there
    /// are no more.
    pub fn feed(&self, offset: u64, data: Result<Bytes, String>) {
        {
            let mut state = lock(&self.command.state);
            let command_id = state.id.clone();
            let (data, failure) = match data {
                Ok(data) => (data, String::new()),
                Err(why) => (Bytes::new(), why),
            };
            state.told_piece = false;
            state.piece = Some(Piece {
                command_id,
                offset,
                data,
                failure,
            });
        }
        self.slot.wake();
    }

    /// Asks the worker to end the command and all its processes; the first reason counts. Its end comes as
    /// an event all the same.
    pub fn interrupt(&self, reason: impl Into<String>) {
        lock(&self.command.state)
            .interrupt
            .get_or_insert_with(|| reason.into());
        self.slot.wake();
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if self.slot.is_let_go() {
            return;
        }
        let was_started = {
            let mut state = lock(&self.command.state);
            state.is_abandoned = true;
            state.events.clear();
            let received = state.inbox.received();
            state.inbox.acknowledge(received);
            state
                .interrupt
                .get_or_insert_with(|| "nobody waits for it any more".to_owned());
            state.is_started
        };
        if !was_started {
            self.slot.remove(&self.command);
        }
        self.slot.wake();
    }
}

#[cfg(test)]
mod tests {
    use weir_worker_protocol::v1::{Finished, from_command::News};

    use super::*;

    fn message(sequence: u64, news: Option<News>) -> FromCommand {
        FromCommand {
            command_id: "c1".to_owned(),
            sequence,
            news,
        }
    }

    #[test]
    fn news_of_an_unknown_kind_keep_their_place() {
        let command = Command::new("p1".to_owned(), StartCommand::default(), 1000);
        command.receive(message(1, None)).unwrap();
        let end = News::Finished(Finished::default());
        command.receive(message(2, Some(end))).unwrap();
        assert_eq!(lock(&command.state).events.len(), 1);
    }

    #[test]
    fn a_command_goes_on_where_it_was_or_is_lost() {
        let held = |acknowledged, last| HeldCommand {
            command_id: "c1".to_owned(),
            acknowledged,
            last,
        };
        let command = Command::new("p1".to_owned(), StartCommand::default(), 1000);
        assert!(matches!(command.next_outgoing(), Some(Message::Start(_))));
        // It did not reach the worker, so that it is started again.
        assert_eq!(command.resume(None), Ok(None));
        assert!(matches!(command.next_outgoing(), Some(Message::Start(_))));
        command.receive(message(1, None)).unwrap();
        assert_eq!(command.resume(Some(&held(0, 4))), Ok(Some(1)));
        assert_eq!(command.next_outgoing(), None);
        assert!(command.resume(Some(&held(2, 4))).is_err());
        assert!(command.resume(None).is_err());
    }

    #[test]
    fn a_command_of_an_earlier_life_goes_on_after_what_is_stored() {
        let held = HeldCommand {
            command_id: "c1".to_owned(),
            acknowledged: 3,
            last: 9,
        };
        let adopt = |received| Command::adopted("p1".to_owned(), "c1".to_owned(), 1000, received);
        assert_eq!(adopt(5).resume(Some(&held)), Ok(Some(5)));
        assert!(adopt(2).resume(Some(&held)).is_err());
        assert!(adopt(5).resume(None).is_err());
        // One that never reached its worker waits for its owner to say how it is started.
        let command = adopt(0);
        assert_eq!(command.resume(None), Ok(None));
        assert_eq!(command.next_outgoing(), None);
        lock(&command.state).start = Some(StartCommand::default());
        assert!(matches!(command.next_outgoing(), Some(Message::Start(_))));
    }
}
