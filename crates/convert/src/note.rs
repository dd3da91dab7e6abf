//! What is told about a conversion.

use std::fmt;

/// Something that was not carried over as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stands: `FILE:LINE`, none if that is not known.
    pub at: Option<String>,
    /// What it is.
    pub what: String,
    /// What to write or to do instead.
    pub instead: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        write!(f, "{}; {}", self.what, self.instead)
    }
}
