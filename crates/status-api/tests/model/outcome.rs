//! Source that is known, and what builds leave behind.

use weir_status_api::conformance::SetupIds;
use weir_status_api::{
    Branch, BranchId, BuildData, BuildId, CodebaseId, Commit, CommitId, StepId, TestResult, TestResultId,
    TestResultSet, TestResultSetId, Verb,
};

use super::write::row;
use super::{Fault, Transaction};

impl Transaction<'_> {
    pub(super) fn setup_ids(&self) -> SetupIds {
        macro_rules! by_name {
            ($table:ident, $name:ident) => {
                self.$table
                    .iter()
                    .map(|it| (it.$name.clone(), it.id))
                    .collect()
            };
        }
        let project_of = |id| {
            let project = self.projects.iter().find(|it| it.id == id);
            project.expect("a codebase has a project").slug.clone()
        };
        let codebases = self.codebases.iter();
        SetupIds {
            builders: by_name!(builders, name),
            workers: by_name!(workers, name),
            schedulers: by_name!(schedulers, name),
            projects: by_name!(projects, slug),
            codebases: codebases
                .map(|it| ((project_of(it.project), it.slug.clone()), it.id))
                .collect(),
            change_sources: by_name!(change_sources, name),
        }
    }

    pub(super) fn add_commit(&mut self, commit: Commit) -> CommitId {
        let same = |it: &&Commit| it.codebase == commit.codebase && it.revision == commit.revision;
        if let Some(known) = self
            .commits
            .iter()
            .find(same)
            .filter(|_| !self.has(Fault::AddsCommitsTwice))
        {
            return known.id;
        }
        let id = CommitId(self.commits.len() as i64 + 1);
        let commit = Commit { id, ..commit };
        self.commits.push(commit.clone());
        self.emit(Verb::New, commit);
        id
    }

    pub(super) fn move_branch(
        &mut self,
        codebase: CodebaseId,
        name: &str,
        head: Option<CommitId>,
    ) -> BranchId {
        let is_it = |it: &Branch| it.codebase == codebase && it.name == name;
        let known = self.branches.iter().position(is_it);
        let place = known.unwrap_or(self.branches.len());
        let id = BranchId(place as i64 + 1);
        let always = self.has(Fault::MovesBranchesThatStay);
        let branch = Branch {
            id,
            codebase,
            name: name.to_owned(),
            commit: head,
            last_moved_at: self.now,
        };
        match self.branches.get_mut(place) {
            Some(row) if row.commit == head && !always => return id,
            Some(row) => *row = branch.clone(),
            None => self.branches.push(branch.clone()),
        }
        let verb = if known.is_some() { Verb::Update } else { Verb::New };
        self.emit(verb, branch);
        id
    }

    pub(super) fn set_build_data(&mut self, build: BuildId, name: &str, value: Vec<u8>, source: &str) {
        let row = BuildData {
            build,
            name: name.to_owned(),
            length: value.len() as i64,
            source: source.to_owned(),
        };
        let first = self.has(Fault::KeepsTheFirstData);
        let place = self.data.entry((build, name.to_owned()));
        place
            .and_modify(|it| {
                if !first {
                    it.clone_from(&value);
                }
            })
            .or_insert(value.clone());
        let known = self
            .build_data
            .iter_mut()
            .find(|it| it.build == build && it.name == name);
        let verb = match known {
            Some(known) => {
                *known = row.clone();
                Verb::Update
            }
            None => {
                self.build_data.push(row.clone());
                Verb::New
            }
        };
        self.emit(verb, row);
    }

    pub(super) fn add_result_set(
        &mut self,
        step: StepId,
        description: Option<String>,
        category: &str,
        value_unit: &str,
    ) -> TestResultSetId {
        let build = row!(self, steps, step).build;
        let set = TestResultSet {
            id: TestResultSetId(self.result_sets.len() as i64 + 1),
            builder: row!(self, builds, build).builder,
            build,
            step,
            description,
            category: category.to_owned(),
            value_unit: value_unit.to_owned(),
            tests_passed: None,
            tests_failed: None,
            complete: false,
        };
        self.result_sets.push(set.clone());
        self.emit(Verb::New, set.clone());
        set.id
    }

    /// There are too many of them for events.
    pub(super) fn add_results(&mut self, set: TestResultSetId, results: Vec<TestResult>) {
        let builder = row!(self, result_sets, set).builder;
        for result in results {
            let id = TestResultId(self.results.len() as i64 + 1);
            let result = TestResult {
                id,
                builder,
                set,
                ..result
            };
            if self.has(Fault::TellsOfTestResults) {
                self.emit(Verb::New, result.clone());
            }
            self.results.push(result);
        }
    }
}
