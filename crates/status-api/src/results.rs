//! How a build, a step or a buildset ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of a step, build, build request or buildset. The numbers are Buildbot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "i32", try_from = "i32")]
pub enum Results {
    /// All went well (0).
    Success,
    /// It went well, with warnings (1).
    Warnings,
    /// The work itself failed (2).
    Failure,
    /// It was not done, because it was not needed (3).
    Skipped,
    /// The machinery failed, not the work (4).
    Exception,
    /// It was lost and runs again (5).
    Retry,
    /// Somebody stopped it (6).
    Cancelled,
}

impl Results {
    /// All results, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Warnings,
        Self::Failure,
        Self::Skipped,
        Self::Exception,
        Self::Retry,
        Self::Cancelled,
    ];

    /// Buildbot's number of it, 0 to 6.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The result with Buildbot's number `code`, if there is one.
    pub fn from_code(code: i32) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// The lower-case English name, as Buildbot's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warnings => "warnings",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
            Self::Exception => "exception",
            Self::Retry => "retry",
            Self::Cancelled => "cancelled",
        }
    }

    /// The worse of the two: cancelled, retry, exception, failure, warnings, success, skipped.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if self.badness() >= other.badness() {
            self
        } else {
            other
        }
    }

    /// What a whole came to whose parts came to these: the worst of them; success if there are none.
    pub fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().reduce(Self::worst).unwrap_or(Self::Success)
    }

    const fn badness(self) -> u8 {
        match self {
            Self::Skipped => 0,
            Self::Success => 1,
            Self::Warnings => 2,
            Self::Failure => 3,
            Self::Exception => 4,
            Self::Retry => 5,
            Self::Cancelled => 6,
        }
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Results> for i32 {
    fn from(results: Results) -> Self {
        results.code()
    }
}

impl From<Results> for crate::Value {
    fn from(results: Results) -> Self {
        Self::Int(results.code().into())
    }
}

impl TryFrom<i32> for Results {
    type Error = String;
    fn try_from(code: i32) -> Result<Self, String> {
        Self::from_code(code).ok_or_else(|| format!("{code} is no results code (0 to 6)"))
    }
}

#[cfg(test)]
mod tests {
    use super::Results;

    #[test]
    fn worst_is_buildbots_order() {
        use Results::*;
        let order = [Cancelled, Retry, Exception, Failure, Warnings, Success, Skipped];
        for (place, worse) in order.iter().enumerate() {
            for better in &order[place..] {
                assert_eq!(worse.worst(*better), *worse);
                assert_eq!(better.worst(*worse), *worse);
            }
        }
    }

    #[test]
    fn a_whole_is_as_bad_as_its_worst_part() {
        use Results::*;
        assert_eq!(Results::of_all([Success, Failure, Warnings]), Failure);
        assert_eq!(Results::of_all([Skipped]), Skipped);
        assert_eq!(Results::of_all([]), Success);
    }

    #[test]
    fn codes_go_both_ways() {
        for results in Results::ALL {
            assert_eq!(Results::from_code(results.code()), Some(results));
        }
        assert_eq!(Results::from_code(7), None);
        assert_eq!(Results::from_code(-1), None);
    }
}
