//! Which results a report is made of.

use weir_status_api::Results;

/// Results, and changes of results, of which a report is made (Buildbot's `mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It failed.
    Failing,
    /// It went well.
    Passing,
    /// It went well, with warnings.
    Warnings,
    /// It failed, and the one before did not.
    Problem,
    /// It ended otherwise than the one before.
    Change,
    /// The machinery failed.
    Exception,
    /// Somebody stopped it.
    Cancelled,
}

impl Mode {
    /// Those that `all` stands for: a report of all that ends, but for what was skipped or runs again.
    pub const EVERY: [Self; 5] = [
        Self::Failing,
        Self::Passing,
        Self::Warnings,
        Self::Exception,
        Self::Cancelled,
    ];

    /// Whether a report is made of what ended so. `previous` is how the one before ended, if there was one.
    pub fn admits(self, results: Results, previous: Option<Results>) -> bool {
        match self {
            Self::Failing => results == Results::Failure,
            Self::Passing => results == Results::Success,
            Self::Warnings => results == Results::Warnings,
            Self::Exception => results == Results::Exception,
            Self::Cancelled => results == Results::Cancelled,
            Self::Problem => results == Results::Failure && previous.is_some_and(|it| it != Results::Failure),
            Self::Change => previous.is_some_and(|it| it != results),
        }
    }

    /// Whether a report can be made of what ended so, whatever was before.
    fn may_admit(self, results: Results) -> bool {
        match self {
            Self::Change => true,
            Self::Problem => results == Results::Failure,
            _ => self.admits(results, None),
        }
    }
}

/// Several modes, one of which is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modes(pub Vec<Mode>);

impl Modes {
    /// Whether one of them [admits](Mode::admits) it.
    pub fn admit(&self, results: Results, previous: Option<Results>) -> bool {
        self.0.iter().any(|it| it.admits(results, previous))
    }

    /// Whether they are all that `all` stands for.
    pub(crate) fn are_every(&self) -> bool {
        Mode::EVERY.iter().all(|it| self.0.contains(it))
    }

    /// Whether one of them can, whatever was before.
    pub(crate) fn may_admit(&self, results: Results) -> bool {
        self.0.iter().any(|it| it.may_admit(results))
    }
}

impl Default for Modes {
    /// All.
    fn default() -> Self {
        Self(Mode::EVERY.to_vec())
    }
}
