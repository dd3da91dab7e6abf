//! Running one command on the build's worker, its output going to the step's log.

use std::time::Duration;

use crate::error::Result;
use crate::workers::{CommandEvent, CommandSpec, Outcome, OutputStream, RunningCommand};

use super::Engine;
use super::log::{Channel, LogWriter};
use super::stop::Heed;
use super::test_results::TestResults;

/// How long output may wait for more, before it is written.
const LINGER: Duration = Duration::from_millis(50);
/// How long the worker may take to end a command beyond the grace that it gives it.
const INTERRUPT_DEADLINE: Duration = Duration::from_secs(30);
/// How a command ended.
pub(crate) enum End {
    /// The worker says how.
    Outcome(Outcome),
    /// The worker is gone: why.
    Lost(String),
}

/// A command that runs for a step.
pub(crate) struct Execution<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) worker: &'e str,
    pub(crate) stop: Heed<'e>,
    pub(crate) log: &'e mut LogWriter,
    /// Who else reads the standard output.
    pub(crate) reader: Reader<'e>,
}

/// Who reads the standard output of a command beside its log.
pub(crate) enum Reader<'e> {
    /// Nobody.
    Nobody,
    /// The master, which wants its beginning.
    Captured(&'e mut Captured),
    /// Who looks for results of tests.
    Tests(&'e mut TestResults),
}

impl Reader<'_> {
    /// Whether the output is not for the log.
    fn hides_output(&self) -> bool {
        matches!(self, Self::Captured(captured) if captured.is_hidden)
    }
}

/// The beginning of a command's standard output.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes are kept.
    most: usize,
    /// Whether there were more.
    pub(crate) is_cut: bool,
    /// Whether they are not for the log.
    is_hidden: bool,
}

impl Captured {
    /// Keeps up to `most` bytes.
    pub(crate) fn up_to(most: usize) -> Self {
        Self {
            bytes: vec![],
            most,
            is_cut: false,
            is_hidden: false,
        }
    }

    /// Leaves them out of the log.
    pub(crate) fn hidden(self) -> Self {
        Self {
            is_hidden: true,
            ..self
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.most - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Execution<'_> {
    /// Runs the command to its end. What it wrote is stored when this returns.
    pub(crate) async fn run(mut self, spec: CommandSpec) -> Result<End> {
        let command = match self.engine.workers.start(self.worker, spec).await {
            Ok(command) => command,
            Err(gone) => return Ok(End::Lost(gone.to_string())),
        };
        let result = self.follow(command).await;
        self.log.end_lines().await?;
        result
    }

    async fn follow(&mut self, mut command: RunningCommand) -> Result<End> {
        let mut stopping = false;
        // The last piece of output that is not stored yet, and how long it may wait.
        let mut unstored: Option<u64> = None;
        let linger = tokio::time::sleep(Duration::ZERO);
        let deadline = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(linger, deadline);
        loop {
            let event = tokio::select! {
                biased;
                () = self.stop.wait(), if !stopping => {
                    stopping = true;
                    let why = self.stop.told().map_or("stopped", |(_, why)| why);
                    command.interrupt(why);
                    deadline.as_mut().reset(tokio::time::Instant::now() + INTERRUPT_DEADLINE);
                    continue;
                }
                () = &mut deadline, if stopping => {
                    return Ok(End::Lost("the worker did not end the command in time".to_owned()));
                }
                () = &mut linger, if unstored.is_some() => None,
                event = command.next() => Some(event),
            };
            match event {
                Some(CommandEvent::Output {
                    stream,
                    bytes,
                    sequence,
                }) => {
                    self.take(stream, &bytes);
                    if unstored.is_none() {
                        linger.as_mut().reset(tokio::time::Instant::now() + LINGER);
                    }
                    unstored = Some(sequence);
                    if !self.log.is_full() {
                        continue;
                    }
                }
                Some(CommandEvent::Finished { outcome, sequence }) => {
                    self.flush().await?;
                    command.acknowledge(sequence);
                    return Ok(End::Outcome(outcome));
                }
                Some(CommandEvent::Lost(why)) => return Ok(End::Lost(why)),
                None => {}
            }
            self.flush().await?;
            if let Some(sequence) = unstored.take() {
                command.acknowledge(sequence);
            }
        }
    }

    fn take(&mut self, stream: OutputStream, bytes: &[u8]) {
        let channel = match stream {
            OutputStream::Stdout => Channel::Stdout,
            OutputStream::Stderr => Channel::Stderr,
            OutputStream::Header => Channel::Header,
        };
        let is_hidden = channel == Channel::Stdout && self.reader.hides_output();
        if !is_hidden {
            self.log.push(channel, bytes);
        }
        if channel != Channel::Stdout {
            return;
        }
        match &mut self.reader {
            Reader::Nobody => {}
            Reader::Captured(captured) => captured.push(bytes),
            Reader::Tests(tests) => tests.push(bytes),
        }
    }

    /// Stores what was taken.
    async fn flush(&mut self) -> Result<()> {
        self.log.flush().await?;
        match &mut self.reader {
            Reader::Tests(tests) => tests.flush().await,
            Reader::Nobody | Reader::Captured(_) => Ok(()),
        }
    }
}
