//! What can be wrong with what the other end sent, or with what it was to be sent.

/// What the calls of this crate give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bytes or messages could not be read or written.
///
/// What comes of bytes that were received is for the end of the connection: what follows them cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is larger than the [`Limits`](crate::Limits) let it be.
    #[error("there are more {what} than {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The bytes are no tokens of banana.
    #[error("the bytes are not banana: {0}")]
    Banana(String),
    /// The bytes are not one message of msgpack.
    #[error("the bytes are not msgpack: {0}")]
    Msgpack(String),
    /// An integer is beyond 127 bits, or beyond what it is meant for.
    #[error("the integer is out of range")]
    Integer,
    /// A value is of a kind that this crate does not take.
    #[error("a value of the type {0} is not taken")]
    Type(String),
    /// A value refers to itself, or to none.
    #[error("the value {0} is referred to where it is not known")]
    Reference(i128),
    /// The two sides have no dialect in common, or another version of the broker.
    #[error("the other side speaks {0}")]
    Negotiation(String),
    /// A message has another form than its kind has.
    #[error("{what} was expected, and {found} came")]
    Form {
        /// What should have come.
        what: String,
        /// What came instead, as the name of its type.
        found: String,
    },
    /// Something was left out.
    #[error("{of} lacks {what}")]
    Missing {
        /// What it is missing in.
        of: String,
        /// What is missing.
        what: String,
    },
    /// The other side answers a call that was not made, or one is answered that did not come.
    #[error("there is no call {0} that waits for an answer")]
    NoSuchCall(u64),
    /// Two calls that are not answered yet have one number.
    #[error("there are two calls {0}")]
    SameCall(u64),
    /// An object was named that was never handed over.
    #[error("there is no object {0}")]
    NoSuchObject(u64),
    /// A message is not for this side, or not for this time.
    #[error("{0} is out of place")]
    OutOfPlace(&'static str),
    /// The protocol has no such message.
    #[error("{0} is not part of this protocol")]
    NotInProtocol(String),
    /// A worker is too old for what it was to do.
    #[error("the worker's {command} is of version {has}, and this needs {needs}")]
    TooOld {
        /// The command.
        command: &'static str,
        /// Its version, or `none` if the worker does not have it.
        has: String,
        /// The first version that can do it.
        needs: String,
    },
}

impl Error {
    pub(crate) fn form(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Form {
            what: what.into(),
            found: found.into(),
        }
    }

    pub(crate) fn missing(of: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Missing {
            of: of.into(),
            what: what.into(),
        }
    }
}
