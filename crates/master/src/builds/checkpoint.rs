//! How far a step that runs has come, as it is kept: what the step's code is given again when it is run again.
//!
//! It is kept as a message of protobuf, so that a newer master reads what an older one kept.

use super::command::End;
use super::lines::LineBuffer;
use super::log::Channel;
use super::secrets::Held;
use crate::workers::{Limit, Outcome};

/// All that is kept of a step beside the pieces.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Checkpoint {
    /// Whether the step heeds that the build is cancelled; one that runs because of that does not.
    #[prost(bool, tag = "1")]
    pub(super) heeds_cancel: bool,
    /// How many lines of the master's own words are in the log.
    #[prost(uint64, tag = "2")]
    pub(super) said: u64,
    /// How many things the step has done once.
    #[prost(uint64, tag = "3")]
    pub(super) done: u64,
    /// What is not yet a whole line of the log.
    #[prost(message, optional, tag = "4")]
    pub(super) stdout: Option<Tail>,
    #[prost(message, optional, tag = "5")]
    pub(super) stderr: Option<Tail>,
    #[prost(message, optional, tag = "6")]
    pub(super) header: Option<Tail>,
    /// The step's commands in their order; the last one may run.
    #[prost(message, repeated, tag = "7")]
    pub(super) commands: Vec<CommandRecord>,
    /// Its logs that have limits.
    #[prost(message, repeated, tag = "8")]
    pub(super) limits: Vec<LimitRecord>,
    /// The logs of files that its commands write.
    #[prost(message, repeated, tag = "9")]
    pub(super) files: Vec<FileRecord>,
    /// What its observer has seen, as JSON; empty if nothing.
    #[prost(bytes = "vec", tag = "10")]
    pub(super) observed: Vec<u8>,
    /// Whether the first piece has the build's properties as the step began with them.
    #[prost(bool, tag = "32")]
    pub(super) keeps_properties: bool,
}

/// A file that is followed, and has a log.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct FileRecord {
    /// What it is called; its place in the list is its channel's number.
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int64, tag = "2")]
    pub(super) log: i64,
    #[prost(message, optional, tag = "3")]
    pub(super) tail: Option<Tail>,
}

/// What became of a log with limits.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct LimitRecord {
    #[prost(int64, tag = "1")]
    pub(super) log: i64,
    /// How many bytes were let through.
    #[prost(uint64, tag = "2")]
    pub(super) stored: u64,
    /// Whether none are any more.
    #[prost(bool, tag = "3")]
    pub(super) is_full: bool,
    /// How many lines and bytes came since.
    #[prost(uint64, tag = "4")]
    pub(super) lines: u64,
    #[prost(uint64, tag = "5")]
    pub(super) bytes: u64,
    /// The last of these lines.
    #[prost(string, tag = "6")]
    pub(super) tail: String,
}

/// The beginning of a line whose end is still to come.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Tail {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) bytes: Vec<u8>,
    #[prost(bool, tag = "2")]
    pub(super) after_carriage_return: bool,
}

/// A command that was started, or is about to be.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CommandRecord {
    /// Its id on the worker.
    #[prost(string, tag = "1")]
    pub(super) id: String,
    /// The process of the worker that has it.
    #[prost(string, tag = "2")]
    pub(super) instance: String,
    /// Its window, in bytes.
    #[prost(uint64, tag = "3")]
    pub(super) window: u64,
    /// The sequence up to which its events are stored.
    #[prost(uint64, tag = "4")]
    pub(super) received: u64,
    #[prost(message, optional, tag = "5")]
    pub(super) captured: Option<CapturedRecord>,
    #[prost(message, optional, tag = "6")]
    pub(super) tests: Option<TestsRecord>,
    /// What of its events after `received` is stored.
    #[prost(message, repeated, tag = "7")]
    pub(super) ahead: Vec<AheadRecord>,
    /// How many bytes of what it sends are stored in a file.
    #[prost(uint64, tag = "8")]
    pub(super) file_stored: u64,
    /// How the file was that it takes, to tell it from another one.
    #[prost(string, tag = "9")]
    pub(super) file_given: String,
    /// Why the file could not be stored, or given; empty if all is well.
    #[prost(string, tag = "18")]
    pub(super) file_failure: String,
    /// How it ended; none while it runs.
    #[prost(oneof = "Ending", tags = "10, 11, 12, 13, 14, 15, 16, 17")]
    pub(super) ending: Option<Ending>,
}

/// What is stored of a channel of a running command beyond the events that are stored as a whole. What may be the beginning
/// of a secret is not stored, neither here nor elsewhere.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct AheadRecord {
    /// The channel's number.
    #[prost(uint32, tag = "1")]
    pub(super) stream: u32,
    /// How many bytes of the events to come are stored.
    #[prost(uint64, tag = "2")]
    pub(super) taken: u64,
    /// How many bytes after those belong to a secret whose name is stored.
    #[prost(uint64, tag = "3")]
    pub(super) covered: u64,
    /// How many bytes are not stored and will not come again.
    #[prost(uint64, tag = "4")]
    pub(super) held: u64,
    /// The secret that begins with them.
    #[prost(string, tag = "5")]
    pub(super) secret: String,
    /// The number of the form in which it does.
    #[prost(uint64, tag = "6")]
    pub(super) form: u64,
}

