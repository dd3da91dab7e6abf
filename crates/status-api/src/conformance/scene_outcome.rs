//! The part of a scene that is about source that is known and what builds leave behind.

use super::scene::Scene;
use crate::{
    Branch, Build, BuildData, BuildId, CodebaseId, Commit, CommitId, Query, ReadExt, Step, StepId,
    TestResult, TestResultField, TestResultId, TestResultSet, TestResultSetId, Timestamp,
};

impl Scene<'_> {
    /// The codebase of that slug in the project of that slug.
    pub(super) fn codebase(&self, project: &str, slug: &str) -> CodebaseId {
        self.ids.codebases[&(project.to_owned(), slug.to_owned())]
    }

    /// A commit becomes known; one whose revision is known already stays as it was.
    pub(super) async fn commit(&mut self, commit: Commit) -> CommitId {
        self.tick();
        let id = self.writer.add_commit(commit.clone()).await;
        let known = self.world.all::<Commit>();
        let same = |it: &&Commit| it.codebase == commit.codebase && it.revision == commit.revision;
        match known.iter().find(same) {
            Some(known) => assert_eq!(known.id, id, "a commit that is known stays the one it was"),
            None => self.world.put(Commit { id, ..commit }),
        }
        id
    }

    /// The head of a branch is seen at a commit.
    pub(super) async fn branch(&mut self, codebase: CodebaseId, name: &str, head: Option<CommitId>) {
        let now = self.tick();
        let id = self.writer.move_branch(codebase, name, head).await;
        let known = self.world.all::<Branch>().into_iter().find(|it| it.id == id);
        let last_moved_at = match known {
            Some(known) if known.commit == head => known.last_moved_at,
            _ => now,
        };
        self.world.put(Branch {
            id,
            codebase,
            name: name.to_owned(),
            commit: head,
            last_moved_at,
        });
    }

    /// A build keeps data.
    pub(super) async fn keep(&mut self, build: BuildId, name: &str, value: &[u8], source: &str) {
        self.tick();
        self.writer
            .set_build_data(build, name, value.to_vec(), source)
            .await;
        self.world.put(BuildData {
            build,
            name: name.to_owned(),
            length: value.len() as i64,
            source: source.to_owned(),
        });
        self.data.insert((build, name.to_owned()), value.to_vec());
    }

    /// A step has a set of test results.
    pub(super) async fn result_set(
        &mut self,
        step: StepId,
        description: Option<&str>,
        category: &str,
        unit: &str,
    ) -> TestResultSetId {
        self.tick();
        let description = description.map(str::to_owned);
        let id = self
            .writer
            .add_test_result_set(step, description.clone(), category, unit)
            .await;
        let build = self.world.one::<Step>(step.0).build;
        self.world.put(TestResultSet {
            id,
            builder: self.world.one::<Build>(build.0).builder,
            build,
            step,
            description,
            category: category.to_owned(),
            value_unit: unit.to_owned(),
            tests_passed: None,
            tests_failed: None,
            complete: false,
        });
        id
    }

    /// Test results come in, in this order.
    pub(super) async fn results(&mut self, set: TestResultSetId, results: Vec<TestResult>) {
        self.tick();
        self.writer.add_test_results(set, results.clone()).await;
        let query = Query::<TestResult>::new()
            .eq(TestResultField::Set, set)
            .descending(TestResultField::Id)
            .limit(u32::try_from(results.len()).unwrap_or(u32::MAX));
        let page = self.api.page(query).await.expect("test results are listed");
        let ids: Vec<TestResultId> = page.items.iter().rev().map(|it| it.id).collect();
        assert_eq!(ids.len(), results.len(), "test results that were added are there");
        let TestResultSet { builder, .. } = self.world.one(set.0);
        for (id, result) in ids.into_iter().zip(results) {
            self.world.put(TestResult {
                id,
                builder,
                set,
                ..result
            });
        }
    }

    /// Nothing more comes to a set.
    pub(super) async fn finish_set(
        &mut self,
        set: TestResultSetId,
        passed: Option<i64>,
        failed: Option<i64>,
    ) {
        self.tick();
        self.writer.finish_test_result_set(set, passed, failed).await;
        let open: TestResultSet = self.world.one(set.0);
        self.world.put(TestResultSet {
            tests_passed: passed,
            tests_failed: failed,
            complete: true,
            ..open
        });
    }

    /// A worker that should be connected is not.
    pub(super) async fn miss(&mut self, name: &str) {
        self.tick();
        self.writer.miss_worker(self.worker(name)).await;
    }
}

/// A commit to be written.
pub(super) fn commit(
    codebase: CodebaseId,
    revision: &str,
    parent: Option<CommitId>,
    when: Timestamp,
) -> Commit {
    Commit {
        id: CommitId(0),
        codebase,
        author: "Ada <ada@example.org>".to_owned(),
        committer: None,
        comments: format!("Commit {revision}\n\n100% _done_"),
        when,
        revision: revision.to_owned(),
        parent,
    }
}

/// A test result to be written.
pub(super) fn test_result(name: Option<&str>, path: Option<&str>, value: &str) -> TestResult {
    TestResult {
        id: TestResultId(0),
        builder: crate::BuilderId(0),
        set: TestResultSetId(0),
        test_name: name.map(str::to_owned),
        test_code_path: path.map(str::to_owned),
        line: None,
        duration_ns: None,
        value: value.to_owned(),
    }
}
