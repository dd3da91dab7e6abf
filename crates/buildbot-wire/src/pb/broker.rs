//! One end of a connection, as a state machine.

use std::collections::BTreeSet;

use super::login::{CHALLENGE, Login};
use super::login_states::{ClientLogin, ServerLogin};
use super::message::{Message, Target};
use super::objects::{Objects, OwnObject, PeerObject, too_many};
use super::session::{Arrival, Session, Side};
use super::{OwnCall, PeerCall};
use crate::{Error, Failure, Limits, Result, Value};

/// A call of an object of this side.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is to be answered; none if no answer is awaited.
    pub call: Option<PeerCall>,
    /// The object.
    pub object: OwnObject,
    /// The method, as it stands in the message: Python has `remote_` or `perspective_` before it.
    pub method: String,
    /// The arguments by place.
    pub args: Vec<Value>,
    /// The arguments by name.
    pub named: Vec<(Value, Value)>,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Both sides have agreed on how to speak.
    Ready,
    /// To a server: a client wants to log in.
    Login(Login),
    /// To a client: it is logged in, and this is its avatar; none if the server gives it no object.
    LoggedIn(Option<PeerObject>),
    /// To a client: the server refuses.
    Refused(Failure),
    /// The other side calls a method.
    Call(Call),
    /// A call of this side was answered.
    Answer(OwnCall, Value),
    /// A call of this side has failed.
    Failed(OwnCall, Failure),
    /// The other side has given back its last reference to an object, which there is no more. Of the avatar it is the
    /// end of the login, though the connection may live on.
    Released(OwnObject),
    /// The other side does not know a message that this one has sent: its name.
    NotUnderstood(String),
}

/// One end of a connection.
///
/// Whoever owns the connection gives it what was read with [`receive`](Self::receive), then asks [`poll`](Self::poll)
/// until there is nothing more, and sends what [`transmit`](Self::transmit) gives after each of these. An event is
/// answered before the next is asked for where it changes what may follow: so the larger limits of a worker hold for the
/// bytes behind its login. Whoever cannot keep up with calls stops asking, and reading.
///
/// After an error there is no use for the connection.
#[derive(Debug)]
pub struct Broker {
    pub(super) session: Session,
    pub(super) objects: Objects,
    pub(super) role: Role,
    /// The number of this side's last call.
    last_call: u64,
    /// Calls of this side without an answer.
    asked: BTreeSet<u64>,
    /// Calls of the other side without an answer.
    owed: BTreeSet<u64>,
    /// How the other side has broken the protocol.
    broken: Option<Error>,
}

/// What is known of the login.
#[derive(Debug)]
pub(super) enum Role {
    Server(ServerLogin),
    Client(ClientLogin),
}

impl Broker {
    /// A server's end, for one connection. The challenge has to be a new one by chance.
    pub fn server(challenge: [u8; CHALLENGE]) -> Self {
        Self::server_with(challenge, Limits::BEFORE_LOGIN, Limits::OF_WORKER)
    }

    /// The same with other limits, before the client is admitted and afterwards.
    pub fn server_with(challenge: [u8; CHALLENGE], before: Limits, after: Limits) -> Self {
        let role = Role::Server(ServerLogin::new(challenge, after));
        Self::new(Side::Server, before, Objects::default(), role)
    }

    /// A client's end, which logs in as soon as the server speaks. The server learns of its [mind](Self::mind).
    pub fn client(name: &str, password: &str) -> Self {
        let mut objects = Objects::default();
        let mind = objects.export();
        let role = Role::Client(ClientLogin::new(name, password, mind));
        Self::new(Side::Client, Limits::OF_WORKER, objects, role)
    }

    fn new(side: Side, limits: Limits, objects: Objects, role: Role) -> Self {
        Self {
            session: Session::new(side, limits),
            objects,
            role,
            last_call: 0,
            asked: BTreeSet::new(),
            owed: BTreeSet::new(),
            broken: None,
        }
    }

