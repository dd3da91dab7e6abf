//! The writing side: each transition with all of its events.

use std::collections::BTreeMap;

use async_trait::async_trait;
use weir_status_api::conformance::{HandClock, NewBuildset, Setup, SetupIds, Writer};
use weir_status_api::{
    BranchId, Build, BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Change,
    ChangeId, CodebaseId, Commit, CommitId, Cursor, Entity, Log, LogId, LogKind, MasterId, Properties,
    PropertiesUpdate, Results, SchedulerId, SourceStamp, SourceStampId, Step, StepId, TestResult,
    TestResultSetId, Url, Verb, WorkerId, WorkerInfo,
};

use super::{Fault, Model, Transaction};

pub(super) const MASTER: MasterId = MasterId(1);

/// The row of that id, to be changed.
macro_rules! row {
    ($state:expr, $table:ident, $id:expr) => {
        $state
            .$table
            .iter_mut()
            .find(|it| it.id == $id)
            .expect("the writer knows what there is")
    };
}
pub(super) use row;

/// The row in the table with the changes, told as an event.
macro_rules! change {
    ($state:expr, $verb:ident, $table:ident, $id:expr, |$it:ident| $change:expr) => {{
        let $it = row!($state, $table, $id);
        $change;
        let row = $it.clone();
        $state.emit(Verb::$verb, row);
    }};
}
pub(super) use change;

impl Transaction<'_> {
    pub(super) fn add_change(&mut self, change: Change) -> ChangeId {
        let id = ChangeId(self.changes.len() as i64 + 1);
        let source_stamp = self.stamp(SourceStamp {
            revision: change.revision.clone(),
            branch: change.branch.clone(),
            repository: change.repository.clone(),
            project: change.project.clone(),
            codebase: change.codebase.clone(),
            ..change.source_stamp.clone()
        });
        let change = Change {
            id,
            source_stamp,
            ..change
        };
        self.changes.push(change.clone());
        self.emit(Verb::New, change);
        id
    }

    /// The source stamp like this one, made if there is none.
    fn stamp(&mut self, like: SourceStamp) -> SourceStamp {
        let same = |it: &&SourceStamp| {
            **it == SourceStamp {
                id: it.id,
                created_at: it.created_at,
                ..like.clone()
            }
        };
        if let Some(known) = self.stamps.iter().find(same) {
            return known.clone();
        }
        let id = SourceStampId(self.stamps.len() as i64 + 1);
        let stamp = SourceStamp {
            id,
            created_at: self.now,
            ..like
        };
        self.stamps.push(stamp.clone());
        self.emit(Verb::New, stamp.clone());
        stamp
    }

    pub(super) fn add_buildset(
        &mut self,
        new: NewBuildset,
        rebuilt_build: Option<BuildId>,
    ) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
        let id = BuildsetId(self.buildsets.len() as i64 + 1);
        let source_stamps = new.sources.into_iter().map(|source| self.stamp(source)).collect();
        let (parent_build, parent_relationship) = new.parent.unzip();
        let buildset = Buildset {
            id,
            external_id: new.external_id,
            reason: new.reason,
            rebuilt_build,
            submitted_at: self.now,
            complete_at: None,
            results: None,
            source_stamps,
            parent_build,
            parent_relationship,
        };
        self.buildsets.push(buildset.clone());
        self.buildset_properties.insert(id, new.properties);
        self.buildset_changes.insert(id, new.changes);
        self.emit(Verb::New, buildset);
        let requests = new.builders.into_iter().map(|builder| {
            let request = BuildRequest {
                id: BuildRequestId(self.requests.len() as i64 + 1),
                buildset: id,
                builder,
                priority: new.priority,
                claimed_at: None,
                claimed_by: None,
                complete_at: None,
                results: None,
                submitted_at: self.now,
                waited_for: new.waited_for,
                waiting_for: None,
                properties: Properties::new(),
            };
            self.requests.push(request.clone());
            self.emit(Verb::New, request.clone());
            (builder, request.id)
        });
        (id, requests.collect())
    }

    /// A request ends, and its buildset if it was the last.
    pub(super) fn complete_request(&mut self, request: BuildRequestId, results: Results) {
        let now = self.now;
        let row = row!(self, requests, request);
        (row.complete_at, row.results) = (Some(now), Some(results));
        row.waiting_for = None;
        let row = row.clone();
        let buildset = row.buildset;
        if !self.has(Fault::ForgetsWhatFollows) {
            self.emit(Verb::Complete, row);
        }
        let ends: Option<Vec<Results>> = self
            .requests
            .iter()
            .filter(|it| it.buildset == buildset)
            .map(|it| it.results)
            .collect();
        if let Some(ends) = ends {
            let worst = ends.into_iter().reduce(Results::worst);
            change!(self, Complete, buildsets, buildset, |it| (
                it.complete_at,
                it.results
            ) = (Some(now), worst));
        }
    }

    fn finish_log(&mut self, log: LogId) {
        change!(self, Finished, logs, log, |it| it.complete = true);
    }

    pub(super) fn enable(&mut self, scheduler: SchedulerId, enabled: bool) {
        change!(self, Updated, schedulers, scheduler, |it| it.enabled = enabled);
        let name = row!(self, schedulers, scheduler).name.clone();
        if let Some(force) = self.force_schedulers.iter_mut().find(|it| it.name == name) {
            force.enabled = enabled;
            let force = force.clone();
            self.emit(Verb::Updated, force);
        }
    }
}

