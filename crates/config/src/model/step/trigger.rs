//! Builds that a build triggers.

use std::collections::BTreeMap;

use super::PropertyValue;

/// Triggers schedulers (Buildbot's `Trigger`).
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerStep {
    /// The schedulers, by name; never empty, all are triggerable.
    pub schedulers: Vec<String>,
    /// Those of them whose builds do not count for the step (Buildbot's `unimportantSchedulerNames`).
    pub unimportant: Vec<String>,
    /// Whether the step waits for the builds, and comes to what they come to (Buildbot's `waitForFinish`).
    pub wait: bool,
    /// Properties of the builds.
    pub set_properties: BTreeMap<String, PropertyValue>,
    /// The names of the build's properties that the builds get as well.
    pub copy_properties: Vec<String>,
    /// Whether they build the newest source and not the build's own (Buildbot's `alwaysUseLatest`).
    pub always_use_latest: bool,
    /// Whether they build the revision that the build got, where its source names none (Buildbot's
    /// `updateSourceStamp`).
    pub update_source_stamp: bool,
    /// What the builds are to the build (Buildbot's `parent_relationship`).
    pub relationship: String,
}
