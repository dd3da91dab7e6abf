//! What builds leave behind beside logs: data and test results.

use diesel::prelude::*;
use weir_status_api::{
    BuildData, BuildId, BuilderId, StepId, TestResult, TestResultId, TestResultSet, TestResultSetId,
};

use super::super::Db;
use crate::schema::{build_data, test_result_sets, test_results};

/// A piece of data without its value, which can be large.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = build_data, check_for_backend(Db))]
pub(crate) struct BuildDataRow {
    pub(crate) build: i64,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) length: i64,
}

impl BuildDataRow {
    pub(crate) fn into_build_data(self) -> BuildData {
        BuildData {
            build: BuildId(self.build),
            name: self.name,
            length: self.length,
            source: self.source,
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = test_result_sets, check_for_backend(Db))]
pub(crate) struct TestResultSetRow {
    pub(crate) id: i64,
    pub(crate) builder: i64,
    pub(crate) build: i64,
    pub(crate) step: i64,
    pub(crate) description: Option<String>,
    pub(crate) category: String,
    pub(crate) value_unit: String,
    pub(crate) tests_passed: Option<i64>,
    pub(crate) tests_failed: Option<i64>,
    pub(crate) complete: bool,
}

impl TestResultSetRow {
    pub(crate) fn into_set(self) -> TestResultSet {
        TestResultSet {
            id: TestResultSetId(self.id),
            builder: BuilderId(self.builder),
            build: BuildId(self.build),
            step: StepId(self.step),
            description: self.description,
            category: self.category,
            value_unit: self.value_unit,
            tests_passed: self.tests_passed,
            tests_failed: self.tests_failed,
            complete: self.complete,
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = test_results, check_for_backend(Db))]
pub(crate) struct TestResultRow {
    pub(crate) id: i64,
    pub(crate) builder: i64,
    pub(crate) result_set: i64,
    pub(crate) test_name: Option<String>,
    pub(crate) test_code_path: Option<String>,
    pub(crate) line: Option<i64>,
    pub(crate) duration_ns: Option<i64>,
    pub(crate) value: String,
}

impl TestResultRow {
    pub(crate) fn into_result(self) -> TestResult {
        TestResult {
            id: TestResultId(self.id),
            builder: BuilderId(self.builder),
            set: TestResultSetId(self.result_set),
            test_name: self.test_name,
            test_code_path: self.test_code_path,
            line: self.line,
            duration_ns: self.duration_ns,
            value: self.value,
        }
    }
}
