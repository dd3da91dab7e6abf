//! Times that come again: cron lines in a time zone.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, Zoned};
use weir_status_api::Timestamp;

use crate::nearest::{did_you_mean, nearest};

/// How far [`Times::next_after`] skips wall clock times that are past already: more than a clock that goes back
/// repeats.
const MAX_REPEATED: usize = 10_000;

/// The fields of a cron line, in its order.
pub(crate) const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        range: "0 to 59",
        words: &[],
    },
    Field {
        name: "hour",
        range: "0 to 23",
        words: &[],
    },
    Field {
        name: "day_of_month",
        range: "1 to 31, or L for the last",
        words: &["L", "W"],
    },
    Field {
        name: "month",
        range: "1 to 12, or jan to dec",
        words: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field {
        name: "day_of_week",
        range: "0 to 7 (0 and 7 are Sunday), or mon to sun",
        words: &["L", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"],
    },
];

/// A field of a cron line.
pub(crate) struct Field {
    /// Its name, which is that of the argument too.
    pub(crate) name: &'static str,
    /// What it may hold, for people.
    range: &'static str,
    /// The words that it may hold.
    words: &'static [&'static str],
}

/// Why a cron line is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineError {
    /// What must be different.
    pub(crate) message: String,
    /// A way out.
    pub(crate) help: String,
    /// The field that is wrong, if it is one: an index of [`FIELDS`].
    pub(crate) field: Option<usize>,
}

/// The times at which a scheduler makes a buildset: a cron line in a time zone.
///
/// A time that the clock of the zone skips comes when the clock goes on, and one that it repeats comes once; but
/// a line with `*` in its hours goes by the real hours, and so comes in both of two that have the same name.
#[derive(Clone)]
pub struct Times {
    line: String,
    cron: Box<Cron>,
    zone: TimeZone,
    zone_name: String,
    /// Whether its hours are said, and not just every so many.
    fixed: bool,
}

impl Times {
    pub(crate) fn new(line: &str, (zone_name, zone): (String, TimeZone)) -> Result<Self, LineError> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(LineError {
                message: format!("has {} fields; a cron line has 5", fields.len()),
                help: "write minute, hour, day of month, month and day of week, e.g. \"0 3 * * mon-fri\""
                    .to_owned(),
                field: None,
            });
        }
        for (number, text) in fields.iter().enumerate() {
            check_field(number, text)?;
        }
        let line = fields.join(" ");
        let cron = parse(&line).ok_or_else(|| LineError {
            message: format!("is no cron line: '{line}'"),
            help: "write e.g. \"0 3 * * mon-fri\"".to_owned(),
            field: None,
        })?;
        let times = Self {
            fixed: !fields.get(1).is_some_and(|hours| hours.contains('*')),
            line,
            cron: Box::new(cron),
            zone,
            zone_name,
        };
        match times.next_after(Timestamp::default()) {
            Some(_) => Ok(times),
            None => Err(LineError {
                message: format!("never comes: no month of '{}' has such a day", times.line),
                help: "choose a day that one of the months has; L is the last of each".to_owned(),
                field: None,
            }),
        }
    }

    /// The first of the times after `moment`; none if there is none any more.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let from = zoned(moment, &self.zone)?;
        if !self.fixed {
            let next = self.cron.find_next_occurrence(&from, false).ok()?;
            return Some(timestamp(&next));
        }
        // The times of the wall clock, each where this zone has it: the first of two, or the end of a gap.
        let mut wall = from.datetime().to_zoned(TimeZone::UTC).ok()?;
        for _ in 0..MAX_REPEATED {
            wall = self.cron.find_next_occurrence(&wall, false).ok()?;
            let here = self.zone.to_ambiguous_zoned(wall.datetime());
            let next = if matches!(here.offset(), AmbiguousOffset::Gap { .. }) {
                end_of_gap(here)?
            } else {
                here.earlier().ok()?
            };
            if next > from {
                return Some(timestamp(&next));
            }
        }
        None
    }

    /// Whether `moment` is one of the times.
    pub fn has(&self, moment: Timestamp) -> bool {
        let before = Timestamp(moment.0.saturating_sub(1));
        self.next_after(before) == Some(moment)
    }
}

/// The first moment after the gap that a time of the wall clock is in.
fn end_of_gap(skipped: jiff::tz::AmbiguousZoned) -> Option<Zoned> {
    // The earlier reading of it lies before the gap; what comes next in the zone is the gap's end.
    let before = skipped.earlier().ok()?;
    let zone = before.time_zone().clone();
    let end = zone.following(before.timestamp()).next()?.timestamp();
    Some(end.to_zoned(zone.clone()))
}

impl PartialEq for Times {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line && self.zone_name == other.zone_name
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Times({self})")
    }
}

impl fmt::Display for Times {
    /// The cron line and the time zone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.line, self.zone_name)
    }
}

/// The time zone of that name, and its name as the database has it.
pub(crate) fn zone(name: &str) -> Result<(String, TimeZone), LineError> {
    let zones = TimeZoneDatabase::bundled();
    match zones.get(name) {
        Ok(zone) => {
            let name = zone.iana_name().unwrap_or(name).to_owned();
            Ok((name, zone))
        }
        Err(_) => {
            let known: Vec<String> = zones.available().map(|it| it.to_string()).collect();
            let near = nearest(name, known.iter().map(String::as_str));
            Err(LineError {
                message: format!("is no time zone: '{name}'"),
                help: near.map_or_else(
                    || "write its name in the tz database, e.g. \"Europe/Berlin\" or \"UTC\"".to_owned(),
                    did_you_mean,
                ),
                field: None,
            })
        }
    }
}

/// UTC, and its name.
pub(crate) fn utc() -> (String, TimeZone) {
    ("UTC".to_owned(), TimeZone::UTC)
}

fn zoned(moment: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let moment = Instant::from_microsecond(moment.as_micros()).ok()?;
    Some(moment.to_zoned(zone.clone()))
}

fn timestamp(at: &Zoned) -> Timestamp {
    Timestamp(at.timestamp().as_microsecond())
}

fn parse(line: &str) -> Option<Cron> {
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(line)
        .ok()
}

/// Whether the field can stand in a line.
fn check_field(number: usize, text: &str) -> Result<(), LineError> {
    let field = &FIELDS[number];
    let words = text.split(|c: char| !c.is_ascii_alphabetic());
    let mut words = words.filter(|it| !it.is_empty());
    let known = words.all(|it| {
        field.words.contains(&it.to_ascii_uppercase().as_str())
            || (it.eq_ignore_ascii_case("lw") && number == 2)
    });
    let mut line = ["*"; FIELDS.len()];
    line[number] = text;
    if known && text.is_ascii() && parse(&line.join(" ")).is_some() {
        return Ok(());
    }
    let (name, range) = (field.name, field.range);
    Err(LineError {
        message: format!("has no such {}: '{text}'", name.replace('_', " ")),
        help: format!("write {range}, a range such as 1-5, a step such as */2, or several with ','"),
        field: Some(number),
    })
}
