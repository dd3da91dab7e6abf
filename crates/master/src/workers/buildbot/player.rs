//! The session of a Buildbot worker: it plays one of Weir's own workers for the master.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use weir_buildbot_wire::worker::{Abilities, FromWorker, Protocol, StartCommand as Told, ToWorker};
use weir_buildbot_wire::{Error, Failure, Value};
use weir_worker_protocol::v1::{
    self, Interrupt, Piece, Pong, StartCommand, from_worker::Message as Said, to_worker::Message,
};

use super::command::Play;
use super::connection::{Connection, Parted};
use super::lanes::Lanes;
use super::line::{Heard, Part, Question, Reply, To};
use super::place::Home;
use super::translate;
use crate::workers::WorkerBuilder;
use crate::workers::manager::Shared;
use crate::workers::slot::{Begun, Outgoing, Slot};

/// A worker at work.
pub(super) struct Player {
    pub(super) shared: Arc<Shared>,
    pub(super) slot: Arc<Slot>,
    pub(super) begun: Begun,
    /// To the master, as one of Weir's own workers would say it.
    pub(super) to_master: mpsc::Sender<v1::FromWorker>,
    pub(super) connection: Connection,
    pub(super) abilities: Abilities,
    pub(super) home: Home,
    pub(super) lanes: Lanes,
    pub(super) builders: Arc<[WorkerBuilder]>,
    pub(super) plays: BTreeMap<String, Play>,
    /// Which command each part is of.
    pub(super) parts: BTreeMap<Part, String>,
    pub(super) last_part: u64,
    pub(super) questions: BTreeMap<Question, About>,
    /// Whether it was told to end.
    pub(super) is_dismissed: bool,
}

/// What the worker was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// To show that it is there.
    Ping(u64),
    /// Which builders it has, in this edition.
    Builders(u64),
    /// To start this.
    Start(Part),
    /// To end itself.
    Shutdown,
    /// Something whose answer does not matter.
    Nothing,
}

/// How a session ends.
type Ended = Parted;

impl Player {
    /// Plays until the connection, or the session, is over. Gives why.
    pub(super) async fn play(mut self) -> (String, Connection) {
        let ended = self.go_on().await;
        let why = match ended {
            // It was told to.
            Err(Parted::Closed) if self.is_dismissed => "it ended, as it was told".to_owned(),
            Err(parted) => parted.to_string(),
            Ok(()) => String::new(),
        };
        (why, self.connection)
    }

    async fn go_on(&mut self) -> Result<(), Ended> {
        loop {
            if !self.take_orders()? {
                return Ok(());
            }
            self.tell_builders()?;
            self.start_waiting()?;
            if !self.hand_over().await? {
                return Ok(());
            }
            let listening = !self.is_full();
            tokio::select! {
                heard = self.connection.hear(listening) => self.heard(heard?)?,
                () = self.begun.wake.notified() => {}
                () = self.begun.end.cancelled() => return Ok(()),
            }
        }
    }

    /// Whether some command has more to say than the master takes: then the worker has to wait with all it says.
    fn is_full(&self) -> bool {
        self.plays.values().any(Play::is_full)
    }

    /// Does what the master wants; false if it wants nothing any more.
    fn take_orders(&mut self) -> Result<bool, Ended> {
        loop {
            match self.slot.next_outgoing(self.begun.number) {
                Outgoing::Send(message) => self.obey(message)?,
                Outgoing::Wait => return Ok(true),
                Outgoing::End(_) => return Ok(false),
            }
        }
    }

    fn obey(&mut self, message: Message) -> Result<(), Ended> {
        match message {
            Message::Welcome(_) => {}
            Message::Start(start) => self.start(&start),
            Message::Interrupt(interrupt) => self.interrupt(interrupt)?,
            Message::Ack(ack) => {
                if let Some(play) = self.plays.get_mut(&ack.command_id) {
                    play.acknowledged(ack.sequence);
                }
            }
            Message::Ping(ping) => self.ping(ping.number)?,
            Message::Shutdown(_) => {
                self.is_dismissed = true;
                self.tell(To::Worker, ToWorker::Shutdown, About::Shutdown)?;
            }
            Message::Piece(piece) => self.feed(piece)?,
        }
        Ok(())
    }

    fn tell(&mut self, to: To, message: ToWorker, about: About) -> Result<(), Ended> {
        let question = self.connection.line.tell(to, message)?;
        self.questions.insert(question, about);
        Ok(())
    }

    fn ping(&mut self, number: u64) -> Result<(), Ended> {
        if self.is_full() {
            // Nobody hears it now, which is not its fault.
            return self.say(Said::Pong(Pong { number }));
        }
        let message = match self.abilities.protocol {
            Protocol::Pb => ToWorker::Print("keepalive".to_owned()),
            Protocol::Msgpack => ToWorker::Keepalive,
        };
        self.tell(To::Worker, message, About::Ping(number))
    }

