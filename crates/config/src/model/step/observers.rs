//! Who sees the output of a step while it comes.

use super::super::Pattern;
use crate::function::Function;

/// What sees the lines that the commands of a step write (Buildbot's log observers).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observers {
    /// A function of new lines, and of what it kept when it saw the lines before.
    pub function: Option<Function>,
    /// The lines that are warnings (Buildbot's `warningPattern`).
    pub warnings: Option<Pattern>,
    /// With how many warnings the step does not fail yet (Buildbot's `maxWarnCount`); any number if none.
    pub most_warnings: Option<u32>,
}

impl Observers {
    /// Whether nobody sees them.
    pub fn is_none(&self) -> bool {
        self.function.is_none() && self.warnings.is_none()
    }
}
