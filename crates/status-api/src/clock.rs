//! Time as the API has it: UTC microseconds, and a clock that is handed in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in UTC, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` after the Unix epoch; saturates at the ends of the range.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// The moment so many seconds after 1970-01-01 UTC, to the nearest microsecond; none if it is no number, or 10¹² or
    /// more.
    pub fn from_secs_f64(seconds: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "it is within 63 bits")]
        (seconds.abs() < 1e12).then(|| Self((seconds * 1e6).round() as i64))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment `after` later.
    pub fn plus(self, after: std::time::Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(after.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl Timestamp {
    /// The moment in UTC as ISO 8601 has it, to the second: `2026-11-29T17:10:05Z`.
    pub fn to_iso(self) -> String {
        format!("{}Z", self.iso_second())
    }

    /// The same to the millisecond: `2026-11-29T17:10:05.250Z`.
    pub fn to_iso_millis(self) -> String {
        format!(
            "{}.{:03}Z",
            self.iso_second(),
            self.0.rem_euclid(1_000_000) / 1000
        )
    }

    fn iso_second(self) -> String {
        let (days, second) = (
            self.as_secs().div_euclid(86_400),
            self.as_secs().rem_euclid(86_400),
        );
        let (year, month, day) = date_of(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// The date that begins so many days after 1970 did. Years are counted from a March, so that the day that not all of
/// them have is their last, and in eras of 400, after which all repeats.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let january_on = i64::from(month >= 10);
    (era * 400 + year + january_on, month + 3 - 12 * january_on, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.as_secs(), self.0.rem_euclid(1_000_000))
    }
}

/// Where the time comes from. Handed to every part that needs it, so that tests and simulations rule it.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => Timestamp(i64::try_from(after.as_micros()).unwrap_or(i64::MAX)),
            Err(before) => Timestamp(-i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_with_fractions_are_moments_within_reason() {
        assert_eq!(Timestamp::from_secs_f64(1.5), Some(Timestamp(1_500_000)));
        assert_eq!(Timestamp::from_secs_f64(-0.000_000_6), Some(Timestamp(-1)));
        for other in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e12, -1e12] {
            assert_eq!(Timestamp::from_secs_f64(other), None, "{other}");
        }
    }

    #[test]
    fn moments_are_written_as_iso_8601_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_secs(seconds).to_iso(), text);
        }
        assert_eq!(Timestamp(-1).to_iso_millis(), "1969-12-31T23:59:59.999Z");
        assert_eq!(
            Timestamp(1_234_567_890_012_345).to_iso_millis(),
            "2009-02-13T23:31:30.012Z"
        );
    }
}
