//! Steps that a function gives while the build runs.

use std::collections::BTreeMap;

use super::Command;
use crate::function::Function;

/// The version of what is promised to functions that give steps.
pub const CONTRACT: i64 = 1;

/// Adds the steps that a function gives to the build, behind itself (Buildbot's `addStepsAfterCurrentStep`).
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateStep {
    /// The function; it takes the step, and the arguments by their names.
    pub function: Function,
    /// What runs before; the function is told of its exit code and output.
    pub command: Option<Command>,
    /// Plain data for the function.
    pub arguments: BTreeMap<String, serde_json::Value>,
}
