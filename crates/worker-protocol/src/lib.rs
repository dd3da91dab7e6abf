//! The protocol between a master and its own kind of workers.
//!
//! # Goals
//! - The generated code of `proto/weir/worker/v1`, in [`v1`].
//! - The rules that both ends of a session share, as plain state machines that neither wait nor do any
//!   input or output: [`Outbox`] and [`Inbox`] for the messages of a command, [`Heartbeat`] for the session.
//!
//! # Non-goals
//! - No connection, no command is run, nothing is stored here.

mod heartbeat;
mod inbox;
mod outbox;

/// Generated from `proto/weir/worker/v1/worker.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "the generator writes it; the proto file has the words"
)]
pub mod v1 {
    tonic::include_proto!("weir.worker.v1");
}

pub use heartbeat::{Due, Heartbeat};
pub use inbox::{Arrival, Inbox};
pub use outbox::Outbox;

/// The largest piece of output in one message, in bytes.
pub const MAX_OUTPUT: usize = 64 * 1024;

/// What a message costs in a window beyond its payload, in bytes, so that many small ones are bounded too.
pub const MESSAGE_OVERHEAD: usize = 128;

/// How far a command's messages may pass its window, in bytes: what was read when it filled, and the last words.
pub const WINDOW_SLACK: usize = 4 * MAX_OUTPUT;

/// The largest message that either end accepts, in bytes.
pub const MAX_MESSAGE: usize = 2 * 1024 * 1024;

/// How the other end broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A message is missing.
    #[error("message {got} came where {expected} was due")]
    Gap {
        /// The sequence that was due.
        expected: u64,
        /// The one that came.
        got: u64,
    },
    /// More came than the window holds.
    #[error("{bytes} unacknowledged bytes are more than the window of {window}")]
    WindowExceeded {
        /// What would be unacknowledged, in bytes.
        bytes: usize,
        /// The window, in bytes.
        window: usize,
    },
    /// Something came after the last message.
    #[error("message {got} came after the last one, {last}")]
    AfterEnd {
        /// The last message's sequence.
        last: u64,
        /// The one that came.
        got: u64,
    },
    /// A sequence was acknowledged or asked for that there is not.
    #[error("there is no message {sequence}; those from {first} to {last} are held")]
    NoSuchMessage {
        /// The sequence.
        sequence: u64,
        /// The first that is held.
        first: u64,
        /// The last that there is.
        last: u64,
    },
}