#[async_trait]
impl Writer for Model {
    fn clock(&self) -> &HandClock {
        &self.clock
    }

    fn master(&self) -> MasterId {
        MASTER
    }

    async fn configure(&self, setup: Setup) -> SetupIds {
        self.transact(|state| {
            state.configure_projects(&setup);
            state.configure_codebases(&setup);
            state.configure_builders(&setup);
            state.configure_workers(&setup);
            state.configure_schedulers(&setup);
            state.configure_change_sources(&setup);
            state.setup_ids()
        })
    }

    async fn add_change(&self, change: Change) -> ChangeId {
        self.transact(|state| state.add_change(change))
    }

    async fn add_buildset(&self, buildset: NewBuildset) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
        self.transact(|state| state.add_buildset(buildset, None))
    }

    async fn claim(&self, request: BuildRequestId) -> bool {
        self.transact(|state| {
            let now = state.now;
            let row = row!(state, requests, request);
            if row.claimed_by.is_some() || row.complete_at.is_some() {
                return false;
            }
            change!(state, Claimed, requests, request, |it| {
                (it.claimed_at, it.claimed_by) = (Some(now), Some(MASTER));
                it.waiting_for = None;
            });
            true
        })
    }

    async fn unclaim(&self, request: BuildRequestId) {
        self.transact(|state| {
            change!(state, Unclaimed, requests, request, |it| (
                it.claimed_at,
                it.claimed_by
            ) = (None, None));
        });
    }

    async fn set_waiting_for(&self, request: BuildRequestId, what: Option<String>) {
        self.transact(|state| {
            if row!(state, requests, request).waiting_for != what {
                change!(state, Update, requests, request, |it| it.waiting_for = what);
            }
        });
    }

    async fn start_build(
        &self,
        request: BuildRequestId,
        worker: WorkerId,
        properties: Properties,
    ) -> (BuildId, i64) {
        self.transact(|state| {
            let of = row!(state, requests, request).clone();
            let build = Build {
                id: BuildId(state.builds.len() as i64 + 1),
                number: state.builds.iter().filter(|it| it.builder == of.builder).count() as i64 + 1,
                builder: of.builder,
                request,
                worker,
                master: MASTER,
                started_at: state.now,
                complete_at: None,
                locks_duration_s: 0,
                results: None,
                state: "starting".to_owned(),
                properties: Properties::new(),
            };
            let mut all = state.buildset_properties[&of.buildset].clone();
            all.extend(properties);
            state.builds.push(build.clone());
            state.build_properties.insert(build.id, all.clone());
            let number = (build.id, build.number);
            state.emit(Verb::New, build);
            if !all.is_empty() {
                let update = PropertiesUpdate {
                    build: number.0,
                    changed: all,
                };
                state.emit(Verb::Update, Entity::Properties(update));
            }
            number
        })
    }

    async fn set_build_state(&self, build: BuildId, text: &str) {
        self.transact(|state| change!(state, Update, builds, build, |it| it.state = text.to_owned()));
    }

    async fn set_properties(&self, build: BuildId, properties: Properties) {
        self.transact(|state| {
            state
                .build_properties
                .entry(build)
                .or_default()
                .extend(properties.clone());
            let update = PropertiesUpdate {
                build,
                changed: properties,
            };
            state.emit(Verb::Update, Entity::Properties(update));
        });
    }

    async fn finish_build(&self, build: BuildId, results: Results, text: &str) {
        self.transact(|state| {
            let now = state.now;
            change!(state, Finished, builds, build, |it| {
                (it.complete_at, it.results, it.state) = (Some(now), Some(results), text.to_owned());
            });
            let request = row!(state, builds, build).request;
            if results == Results::Retry {
                change!(state, Unclaimed, requests, request, |it| {
                    (it.claimed_at, it.claimed_by) = (None, None);
                });
            } else {
                state.complete_request(request, results);
            }
        });
    }

    async fn add_step(&self, build: BuildId, name: &str) -> StepId {
        self.transact(|state| {
            let number = state.steps.iter().filter(|it| it.build == build).count() as i64;
            let names = (0..).map(|at| {
                if at == 0 {
                    name.to_owned()
                } else {
                    format!("{name}_{at}")
                }
            });
            let taken = |name: &String| state.steps.iter().any(|it| it.build == build && it.name == *name);
            let name = names
                .into_iter()
                .find(|name| !taken(name))
                .expect("there are many numbers");
            let step = Step {
                id: StepId(state.steps.len() as i64 + 1),
                number,
                name,
                build,
                started_at: None,
                locks_acquired_at: None,
                complete_at: None,
                results: None,
                state: "pending".to_owned(),
                urls: vec![],
                hidden: false,
            };
            state.steps.push(step.clone());
            state.emit(Verb::New, step.clone());
            step.id
        })
    }

    async fn start_step(&self, step: StepId) {
        self.transact(|state| {
            let now = state.now;
            change!(state, Started, steps, step, |it| it.started_at = Some(now));
        });
    }

    async fn update_step(&self, step: StepId, text: &str, urls: Vec<Url>) {
        self.transact(|state| {
            change!(state, Updated, steps, step, |it| (it.state, it.urls) =
                (text.to_owned(), urls));
        });
    }

    async fn finish_step(&self, step: StepId, results: Results, text: &str, hidden: bool) {
        self.transact(|state| {
            let now = state.now;
            let open = state.logs.iter().filter(|it| it.step == step && !it.complete);
            for log in open.map(|it| it.id).collect::<Vec<_>>() {
                state.finish_log(log);
            }
            change!(state, Finished, steps, step, |it| {
                (it.complete_at, it.results) = (Some(now), Some(results));
                (it.state, it.hidden) = (text.to_owned(), hidden);
            });
        });
    }

    async fn add_log(&self, step: StepId, name: &str, kind: LogKind) -> LogId {
        self.transact(|state| {
            let id = LogId(state.logs.len() as i64 + 1);
            let plain: String = name
                .chars()
                .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' })
                .collect();
            let taken = state.logs.iter().any(|it| it.step == step && it.slug == plain);
            let slug = if taken { format!("{plain}_{id}") } else { plain };
            let log = Log {
                id,
                name: name.to_owned(),
                slug,
                step,
                complete: false,
                num_lines: 0,
                kind,
            };
            state.contents.insert(id, vec![]);
            state.logs.push(log.clone());
            state.emit(Verb::New, log);
            id
        })
    }

    async fn append_log(&self, log: LogId, lines: &str) {
        self.transact(|state| {
            let lines: Vec<String> = lines.split_inclusive('\n').map(str::to_owned).collect();
            let lines_added = lines.len();
            let added = lines_added as i64;
            state.contents.entry(log).or_default().extend(lines);
            let came = vec![state.now; lines_added];
            state.times.entry(log).or_default().extend(came);
            change!(state, Append, logs, log, |it| it.num_lines += added);
        });
    }

    async fn finish_log(&self, log: LogId) {
        self.transact(|state| state.finish_log(log));
    }

    async fn delete_content(&self, log: LogId) {
        self.transact(|state| change!(state, Update, logs, log, |it| it.kind = LogKind::Deleted));
    }

    async fn connect_worker(&self, worker: WorkerId, info: WorkerInfo) {
        self.transact(|state| {
            let keeps = state.has(Fault::KeepsWhyWorkersWereAway);
            change!(state, Connected, workers, worker, |it| {
                (it.connected_to, it.info) = (vec![MASTER], info);
                it.away_reason = it.away_reason.take().filter(|_| keeps);
            });
        });
    }

    async fn disconnect_worker(&self, worker: WorkerId, why: &str) {
        self.transact(|state| {
            if row!(state, workers, worker).connected_to.is_empty() {
                return;
            }
            let why = (!state.has(Fault::ForgetsWhyWorkersLeft)).then(|| why.to_owned());
            change!(state, Disconnected, workers, worker, |it| {
                it.connected_to.clear();
                it.away_reason = why;
            });
        });
    }

    async fn refuse_worker(&self, worker: WorkerId, why: &str) {
        self.transact(|state| {
            let before = row!(state, workers, worker);
            let connected = !before.connected_to.is_empty();
            let known = before.away_reason.as_deref() == Some(why);
            let tells = (!connected || state.has(Fault::TellsOfRefusalsOfTheConnected))
                && (!known || state.has(Fault::RepeatsRefusals));
            if tells {
                let why = Some(why.to_owned());
                change!(state, StateUpdated, workers, worker, |it| it.away_reason = why);
            }
        });
    }

    async fn set_worker_state(&self, worker: WorkerId, paused: bool, reason: Option<String>, graceful: bool) {
        self.transact(|state| {
            change!(state, StateUpdated, workers, worker, |it| {
                (it.paused, it.pause_reason, it.graceful) = (paused, reason, graceful);
            });
        });
    }

    async fn enable_scheduler(&self, scheduler: SchedulerId, enabled: bool) {
        self.transact(|state| state.enable(scheduler, enabled));
    }

    async fn miss_worker(&self, worker: WorkerId) {
        if self.has(Fault::KeepsQuietOfMissingWorkers) {
            return;
        }
        self.transact(|state| change!(state, Missing, workers, worker, |it| {}));
    }

    async fn add_commit(&self, commit: Commit) -> CommitId {
        self.transact(|state| state.add_commit(commit))
    }

    async fn move_branch(&self, codebase: CodebaseId, name: &str, head: Option<CommitId>) -> BranchId {
        self.transact(|state| state.move_branch(codebase, name, head))
    }

    async fn set_build_data(&self, build: BuildId, name: &str, value: Vec<u8>, source: &str) {
        self.transact(|state| state.set_build_data(build, name, value, source));
    }

    async fn add_test_result_set(
        &self,
        step: StepId,
        description: Option<String>,
        category: &str,
        value_unit: &str,
    ) -> TestResultSetId {
        self.transact(|state| state.add_result_set(step, description, category, value_unit))
    }

    async fn add_test_results(&self, set: TestResultSetId, results: Vec<TestResult>) {
        self.transact(|state| state.add_results(set, results));
    }

    async fn finish_test_result_set(&self, set: TestResultSetId, passed: Option<i64>, failed: Option<i64>) {
        self.transact(|state| {
            change!(state, Completed, result_sets, set, |it| {
                (it.tests_passed, it.tests_failed, it.complete) = (passed, failed, true);
            });
        });
    }

    async fn expire_events(&self, up_to: Cursor) {
        let silently = self.has(Fault::ExpiresSilently);
        self.transact(|state| state.oldest = if silently { state.oldest.max(up_to) } else { up_to });
    }
}
