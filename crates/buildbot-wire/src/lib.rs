//! What Buildbot's workers speak, and those who tell its masters of changes, so that they can do so for another master as they
//! are.
//!
//! # Goals
//! - Both protocols of Buildbot 4.3 from bytes to typed messages and back: the perspective broker over TCP ([`pb`], with
//!   [`banana`] and [`jelly`] beneath it), and `msgpack_experimental_v7` over WebSockets ([`msgpack`]).
//! - Plain state machines: no connection, no clock, no chance in here. Both ends of each, the master's and the worker's.
//! - What a master and a worker say to each other ([`worker`]), in the same words for both protocols, and with what older
//!   workers, from 0.8 on, say and understand instead.
//! - The changes that programs tell of over the perspective broker ([`ToldChange`]).
//! - Whatever the bytes are, nothing panics, and nothing larger than the [`Limits`] is kept.
//!
//! # Non-goals
//! - No worker is managed, no command is run.

pub mod banana;
mod change;
mod error;
mod failure;
pub mod jelly;
mod limits;
pub mod msgpack;
pub mod pb;
mod value;
pub mod worker;

pub use change::ToldChange;
pub use error::{Error, Result};
pub use failure::Failure;
pub use limits::Limits;
pub use value::Value;
