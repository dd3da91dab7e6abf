//! The step `test_results(…)`, and formats of test results.

use starlark::values::Value;
use weir_status_api::Results;

use super::{of_step, step};
use crate::call::{Call, Function};
use crate::model::{StepKind, TestFormat, TestResultsStep};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::text::Text;

pub(in super::super) const TEST_RESULTS: Function = Function {
    name: "test_results",
    parameters: of_step![
        "format",
        "files",
        "on_missing",
        "on_malformed",
        "on_failed",
        "name"
    ],
    positional: 1,
    any_name: false,
    run: test_results,
};

fn test_results(call: &mut Call<'_, '_>) -> Option<Item> {
    let tests = TestResultsStep {
        format: call
            .required("format", |value| format(value).map(Some))
            .unwrap_or(TestFormat::Junit),
        files: call.required("files", files),
        on_missing: call.or("on_missing", results, Results::Warnings),
        on_malformed: call.or("on_malformed", results, Results::Warnings),
        on_failed: call.or("on_failed", results, Results::Success),
    };
    step(call, "test results".to_owned(), StepKind::TestResults(tests))
}

/// A format of test results, by its name.
pub(super) fn format(value: Value<'_>) -> Reading<TestFormat> {
    let word = read::text(value)?;
    let format = TestFormat::ALL.into_iter().find(|it| it.name() == word);
    let names = TestFormat::ALL.map(TestFormat::name);
    format.map_or_else(
        || unknown("no format of test results", &word, "formats", &names),
        Ok,
    )
}

/// One pattern, or a list of them.
fn files(value: Value<'_>) -> Reading<Vec<Text>> {
    match read::some_template(value) {
        Ok(one) => Ok(vec![one]),
        Err(_) if value.unpack_str().is_none() => read::some(read::some_template, "patterns of files")(value),
        Err(wrong) => Err(wrong),
    }
}

/// What something makes of a step.
pub(super) fn results(value: Value<'_>) -> Reading<Results> {
    let word = read::text(value)?;
    match word.as_str() {
        "success" => Ok(Results::Success),
        "warnings" => Ok(Results::Warnings),
        "failure" => Ok(Results::Failure),
        _ => unknown(
            "none of the results that can be chosen",
            &word,
            "they",
            &["success", "warnings", "failure"],
        ),
    }
}

/// The word is none of those that are known.
pub(super) fn unknown<T>(what: &str, word: &str, names: &str, known: &[&str]) -> Reading<T> {
    let help = nearest(word, known.iter().copied())
        .map_or_else(|| format!("{names} are {}", known.join(", ")), did_you_mean);
    read::wrong(format!("is {what}: '{word}'"), Some(&help))
}
