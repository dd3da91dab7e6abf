//! Change sources: where changes come from.

mod codebase;
mod git;
mod git_poller;

pub use git::{Commit, GitError, Mirror};
pub(crate) use git_poller::GitPollerTask;
