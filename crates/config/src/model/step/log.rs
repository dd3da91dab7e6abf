//! What is kept of the output of a step, and how its bytes become text.

use encoding_rs::{Encoding, UTF_8};

/// How much of a log is kept; lines of the master's and the worker's own words are kept in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogLimits {
    /// How many bytes of output (Buildbot's `logMaxSize`); all if none.
    pub max_size: Option<u64>,
    /// How many bytes of the end of what is beyond that (Buildbot's `logMaxTailSize`).
    pub max_tail_size: Option<u64>,
}

/// What the configuration says of logs: the master's of all, or a step's of its own, which goes over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogTerms {
    /// [`LogLimits::max_size`]; the outer none leaves it to the master.
    pub max_size: Option<Option<u64>>,
    /// [`LogLimits::max_tail_size`]; the outer none leaves it to the master.
    pub max_tail_size: Option<Option<u64>>,
    /// The encoding of the output (Buildbot's `logEncoding`); none leaves it to the master.
    pub encoding: Option<&'static Encoding>,
}

impl LogTerms {
    /// These, and where they say nothing, `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            max_size: self.max_size.or(others.max_size),
            max_tail_size: self.max_tail_size.or(others.max_tail_size),
            encoding: self.encoding.or(others.encoding),
        }
    }

    /// How much of a log is kept.
    pub fn limits(&self) -> LogLimits {
        LogLimits {
            max_size: self.max_size.flatten(),
            max_tail_size: self.max_tail_size.flatten(),
        }
    }

    /// How the bytes of the output become text; UTF-8 unless something else is said.
    pub fn encoding(&self) -> &'static Encoding {
        self.encoding.unwrap_or(UTF_8)
    }
}
