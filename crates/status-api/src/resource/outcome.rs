//! What builds leave behind beside logs: data and test results.

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{BuildId, BuilderId, StepId, TestResultId, TestResultSetId};

/// A piece of data that a build keeps by name (Buildbot's `build_data`). Its value is read by
/// [`Read::build_data`](crate::Read::build_data).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildData {
    /// The build.
    pub build: BuildId,
    /// Its name, unique within the build.
    pub name: String,
    /// How many bytes its value has.
    pub length: i64,
    /// Who set it, e.g. the name of a step.
    pub source: String,
}

fields! {
    /// Fields of a [`BuildData`].
    BuildDataField {
        /// [`BuildData::build`].
        Build: Int = "build",
        /// [`BuildData::name`].
        Name: Text = "name",
        /// [`BuildData::length`].
        Length: Int = "length",
        /// [`BuildData::source`].
        Source: Text = "source",
    }
}

/// Test results of one kind that a step gave (Buildbot's `test_result_set`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResultSet {
    /// Its id.
    pub id: TestResultSetId,
    /// The builder.
    pub builder: BuilderId,
    /// The build.
    pub build: BuildId,
    /// The step.
    pub step: StepId,
    /// What the step says of it.
    pub description: Option<String>,
    /// The kind of results, e.g. `pass_fail`, `pass_only`, `fail_only`, `code_issue`, `performance`.
    pub category: String,
    /// The unit of its results' values, e.g. `boolean`, `ms`, `message`.
    pub value_unit: String,
    /// How many tests passed, once known.
    pub tests_passed: Option<i64>,
    /// How many tests failed, once known.
    pub tests_failed: Option<i64>,
    /// Whether nothing will be added.
    pub complete: bool,
}

fields! {
    /// Fields of a [`TestResultSet`].
    TestResultSetField {
        /// [`TestResultSet::id`].
        Id: Int = "id",
        /// [`TestResultSet::builder`].
        Builder: Int = "builder",
        /// [`TestResultSet::build`].
        Build: Int = "build",
        /// [`TestResultSet::step`].
        Step: Int = "step",
        /// [`TestResultSet::description`].
        Description: Text = "description",
        /// [`TestResultSet::category`].
        Category: Text = "category",
        /// [`TestResultSet::value_unit`].
        ValueUnit: Text = "value_unit",
        /// [`TestResultSet::tests_passed`].
        TestsPassed: Int = "tests_passed",
        /// [`TestResultSet::tests_failed`].
        TestsFailed: Int = "tests_failed",
        /// [`TestResultSet::complete`].
        Complete: Bool = "complete",
        /// Its build is of this commit: a source stamp of it has the commit's revision and the name of its codebase,
        /// and the name of the codebase's project or none; equality only.
        Commit: Int = "commit" (relation),
    }
}

/// One test result (Buildbot's `test_result`). There are many: they have no events, their set has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its id.
    pub id: TestResultId,
    /// The builder.
    pub builder: BuilderId,
    /// Its set.
    pub set: TestResultSetId,
    /// The name of the test. It or the path is there.
    pub test_name: Option<String>,
    /// The path of the source it is about.
    pub test_code_path: Option<String>,
    /// The line there, from 1.
    pub line: Option<i64>,
    /// How long it took, in nanoseconds.
    pub duration_ns: Option<i64>,
    /// The result, in its set's unit.
    pub value: String,
}

fields! {
    /// Fields of a [`TestResult`].
    TestResultField {
        /// [`TestResult::id`].
        Id: Int = "id",
        /// [`TestResult::builder`].
        Builder: Int = "builder",
        /// [`TestResult::set`].
        Set: Int = "set",
        /// [`TestResult::test_name`].
        TestName: Text = "test_name",
        /// [`TestResult::test_code_path`].
        TestCodePath: Text = "test_code_path",
        /// [`TestResult::line`].
        Line: Int = "line",
        /// [`TestResult::duration_ns`].
        DurationNs: Int = "duration_ns",
        /// [`TestResult::value`].
        Value: Text = "value",
    }
}
