//! The build master: change sources, and what follows from changes.
//!
//! # Goals
//! - Everything that happens goes through the store, one transition at a time, with its events.
//!
//! # Non-goals
//! - No rendering, no waiting for readers: those are beyond the status API.

mod git;
mod lines;

pub use git::{Commit, GitError, Mirror};
pub use lines::LineBuffer;
