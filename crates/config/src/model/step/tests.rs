//! Results of tests.

use weir_status_api::Results;

use crate::text::Text;

/// How a test program tells of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFormat {
    /// As the test programs of Rust do: `test NAME ... ok`.
    Libtest,
    /// The Test Anything Protocol: `ok 1 - NAME`.
    Tap,
    /// JUnit's XML.
    Junit,
    /// subunit, of version 2 or 1.
    Subunit,
}

impl TestFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Libtest, Self::Tap, Self::Junit, Self::Subunit];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Libtest => "libtest",
            Self::Tap => "tap",
            Self::Junit => "junit",
            Self::Subunit => "subunit",
        }
    }
}

/// Reads files of test results on the worker.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResultsStep {
    /// How the files tell of tests.
    pub format: TestFormat,
    /// Patterns of a shell for the files, in the step's folder; never empty.
    pub files: Vec<Text>,
    /// What the step comes to if no file matches.
    pub on_missing: Results,
    /// What the step comes to if a file cannot be read to its end.
    pub on_malformed: Results,
    /// What the step comes to if a test failed.
    pub on_failed: Results,
}
