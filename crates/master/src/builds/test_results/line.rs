//! What a line of a test program's output says.

use weir_config::TestFormat;

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The test's name.
    pub(super) name: String,
    pub(super) passed: bool,
}

/// The verdict in `line`, if it holds one. Tests that were left out have none.
pub(super) fn verdict(format: TestFormat, line: &str) -> Option<Verdict> {
    match format {
        TestFormat::Libtest => libtest(line),
        TestFormat::Tap => tap(line),
    }
}

/// `test NAME ... ok`, `… FAILED` or `… FAILED (reason)`, and a time behind it (` <0.123s>`).
fn libtest(line: &str) -> Option<Verdict> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let passed = match outcome.split_whitespace().next()? {
        "ok" => true,
        "FAILED" => false,
        _ => return None,
    };
    // What a test is expected to do is no part of its name.
    let name = name.trim().trim_end_matches(" - should panic");
    (!name.is_empty()).then(|| Verdict {
        name: name.to_owned(),
        passed,
    })
}

/// `ok 1 - NAME` or `not ok 1 - NAME`, of the outermost tests only; `# SKIP` was left out, and `# TODO` may fail.
fn tap(line: &str) -> Option<Verdict> {
    let (passed, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let (description, directive) = split_directive(rest);
    let directive = directive.to_ascii_lowercase();
    if directive.starts_with("skip") {
        return None;
    }
    let description = description.trim();
    let digits = description.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &description[..description.len() - digits.len()];
    let said = digits.trim_start();
    let said = said.strip_prefix('-').unwrap_or(said).trim();
    let name = if said.is_empty() { number } else { said };
    (!name.is_empty()).then(|| Verdict {
        name: name.replace("\\#", "#"),
        passed: passed || directive.starts_with("todo"),
    })
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

    fn seen(format: TestFormat, line: &str) -> Option<(String, bool)> {
        verdict(format, line).map(|it| (it.name, it.passed))
    }

    #[test]
    fn lines_of_libtest() {
        for (line, expected) in [
            ("test a::b ... ok", Some(("a::b", true))),
            ("test a::b ... FAILED", Some(("a::b", false))),
            ("test a ... ok <0.123s>", Some(("a", true))),
            ("test a - should panic ... ok", Some(("a", true))),
            (
                "test src/lib.rs - f (line 12) ... ok",
                Some(("src/lib.rs - f (line 12)", true)),
            ),
            ("test a ... ignored", None),
            ("test a ... ignored, slow", None),
            ("test result: ok. 3 passed; 0 failed", None),
            ("test a ... bench: 12 ns/iter (+/- 3)", None),
            (" test a ... ok", None),
            ("", None),
        ] {
            let expected = expected.map(|(name, passed)| (name.to_owned(), passed));
            assert_eq!(seen(TestFormat::Libtest, line), expected, "{line}");
        }
    }

    #[test]
    fn lines_of_tap() {
        for (line, expected) in [
            ("ok 1 - it works", Some(("it works", true))),
            ("not ok 2 - it does not", Some(("it does not", false))),
            ("ok 3", Some(("3", true))),
            ("ok it has no number", Some(("it has no number", true))),
            ("ok - 3 ways", Some(("3 ways", true))),
            ("not ok 4 later # TODO one day", Some(("later", true))),
            ("ok 5 - elsewhere # skip no network", None),
            ("ok 6 - issue \\#7", Some(("issue #7", true))),
            ("    ok 1 - within another", None),
            ("okay", None),
            ("not okay", None),
            ("ok", None),
            ("1..6", None),
            ("Bail out!", None),
            ("# ok 1", None),
        ] {
            let expected = expected.map(|(name, passed)| (name.to_owned(), passed));
            assert_eq!(seen(TestFormat::Tap, line), expected, "{line}");
        }
    }
}
