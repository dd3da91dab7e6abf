//! The steps of a login, of both sides.

use std::fmt;

use super::broker::{Broker, Event, Role};
use super::login::{CHALLENGE, Credentials, Login, response};
use super::message::Target;
use super::objects::{OwnObject, PeerObject};
use super::{OwnCall, PeerCall};
use crate::{Error, Failure, Limits, Result, Value};

/// A server's view of it.
#[derive(Debug)]
pub(super) struct ServerLogin {
    challenge: [u8; CHALLENGE],
    /// The limits for a client that was admitted.
    after: Limits,
    state: ServerState,
    /// Calls that were refused before a client was admitted.
    refused: usize,
}

#[derive(Debug)]
enum ServerState {
    /// Nobody asked.
    Expected,
    /// A client was sent the challenge.
    Challenged { name: Vec<u8>, challenger: OwnObject },
    /// A client has responded: whoever runs the server is to decide.
    Responded,
    /// It was admitted.
    Admitted,
}

/// A client's view of it.
#[derive(Debug)]
pub(super) struct ClientLogin {
    name: Vec<u8>,
    password: Password,
    /// The client's object.
    mind: OwnObject,
    state: ClientState,
}

/// A password, which no log shows.
struct Password(Vec<u8>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[derive(Debug)]
enum ClientState {
    /// The server has not spoken yet, or all is said.
    Idle,
    /// A challenge is awaited.
    Asked(OwnCall),
    /// The verdict is awaited.
    Responded(OwnCall),
}

impl ServerLogin {
    pub(super) const fn new(challenge: [u8; CHALLENGE], after: Limits) -> Self {
        Self {
            challenge,
            after,
            state: ServerState::Expected,
            refused: 0,
        }
    }
}

impl ClientLogin {
    pub(super) fn new(name: &str, password: &str, mind: OwnObject) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            password: Password(password.as_bytes().to_vec()),
            mind,
            state: ClientState::Idle,
        }
    }
}

impl Broker {
    /// A client's own object, which the server calls after the login; a server has none.
    pub const fn mind(&self) -> Option<OwnObject> {
        match &self.role {
            Role::Client(login) => Some(login.mind),
            Role::Server(_) => None,
        }
    }

    /// To a server: the client is who it says. From here on the larger limits hold, its mind can be called, and its login
    /// can be answered with an avatar.
    ///
    /// # Errors
    /// [`Error::OutOfPlace`] if there is no login to decide.
    pub fn admit(&mut self) -> Result<()> {
        match &mut self.role {
            Role::Server(login) if matches!(login.state, ServerState::Responded) => {
                login.state = ServerState::Admitted;
                self.session.limit(login.after);
                Ok(())
            }
            _ => Err(Error::OutOfPlace("an admission without a login")),
        }
    }

    /// Begins what this side has to begin, once both can speak.
    pub(super) fn begin_login(&mut self) -> Result<()> {
        let Role::Client(login) = &self.role else {
            return Ok(());
        };
        let name = Value::Bytes(login.name.clone());
        let call = self.call_target(Target::Root, "login", vec![name], vec![])?;
        self.set_client_state(ClientState::Asked(call));
        Ok(())
    }

    /// Whether a call of this target is for the login, and for nobody else: so is all until a client is admitted.
    pub(super) fn is_of_login(&self, target: Target) -> bool {
        match &self.role {
            Role::Client(_) => false,
            Role::Server(login) => match &login.state {
                ServerState::Challenged { challenger, .. } => {
                    target == Target::Root || target == Target::Object(challenger.0)
                }
                _ => target == Target::Root,
            },
        }
    }

    /// Counts a call that is refused. Whoever is not admitted has few of them, since each refusal is longer than the call.
    pub(super) fn count_refusal(&mut self) -> Result<()> {
        let limit = self.session.limits().calls;
        let Role::Server(login) = &mut self.role else {
            return Ok(());
        };
        if matches!(login.state, ServerState::Admitted) {
            return Ok(());
        }
        login.refused += 1;
        match login.refused <= limit {
            true => Ok(()),
            false => Err(Error::Limit {
                what: "refused calls before a login",
                limit,
            }),
        }
    }