impl AheadRecord {
    pub(super) fn channel(&self) -> Option<Channel> {
        Channel::of_number(self.stream)
    }

    /// What was held back.
    pub(super) fn held(&self) -> Held {
        Held {
            bytes: self.held,
            covered: self.covered,
            secret: self.secret.clone(),
            form: self.form,
        }
    }
}

/// Where the captured output of a command is: in the pieces of these numbers.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct CapturedRecord {
    #[prost(int64, tag = "1")]
    pub(super) first: i64,
    #[prost(int64, tag = "2")]
    pub(super) last: i64,
    /// Whether there was more than is kept.
    #[prost(bool, tag = "3")]
    pub(super) is_cut: bool,
}

/// How far the results of a command's tests were read.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct TestsRecord {
    /// Their set, if it is opened.
    #[prost(int64, optional, tag = "1")]
    pub(super) set: Option<i64>,
    #[prost(message, optional, tag = "2")]
    pub(super) tail: Option<Tail>,
    #[prost(int64, tag = "3")]
    pub(super) passed: i64,
    #[prost(int64, tag = "4")]
    pub(super) failed: i64,
    /// Whether the set is finished.
    #[prost(bool, tag = "5")]
    pub(super) is_finished: bool,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(super) enum Ending {
    #[prost(int32, tag = "10")]
    Exited(i32),
    #[prost(int32, tag = "11")]
    Signalled(i32),
    #[prost(string, tag = "12")]
    CouldNotStart(String),
    #[prost(bool, tag = "13")]
    IdleTooLong(bool),
    #[prost(bool, tag = "14")]
    RanTooLong(bool),
    #[prost(string, tag = "15")]
    Interrupted(String),
    #[prost(string, tag = "16")]
    Lost(String),
    #[prost(bool, tag = "17")]
    TooManyLines(bool),
}

impl Ending {
    pub(super) fn of(end: &End) -> Self {
        match end {
            End::Lost(why) => Self::Lost(why.clone()),
            End::Outcome(Outcome::Exited(code)) => Self::Exited(*code),
            End::Outcome(Outcome::Signalled(signal)) => Self::Signalled(*signal),
            End::Outcome(Outcome::CouldNotStart(why)) => Self::CouldNotStart(why.clone()),
            End::Outcome(Outcome::TimedOut(Limit::Idle)) => Self::IdleTooLong(true),
            End::Outcome(Outcome::TimedOut(Limit::Total)) => Self::RanTooLong(true),
            End::Outcome(Outcome::TimedOut(Limit::Lines)) => Self::TooManyLines(true),
            End::Outcome(Outcome::Interrupted(why)) => Self::Interrupted(why.clone()),
        }
    }

    pub(super) fn end(&self) -> End {
        End::Outcome(match self {
            Self::Lost(why) => return End::Lost(why.clone()),
            Self::Exited(code) => Outcome::Exited(*code),
            Self::Signalled(signal) => Outcome::Signalled(*signal),
            Self::CouldNotStart(why) => Outcome::CouldNotStart(why.clone()),
            Self::IdleTooLong(_) => Outcome::TimedOut(Limit::Idle),
            Self::RanTooLong(_) => Outcome::TimedOut(Limit::Total),
            Self::TooManyLines(_) => Outcome::TimedOut(Limit::Lines),
            Self::Interrupted(why) => Outcome::Interrupted(why.clone()),
        })
    }
}

impl Tail {
    /// What `buffer` has; none if it has nothing.
    pub(super) fn of(buffer: &LineBuffer) -> Option<Self> {
        let (bytes, after_carriage_return) = buffer.tail();
        (after_carriage_return || !bytes.is_empty()).then(|| Self {
            bytes: bytes.to_vec(),
            after_carriage_return,
        })
    }

    /// `buffer` with what was kept of it.
    pub(super) fn restore(kept: Option<&Self>, buffer: LineBuffer) -> LineBuffer {
        match kept {
            Some(tail) => buffer.with_tail(tail.bytes.clone(), tail.after_carriage_return),
            None => buffer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_kept_as_it_was() {
        let why = || "why".to_owned();
        for outcome in [
            Outcome::Exited(0),
            Outcome::Exited(-3),
            Outcome::Signalled(9),
            Outcome::CouldNotStart(why()),
            Outcome::TimedOut(Limit::Idle),
            Outcome::TimedOut(Limit::Total),
            Outcome::TimedOut(Limit::Lines),
            Outcome::Interrupted(why()),
        ] {
            let record = CommandRecord {
                ending: Some(Ending::of(&End::Outcome(outcome.clone()))),
                ..CommandRecord::default()
            };
            let bytes = prost::Message::encode_to_vec(&record);
            let read: CommandRecord = prost::Message::decode(&*bytes).unwrap();
            let Some(End::Outcome(again)) = read.ending.map(|it| it.end()) else {
                panic!("{outcome:?} was lost");
            };
            assert_eq!(again, outcome);
        }
        let lost = Ending::of(&End::Lost(why())).end();
        assert!(matches!(lost, End::Lost(it) if it == "why"));
    }
}
