//! Bytes to messages and back: the negotiation of the dialect, the exchange of versions, and what comes after.

use super::VERSION;
use super::message::Message;
use crate::banana::{Decoder, Dialect, Expression, encode};
use crate::{Error, Limits, Result};

/// What a server says first: the list of the dialects that it knows.
const OFFER: &[u8] = b"\x02\x80\x02\x82pb\x04\x82none";

/// Who listens and who dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It listens: it offers dialects, and checks logins. So does a master.
    Server,
    /// It dials: it chooses a dialect, and logs in. So does a worker.
    Client,
}

/// One end's messages.
#[derive(Debug)]
pub(super) struct Session {
    side: Side,
    limits: Limits,
    decoder: Decoder,
    output: Vec<u8>,
    /// What was agreed on.
    dialect: Option<Dialect>,
    /// Whether the other side has said its version.
    is_ready: bool,
}

/// What came.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Both sides have agreed on how to speak.
    Ready,
    /// A message.
    Message(Message),
}

impl Session {
    pub(super) fn new(side: Side, limits: Limits) -> Self {
        let output = match side {
            Side::Server => OFFER.to_vec(),
            Side::Client => vec![],
        };
        Self {
            side,
            limits,
            decoder: Decoder::new(limits),
            output,
            dialect: None,
            is_ready: false,
        }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) const fn limit(&mut self, limits: Limits) {
        self.limits = limits;
        self.decoder.limit(limits);
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.decoder.push(bytes);
    }

    pub(super) fn transmit(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Sends a message, which is only possible once a dialect is agreed on.
    pub(super) fn send(&mut self, message: Message) -> Result<()> {
        if self.dialect.is_none() {
            return Err(Error::OutOfPlace("a message before the negotiation"));
        }
        self.put(&message.write())
    }

    fn put(&mut self, expression: &Expression) -> Result<()> {
        encode(
            expression,
            self.dialect.unwrap_or(Dialect::None),
            &mut self.output,
        )
    }

    /// What came next; none if bytes are missing.
    pub(super) fn next(&mut self) -> Result<Option<Arrival>> {
        while let Some(expression) = self.decoder.pop()? {
            if self.dialect.is_none() {
                self.negotiate(expression)?;
                continue;
            }
            let message = Message::read(expression, &self.limits)?;
            match (message, self.is_ready) {
                (Message::Version(VERSION), false) => {
                    self.is_ready = true;
                    return Ok(Some(Arrival::Ready));
                }
                (Message::Version(other), _) => {
                    return Err(Error::Negotiation(format!(
                        "version {other} of the broker, and not {VERSION}"
                    )));
                }
                (_, false) => return Err(Error::OutOfPlace("a message before the version")),
                (message, true) => return Ok(Some(Arrival::Message(message))),
            }
        }
        Ok(None)
    }

    fn negotiate(&mut self, expression: Expression) -> Result<()> {
        let dialect = match (self.side, &expression) {
            (Side::Server, Expression::Bytes(name)) => Dialect::named(name),
            (Side::Client, Expression::List(offer)) => offer.iter().find_map(|it| match it {
                Expression::Bytes(name) => Dialect::named(name),
                _ => None,
            }),
            _ => None,
        };
        let Some(dialect) = dialect else {
            return Err(Error::Negotiation("no dialect that is known here".into()));
        };
        if self.side == Side::Client {
            self.put(&Expression::text(dialect.name()))?;
        }
        self.dialect = Some(dialect);
        self.decoder.speak(dialect);
        self.send(Message::Version(VERSION))
    }
}
