//! The results of the tests that a step's command runs, read from its output while it runs.

mod documents;
mod line;

use encoding_rs::Encoding;
use weir_config::TestFormat;
use weir_status_api::{Query, ReadExt, StepId, TestResultSet, TestResultSetField, TestResultSetId};
use weir_status_db::{Applied, NewTestResult, NewTestResultSet, Store, Transition};
use weir_test_results::{Outcome, TestResult};

use super::LineBuffer;
use super::checkpoint::{Tail, TestsRecord};
use super::journal::Journal;
use super::log::LogWriter;
use super::patience::{self, Patience};
use crate::error::{Error, Result};

pub(crate) use documents::Report;

/// How many results are stored at once.
const BATCH: usize = 500;
/// How many results of one command are stored; those beyond are counted only.
pub(crate) const MOST_RESULTS: i64 = 100_000;

/// Reads the output of a command, and stores what its tests came to.
pub(crate) struct TestResults {
    store: Store,
    step: StepId,
    reader: Reader,
    set: Option<TestResultSetId>,
    /// A set may be open that the record does not know of.
    may_be_open: bool,
}

impl TestResults {
    /// None came yet. Their set is opened with the first. Lines are text in `encoding`.
    pub(crate) fn new(store: Store, step: StepId, format: TestFormat, encoding: &'static Encoding) -> Self {
        Self {
            store,
            step,
            reader: Reader::new(format, encoding),
            set: None,
            may_be_open: false,
        }
    }

    /// Takes bytes of the command's standard output.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
    }

    /// Whether no results wait to be stored.
    pub(super) fn is_quiet(&self) -> bool {
        self.reader.waiting.is_empty()
    }

    /// Notes in the record of the command how far its output was read; gives what stores the results that wait.
    pub(super) async fn save(&mut self, journal: &mut Journal) -> Result<Vec<Transition>> {
        let waiting = std::mem::take(&mut self.reader.waiting);
        let mut transitions = vec![];
        if !waiting.is_empty() {
            self.may_be_open |= journal.is_resumed();
            let set = self.open().await?;
            let batches = waiting.chunks(BATCH);
            transitions.extend(batches.map(|batch| Transition::AddTestResults(set, batch.to_vec())));
        }
        if let Some(record) = journal.command_mut() {
            let is_finished = record.tests.as_ref().is_some_and(|it| it.is_finished);
            record.tests = Some(TestsRecord {
                set: self.set.map(|it| it.0),
                tail: Tail::of(&self.reader.lines),
                passed: self.reader.passed,
                failed: self.reader.failed,
                is_finished,
            });
        }
        Ok(transitions)
    }

    /// Goes on where the record of the command says.
    pub(super) fn restore(&mut self, journal: &Journal) {
        if let Some(record) = journal.command().and_then(|it| it.tests.as_ref()) {
            self.set = record.set.map(TestResultSetId);
            let lines = Reader::lines(self.reader.encoding);
            self.reader.lines = Tail::restore(record.tail.as_ref(), lines);
            self.reader.passed = record.passed;
            self.reader.failed = record.failed;
        }
    }

    /// Nothing more comes of the command, which ran last. Gives how many passed and failed; none if there was no test.
    pub(crate) async fn finish(&mut self, log: &mut LogWriter) -> Result<Option<(i64, i64)>> {
        let record = log.journal.command().and_then(|it| it.tests.as_ref());
        if !record.is_some_and(|it| it.is_finished) {
            self.reader.finish();
            let mut transitions = self.save(&mut log.journal).await?;
            let Some(set) = self.set else {
                return Ok(None);
            };
            transitions.push(Transition::FinishTestResultSet {
                set,
                passed: Some(self.reader.passed),
                failed: Some(self.reader.failed),
            });
            if let Some(record) = log.journal.command_mut().and_then(|it| it.tests.as_mut()) {
                record.is_finished = true;
            }
            log.commit(transitions, None).await?;
        }
        Ok(Some((self.reader.passed, self.reader.failed)))
    }

    async fn open(&mut self) -> Result<TestResultSetId> {
        if let Some(set) = self.set {
            return Ok(set);
        }
        let new = NewTestResultSet {
            step: self.step,
            description: None,
            // Buildbot's words.
            category: "pass_fail".to_owned(),
            value_unit: "boolean".to_owned(),
        };
        let mut patience = Patience::new();
        let set = loop {
            if self.may_be_open
                && let Some(set) = self.find().await?
            {
                break set;
            }
            match self.store.apply(Transition::AddTestResultSet(new.clone())).await {
                Ok(Applied::TestResultSet(set)) => break set,
                Ok(other) => return Err(Error::Answer(format!("{other:?}"))),
                Err(error) if patience.outlasts(&error).await => self.may_be_open = true,
                Err(error) => return Err(error.into()),
            }
        };
        self.set = Some(set);
        Ok(set)
    }

    /// The set that is open, if there is one: the step's newest.
    async fn find(&self) -> Result<Option<TestResultSetId>> {
        let query = Query::<TestResultSet>::new()
            .eq(TestResultSetField::Step, self.step.0)
            .eq(TestResultSetField::Complete, false)
            .descending(TestResultSetField::Id)
            .limit(1);
        let page = patience::read(|| self.store.page(query.clone())).await?;
        Ok(page.items.first().map(|it| it.id))
    }
}

