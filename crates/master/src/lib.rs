//! The build master: change sources, schedulers, the distributor, the build engine, its side of the workers'
//! protocol, and the watch over workers that stay away.
//!
//! # Goals
//! - Everything that happens goes through the store, one transition at a time, with its events.
//! - The parts know each other by those events alone: a part that was away reads, and watches from there.
//!
//! # Non-goals
//! - No rendering, no waiting for readers: those are beyond the status API.

mod absences;
mod builds;
mod cancellers;
mod change_sources;
mod current;
mod distributor;
mod error;
mod locks;
mod master;
mod parts;
mod registry;
mod retention;
mod schedulers;
mod setup;
pub mod workers;

pub use builds::{LineBuffer, find_secret};
pub use change_sources::{Commit, GitError, Mirror};
pub use error::Error;
pub use master::{Master, Options};
