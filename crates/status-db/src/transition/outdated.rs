//! What goes when it is too old.

use weir_status_api::{BuildId, BuildRequestId, BuildsetId, ChangeId, LogId};

/// What is too old to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// Builds, with all that belongs to them; then their requests that are complete, the buildsets that have no
    /// request any more, and the source stamps that nothing refers to.
    Builds(Vec<BuildId>),
    /// Requests that ended without a build.
    Requests(Vec<BuildRequestId>),
    /// Buildsets without requests.
    Buildsets(Vec<BuildsetId>),
    /// The contents of logs. The logs stay.
    Logs(Vec<LogId>),
    /// Changes that no buildset refers to.
    Changes(Vec<ChangeId>),
}

/// How far a [`Transition::Delete`](super::Transition::Delete) came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many of those that were named, from the first, are done with: gone, or needed.
    pub done: usize,
    /// How many of them are gone.
    pub gone: usize,
    /// How many rows went, about.
    pub rows: u64,
}
