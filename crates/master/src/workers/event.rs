//! What a command says.

use std::fmt;

use bytes::Bytes;
use weir_worker_protocol::v1::{Finished, FromCommand, Stream, Timeout, finished, from_command::News};

/// News of a command, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandEvent {
    /// Output.
    Output {
        /// Where it came from.
        stream: OutputStream,
        /// The bytes as they were written; they can end in the middle of a line or a character.
        bytes: Bytes,
        /// What to acknowledge when this is stored.
        sequence: u64,
    },
    /// It asks for a piece of the file that it takes: [`RunningCommand::feed`](super::RunningCommand::feed) answers, and
    /// whatever comes after it acknowledges it.
    Read {
        /// Where the piece begins, in bytes.
        offset: u64,
        /// How many bytes it may have.
        most: usize,
        /// Its place.
        sequence: u64,
    },
    /// It ended; the last event.
    Finished {
        /// How.
        outcome: Outcome,
        /// What to acknowledge when this is stored.
        sequence: u64,
    },
    /// Its worker is gone for good, because of this; the last event.
    Lost(String),
}

/// Where output came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// The command's standard output.
    Stdout,
    /// The command's standard error.
    Stderr,
    /// The worker's own words about the command.
    Header,
    /// The file of that name, which is followed.
    File(String),
    /// What the command is for: the bytes of an upload, or what it found out.
    Data,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal, which the worker did not send.
    Signalled(i32),
    /// It never ran, because of this.
    CouldNotStart(String),
    /// The worker ended it because it passed a limit.
    TimedOut(Limit),
    /// The worker ended it because it was asked to, or ends itself: the reason.
    Interrupted(String),
}

/// Which limit a command passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The time without output.
    Idle,
    /// The time in all.
    Total,
    /// The lines that it may write.
    Lines,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "no output for too long",
            Self::Total => "it ran for too long",
            Self::Lines => "it wrote more lines than it may",
        })
    }
}

impl CommandEvent {
    /// Reads a message; none if it is of a kind that this master does not know.
    pub(super) fn from_message(message: FromCommand) -> Option<Self> {
        let sequence = message.sequence;
        Some(match message.news? {
            News::Output(output) => Self::Output {
                stream: match output.stream() {
                    Stream::Stdout => OutputStream::Stdout,
                    Stream::Stderr => OutputStream::Stderr,
                    Stream::File => OutputStream::File(output.file),
                    Stream::Data => OutputStream::Data,
                    Stream::Header | Stream::Unspecified => OutputStream::Header,
                },
                bytes: output.data,
                sequence,
            },
            News::Read(read) => Self::Read {
                offset: read.offset,
                most: read.most as usize,
                sequence,
            },
            News::Finished(finished) => Self::Finished {
                outcome: outcome(finished),
                sequence,
            },
        })
    }

    /// How many bytes of output it has.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Output { bytes, .. } => bytes.len(),
            Self::Read { .. } | Self::Finished { .. } | Self::Lost(_) => 0,
        }
    }

    /// Whether there are none after it.
    pub(super) const fn is_last(&self) -> bool {
        !matches!(self, Self::Output { .. } | Self::Read { .. })
    }
}

fn outcome(finished: Finished) -> Outcome {
    match finished.outcome {
        Some(finished::Outcome::ExitCode(code)) => Outcome::Exited(code),
        Some(finished::Outcome::Signal(signal)) => Outcome::Signalled(signal),
        Some(finished::Outcome::CouldNotStart(why)) => Outcome::CouldNotStart(why),
        Some(finished::Outcome::TimedOut(limit)) => Outcome::TimedOut(match Timeout::try_from(limit) {
            Ok(Timeout::Idle) => Limit::Idle,
            Ok(Timeout::Lines) => Limit::Lines,
            _ => Limit::Total,
        }),
        Some(finished::Outcome::Interrupted(why)) => Outcome::Interrupted(why),
        None => Outcome::Interrupted("the worker does not say how it ended".to_owned()),
    }
}
