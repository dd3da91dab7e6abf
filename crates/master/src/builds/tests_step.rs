//! Results of tests: of a `shell` step's command, and of files that the step `test_results` reads on the worker.

use weir_config::{Command, RenderError, TestFormat, TestResultsStep};
use weir_status_api::Results;
use weir_test_results::{LARGEST_DOCUMENT, SCRIPT};

use super::captured::Captured;
use super::command::Reader;
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use super::test_results::{MOST_RESULTS, Report, TestResults};
use crate::error::Result;
use crate::workers::{CommandSpec, What};

/// How many bytes all files together can have.
const MOST_FILES: usize = 64 * 1024 * 1024;

/// Runs a command that tests, and keeps the results of its tests.
pub(crate) async fn shell(
    step: &StepRun<'_>,
    command: &Command,
    format: TestFormat,
    log: &mut LogWriter,
) -> Result<StepEnd> {
    let mut results = TestResults::new(
        step.engine.store.clone(),
        step.step,
        format,
        step.config.log.encoding(),
    );
    let mut end = match format {
        // Their lines are read while they come.
        TestFormat::Libtest | TestFormat::Tap => {
            step.command(command, log, Reader::Tests(&mut results)).await?
        }
        TestFormat::Junit | TestFormat::Subunit => {
            let mut output = Captured::up_to(LARGEST_DOCUMENT + 1);
            let end = step.command(command, log, Reader::Captured(&mut output)).await?;
            results.read_output(format, &output.bytes).say(log);
            end
        }
    };
    if let Some((passed, failed)) = results.finish(log).await? {
        tell_bound(passed + failed, log);
        end.state = format!("{}, tests: {passed} passed, {failed} failed", end.state);
    }
    Ok(end)
}

/// Has the worker send files, and keeps the results in them.
pub(crate) async fn files(
    step: &StepRun<'_>,
    tests: &TestResultsStep,
    log: &mut LogWriter,
) -> Result<StepEnd> {
    let spec = match spec(step, tests) {
        Ok(spec) => spec,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    let mut output = Captured::up_to(MOST_FILES).hidden();
    let end = step.execute(spec, log, Reader::Captured(&mut output)).await?;
    let end = step.conclude("reading test results", end, log);
    if end.results != Results::Success {
        return Ok(end);
    }
    let mut results = TestResults::new(
        step.engine.store.clone(),
        step.step,
        tests.format,
        step.config.log.encoding(),
    );
    let mut report = results.read_files(tests.format, &output.bytes);
    if output.is_cut {
        let why = format!("the files: they have more than {MOST_FILES} bytes, only the first are read");
        report.problems.insert(0, why);
    }
    report.say(log);
    if report.files == 0 {
        log.say("no file matches");
    }
    let counts = results.finish(log).await?;
    tell_bound(counts.map_or(0, |(passed, failed)| passed + failed), log);
    Ok(judge(tests, &report, counts))
}

fn tell_bound(all: i64, log: &mut LogWriter) {
    if all > MOST_RESULTS {
        log.say(&format!(
            "there are {all} test results; the first {MOST_RESULTS} are kept, all are counted"
        ));
    }
}

fn spec(step: &StepRun<'_>, tests: &TestResultsStep) -> Result<CommandSpec, RenderError> {
    let mut argv: Vec<String> = ["/bin/sh", "-c", SCRIPT, "sh"].map(str::to_owned).into();
    for pattern in &tests.files {
        argv.push(pattern.render(&step.values)?);
    }
    let mut spec = step.spec(What::Argv(argv))?;
    spec.env.insert("MOST".to_owned(), LARGEST_DOCUMENT.to_string());
    Ok(spec)
}

/// What the step comes to; `counts` are the tests that passed and failed, if there were any.
fn judge(tests: &TestResultsStep, report: &Report, counts: Option<(i64, i64)>) -> StepEnd {
    let unread = report.problems.len();
    let mut found = vec![];
    let mut words = match counts {
        Some((passed, failed)) => {
            if failed > 0 {
                found.push(tests.on_failed);
            }
            format!("tests: {passed} passed, {failed} failed")
        }
        None if report.files == 0 => {
            found.push(tests.on_missing);
            "no file matches".to_owned()
        }
        None => "no tests".to_owned(),
    };
    if unread > 0 {
        found.push(tests.on_malformed);
        words = format!("{words}, {unread} could not be read");
    }
    StepEnd::new(Results::of_all(found), words)
}

#[cfg(test)]
mod tests {
    use weir_config::{TestFormat, Text};

    use super::*;

    #[test]
    fn a_step_comes_to_the_worst_of_what_was_found() {
        let tests = TestResultsStep {
            format: TestFormat::Junit,
            files: vec![Text::literal("*.xml")],
            on_missing: Results::Warnings,
            on_malformed: Results::Failure,
            on_failed: Results::Success,
        };
        for (files, unread, counts, results, words) in [
            (0, 0, None, Results::Warnings, "no file matches"),
            (1, 0, None, Results::Success, "no tests"),
            (2, 0, Some((3, 1)), Results::Success, "tests: 3 passed, 1 failed"),
            (
                2,
                1,
                Some((3, 0)),
                Results::Failure,
                "tests: 3 passed, 0 failed, 1 could not be read",
            ),
        ] {
            let report = Report {
                files,
                problems: vec![String::new(); unread],
            };
            let end = judge(&tests, &report, counts);
            assert_eq!((end.results, end.state.as_str()), (results, words));
        }
    }
}
