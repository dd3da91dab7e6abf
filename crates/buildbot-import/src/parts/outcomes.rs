//! Data of builds, and test results.

use weir_status_api::{BuildId, BuilderId, StepId, TestResult, TestResultId, TestResultSet, TestResultSetId};
use weir_status_db::{History, ImportedBuildData};

use super::Parts;
use crate::error::Result;
use crate::note::Note;
use crate::record::id;

/// How many rows are read at a time.
const AT_ONCE: usize = 5000;
/// How many values of build data are, each of which can be long.
const VALUES_AT_ONCE: usize = 20;

impl Parts {
    /// Data of builds. Here it is named by its build and its name, so its id goes.
    pub(super) async fn build_data(&mut self, note: &mut Note) -> Result<History> {
        let columns = ["#id", "#buildid", "name", "source", "*value"];
        let rest = note.next("id", VALUES_AT_ONCE);
        let mut history = History::default();
        for mut it in self.source.read("build_data", &columns, &rest).await? {
            (note.after.0, note.read) = (id("build_data", it.opt_int())?, note.read + 1);
            let Some(build) = self.known.only("builds", it.opt_int()) else {
                continue;
            };
            history.build_data.push(ImportedBuildData {
                build: BuildId(build),
                name: it.text(),
                source: it.text(),
                value: it.opt_bytes().unwrap_or_default(),
            });
        }
        note.keep("build_data", history.build_data.len());
        Ok(history)
    }

    /// Sets of test results.
    pub(super) async fn test_result_sets(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "#builderid",
            "#buildid",
            "#stepid",
            "description",
            "category",
            "value_unit",
            "#tests_passed",
            "#tests_failed",
        ];
        let rest = note.next("id", AT_ONCE);
        let mut history = History::default();
        for mut it in self.source.read("test_result_sets", &columns, &rest).await? {
            let id = id("test_result_sets", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let builder = self.known.only("builders", it.opt_int());
            let build = self.known.only("builds", it.opt_int());
            let step = self.known.only("steps", it.opt_int());
            let (Some(builder), Some(build), Some(step)) = (builder, build, step) else {
                continue;
            };
            self.known.add("test_result_sets", id);
            history.test_result_sets.push(TestResultSet {
                id: TestResultSetId(id),
                builder: BuilderId(builder),
                build: BuildId(build),
                step: StepId(step),
                description: it.opt_text(),
                category: it.text(),
                value_unit: it.text(),
                tests_passed: it.opt_int(),
                tests_failed: it.opt_int(),
                complete: true,
            });
        }
        note.keep("test_result_sets", history.test_result_sets.len());
        Ok(history)
    }

    /// Test results.
    pub(super) async fn test_results(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "#builderid",
            "#test_result_setid",
            "#line",
            "#duration_ns",
            "value",
        ];
        let others = [
            ("test_names", "n", ["name"].as_slice()),
            ("test_code_paths", "p", ["path"].as_slice()),
        ];
        let rest = format!(
            "LEFT JOIN test_names n ON n.id = t.test_nameid \
             LEFT JOIN test_code_paths p ON p.id = t.test_code_pathid {}",
            note.next("id", AT_ONCE)
        );
        let mut history = History::default();
        let found = self
            .source
            .read_joined("test_results", &columns, &others, &rest)
            .await?;
        for mut it in found {
            let id = id("test_results", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let builder = self.known.only("builders", it.opt_int());
            let set = self.known.only("test_result_sets", it.opt_int());
            let (Some(builder), Some(set)) = (builder, set) else {
                continue;
            };
            history.test_results.push(TestResult {
                id: TestResultId(id),
                builder: BuilderId(builder),
                set: TestResultSetId(set),
                line: it.opt_int(),
                duration_ns: it.opt_int(),
                value: it.text(),
                test_name: it.opt_text(),
                test_code_path: it.opt_text(),
            });
        }
        note.keep("test_results", history.test_results.len());
        Ok(history)
    }
}
