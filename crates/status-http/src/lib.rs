//! The status API over JSON: the form that server and client share, and the client.
//!
//! # Goals
//! - [`v2`] is the one place that knows the names of JSON's fields, paths and parameters: Buildbot's REST v2,
//!   and Weir's extensions of it.
//! - `HttpStatus` (feature `client`) is the status API of a master behind its JSON. Over Weir's own JSON it
//!   loses nothing; over a Buildbot master's it reads, and knows times to the second.
//!
//! # Non-goals
//! - No server: that is `weir-web`.

#[cfg(feature = "client")]
mod client;
pub mod v2;

#[cfg(feature = "client")]
pub use client::{HttpOptions, HttpStatus};
#[cfg(feature = "client")]
pub use weir_tls::Ca;
