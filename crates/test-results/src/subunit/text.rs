//! The lines of subunit's version 1.

use crate::lines::Lines;
use crate::{Found, Outcome, TestResult};

/// Reads lines; those that say nothing of tests are passed over.
#[derive(Debug, Default)]
pub(super) struct Text {
    lines: Lines,
    state: State,
}

/// Whether lines belong to a test that has been told.
#[derive(Debug, Default)]
struct State {
    is_in_details: bool,
}

impl Text {
    pub(super) fn push(&mut self, bytes: &[u8], found: &mut Found<'_>) {
        let Self { lines, state } = self;
        lines.push(bytes, &mut |line| state.take(line, found));
    }

    pub(super) fn finish(&mut self, found: &mut Found<'_>) {
        let Self { lines, state } = self;
        lines.finish(&mut |line| state.take(line, found));
    }
}

impl State {
    fn take(&mut self, line: &str, found: &mut Found<'_>) {
        if self.is_in_details {
            self.is_in_details = line != "]";
            return;
        }
        let Some((word, name)) = line.split_once(": ") else {
            return;
        };
        let outcome = match word {
            "success" | "successful" | "xfail" => Outcome::Passed,
            "failure" | "error" | "uxsuccess" => Outcome::Failed,
            "skip" => Outcome::Skipped,
            _ => return,
        };
        let plain = [" [ multipart", " ["]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        self.is_in_details = plain.is_some();
        if let Some(result) = TestResult::new(plain.unwrap_or(name), outcome) {
            found(result);
        }
    }
}
