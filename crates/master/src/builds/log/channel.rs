//! The streams of which a step's logs are made.

/// Which stream of a command bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
    Header,
    /// What the command is for, which is for no log.
    Data,
    /// The file of that number among those that are followed.
    File(u32),
}

impl Channel {
    const FIRST_FILE: u32 = 16;

    /// Its number in records.
    pub(in crate::builds) const fn number(self) -> u32 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Header => 3,
            Self::Data => 4,
            Self::File(number) => Self::FIRST_FILE + number,
        }
    }

    /// Whether an observer of the step sees it.
    pub(in crate::builds) const fn is_observed(self) -> bool {
        matches!(self, Self::Stdout | Self::Stderr)
    }

    /// The channel of that number.
    pub(in crate::builds) fn of_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            3 => Some(Self::Header),
            4 => Some(Self::Data),
            _ => Some(Self::File(number.checked_sub(Self::FIRST_FILE)?)),
        }
    }
}