    /// Says something that is no news of a command. If the master takes nothing now it has enough signs of life.
    fn say(&mut self, message: Said) -> Result<(), Ended> {
        let message = v1::FromWorker {
            message: Some(message),
        };
        // It is closed when the session is over, which is seen elsewhere.
        let _ = self.to_master.try_send(message);
        Ok(())
    }

    fn start(&mut self, start: &StartCommand) {
        let mut play = Play::new(start, &self.home);
        if !self.abilities.has("shell", &[3, 3]) {
            play.count_lines(start.max_lines);
        }
        match translate::commands(start, &self.abilities, &self.home) {
            Ok(commands) => play.todo = commands.into(),
            Err(why) => play.give_up(&why),
        }
        self.plays.insert(start.command_id.clone(), play);
    }

    fn interrupt(&mut self, interrupt: Interrupt) -> Result<(), Ended> {
        let Interrupt { command_id, reason } = interrupt;
        let Some(play) = self.plays.get_mut(&command_id) else {
            return Ok(());
        };
        play.interrupted.get_or_insert_with(|| reason.clone());
        match play.part {
            Some(part) => self.interrupt_part(&command_id, part, reason),
            None => {
                if !play.has_ended {
                    play.give_up("command interrupted before its worker began it");
                }
                Ok(())
            }
        }
    }

    fn interrupt_part(&mut self, command: &str, part: Part, why: String) -> Result<(), Ended> {
        let message = ToWorker::InterruptCommand {
            id: part.0.to_string(),
            why,
        };
        self.tell(self.lanes.of_command(command), message, About::Nothing)
    }

    fn feed(&mut self, piece: Piece) -> Result<(), Ended> {
        let play = self.plays.get_mut(&piece.command_id);
        match play.and_then(|it| it.piece(piece)) {
            Some((reply, Ok(bytes))) => self.connection.line.reply(reply, Value::Bytes(bytes.into()))?,
            Some((reply, Err(why))) => self.connection.line.refuse(reply, &why)?,
            None => {}
        }
        Ok(())
    }

    /// Tells the worker which builders it has, if that has changed.
    fn tell_builders(&mut self) -> Result<(), Ended> {
        let builders = self.shared.builders(&self.slot.name);
        if !Arc::ptr_eq(&builders, &self.builders) {
            self.lanes.configure(&builders);
            self.builders = builders;
        }
        for object in self.lanes.unused() {
            self.connection.line.release(object)?;
        }
        if let Some((edition, builders)) = self.lanes.news() {
            let message = ToWorker::SetBuilderList(builders);
            self.tell(To::Worker, message, About::Builders(edition))?;
        }
        Ok(())
    }

    /// Begins what waits for a place.
    fn start_waiting(&mut self) -> Result<(), Ended> {
        let waits = |play: &Play| play.part.is_none() && !play.todo.is_empty() && !play.has_ended;
        let waiting = self.plays.iter().filter(|(_, play)| waits(play));
        let waiting: Vec<_> = waiting
            .map(|(id, play)| (id.clone(), play.folder.clone()))
            .collect();
        for (id, folder) in waiting {
            let Some(to) = self.lanes.take(&folder, &id) else {
                continue;
            };
            self.begin_next(&id, to)?;
        }
        // What found no place may need another builder.
        self.tell_builders()
    }

    /// Begins the next part of a command.
    fn begin_next(&mut self, id: &str, to: To) -> Result<(), Ended> {
        let Some(play) = self.plays.get_mut(id) else {
            return Ok(());
        };
        let Some(mut command) = play.todo.pop_front() else {
            return Ok(());
        };
        self.last_part += 1;
        let part = Part(self.last_part);
        let objects = self
            .connection
            .line
            .begin(part, translate::file_object(&command))?;
        translate::give_object(&mut command, objects);
        let spelled = match command.spell(&self.abilities) {
            Ok(spelled) => spelled,
            Err(error) => {
                play.give_up(&error.to_string());
                self.connection.line.end(part);
                self.lanes.free(id);
                return Ok(());
            }
        };
        play.part = Some(part);
        let told = Told {
            id: part.0.to_string(),
            object: objects.command,
            builder: (self.abilities.protocol == Protocol::Msgpack).then(|| play.folder.clone()),
            command: spelled,
        };
        self.parts.insert(part, id.to_owned());
        match self.tell(to, ToWorker::StartCommand(told), About::Start(part)) {
            // It is too large to be sent, and was not: the connection is as it was.
            Err(Parted::Protocol(error @ Error::Limit { .. })) => {
                self.part_failed(part, &error.to_string());
                Ok(())
            }
            told => told,
        }
    }

