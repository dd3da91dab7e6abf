//! What starts builds.

use std::time::Duration;

use weir_status_api::ForceField;

use super::{ChangeFilter, Env, PropertyValues};
use crate::function::Function;
use crate::times::Times;

/// What starts builds.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// Its name.
    pub name: String,
    /// The builders it starts, by name; never empty, all exist.
    pub builders: Vec<String>,
    /// Properties of each buildset it makes.
    pub properties: PropertyValues,
    /// Properties that its builds find out when they start.
    pub late_properties: Env,
    /// The priority of its build requests; higher goes first.
    pub priority: Priority,
    /// When it starts them.
    pub kind: SchedulerKind,
}

/// The priority of a scheduler's build requests (Buildbot's `priority`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Always this one.
    Fixed(i32),
    /// What the function gives; it takes the names of the builders and a list of the changes.
    Chosen(Function),
}

impl Default for Priority {
    /// Neither urgent nor the contrary.
    fn default() -> Self {
        Self::Fixed(0)
    }
}

/// When a scheduler starts builds.
#[derive(Clone, Debug, PartialEq)]
pub enum SchedulerKind {
    /// After changes on one branch (Buildbot's `SingleBranchScheduler`).
    SingleBranch {
        /// The branch; none for the repository's default branch.
        branch: Option<String>,
        /// How long the branch must be without a change; zero for at once.
        tree_stable: Duration,
        /// Which changes count, apart from the branch.
        filter: ChangeFilter,
        /// The codebases that it builds together, by name; if empty, each change's source alone.
        codebases: Vec<SourceDefaults>,
    },
    /// After changes on any branch, each branch by itself (Buildbot's `AnyBranchScheduler`).
    AnyBranch {
        /// How long a branch must be without a change; zero for at once.
        tree_stable: Duration,
        /// Which changes count.
        filter: ChangeFilter,
        /// The codebases that it builds together, by name; if empty, each change's source alone.
        codebases: Vec<SourceDefaults>,
    },
    /// In intervals (Buildbot's `Periodic`).
    Periodic {
        /// Between the start of two buildsets.
        interval: Duration,
        /// What it builds: never empty, one source of each codebase.
        sources: Vec<SourceDefaults>,
    },
    /// At times that come again (Buildbot's `Nightly`).
    Nightly {
        /// When.
        times: Times,
        /// What it builds: never empty, one source of each codebase.
        sources: Vec<SourceDefaults>,
        /// If it goes by changes, how; otherwise it builds always, and the newest there is.
        changes: Option<NightlyChanges>,
    },
    /// When all builds of another scheduler's buildset have succeeded, with the same sources (Buildbot's
    /// `Dependent`).
    Dependent {
        /// The other scheduler, which exists; following it from one to the next never leads in a circle.
        upstream: String,
    },
    /// When a build triggers it (Buildbot's `Triggerable`).
    Triggerable {
        /// The reason unless the build says another.
        reason: Option<String>,
        /// One source of each codebase that it builds even if the build names none of it; may be empty.
        sources: Vec<SourceDefaults>,
    },
    /// At times that come again, what a build triggered last, if one did since (Buildbot's `NightlyTriggerable`).
    NightlyTriggerable {
        /// When.
        times: Times,
        /// As [`SchedulerKind::Triggerable`]'s.
        sources: Vec<SourceDefaults>,
    },
    /// By hand (Buildbot's `ForceScheduler`).
    Force {
        /// The text on its button.
        button: String,
        /// What people call it.
        label: String,
        /// The reason if none is given.
        reason: String,
        /// What it builds unless the person says otherwise.
        source: SourceDefaults,
        /// The properties it asks for.
        fields: Vec<ForceField>,
    },
}

/// How a nightly scheduler goes by changes (Buildbot's `onlyIfChanged`): it builds those since its last build, and
/// nothing if there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct NightlyChanges {
    /// The branch whose changes count; none for any.
    pub branch: Option<String>,
    /// Which changes count, apart from the branch.
    pub filter: ChangeFilter,
    /// At which of its times it builds even without a change (Buildbot's `force_at_…`).
    pub always_at: Option<Times>,
}

/// The source stamp of a build that no change started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceDefaults {
    /// The branch; none for the repository's default branch.
    pub branch: Option<String>,
    /// The revision; none for the newest.
    pub revision: Option<String>,
    /// The repository, may be empty.
    pub repository: String,
    /// The project, may be empty.
    pub project: String,
    /// The codebase, may be empty.
    pub codebase: String,
}
