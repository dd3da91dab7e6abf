//! Several commands in one step, and what results mean for a whole.

use super::Command;

/// What the results of a part mean for the whole: of a step for its build, of a command for its step. The fields are
/// Buildbot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequences {
    /// A failure ends the build, but for steps that always run; or the step.
    pub halt_on_failure: bool,
    /// A failure is one of the whole.
    pub flunk_on_failure: bool,
    /// A failure gives the whole warnings.
    pub warn_on_failure: bool,
    /// Warnings are a failure of the whole.
    pub flunk_on_warnings: bool,
    /// Warnings are warnings of the whole.
    pub warn_on_warnings: bool,
}

impl Default for Consequences {
    /// Failures end the whole and are its own, and so are warnings.
    fn default() -> Self {
        Self {
            halt_on_failure: true,
            flunk_on_failure: true,
            warn_on_failure: false,
            flunk_on_warnings: false,
            warn_on_warnings: true,
        }
    }
}

/// One of several commands of a step (Buildbot's `ShellArg`).
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceCommand {
    /// The command.
    pub command: Command,
    /// The log that its output goes to; `stdio` if none.
    pub log: Option<String>,
    /// What its results mean for the step.
    pub consequences: Consequences,
}
