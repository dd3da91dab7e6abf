//! A worker's connection: a line, and what carries it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::time::timeout;
use weir_buildbot_wire::worker::ToWorker;
use weir_buildbot_wire::{Error, Failure, Value};

use super::line::{Heard, Line, Question, To};
use super::transport::Transport;

/// How many pieces may wait to be sent before nothing more is read, so that a worker that reads no answers waits too.
const MOST_UNSENT: usize = 64;
/// How long the last words of a connection may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum Parted {
    #[error("it closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broke(String),
    #[error("it broke the protocol: {0}")]
    Protocol(#[from] Error),
    #[error("it said nothing in time")]
    Silent,
    #[error("it logged out")]
    LoggedOut,
}

/// A worker's connection.
pub(super) struct Connection {
    pub(super) line: Box<dyn Line>,
    transport: Transport,
    unsent: VecDeque<Bytes>,
    /// What came while an answer was awaited.
    early: VecDeque<Heard>,
}

impl Connection {
    pub(super) fn new(line: Box<dyn Line>, transport: Transport) -> Self {
        Self {
            line,
            transport,
            unsent: VecDeque::new(),
            early: VecDeque::new(),
        }
    }

    /// What the worker says next. While nobody is `listening` nothing is read, but all is sent.
    ///
    /// May be given up at any time without losing anything.
    ///
    /// # Errors
    /// Why nothing comes any more.
    pub(super) async fn hear(&mut self, listening: bool) -> Result<Heard, Parted> {
        loop {
            if listening {
                if let Some(heard) = self.early.pop_front() {
                    return Ok(heard);
                }
                if self.unsent.len() < MOST_UNSENT
                    && let Some(heard) = self.line.poll()?
                {
                    return Ok(heard);
                }
            }
            while let Some(bytes) = self.line.transmit() {
                self.unsent.push_back(bytes);
            }
            let reads = listening && self.unsent.len() < MOST_UNSENT;
            tokio::select! {
                permit = self.transport.outgoing.reserve(), if !self.unsent.is_empty() => {
                    let permit = permit.map_err(|_| Parted::Closed)?;
                    if let Some(bytes) = self.unsent.pop_front() {
                        permit.send(bytes);
                    }
                }
                came = self.transport.incoming.next(), if reads => match came {
                    Some(Ok(bytes)) => self.line.receive(bytes),
                    Some(Err(error)) => return Err(Parted::Broke(error.to_string())),
                    None => return Err(Parted::Closed),
                },
                // Nothing to send and nobody who listens: until this is given up.
                () = std::future::pending() => {}
            }
        }
    }

    /// Tells the worker something and waits for its answer; what else it says meanwhile is heard later.
    ///
    /// # Errors
    /// Why no answer comes any more. The inner one is the worker's.
    pub(super) async fn ask(&mut self, message: ToWorker) -> Result<Result<Value, Failure>, Parted> {
        let question: Question = self.line.tell(To::Worker, message)?;
        let mut early = std::mem::take(&mut self.early);
        let answer = loop {
            match self.hear(true).await? {
                Heard::Answer(of, answer) if of == question => break answer,
                Heard::LoggedOut => return Err(Parted::LoggedOut),
                // Limited by what a line takes before it is answered.
                other => early.push_back(other),
            }
        };
        self.early = early;
        Ok(answer)
    }

    /// Sends what is left, and ends.
    pub(super) async fn part(mut self) {
        while let Some(bytes) = self.line.transmit() {
            self.unsent.push_back(bytes);
        }
        let sent = async {
            for bytes in self.unsent {
                if self.transport.outgoing.send(bytes).await.is_err() {
                    return;
                }
            }
        };
        // Whoever does not read it does not get it.
        let _ = timeout(FAREWELL, sent).await;
    }
}
