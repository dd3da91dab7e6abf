//! What a line of a test program's output says.

use std::time::Duration;

use crate::{Outcome, TestResult};

/// `test NAME ... ok`, `… ignored`, `… FAILED` or `… FAILED (reason)`, and a time behind it (` <0.123s>`).
pub(crate) fn libtest(line: &str) -> Option<TestResult> {
    let (name, said) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let mut words = said.split_whitespace();
    let outcome = match words.next()?.trim_end_matches(',') {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Skipped,
        _ => return None,
    };
    // What a test is expected to do is no part of its name.
    let mut result = TestResult::new(name.trim().trim_end_matches(" - should panic"), outcome)?;
    result.duration = words
        .next_back()
        .and_then(|it| it.strip_prefix('<')?.strip_suffix("s>"))
        .and_then(seconds);
    Some(result)
}

/// A number of seconds, as programs write it.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    // Some write thousands as `1,234.5`.
    let seconds: f64 = text.trim().replace(',', "").parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// `ok 1 - NAME` or `not ok 1 - NAME`, of the outermost tests only; `# SKIP` was left out, and `# TODO` may fail.
pub(crate) fn tap(line: &str) -> Option<TestResult> {
    let (passed, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let (description, directive) = split_directive(rest);
    let directive = directive.to_ascii_lowercase();
    let description = description.trim();
    let digits = description.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &description[..description.len() - digits.len()];
    let said = digits.trim_start();
    let said = said.strip_prefix('-').unwrap_or(said).trim();
    let name = if said.is_empty() { number } else { said };
    let outcome = match passed {
        _ if directive.starts_with("skip") => Outcome::Skipped,
        _ if directive.starts_with("todo") => Outcome::Passed,
        true => Outcome::Passed,
        false => Outcome::Failed,
    };
    TestResult::new(&name.replace("\\#", "#"), outcome)
}

/// What stands before and behind the first `#` that is not escaped.
fn split_directive(rest: &str) -> (&str, &str) {
    let hash = rest
        .match_indices('#')
        .find(|(at, _)| !rest[..*at].ends_with('\\'));
    hash.map_or((rest, ""), |(at, _)| (&rest[..at], rest[at + 1..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Failed, Passed, Skipped};

    #[test]
    fn lines_of_libtest() {
        for (line, expected) in [
            ("test a::b ... ok", Some(("a::b", Passed, None))),
            ("test a::b ... FAILED", Some(("a::b", Failed, None))),
            ("test a ... ok <0.123s>", Some(("a", Passed, Some(123)))),
            ("test a - should panic ... ok", Some(("a", Passed, None))),
            (
                "test src/lib.rs - f (line 12) ... ok",
                Some(("src/lib.rs - f (line 12)", Passed, None)),
            ),
            ("test a ... ignored", Some(("a", Skipped, None))),
            ("test a ... ignored, slow", Some(("a", Skipped, None))),
            ("test result: ok. 3 passed; 0 failed", None),
            ("test a ... bench: 12 ns/iter (+/- 3)", None),
            (" test a ... ok", None),
            ("", None),
        ] {
            let seen = libtest(line).map(|it| (it.name, it.outcome, it.duration.map(|it| it.as_millis())));
            let expected = expected.map(|(name, outcome, millis)| (name.to_owned(), outcome, millis));
            assert_eq!(seen, expected, "{line}");
        }
    }

    #[test]
    fn lines_of_tap() {
        for (line, expected) in [
            ("ok 1 - it works", Some(("it works", Passed))),
            ("not ok 2 - it does not", Some(("it does not", Failed))),
            ("ok 3", Some(("3", Passed))),
            ("ok it has no number", Some(("it has no number", Passed))),
            ("ok - 3 ways", Some(("3 ways", Passed))),
            ("not ok 4 later # TODO one day", Some(("later", Passed))),
            ("ok 5 - elsewhere # skip no network", Some(("elsewhere", Skipped))),
            ("ok 6 - issue \\#7", Some(("issue #7", Passed))),
            ("    ok 1 - within another", None),
            ("okay", None),
            ("not okay", None),
            ("ok", None),
            ("1..6", None),
            ("Bail out!", None),
            ("# ok 1", None),
        ] {
            let expected = expected.map(|(name, outcome)| (name.to_owned(), outcome));
            assert_eq!(tap(line).map(|it| (it.name, it.outcome)), expected, "{line}");
        }
    }
}
