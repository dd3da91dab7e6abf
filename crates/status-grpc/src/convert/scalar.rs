//! Ids, numbers, texts, moments, JSON and plain enums.

use serde_json::Value as Json;
use weir_status_api as api;

use super::{Field, Malformed, Wire, message_field};
use crate::v1;

/// [`Field`] for a type whose form is no message.
macro_rules! plain_field {
    ($($name:ty),+ $(,)?) => {$(
        impl Field for $name {
            type Proto = <$name as Wire>::Proto;
            fn put(self) -> Self::Proto {
                self.into_proto()
            }
            fn take(proto: Self::Proto) -> Result<Self, Malformed> {
                Self::from_proto(proto)
            }
        }
    )+};
}

macro_rules! as_it_is {
    ($($name:ty),+) => {$(
        impl Wire for $name {
            type Proto = $name;
            fn into_proto(self) -> $name { self }
            fn from_proto(proto: $name) -> Result<Self, Malformed> { Ok(proto) }
        }
        plain_field!($name);
    )+};
}

as_it_is!(bool, i32, u32, i64, u64, String);

macro_rules! numbers {
    ($($name:ident),+ $(,)?) => {$(
        impl Wire for api::$name {
            type Proto = i64;
            fn into_proto(self) -> i64 { self.0 }
            fn from_proto(proto: i64) -> Result<Self, Malformed> { Ok(Self(proto)) }
        }
        plain_field!(api::$name);
    )+};
}

numbers!(
    BranchId,
    BuildId,
    BuildRequestId,
    BuilderId,
    BuildsetId,
    ChangeId,
    ChangeSourceId,
    CodebaseId,
    CommitId,
    Cursor,
    DeadLetterId,
    ListenerId,
    LogId,
    MasterId,
    PatchId,
    ProjectId,
    SchedulerId,
    SourceStampId,
    StepId,
    TestResultId,
    TestResultSetId,
    TokenId,
    WorkerId,
);

impl Field for Vec<u8> {
    type Proto = Self;
    fn put(self) -> Self {
        self
    }
    fn take(proto: Self) -> Result<Self, Malformed> {
        Ok(proto)
    }
}

/// One letter is a text on the wire.
impl Wire for char {
    type Proto = String;
    fn into_proto(self) -> String {
        self.to_string()
    }
    fn from_proto(proto: String) -> Result<Self, Malformed> {
        let mut letters = proto.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(letter),
            _ => Err(Malformed::invalid("is not one letter")),
        }
    }
}

impl Wire for api::PageToken {
    type Proto = String;
    fn into_proto(self) -> String {
        self.0
    }
    fn from_proto(proto: String) -> Result<Self, Malformed> {
        Ok(Self(proto))
    }
}

impl Wire for Json {
    type Proto = String;
    fn into_proto(self) -> String {
        self.to_string()
    }
    fn from_proto(proto: String) -> Result<Self, Malformed> {
        serde_json::from_str(&proto).map_err(|error| Malformed::invalid(format!("is no JSON text: {error}")))
    }
}

plain_field!(Json);

const MICROS: i64 = 1_000_000;

impl Wire for api::Timestamp {
    type Proto = prost_types::Timestamp;
    fn into_proto(self) -> prost_types::Timestamp {
        prost_types::Timestamp {
            seconds: self.0.div_euclid(MICROS),
            nanos: i32::try_from(self.0.rem_euclid(MICROS) * 1_000).unwrap_or_default(),
        }
    }
    /// Nanoseconds are rounded down to microseconds.
    fn from_proto(proto: prost_types::Timestamp) -> Result<Self, Malformed> {
        let (0..=999_999_999) = proto.nanos else {
            return Err(Malformed::invalid("has nanoseconds outside of a second"));
        };
        // In 128 bits: at the ends of the range the seconds alone, rounded down, lie outside of it.
        let micros = i128::from(proto.seconds) * i128::from(MICROS) + i128::from(proto.nanos / 1_000);
        i64::try_from(micros)
            .map(Self)
            .map_err(|_| Malformed::invalid("is too far away to be counted in microseconds"))
    }
}

message_field!(api::Timestamp);

impl Wire for api::Results {
    type Proto = i32;
    fn into_proto(self) -> i32 {
        self.code()
    }
    fn from_proto(proto: i32) -> Result<Self, Malformed> {
        Self::from_code(proto).ok_or_else(|| Malformed::unknown(format!("the result {proto}")))
    }
}

/// An enum whose proto enum has the same names. What is `else` of a growing enum goes out as unspecified.
macro_rules! words {
    ($name:ident { $($word:ident),+ $(,)? } $(else $unknown:ident)?) => {
        impl Wire for api::$name {
            type Proto = i32;
            fn into_proto(self) -> i32 {
                let word = match self {
                    $(api::$name::$word => v1::$name::$word,)+
                    $(_ => v1::$name::$unknown,)?
                };
                word.into()
            }
            fn from_proto(proto: i32) -> Result<Self, Malformed> {
                match v1::$name::try_from(proto) {
                    $(Ok(v1::$name::$word) => Ok(api::$name::$word),)+
                    Ok(v1::$name::Unspecified) | Err(_) => {
                        Err(Malformed::unknown(format!("{} number {proto}", stringify!($name))))
                    }
                }
            }
        }
        plain_field!(api::$name);
    };
}

words!(LogKind {
    Stdio,
    Text,
    Html,
    Deleted
});
words!(Kind {
    Master,
    Builder,
    Build,
    BuildRequest,
    Buildset,
    SourceStamp,
    Change,
    Step,
    Log,
    Worker,
    Scheduler,
    ForceScheduler,
    ChangeSource,
    Project,
    Codebase,
    Branch,
    Commit,
    BuildData,
    TestResultSet,
    TestResult,
    Listener,
    DeadLetter,
});
words!(Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains
});
words!(ControlAction {
    Stop,
    Cancel,
    Pause,
    Unpause,
    Kill,
    Replay,
    Drop
});
words!(Difference {
    Added,
    Removed,
    Changed
});
words!(TokenScope {
    Read,
    Control,
    Tokens
});
words!(TokenOrigin { Made, SignIn });
words!(Verb {
    New, Update, Updated, Started, Stopped, Finished, Append, Claimed, Unclaimed, Complete, Completed, Missing,
    Connected, Disconnected, StateUpdated, Requested, Deleted,
} else Unspecified);
words!(WaitReason {
    NoMaster, NoWorker, NotConnected, Paused, Locked, Busy, Starting, Ready,
} else Unspecified);