    /// Takes bytes of the connection.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.session.receive(bytes);
    }

    /// The bytes that are to be sent.
    pub fn transmit(&mut self) -> Vec<u8> {
        self.session.transmit()
    }

    /// What happened next; none if more bytes are needed for it.
    ///
    /// # Errors
    /// What the other side does wrong. Asked again, it says the same: nothing more comes of the connection.
    pub fn poll(&mut self) -> Result<Option<Event>> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let event = self.next_event();
        if let Err(error) = &event {
            self.broken = Some(error.clone());
        }
        event
    }

    fn next_event(&mut self) -> Result<Option<Event>> {
        while let Some(arrival) = self.session.next()? {
            let event = match arrival {
                Arrival::Ready => {
                    self.begin_login()?;
                    Some(Event::Ready)
                }
                Arrival::Message(message) => self.take(message)?,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// How many calls of the other side wait for an answer: whoever has enough of them stops polling.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }

    /// How many objects of the other side are held.
    pub fn held(&self) -> usize {
        self.objects.held()
    }

    /// Makes an object that the other side can call once it was sent a reference to it.
    ///
    /// # Errors
    /// [`Error::Limit`] if there are too many.
    pub fn export(&mut self) -> Result<OwnObject> {
        let limit = self.session.limits().objects;
        match self.objects.exported() < limit {
            true => Ok(self.objects.export()),
            false => Err(too_many(limit)),
        }
    }

    /// Takes an object back: from now on calls of it fail, and it is not told of as released.
    pub fn withdraw(&mut self, object: OwnObject) {
        self.objects.withdraw(object);
    }

    /// Gives all references to an object of the other side back.
    ///
    /// # Errors
    /// [`Error::OutOfPlace`] before the negotiation.
    pub fn release(&mut self, object: PeerObject) -> Result<()> {
        for _ in 0..self.objects.release(object) {
            self.session.send(Message::Decref(object.0))?;
        }
        Ok(())
    }

    /// Calls a method of an object of the other side.
    ///
    /// # Errors
    /// [`Error::Limit`] if too many calls wait, or if something is too large to be sent; [`Error::NoSuchObject`] if an
    /// object is sent that was not [exported](Self::export). Then nothing is sent.
    pub fn call(
        &mut self,
        object: PeerObject,
        method: &str,
        args: Vec<Value>,
        named: Vec<(Value, Value)>,
    ) -> Result<OwnCall> {
        self.call_target(Target::Object(object.0), method, args, named)
    }

    pub(super) fn call_target(
        &mut self,
        target: Target,
        method: &str,
        args: Vec<Value>,
        named: Vec<(Value, Value)>,
    ) -> Result<OwnCall> {
        let limit = self.session.limits().calls;
        if self.asked.len() >= limit {
            return Err(too_many_calls(limit));
        }
        let objects = self.objects.sent_with(args.iter().chain(both(&named)))?;
        let number = self.last_call + 1;
        self.session.send(Message::Call {
            number,
            target,
            method: method.to_owned(),
            awaited: true,
            args,
            named,
        })?;
        self.objects.hand_over(objects);
        self.last_call = number;
        self.asked.insert(number);
        Ok(OwnCall(number))
    }

    /// Answers a call.
    ///
    /// # Errors
    /// [`Error::NoSuchCall`] if it was answered before; else as for [`call`](Self::call). Then nothing is sent, and the call
    /// still waits.
    pub fn answer(&mut self, call: PeerCall, value: Value) -> Result<()> {
        self.waits(call)?;
        let objects = self.objects.sent_with([&value].into_iter())?;
        self.session.send(Message::Answer(call.0, value))?;
        self.objects.hand_over(objects);
        self.owed.remove(&call.0);
        Ok(())
    }

    /// Lets a call fail.
    ///
    /// # Errors
    /// Those of [`answer`](Self::answer).
    pub fn fail(&mut self, call: PeerCall, failure: Failure) -> Result<()> {
        self.waits(call)?;
        self.session.send(Message::Error(call.0, failure))?;
        self.owed.remove(&call.0);
        Ok(())
    }

    fn waits(&self, call: PeerCall) -> Result<()> {
        match self.owed.contains(&call.0) {
            true => Ok(()),
            false => Err(Error::NoSuchCall(call.0)),
        }
    }

    fn take(&mut self, message: Message) -> Result<Option<Event>> {
        match message {
            Message::Call {
                number,
                target,
                method,
                awaited,
                args,
                named,
            } => {
                let call = self.owe(number, awaited)?;
                self.receive_objects(args.iter().chain(both(&named)))?;
                self.called(call, target, method, args, named)
            }
            Message::Answer(number, value) => {
                let call = self.was_asked(number)?;
                self.receive_objects([&value].into_iter())?;
                self.answered(call, Ok(value))
            }
            Message::Error(number, failure) => {
                let call = self.was_asked(number)?;
                self.receive_objects([failure.state()].into_iter())?;
                self.answered(call, Err(failure))
            }
            Message::Decref(number) => Ok(self.objects.give_back(number)?.map(Event::Released)),
            Message::DidNotUnderstand(name) => Ok(Some(Event::NotUnderstood(name))),
            Message::Unknown(name) => {
                self.session.send(Message::DidNotUnderstand(name))?;
                Ok(None)
            }
            Message::Version(_) => Err(Error::OutOfPlace("a second version")),
        }
    }

    fn receive_objects<'v>(&mut self, values: impl Iterator<Item = &'v Value>) -> Result<()> {
        self.objects.receive(values, self.session.limits().objects)
    }

    fn owe(&mut self, number: u64, awaited: bool) -> Result<Option<PeerCall>> {
        if !awaited {
            return Ok(None);
        }
        if !self.owed.insert(number) {
            return Err(Error::SameCall(number));
        }
        let limit = self.session.limits().calls;
        match self.owed.len() <= limit {
            true => Ok(Some(PeerCall(number))),
            false => Err(too_many_calls(limit)),
        }
    }

    fn was_asked(&mut self, number: u64) -> Result<OwnCall> {
        match self.asked.remove(&number) {
            true => Ok(OwnCall(number)),
            false => Err(Error::NoSuchCall(number)),
        }
    }

    fn called(
        &mut self,
        call: Option<PeerCall>,
        target: Target,
        method: String,
        args: Vec<Value>,
        named: Vec<(Value, Value)>,
    ) -> Result<Option<Event>> {
        if self.is_of_login(target) {
            return self.called_for_login(call, target, &method, args);
        }
        match target {
            Target::Object(number) if self.objects.has(number) => Ok(Some(Event::Call(Call {
                call,
                object: OwnObject(number),
                method,
                args,
                named,
            }))),
            Target::Object(number) => self.refuse(call, &args, &named, Failure::no_such_object(number)),
            Target::Root => self.refuse(call, &args, &named, Failure::no_such_method(&method)),
        }
    }

    /// Lets a call fail that nobody else learns of, and gives back what came with it.
    pub(super) fn refuse(
        &mut self,
        call: Option<PeerCall>,
        args: &[Value],
        named: &[(Value, Value)],
        failure: Failure,
    ) -> Result<Option<Event>> {
        self.count_refusal()?;
        let mut came = vec![];
        args.iter().chain(both(named)).for_each(|it| {
            it.walk(&mut |it| came.extend(PeerObject::read(it)));
        });
        for object in came {
            if self.objects.drop_one(object) {
                self.session.send(Message::Decref(object.0))?;
            }
        }
        if let Some(call) = call {
            self.fail(call, failure)?;
        }
        Ok(None)
    }
}

/// Keys and values of arguments by name.
fn both(named: &[(Value, Value)]) -> impl Iterator<Item = &Value> {
    named.iter().flat_map(|(key, value)| [key, value])
}

const fn too_many_calls(limit: usize) -> Error {
    Error::Limit {
        what: "calls without an answer",
        limit,
    }
}
