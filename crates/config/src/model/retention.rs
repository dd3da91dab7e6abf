//! How long things are kept.

use std::time::Duration;

/// How long things are kept (Buildbot's `JanitorConfigurator`). What none is said of is kept for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Builds, from their end on.
    pub builds: Option<Duration>,
    /// How many ended builds of a builder are kept at the most; not below `least_per_builder`.
    pub builds_per_builder: Option<u32>,
    /// How many of the newest ended builds of a builder stay, however old; at least 1.
    pub least_per_builder: u32,
    /// The contents of logs, from the end of their build on.
    pub logs: Option<Duration>,
    /// Changes, from when they came.
    pub changes: Option<Duration>,
    /// Events, from when they happened.
    pub events: Option<Duration>,
}
