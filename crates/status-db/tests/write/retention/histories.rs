//! Random histories: after retention everything that is promised is there, what is too old is gone, and a watcher knows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_status_api::{BuildId, BuildRequestId, ChangeId, LogId, Read, Results, Timestamp};
use weir_status_db::{Database, KeptState, Retention, Transition};
use weir_testbed::Postgres;

use super::{DAY, Old, mirror};
use crate::rig::new_buildset;

#[derive(Clone, Debug)]
enum Act {
    Pass(u32),
    Change,
    /// On one builder or both, of the last change or none, triggered by the last build or not.
    Ask {
        both: bool,
        of_change: bool,
        triggered: bool,
        rebuild: bool,
    },
    /// The oldest request that nobody took is built to its end,
    Build,
    /// or only begun,
    Begin,
    /// or cancelled.
    Cancel,
    /// The oldest build that runs ends.
    End,
    /// A scheduler keeps the newest change, if it is still there.
    Keep,
    Retain,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (1..8_u32).prop_map(Act::Pass),
        2 => Just(Act::Change),
        6 => any::<(bool, bool, bool, bool)>().prop_map(|(both, of_change, triggered, rebuild)| Act::Ask {
            both, of_change, triggered, rebuild,
        }),
        8 => Just(Act::Build),
        1 => Just(Act::Begin),
        1 => Just(Act::Cancel),
        1 => Just(Act::End),
        1 => Just(Act::Keep),
        2 => Just(Act::Retain),
    ];
    prop::collection::vec(act, 10..40)
}

/// What the test knows of a build.
struct Known {
    builder: usize,
    ended: Option<Timestamp>,
    request: BuildRequestId,
    log: Option<LogId>,
}

struct History {
    old: Old,
    retention: Retention,
    waiting: Vec<(BuildRequestId, usize)>,
    builds: BTreeMap<BuildId, Known>,
    running: Vec<BuildId>,
    parents: BTreeMap<BuildRequestId, BuildId>,
    changes: Vec<(ChangeId, Timestamp)>,
    kept: Option<ChangeId>,
}

impl History {
    async fn act(&mut self, act: &Act) {
        match act {
            Act::Pass(days) => self.old.pass(*days),
            Act::Change => {
                let change = self.old.change(&format!("r{}", self.changes.len() % 5)).await;
                self.changes.push((change, self.now()));
            }
            Act::Ask {
                both,
                of_change,
                triggered,
                rebuild,
            } => {
                self.ask(*both, *of_change, *triggered, *rebuild).await;
            }
            Act::Build => {
                if let Some((request, builder)) = self.take() {
                    let (build, log) = self.old.ended(request).await;
                    self.note(build, builder, request, Some(self.now()), Some(log));
                }
            }
            Act::Begin => {
                if let Some((request, builder)) = self.take() {
                    let build = self.old.rig.build(request).await;
                    self.note(build, builder, request, None, None);
                    self.running.push(build);
                }
            }
            Act::Cancel => {
                if let Some((request, _)) = self.take() {
                    let cancel = Transition::CompleteRequest(request, Results::Cancelled);
                    self.old.rig.apply(cancel).await;
                }
            }
            Act::End => {
                if !self.running.is_empty() {
                    let build = self.running.remove(0);
                    self.old.finish(build).await;
                    let now = self.now();
                    self.builds.get_mut(&build).unwrap().ended = Some(now);
                }
            }
            Act::Keep => {
                if let Some(change) = self.newest_change().await {
                    let value = serde_json::json!({"waiting": {"main": [change.0]}});
                    let owner = "schedulers/all".to_owned();
                    self.old
                        .rig
                        .apply(Transition::KeepState(KeptState { owner, value }))
                        .await;
                    self.kept = Some(change);
                }
            }
            Act::Retain => self.retain().await,
        }
    }

    fn now(&self) -> Timestamp {
        weir_status_api::Clock::now(&self.old.clock)
    }

    fn take(&mut self) -> Option<(BuildRequestId, usize)> {
        (!self.waiting.is_empty()).then(|| self.waiting.remove(0))
    }

    fn note(
        &mut self,
        build: BuildId,
        builder: usize,
        request: BuildRequestId,
        ended: Option<Timestamp>,
        log: Option<LogId>,
    ) {
        let known = Known {
            builder,
            ended,
            request,
            log,
        };
        self.builds.insert(build, known);
    }

    /// The newest change of those that retention has not taken.
    async fn newest_change(&self) -> Option<ChangeId> {
        let there = mirror::of_reads(&self.old.rig.store).await;
        let mut newest = self.changes.iter().rev().map(|(id, _)| *id);
        newest.find(|id| there.contains_key(&(weir_status_api::Kind::Change, id.0)))
    }

