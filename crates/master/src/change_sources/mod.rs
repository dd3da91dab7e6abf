//! Change sources: where changes come from.

mod codebase;
mod git;
mod git_poller;
mod pb;

pub use git::{Commit, GitError, Mirror};
pub(crate) use git_poller::GitPollerTask;
pub(crate) use pb::PbChangeSourceTask;
