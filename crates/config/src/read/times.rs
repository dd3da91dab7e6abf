//! Times that come again: cron lines and their fields, and time zones.

use jiff::tz::TimeZone;
use starlark::values::{UnpackValue, Value};

use super::{Reading, items, text, unexpected, wrong};
use crate::times::{LineError, Times, zone};

/// The days, from Buildbot's 0 on.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time zone, with its name.
pub(crate) fn time_zone(value: Value<'_>) -> Reading<(String, TimeZone)> {
    zone(&text(value)?).or_else(refuse)
}

/// A whole cron line, in a time zone.
pub(crate) fn cron_line(zone: &(String, TimeZone)) -> impl Fn(Value<'_>) -> Reading<Times> {
    |value| Times::new(&text(value)?, zone.clone()).or_else(refuse)
}

fn refuse<T>(error: LineError) -> Reading<T> {
    wrong(error.message, Some(&error.help))
}

/// A field of a cron line: a number, its text, or a list of them.
pub(crate) fn cron_field(value: Value<'_>) -> Reading<String> {
    several(value, |it| match (i64::unpack_value(it), it.unpack_str()) {
        (Ok(Some(number)), _) => Ok(number.to_string()),
        (_, Some(text)) if !text.is_empty() && !text.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => unexpected(it, "a number, a string such as \"*/2\", or a list of them", None),
    })
}

/// The days of the week: as [`cron_field`], but numbers count from Monday, which is 0, as Buildbot's do.
pub(crate) fn weekdays(value: Value<'_>) -> Reading<String> {
    several(value, |it| {
        let Ok(Some(number)) = i64::unpack_value(it) else {
            let field = cron_field(it)?;
            if field.contains(|c: char| c.is_ascii_digit()) && !field.contains(['#', '/']) {
                return wrong(
                    format!("has numbers in a string: '{field}'"),
                    Some("write names, e.g. \"mon-fri\", or a list of numbers, of which 0 is Monday"),
                );
            }
            return Ok(field);
        };
        let day = usize::try_from(number).ok().and_then(|it| WEEKDAYS.get(it));
        match day {
            Some(day) => Ok((*day).to_owned()),
            None => wrong(
                format!("has no such day of the week: {number}"),
                Some("0 is Monday and 6 is Sunday"),
            ),
        }
    })
}

/// What `read` makes of the value, or of each of a list, with ',' between them.
fn several<'v>(value: Value<'v>, read: impl Fn(Value<'v>) -> Reading<String>) -> Reading<String> {
    match items(value) {
        Some([]) => wrong("must not be empty", None),
        Some(several) => {
            let fields: Vec<String> = several.iter().map(|it| read(*it)).collect::<Reading<_>>()?;
            Ok(fields.join(","))
        }
        None => read(value),
    }
}