    /// The worker could not begin a part.
    fn part_failed(&mut self, part: Part, why: &str) {
        self.connection.line.end(part);
        if let Some(id) = self.parts.remove(&part) {
            self.lanes.free(&id);
            if let Some(play) = self.plays.get_mut(&id) {
                play.part = None;
                play.give_up(why);
            }
        }
    }

    fn heard(&mut self, heard: Heard) -> Result<(), Ended> {
        match heard {
            Heard::OfItself { message, reply } => {
                if message == FromWorker::Shutdown {
                    self.say_it_wants_to_leave();
                }
                self.connection.line.reply(reply, message.receipt())?;
                self.sign_of_life()
            }
            Heard::OfCommand { part, message, reply } => self.heard_of(part, message, reply),
            Heard::Answer(question, answer) => self.answered(question, answer),
            Heard::LoggedOut => Err(Parted::LoggedOut),
        }
    }

    /// It asks to be let go once its builds have ended.
    fn say_it_wants_to_leave(&self) {
        let (shared, worker) = (Arc::clone(&self.shared), self.slot.name.clone());
        self.shared.tasks.spawn(async move {
            if let Err(why) = shared.registry.wants_to_leave(&worker).await {
                tracing::error!(worker, "cannot store that the worker wants to end: {why}");
            }
        });
    }

    /// It is there, and has no news.
    fn sign_of_life(&mut self) -> Result<(), Ended> {
        self.say(Said::Pong(Pong { number: 0 }))
    }

    fn heard_of(&mut self, part: Part, message: FromWorker, reply: Reply) -> Result<(), Ended> {
        let Some(id) = self.parts.get(&part).cloned() else {
            self.connection.line.refuse(reply, "the command has ended")?;
            return Ok(());
        };
        let Some(play) = self.plays.get_mut(&id) else {
            return Ok(());
        };
        let receipt = message.receipt();
        match message {
            FromWorker::Update { updates, .. } => {
                let was_too_long = play.is_too_long();
                updates.into_iter().for_each(|it| play.update(it));
                if play.is_too_long() && !was_too_long {
                    self.interrupt_part(&id, part, "it wrote more lines than it may".to_owned())?;
                }
            }
            FromWorker::Write(bytes) => {
                play.write(bytes, reply);
                return Ok(());
            }
            FromWorker::Read(most) => {
                play.read(most, reply);
                return Ok(());
            }
            FromWorker::Complete(failure) => self.completed(part, &id, failure.as_ref()),
            FromWorker::Close
            | FromWorker::Unpack
            | FromWorker::SetTimes { .. }
            | FromWorker::Keepalive
            | FromWorker::Shutdown => {}
        }
        self.connection.line.reply(reply, receipt)?;
        Ok(())
    }

    fn completed(&mut self, part: Part, id: &str, failure: Option<&Failure>) {
        self.connection.line.end(part);
        self.parts.remove(&part);
        self.lanes.free(id);
        if let Some(play) = self.plays.get_mut(id) {
            play.completed(failure);
        }
    }

    fn answered(&mut self, question: Question, answer: Result<Value, Failure>) -> Result<(), Ended> {
        let Some(about) = self.questions.remove(&question) else {
            return Ok(());
        };
        match (about, answer) {
            (About::Ping(number), _) => self.say(Said::Pong(Pong { number }))?,
            (About::Builders(edition), Ok(value)) => self.lanes.told(edition, value)?,
            (About::Builders(_), Err(failure)) => {
                return Err(Error::Negotiation(failure.to_string()).into());
            }
            (About::Start(part), Err(failure)) => self.part_failed(part, &failure.to_string()),
            // The oldest ones have it at their builders.
            (About::Shutdown, Err(failure)) if failure.is_no_such_method() => {
                self.tell(self.lanes.any(), ToWorker::Shutdown, About::Nothing)?;
            }
            (About::Start(_) | About::Shutdown | About::Nothing, _) => {}
        }
        Ok(())
    }

    /// Hands over what commands said, as far as there is room for it; false if nobody takes it any more.
    async fn hand_over(&mut self) -> Result<bool, Ended> {
        let mut over = vec![];
        for (id, play) in &mut self.plays {
            while let Some(news) = play.next() {
                let message = v1::FromWorker {
                    message: Some(Said::Command(news)),
                };
                if self.to_master.send(message).await.is_err() {
                    return Ok(false);
                }
            }
            if let Some(reply) = play.answerable() {
                self.connection.line.reply(reply, Value::None)?;
            }
            if play.is_over() {
                over.push(id.clone());
            }
        }
        for id in over {
            self.plays.remove(&id);
        }
        Ok(true)
    }
}
