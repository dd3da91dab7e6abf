//! Durations as people write them: `90s`, `5m`, `1h30m`.

use std::fmt::Write as _;
use std::time::Duration;

/// The units, from the longest, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest duration that a configuration may ask for.
pub(crate) const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It has no number, or no unit that is known, or a unit twice or in the wrong order.
    #[error("'{0}' is no duration; write e.g. '90s', '5m' or '1h30m' (units: d, h, m, s, ms)")]
    Form(String),
    /// It is longer than ten years.
    #[error("'{0}' is longer than 3650d")]
    TooLong(String),
}

/// Reads a duration such as `90s`, `5m`, `1h30m` or `500ms`: whole numbers with units, the longest first.
///
/// # Errors
/// [`DurationError`] says what is wrong.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Form(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    let mut rest = text.trim();
    let mut units = UNITS.as_slice();
    let mut total = 0u64;
    if rest.is_empty() {
        return Err(malformed());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let letters = rest[digits..].len()
            - rest[digits..]
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (number, after) = rest.split_at(digits);
        let (unit, after) = after.split_at(letters);
        let known = units.iter().position(|(name, _)| *name == unit);
        let (Some(place), false) = (known, number.is_empty()) else {
            return Err(malformed());
        };
        let number: u64 = number.parse().map_err(|_| too_long())?;
        let length = number.checked_mul(units[place].1).ok_or_else(too_long)?;
        total = total.checked_add(length).ok_or_else(too_long)?;
        units = &units[place + 1..];
        rest = after;
    }
    let duration = Duration::from_millis(total);
    if duration > LONGEST {
        Err(too_long())
    } else {
        Ok(duration)
    }
}

/// Writes a duration as [`parse_duration`] reads it; what is below a millisecond is cut off.
pub fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (unit, length) in UNITS {
        if rest >= length {
            let _ = write!(out, "{}{unit}", rest / length);
            rest %= length;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_in_order() {
        for (text, millis) in [
            ("90s", 90_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("2m500ms", 120_500),
            (" 0s ", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "", "5", "m", "5 m", "5x", "30m1h", "1h1h", "-5m", "1.5h", "٣s", "5m!",
        ] {
            assert_eq!(
                parse_duration(text),
                Err(DurationError::Form(text.to_owned())),
                "{text}"
            );
        }
        for text in ["3651d", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(
                parse_duration(text),
                Err(DurationError::TooLong(text.to_owned())),
                "{text}"
            );
        }
    }
}
