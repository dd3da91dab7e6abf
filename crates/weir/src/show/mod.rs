//! How things look on a terminal.

pub(crate) mod event;
pub(crate) mod logs;
pub(crate) mod table;

use std::io::IsTerminal;
use std::time::Duration;

use weir_status_api::{Build, Results, Timestamp};

/// Whether people look, and have not asked for plain text (<https://no-color.org>).
pub(crate) fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

/// `text` in the terminal colour `code` (SGR parameters), where people look.
pub(crate) fn paint(text: &str, code: &str) -> String {
    if colours() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// The word for results, in its colour.
pub(crate) fn results(results: Results) -> String {
    let code = match results {
        Results::Success => "32",
        Results::Warnings => "33",
        Results::Failure => "31",
        Results::Skipped => "2",
        Results::Exception => "35",
        Results::Retry => "36",
        Results::Cancelled => "2;35",
    };
    paint(results.name(), code)
}

/// The build's state on one line, without what a terminal would take for commands.
pub(crate) fn state(build: &Build) -> String {
    plain(&build.state)
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
    fn a_terminal_takes_no_commands_from_outside() {
        assert_eq!(plain("a\x1b[2Jb\nc"), "a [2Jb c");
    }
}
