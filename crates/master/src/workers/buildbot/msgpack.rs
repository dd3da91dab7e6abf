//! Msgpack over WebSockets as a line.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use weir_buildbot_wire::msgpack::{Event, Session};
use weir_buildbot_wire::worker::over_msgpack::OfCommand;
use weir_buildbot_wire::worker::{Protocol, ToWorker, WorkerObject};
use weir_buildbot_wire::{Error, Failure, Limits, Result, Value, pb};

use super::line::{Heard, Line, Objects, Part, Question, Reply, To};

/// A worker whose name and password came with the beginning of its connection.
pub(super) struct MsgpackLine {
    session: Session,
    received: VecDeque<Bytes>,
    unsent: VecDeque<Bytes>,
    commands: BTreeSet<Part>,
}

impl MsgpackLine {
    pub(super) fn new() -> Self {
        Self {
            session: Session::new(Limits::OF_WORKER),
            received: VecDeque::new(),
            unsent: VecDeque::new(),
            commands: BTreeSet::new(),
        }
    }

    fn respond(&mut self, number: u64, response: Result<Value, String>) -> Result<()> {
        let frame = self.session.respond(number, response)?;
        self.unsent.push_back(frame.into());
        Ok(())
    }

    fn requested(&mut self, number: u64, message: OfCommand) -> Result<Option<Heard>> {
        let OfCommand { id, message, .. } = message;
        let part = id.parse().map(Part).ok();
        match part.filter(|it| self.commands.contains(it)) {
            Some(part) => Ok(Some(Heard::OfCommand {
                part,
                message,
                reply: Reply::Msgpack(number),
            })),
            None => {
                // Buildbot's words.
                self.respond(number, Err("unknown \"command_id\"".to_owned()))?;
                Ok(None)
            }
        }
    }
}

impl Line for MsgpackLine {
    fn protocol(&self) -> Protocol {
        Protocol::Msgpack
    }

    fn receive(&mut self, frame: Bytes) {
        self.received.push_back(frame);
    }

    fn poll(&mut self) -> Result<Option<Heard>> {
        while let Some(frame) = self.received.pop_front() {
            let heard = match self.session.receive(&frame)? {
                Event::Request(number, request) => match OfCommand::of_request(request) {
                    Ok(message) => self.requested(number, message)?,
                    Err(Error::NotInProtocol(what)) => {
                        self.respond(number, Err(format!("Command {what} does not exist.")))?;
                        None
                    }
                    Err(error) => return Err(error),
                },
                Event::Response(number, response) => {
                    let response = response.map_err(|why| Failure::of_text(&why));
                    Some(Heard::Answer(Question::Msgpack(number), response))
                }
            };
            if heard.is_some() {
                return Ok(heard);
            }
        }
        Ok(None)
    }

    fn transmit(&mut self) -> Option<Bytes> {
        self.unsent.pop_front()
    }

    fn tell(&mut self, _: To, message: ToWorker) -> Result<Question> {
        let (number, frame) = self.session.request(message.into_request()?)?;
        self.unsent.push_back(frame.into());
        Ok(Question::Msgpack(number))
    }

    fn reply(&mut self, to: Reply, with: Value) -> Result<()> {
        // Only a piece of a file is an answer here; Buildbot's master answers all else with nothing.
        let with = match with {
            Value::Bytes(bytes) => Value::Bytes(bytes),
            _ => Value::None,
        };
        match to {
            Reply::Msgpack(number) => self.respond(number, Ok(with)),
            Reply::None | Reply::Pb(_) => Ok(()),
        }
    }

    fn refuse(&mut self, to: Reply, why: &str) -> Result<()> {
        match to {
            Reply::Msgpack(number) => self.respond(number, Err(why.to_owned())),
            Reply::None | Reply::Pb(_) => Ok(()),
        }
    }

    fn begin(&mut self, part: Part, _: Option<WorkerObject>) -> Result<Objects> {
        self.commands.insert(part);
        Ok(Objects::default())
    }

    fn end(&mut self, part: Part) {
        self.commands.remove(&part);
    }

    fn release(&mut self, _: pb::PeerObject) -> Result<()> {
        Ok(())
    }

    fn welcome(&mut self) -> Result<()> {
        Ok(())
    }

    /// There is no word for it: its connection ends.
    fn turn_away(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
}
