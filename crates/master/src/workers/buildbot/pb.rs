//! The perspective broker as a line.

use std::collections::BTreeMap;

use bytes::Bytes;
use weir_buildbot_wire::pb::{Broker, Call, Event, Login, OwnObject, PeerCall, PeerObject};
use weir_buildbot_wire::worker::over_pb::Method;
use weir_buildbot_wire::worker::{FromWorker, Protocol, ToWorker, WorkerObject};
use weir_buildbot_wire::{Error, Failure, Result, Value};

use super::line::{Heard, Line, Objects, Part, Question, Reply, To};

/// A worker that is admitted, and waits for its avatar.
pub(super) struct PbLine {
    broker: Broker,
    mind: PeerObject,
    /// The call that is answered with the avatar.
    login: PeerCall,
    avatar: Option<OwnObject>,
    commands: BTreeMap<OwnObject, (Part, WorkerObject)>,
}

impl PbLine {
    /// One over a broker to which a worker is [admitted](Broker::admit).
    ///
    /// # Errors
    /// If it has no object to speak to.
    pub(super) fn new(broker: Broker, login: &Login) -> Result<Self> {
        let mind = login.mind.ok_or(Error::OutOfPlace("a login without a mind"))?;
        Ok(Self {
            broker,
            mind,
            login: login.call,
            avatar: None,
            commands: BTreeMap::new(),
        })
    }

    fn called(&mut self, call: Call) -> Result<Option<Heard>> {
        let reply = call.call.map_or(Reply::None, Reply::Pb);
        let object = call.object;
        if Some(object) == self.avatar {
            return match FromWorker::of_method(WorkerObject::Avatar, call.into()) {
                Ok(message) => Ok(Some(Heard::OfItself { message, reply })),
                Err(error) => self.refused(reply, error),
            };
        }
        let Some(&(part, object)) = self.commands.get(&object) else {
            self.refuse(reply, "the command has ended")?;
            return Ok(None);
        };
        match FromWorker::of_method(object, call.into()) {
            Ok(message) => Ok(Some(Heard::OfCommand { part, message, reply })),
            Err(error) => self.refused(reply, error),
        }
    }

    /// A worker may say what this master does not know; nothing it says otherwise is of use.
    fn refused(&mut self, reply: Reply, error: Error) -> Result<Option<Heard>> {
        let Error::NotInProtocol(method) = &error else {
            return Err(error);
        };
        if let Reply::Pb(call) = reply {
            self.broker.fail(call, Failure::no_such_method(method))?;
        }
        Ok(None)
    }
}

impl Line for PbLine {
    fn protocol(&self) -> Protocol {
        Protocol::Pb
    }

    fn receive(&mut self, bytes: Bytes) {
        self.broker.receive(&bytes);
    }

    fn poll(&mut self) -> Result<Option<Heard>> {
        while let Some(event) = self.broker.poll()? {
            let heard = match event {
                Event::Call(call) => self.called(call)?,
                Event::Answer(call, value) => Some(Heard::Answer(Question::Pb(call), Ok(value))),
                Event::Failed(call, failure) => Some(Heard::Answer(Question::Pb(call), Err(failure))),
                Event::Released(object) if Some(object) == self.avatar => Some(Heard::LoggedOut),
                Event::Released(_) | Event::NotUnderstood(_) | Event::Ready => None,
                Event::Login(_) | Event::LoggedIn(_) | Event::Refused(_) => {
                    return Err(Error::OutOfPlace("a second login"));
                }
            };
            if heard.is_some() {
                return Ok(heard);
            }
        }
        Ok(None)
    }

    fn transmit(&mut self) -> Option<Bytes> {
        let bytes = self.broker.transmit();
        (!bytes.is_empty()).then(|| bytes.into())
    }

    fn tell(&mut self, to: To, message: ToWorker) -> Result<Question> {
        let object = match to {
            To::Builder(Some(object)) => object,
            To::Worker | To::Builder(None) => self.mind,
        };
        let Method { name, args, named } = message.into_method()?;
        self.broker.call(object, &name, args, named).map(Question::Pb)
    }

    fn reply(&mut self, to: Reply, with: Value) -> Result<()> {
        match to {
            Reply::Pb(call) => self.broker.answer(call, with),
            Reply::None | Reply::Msgpack(_) => Ok(()),
        }
    }

    fn refuse(&mut self, to: Reply, why: &str) -> Result<()> {
        match to {
            Reply::Pb(call) => self.broker.fail(call, Failure::runtime_error(why)),
            Reply::None | Reply::Msgpack(_) => Ok(()),
        }
    }

    fn begin(&mut self, part: Part, file: Option<WorkerObject>) -> Result<Objects> {
        let mut export = |kind| -> Result<u64> {
            let object = self.broker.export()?;
            self.commands.insert(object, (part, kind));
            Ok(object.number())
        };
        Ok(Objects {
            command: Some(export(WorkerObject::Command)?),
            file: file.map(export).transpose()?,
        })
    }

    fn end(&mut self, part: Part) {
        self.commands.retain(|object, (of, _)| {
            let stays = *of != part;
            if !stays {
                self.broker.withdraw(*object);
            }
            stays
        });
    }

    fn release(&mut self, object: PeerObject) -> Result<()> {
        self.broker.release(object)
    }

    fn welcome(&mut self) -> Result<()> {
        let avatar = self.broker.export()?;
        self.avatar = Some(avatar);
        self.broker.answer(self.login, avatar.into())
    }

    fn turn_away(&mut self, why: &str) -> Result<()> {
        self.broker.fail(self.login, Failure::runtime_error(why))
    }
}
