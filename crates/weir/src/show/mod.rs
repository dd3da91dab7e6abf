//! How things look on a terminal.

pub(crate) mod event;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod lists;
pub(crate) mod logs;
pub(crate) mod names;
pub(crate) mod outage;
pub(crate) mod overview;
pub(crate) mod progress;
pub(crate) mod queue;
pub(crate) mod store;
pub(crate) mod table;

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use weir_status_api::{Build, Results, Timestamp};

use crate::failure::Failure;

/// What the reader of the output can show. By default a program reads: plain text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// People look: text from outside must not move their cursor.
    pub(crate) terminal: bool,
    /// With colours.
    pub(crate) colours: bool,
    /// Lines can be drawn again in their place.
    pub(crate) redraws: bool,
    /// The most columns of a table.
    pub(crate) width: Option<u16>,
}

impl Look {
    /// What standard output can show, and the user wants to see (<https://no-color.org>).
    pub(crate) fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Self {
            terminal,
            colours: terminal && !dumb && !plain,
            redraws: terminal && !dumb,
            width: table::width_of_stdout(),
        }
    }

    /// `text` in the terminal colour `code` (SGR parameters), if there are colours.
    pub(crate) fn paint(self, text: &str, code: &str) -> String {
        if self.colours {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// The word for results, in its colour.
    pub(crate) fn results(self, results: Results) -> String {
        self.paint(results.name(), &format!("3{}", colour(results)))
    }
}

/// The terminal colour of results, 1 to 7.
pub(crate) fn colour(results: Results) -> u8 {
    match results {
        Results::Success => 2,
        Results::Warnings => 3,
        Results::Failure => 1,
        Results::Skipped => 4,
        Results::Exception | Results::Cancelled => 5,
        Results::Retry => 6,
    }
}

/// Prints a line. Whoever reads it may have gone.
pub(crate) fn say(line: impl Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// The build's state on one line, without what a terminal would take for commands.
pub(crate) fn state(build: &Build) -> String {
    plain(&build.state)
}

/// So many of something: `1 builder`, `4 builders`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Text from outside, on one line, without what a terminal would take for commands.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// How long ago `at` was.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.since(at)))
}

/// When something was: the time of day, in UTC; beyond a day, how many days ago.
pub(crate) fn when(at: Timestamp, now: Timestamp) -> String {
    let days = now.since(at).as_secs() / 86_400;
    if days > 0 {
        return format!("{days} d ago");
    }
    time_of_day(at)
}

/// The time of day, in UTC.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    let second = at.as_secs().rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// A duration as it passes, in whole seconds: `1:05`, `1:00:05`.
pub(crate) fn stopwatch(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A duration in its two largest units.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds < 10 => format!("{:.1} s", duration.as_secs_f32()),
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units() {
        for (seconds, text) in [
            (0.25, "0.2 s"),
            (12.0, "12 s"),
            (61.0, "1 min 1 s"),
            (3700.0, "1 h 1 min"),
            (90_000.0, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs_f32(seconds)), text);
        }
    }

    #[test]
    fn an_event_has_the_time_of_its_day() {
        let now = Timestamp::from_secs(20_000 * 86_400 + 3600);
        let at = |seconds_ago: i64| when(Timestamp::from_secs(now.as_secs() - seconds_ago), now);
        assert_eq!(at(0), "01:00:00Z");
        assert_eq!(at(3601), "23:59:59Z");
        assert_eq!(at(86_399), "01:00:01Z");
        assert_eq!(at(2 * 86_400), "2 d ago");
        assert_eq!(at(-5), "01:00:05Z");
    }

    #[test]
    fn a_stopwatch_counts_whole_seconds() {
        for (seconds, text) in [
            (0, "0:00"),
            (65, "1:05"),
            (3605, "1:00:05"),
            (360_000, "100:00:00"),
        ] {
            assert_eq!(stopwatch(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_terminal_takes_no_commands_from_outside() {
        assert_eq!(plain("a\x1b[2Jb\nc"), "a [2Jb c");
    }
}
