//! What tests start and break: a throw-away PostgreSQL, a link that can be cut, programs that end with the
//! test, git repositories, and waiting with a deadline.
//!
//! # Goals
//! - Nothing that a test starts outlives it, even when it panics or is killed.
//! - A failure says what was waited for and what the other side said.
//!
//! # Non-goals
//! - Nothing of the product: no crate of ours is known here, and nothing but tests may use this one.

mod git;
mod link;
mod postgres;
mod process;
mod wait;

pub use git::GitRepository;
pub use link::Link;
pub use postgres::{Postgres, PostgresError};
pub use process::Process;
pub use wait::{Found, eventually};
