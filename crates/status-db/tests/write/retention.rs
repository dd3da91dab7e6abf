//! What is too old goes, what is needed stays, and nothing is left half.

mod histories;
mod mirror;
mod rules;
mod space;

use std::sync::Arc;
use std::time::Duration;

use weir_status_api::conformance::HandClock;
use weir_status_api::{BuildId, BuildRequestId, BuildsetId, ChangeId, LogId, Results};
use weir_status_db::{
    Applied, Database, NewBuildset, NewChange, NewTestResult, NewTestResultSet, Retention, Transition,
};

use crate::rig::{Rig, new_buildset};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// A rig whose time the test moves.
struct Old {
    rig: Rig,
    clock: HandClock,
}

impl Old {
    async fn on(database: Database) -> Self {
        let clock = HandClock::default();
        let rig = Rig::at(database, Arc::new(clock.clone())).await;
        Self { rig, clock }
    }

    fn pass(&self, days: u32) {
        self.clock.advance(DAY * days);
    }

    async fn buildset(&self, new: NewBuildset) -> (BuildsetId, Vec<BuildRequestId>) {
        match self.rig.apply(Transition::AddBuildset(Box::new(new))).await {
            Applied::Buildset(id, requests) => (id, requests.into_values().collect()),
            other => panic!("{other:?}"),
        }
    }

    /// A build that ended, with some of everything, and its log.
    async fn ended(&self, request: BuildRequestId) -> (BuildId, LogId) {
        let build = self.rig.build(request).await;
        let (step, log) = self.rig.step(build).await;
        self.rig
            .apply(Transition::AppendLog(log, format!("oof build {build}\n")))
            .await;
        let set = Transition::AddTestResultSet(NewTestResultSet {
            step,
            description: None,
            category: "pass_fail".to_owned(),
            value_unit: "boolean".to_owned(),
        });
        let Applied::TestResultSet(set) = self.rig.apply(set).await else {
            panic!("a set")
        };
        let result = NewTestResult {
            test_name: Some("a".to_owned()),
            value: "1".to_owned(),
            ..NewTestResult::default()
        };
        self.rig
            .apply(Transition::AddTestResults(set, vec![result.clone(), result]))
            .await;
        self.finish(build).await;
        (build, log)
    }

    async fn finish(&self, build: BuildId) {
        let finish = Transition::FinishBuild {
            build,
            results: Results::Success,
            state: "done".to_owned(),
        };
        self.rig.apply(finish).await;
    }

    /// A build of the first builder that ended.
    async fn one(&self) -> (BuildId, LogId) {
        let (_, requests) = self.buildset(new_buildset(vec![self.rig.builders[0]])).await;
        self.ended(requests[0]).await
    }

    async fn change(&self, revision: &str) -> ChangeId {
        let change = NewChange {
            author: "ada".to_owned(),
            revision: Some(revision.to_owned()),
            branch: Some("main".to_owned()),
            repository: "https://example.org/weir.git".to_owned(),
            ..NewChange::default()
        };
        match self.rig.apply(Transition::AddChange(Box::new(change))).await {
            Applied::Change(id) => id,
            other => panic!("{other:?}"),
        }
    }
}

fn keep(builds_days: u32) -> Retention {
    Retention {
        builds: Some(DAY * builds_days),
        least_per_builder: 1,
        ..Retention::default()
    }
}
