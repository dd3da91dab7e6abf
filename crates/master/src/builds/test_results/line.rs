//! What a line of a test program's output says.

use weir_config::TestFormat;
use weir_test_results::{Format, TestResult};

/// The result in `line`, if it holds one. Those of formats that are no lines are read as [whole documents].
///
/// [whole documents]: super::TestResults::read_output
pub(super) fn result(format: TestFormat, line: &str) -> Option<TestResult> {
    weir_test_results::in_line(known(format), line)
}

/// The format, as those know it who read it.
pub(super) const fn known(format: TestFormat) -> Format {
    match format {
        TestFormat::Libtest => Format::Libtest,
        TestFormat::Tap => Format::Tap,
        TestFormat::Junit => Format::Junit,
        TestFormat::Subunit => Format::Subunit,
    }
}