    /// A client calls the root or the challenger.
    pub(super) fn called_for_login(
        &mut self,
        call: Option<PeerCall>,
        target: Target,
        method: &str,
        args: Vec<Value>,
    ) -> Result<Option<Event>> {
        let Role::Server(login) = &mut self.role else {
            return Err(Error::OutOfPlace("a login to a client"));
        };
        let Some(call) = call else {
            return Err(Error::OutOfPlace("a login that awaits no answer"));
        };
        match (&mut login.state, target, method) {
            (ServerState::Expected, Target::Root, "login") => self.challenge(call, args),
            (ServerState::Challenged { name, challenger }, Target::Object(_), "respond") => {
                let (name, challenger) = (std::mem::take(name), *challenger);
                login.state = ServerState::Responded;
                let challenge = login.challenge;
                self.objects.withdraw(challenger);
                responded(call, name, challenge, args).map(Some)
            }
            (_, Target::Root, "login" | "loginAnonymous") => {
                self.refuse(Some(call), &args, &[], Failure::unauthorized_login())
            }
            _ => self.refuse(Some(call), &args, &[], Failure::no_such_method(method)),
        }
    }

    fn challenge(&mut self, call: PeerCall, args: Vec<Value>) -> Result<Option<Event>> {
        let [name] = Value::Tuple(args).into_array()?;
        let name = name.into_bytes()?;
        let challenger = self.export()?;
        let Role::Server(login) = &mut self.role else {
            return Err(Error::OutOfPlace("a login to a client"));
        };
        login.state = ServerState::Challenged { name, challenger };
        let challenge = Value::Bytes(login.challenge.to_vec());
        self.answer(call, Value::Tuple(vec![challenge, challenger.into()]))?;
        Ok(None)
    }

    /// A call of this side has ended: to whoever made it, or for the login.
    pub(super) fn answered(
        &mut self,
        call: OwnCall,
        answer: Result<Value, Failure>,
    ) -> Result<Option<Event>> {
        if let Role::Client(login) = &self.role {
            match login.state {
                ClientState::Asked(asked) if asked == call => {
                    return match answer {
                        Ok(challenge) => self.respond(challenge),
                        Err(failure) => Ok(Some(self.refused(failure))),
                    };
                }
                ClientState::Responded(asked) if asked == call => {
                    return Ok(Some(match answer {
                        Ok(avatar) => {
                            self.set_client_state(ClientState::Idle);
                            Event::LoggedIn(PeerObject::read(&avatar).ok())
                        }
                        Err(failure) => self.refused(failure),
                    }));
                }
                _ => {}
            }
        }
        Ok(Some(match answer {
            Ok(value) => Event::Answer(call, value),
            Err(failure) => Event::Failed(call, failure),
        }))
    }

    fn respond(&mut self, challenge: Value) -> Result<Option<Event>> {
        let [challenge, challenger] = challenge.into_array()?;
        let (challenge, challenger) = (challenge.into_bytes()?, PeerObject::read(&challenger)?);
        let Role::Client(login) = &self.role else {
            return Err(Error::OutOfPlace("a challenge to a server"));
        };
        let response = Value::Bytes(response(&login.password.0, &challenge).to_vec());
        let args = vec![response, login.mind.into()];
        let call = self.call(challenger, "respond", args, vec![])?;
        self.set_client_state(ClientState::Responded(call));
        self.release(challenger)?;
        Ok(None)
    }

    fn refused(&mut self, failure: Failure) -> Event {
        self.set_client_state(ClientState::Idle);
        Event::Refused(failure)
    }

    fn set_client_state(&mut self, state: ClientState) {
        if let Role::Client(login) = &mut self.role {
            login.state = state;
        }
    }
}

fn responded(call: PeerCall, name: Vec<u8>, challenge: [u8; CHALLENGE], args: Vec<Value>) -> Result<Event> {
    let [response, mind] = Value::Tuple(args).into_array()?;
    let mind = match &mind {
        Value::None => None,
        mind => Some(PeerObject::read(mind)?),
    };
    Ok(Event::Login(Login {
        call,
        credentials: Credentials {
            name,
            challenge,
            response: response.into_bytes()?,
        },
        mind,
    }))
}
