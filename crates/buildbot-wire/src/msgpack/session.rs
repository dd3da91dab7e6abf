//! One end of a connection: numbers of requests, and what waits for an answer.

use std::collections::BTreeSet;

use super::message::{Message, Request, Response};
use crate::{Error, Limits, Result};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The other side asks for something, with this number.
    Request(u64, Request),
    /// A request of this side was answered.
    Response(u64, Response),
}

/// One end of a connection.
#[derive(Debug)]
pub struct Session {
    limits: Limits,
    /// The number of this side's next request.
    next: u64,
    /// Requests of this side without an answer.
    asked: BTreeSet<u64>,
    /// Requests of the other side without an answer.
    owed: BTreeSet<u64>,
}

impl Session {
    /// Nothing was said.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            next: 0,
            asked: BTreeSet::new(),
            owed: BTreeSet::new(),
        }
    }

    /// Takes a frame.
    ///
    /// # Errors
    /// Those of [`Message::read`]; [`Error::NoSuchCall`] for an answer to nothing, [`Error::SameCall`] for a number that is
    /// used twice, [`Error::Limit`] if too many requests wait for an answer.
    pub fn receive(&mut self, frame: &[u8]) -> Result<Event> {
        match Message::read(frame, &self.limits)? {
            Message::Request { number, request } => {
                if !self.owed.insert(number) {
                    return Err(Error::SameCall(number));
                }
                within(self.owed.len(), self.limits.calls)?;
                Ok(Event::Request(number, request))
            }
            Message::Response { number, response } => match self.asked.remove(&number) {
                true => Ok(Event::Response(number, response)),
                false => Err(Error::NoSuchCall(number)),
            },
        }
    }

    /// Asks for something: gives the number of the request, and its frame.
    ///
    /// # Errors
    /// Those of [`Message::write`]; [`Error::Limit`] if too many wait for an answer.
    pub fn request(&mut self, request: Request) -> Result<(u64, Vec<u8>)> {
        within(self.asked.len() + 1, self.limits.calls)?;
        let number = self.next;
        let frame = Message::Request { number, request }.write()?;
        self.next += 1;
        self.asked.insert(number);
        Ok((number, frame))
    }

    /// Answers a request: gives the frame.
    ///
    /// # Errors
    /// Those of [`Message::write`]; [`Error::NoSuchCall`] if there is no such request, or it was answered.
    pub fn respond(&mut self, number: u64, response: Response) -> Result<Vec<u8>> {
        if !self.owed.contains(&number) {
            return Err(Error::NoSuchCall(number));
        }
        let frame = Message::Response { number, response }.write()?;
        self.owed.remove(&number);
        Ok(frame)
    }

    /// How many requests of the other side wait for an answer: whoever has enough of them stops reading.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }
}

const fn within(calls: usize, limit: usize) -> Result<()> {
    match calls <= limit {
        true => Ok(()),
        false => Err(Error::Limit {
            what: "requests without an answer",
            limit,
        }),
    }
}