/// From bytes, in any pieces, to results.
struct Reader {
    format: TestFormat,
    encoding: &'static Encoding,
    lines: LineBuffer,
    waiting: Vec<NewTestResult>,
    passed: i64,
    failed: i64,
}

impl Reader {
    fn new(format: TestFormat, encoding: &'static Encoding) -> Self {
        Self {
            format,
            encoding,
            lines: Self::lines(encoding),
            waiting: vec![],
            passed: 0,
            failed: 0,
        }
    }

    const fn lines(encoding: &'static Encoding) -> LineBuffer {
        LineBuffer::new(None).in_encoding(encoding)
    }

    fn push(&mut self, bytes: &[u8]) {
        let mut text = String::new();
        self.lines.push(bytes, &mut text);
        self.read(&text);
    }

    fn finish(&mut self) {
        let mut text = String::new();
        self.lines.finish(&mut text);
        self.read(&text);
    }

    fn read(&mut self, text: &str) {
        let format = self.format;
        for result in text.lines().filter_map(|line| line::result(format, line)) {
            self.add(result);
        }
    }

    /// Tests that were left out have no result.
    fn add(&mut self, result: TestResult) {
        let counter = match result.outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Skipped => return,
        };
        *counter += 1;
        if self.passed + self.failed <= MOST_RESULTS {
            self.waiting.push(new(result));
        }
    }
}

fn new(result: TestResult) -> NewTestResult {
    let nanos = |it: std::time::Duration| i64::try_from(it.as_nanos()).unwrap_or(i64::MAX);
    NewTestResult {
        test_name: Some(result.name),
        test_code_path: result.path,
        line: result.line.map(i64::from),
        duration_ns: result.duration.map(nanos),
        value: i32::from(result.outcome == Outcome::Passed).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;

    use super::*;

    fn read(format: TestFormat, pieces: &[&[u8]]) -> (Vec<(String, String)>, i64, i64) {
        let mut reader = Reader::new(format, UTF_8);
        for piece in pieces {
            reader.push(piece);
        }
        reader.finish();
        let named = |it: NewTestResult| (it.test_name.unwrap_or_default(), it.value);
        let results = reader.waiting.into_iter().map(named).collect();
        (results, reader.passed, reader.failed)
    }

    #[test]
    fn cuts_between_pieces_change_nothing() {
        let libtest = "running 2 tests\ntest grün ... ok\r\ntest b::c ... FAILED\n\ntest result: FAILED.\ntest z ... ok";
        let tap = "TAP version 13\n1..3\nok 1 - grün\nnot ok 2 - b # why\n  ---\n  ok: no\n  ...\nok 3 - c";
        for (format, text, passed) in [(TestFormat::Libtest, libtest, 2), (TestFormat::Tap, tap, 2)] {
            let text = text.as_bytes();
            let whole = read(format, &[text]);
            assert_eq!((whole.0.len(), whole.1, whole.2), (3, passed, 1), "{whole:?}");
            for first in 0..text.len() {
                for second in first..text.len() {
                    let pieces = [&text[..first], &text[first..second], &text[second..]];
                    assert_eq!(read(format, &pieces), whole, "{first} {second}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_bound_results_are_only_counted() {
        let lines =
            "test a ... ok\n".repeat(MOST_RESULTS as usize) + "test b ... FAILED\ntest c ... ignored\n";
        let (results, passed, failed) = read(TestFormat::Libtest, &[lines.as_bytes()]);
        assert_eq!((passed, failed), (MOST_RESULTS, 1));
        assert_eq!(results.len() as i64, MOST_RESULTS);
        assert!(results.iter().all(|(_, value)| value == "1"));
    }
}