    async fn ask(&mut self, both: bool, of_change: bool, triggered: bool, rebuild: bool) {
        let builders = self.old.rig.builders;
        let count = if both { 2 } else { 1 };
        let mut new = new_buildset(builders[..count].to_vec());
        if of_change {
            new.changes.extend(self.newest_change().await);
        }
        let last = self.builds.keys().next_back().copied();
        let parent = last.filter(|_| triggered);
        new.parent = parent.map(|build| (build, "Triggered from".to_owned()));
        new.rebuilt_build = last.filter(|_| rebuild);
        let (_, requests) = self.old.buildset(new).await;
        for (builder, request) in requests.into_iter().enumerate() {
            self.waiting.push((request, builder));
            self.parents.extend(parent.map(|parent| (request, parent)));
        }
    }

    async fn retain(&mut self) {
        let store = self.old.rig.store.clone();
        store.retain(&self.retention).await.unwrap();
        mirror::check_references(&store).await;
        let reads = mirror::of_reads(&store).await;
        assert_eq!(
            mirror::of_events(&store).await,
            reads,
            "a watcher knows something else"
        );
        let there = |build: &BuildId| reads.contains_key(&(weir_status_api::Kind::Build, build.0));
        let before = |age: std::time::Duration| Timestamp(self.now().0 - age.as_micros() as i64);
        let ended_before = before(self.retention.builds.unwrap());
        for (build, known) in &self.builds {
            let newer = self
                .builds
                .range(build..)
                .skip(1)
                .filter(|(_, it)| it.builder == known.builder && it.ended.is_some())
                .count();
            let is_old = known.ended.is_some_and(|at| at < ended_before);
            let is_newest = newer < self.retention.least_per_builder as usize;
            let parent_runs = self
                .parents
                .get(&known.request)
                .is_some_and(|it| self.running.contains(it));
            let excess = self
                .retention
                .builds_per_builder
                .is_some_and(|most| newer >= most as usize);
            if known.ended.is_none() || is_newest || parent_runs || !is_old && !excess {
                assert!(there(build), "build {build} must stay");
            }
        }
        self.check_logs(&before(self.retention.logs.unwrap())).await;
        let received_before = before(self.retention.changes.unwrap());
        for (change, at) in &self.changes {
            if *at >= received_before || self.kept == Some(*change) {
                assert!(
                    reads.contains_key(&(weir_status_api::Kind::Change, change.0)),
                    "change {change} must stay"
                );
            }
        }
        self.builds.retain(|build, _| there(build));
    }

    /// The contents of the logs of builds that ended after `before` can be read.
    async fn check_logs(&self, before: &Timestamp) {
        for (build, known) in &self.builds {
            let (Some(log), Some(ended)) = (known.log, known.ended) else {
                continue;
            };
            match self.old.rig.store.log_content(log.into(), 0, 10).await {
                Ok(content) => assert_eq!(content.value.content, format!("oof build {build}\n")),
                Err(weir_status_api::Error::ContentDeleted { .. }) => assert!(ended < *before, "{build}"),
                Err(weir_status_api::Error::NotFound { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// When nothing runs or waits and all is old, hardly anything is left.
    async fn grow_old(&mut self) {
        while !self.running.is_empty() {
            self.act(&Act::End).await;
        }
        while !self.waiting.is_empty() {
            self.act(&Act::Cancel).await;
        }
        self.old.pass(400);
        self.retain().await;
        let reads = mirror::of_reads(&self.old.rig.store).await;
        let of_kind = |kind| reads.keys().filter(|(it, _)| *it == kind).count();
        let least = self.retention.least_per_builder as usize;
        // A kept number may be the id of anything: of a build, a request and a buildset on both builders.
        let spare = if self.kept.is_some() { 4 } else { 0 };
        assert!(of_kind(weir_status_api::Kind::Build) <= 2 * least + spare);
        assert!(of_kind(weir_status_api::Kind::Buildset) <= 2 * least + spare);
    }
}

async fn live(database: Database, retention: Retention, acts: &[Act]) {
    let mut history = History {
        old: Old::on(database).await,
        retention,
        waiting: vec![],
        builds: BTreeMap::new(),
        running: vec![],
        parents: BTreeMap::new(),
        changes: vec![],
        kept: None,
    };
    for act in acts {
        history.act(act).await;
    }
    history.grow_old().await;
    history.old.rig.store.close().await;
}

fn retention() -> impl Strategy<Value = Retention> {
    (
        1..20_u32,
        prop::option::of(3..6_u32),
        1..3_u32,
        1..10_u32,
        1..20_u32,
    )
        .prop_map(|(builds, most, least, logs, changes)| Retention {
            builds: Some(DAY * builds),
            builds_per_builder: most,
            least_per_builder: least,
            logs: Some(DAY * logs),
            changes: Some(DAY * changes),
            events: None,
        })
}

fn run(database: &dyn Fn() -> Database, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&(retention(), acts()), |(retention, acts)| {
            runtime.block_on(live(database(), retention, &acts));
            Ok(())
        })
        .unwrap();
}

#[test]
fn random_histories_keep_what_is_promised() {
    run(&|| Database::Sqlite, 8);
}

#[test]
fn random_histories_keep_what_is_promised_on_postgres() {
    let server = Postgres::start().unwrap();
    run(&|| Database::Postgres(server.url()), 2);
}
