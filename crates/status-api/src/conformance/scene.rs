//! A scene: a master with something going on, and what is expected to be read of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::check::patiently;
use super::stage::{NewBuildset, Setup, SetupIds, Stage, Writer};
use super::world::World;
use crate::{
    Build, BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Change, ChangeId, Clock,
    ForceScheduler, Key, Log, LogId, LogKind, Master, Properties, ReadExt, Results, Scheduler, SourceStamp,
    SourceStampId, StatusApi, Step, StepId, Timestamp, Url, Worker, WorkerId, WorkerInfo,
};

/// Writes to a stage, and keeps what must be readable then.
pub(super) struct Scene<'a> {
    pub(super) api: Arc<dyn StatusApi>,
    pub(super) writer: &'a dyn Writer,
    pub(super) ids: SetupIds,
    /// What must be readable now.
    pub(super) world: World,
    /// Properties by buildset.
    pub(super) buildset_properties: BTreeMap<BuildsetId, Properties>,
    /// Changes by buildset.
    pub(super) buildset_changes: BTreeMap<BuildsetId, Vec<ChangeId>>,
    /// Contents by log.
    pub(super) contents: BTreeMap<LogId, String>,
    /// What builds keep by name.
    pub(super) data: BTreeMap<(BuildId, String), Vec<u8>>,
    tick: Duration,
}

impl<'a> Scene<'a> {
    /// A master that has `setup` configured.
    pub(super) async fn new(stage: &'a dyn Stage, setup: Setup) -> Self {
        let micros = if stage.abilities().sub_second_times {
            1_000_007
        } else {
            1_000_000
        };
        let mut scene = Self {
            api: stage.api(),
            writer: stage.writer(),
            ids: SetupIds::default(),
            world: World::default(),
            buildset_properties: BTreeMap::new(),
            buildset_changes: BTreeMap::new(),
            contents: BTreeMap::new(),
            data: BTreeMap::new(),
            tick: Duration::from_micros(micros),
        };
        let master: Master = scene.look(Key::Master(scene.writer.master())).await;
        assert!(master.active, "a master that was started is active");
        scene.world.put(master);
        scene.configure(setup).await;
        scene
    }

    /// Moves time on, and gives the time then.
    pub(super) fn tick(&self) -> Timestamp {
        self.writer.clock().advance(self.tick);
        self.writer.clock().now()
    }

    pub(super) fn builder(&self, name: &str) -> BuilderId {
        self.ids.builders[name]
    }

    pub(super) fn worker(&self, name: &str) -> WorkerId {
        self.ids.workers[name]
    }

    /// What the API has under `key`.
    pub(super) async fn look<R: crate::Resource>(&self, key: Key) -> R {
        let what = key.to_string();
        patiently(&what, async || self.api.one::<R>(key.clone()).await)
            .await
            .value
    }

    /// Adds `change`, whose ids are made by the master.
    pub(super) async fn change(&mut self, change: Change) -> ChangeId {
        let now = self.tick();
        let id = self.writer.add_change(change.clone()).await;
        let stamp = SourceStamp {
            revision: change.revision.clone(),
            branch: change.branch.clone(),
            repository: change.repository.clone(),
            project: change.project.clone(),
            codebase: change.codebase.clone(),
            created_at: now,
            ..source()
        };
        let got: Change = self.look(Key::Change(id)).await;
        let source_stamp = self.stamp(&stamp, got.source_stamp.id);
        // Which changes it follows is the master's to find out.
        let parents = got.parents;
        self.world.put(Change {
            id,
            parents,
            source_stamp,
            ..change
        });
        id
    }

    /// The source stamp, which is the one that is known with the same contents, or new with this id.
    fn stamp(&mut self, stamp: &SourceStamp, id: SourceStampId) -> SourceStamp {
        let known = self.world.all::<SourceStamp>().into_iter().find(|known| {
            let SourceStamp { id, created_at, .. } = known.clone();
            known
                == &SourceStamp {
                    id,
                    created_at,
                    ..stamp.clone()
                }
        });
        let stamp = known.unwrap_or_else(|| SourceStamp { id, ..stamp.clone() });
        self.world.put(stamp.clone());
        stamp
    }

    /// Adds a buildset, and gives its requests by builder.
    pub(super) async fn buildset(
        &mut self,
        new: NewBuildset,
    ) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
        let now = self.tick();
        let (id, requests) = self.writer.add_buildset(new.clone()).await;
        let made: Buildset = self.look(Key::Buildset(id)).await;
        let mut source_stamps = vec![];
        for source in &new.sources {
            let same =
                |made: &&SourceStamp| made.codebase == source.codebase && made.revision == source.revision;
            let made = made.source_stamps.iter().find(same);
            let id = made.expect("a buildset has the sources it was made of").id;
            source_stamps.push(self.stamp(
                &SourceStamp {
                    created_at: now,
                    ..source.clone()
                },
                id,
            ));
        }
        let (parent_build, parent_relationship) = new.parent.unzip();
        self.world.put(Buildset {
            id,
            external_id: new.external_id,
            reason: new.reason,
            rebuilt_build: None,
            submitted_at: now,
            complete_at: None,
            results: None,
            source_stamps,
            parent_build,
            parent_relationship,
        });
        for (builder, request) in &requests {
            self.world.put(BuildRequest {
                id: *request,
                buildset: id,
                builder: *builder,
                priority: new.priority,
                claimed_at: None,
                claimed_by: None,
                complete_at: None,
                results: None,
                submitted_at: now,
                waited_for: new.waited_for,
                waiting_for: None,
                properties: Properties::new(),
            });
        }
        self.buildset_properties.insert(id, new.properties);
        self.buildset_changes.insert(id, new.changes);
        (id, requests)
    }

    /// The master takes the request.
    pub(super) async fn claim(&mut self, request: BuildRequestId) {
        let now = self.tick();
        assert!(self.writer.claim(request).await, "an open request can be claimed");
        let mut expected: BuildRequest = self.world.one(request.0);
        expected.claimed_at = Some(now);
        expected.claimed_by = Some(self.writer.master());
        expected.waiting_for = None;
        self.world.put(expected);
    }

    /// What an open request that nobody has claimed waits for is said.
    pub(super) async fn wait_for(&mut self, request: BuildRequestId, what: Option<&str>) {
        self.tick();
        let waiting_for = what.map(str::to_owned);
        self.writer.set_waiting_for(request, waiting_for.clone()).await;
        let open: BuildRequest = self.world.one(request.0);
        self.world.put(BuildRequest { waiting_for, ..open });
    }

    /// The master gives the request back.
    pub(super) async fn unclaim(&mut self, request: BuildRequestId) {
        self.tick();
        self.writer.unclaim(request).await;
        let open: BuildRequest = self.world.one(request.0);
        self.world.put(BuildRequest {
            claimed_at: None,
            claimed_by: None,
            ..open
        });
    }

    /// A build of the claimed request begins.
    pub(super) async fn start(&mut self, request: BuildRequestId, worker: &str, more: Properties) -> BuildId {
        let now = self.tick();
        let worker = self.worker(worker);
        let (id, number) = self.writer.start_build(request, worker, more.clone()).await;
        self.writer.set_build_state(id, "building").await;
        let BuildRequest {
            builder, buildset, ..
        } = self.world.one(request.0);
        self.world.put(Build {
            id,
            number,
            builder,
            request,
            worker,
            master: self.writer.master(),
            started_at: now,
            complete_at: None,
            locks_duration_s: 0,
            results: None,
            state: "building".to_owned(),
            properties: Properties::new(),
        });
        let mut properties = self.buildset_properties[&buildset].clone();
        properties.extend(more);
        if !properties.is_empty() {
            self.world.properties.insert(id, properties);
        }
        id
    }

    /// Sets properties of a build.
    pub(super) async fn set_properties(&mut self, build: BuildId, properties: Properties) {
        self.tick();
        self.writer.set_properties(build, properties.clone()).await;
        self.world.properties.entry(build).or_default().extend(properties);
    }

    /// A build ends, and what ends with it.
    pub(super) async fn finish(&mut self, build: BuildId, results: Results) {
        let now = self.tick();
        let state = format!("build {}", results.name());
        self.writer.finish_build(build, results, &state).await;
        let ended = Build {
            complete_at: Some(now),
            results: Some(results),
            state,
            ..self.world.one(build.0)
        };
        let mut request: BuildRequest = self.world.one(ended.request.0);
        self.world.put(ended);
        if results == Results::Retry {
            (request.claimed_at, request.claimed_by) = (None, None);
        } else {
            (request.complete_at, request.results) = (Some(now), Some(results));
        }
        let buildset = request.buildset;
        self.world.put(request);
        self.expect_end_of(buildset, now);
    }

    pub(super) fn expect_end_of(&mut self, buildset: BuildsetId, now: Timestamp) {
        let requests = self.world.all::<BuildRequest>();
        let ends = requests
            .iter()
            .filter(|it| it.buildset == buildset)
            .map(|it| it.results);
        // One that is open keeps the buildset open.
        let Some(ends) = ends.collect::<Option<Vec<Results>>>() else {
            return;
        };
        let results = ends.into_iter().reduce(Results::worst);
        let open: Buildset = self.world.one(buildset.0);
        self.world.put(Buildset {
            complete_at: Some(now),
            results,
            ..open
        });
    }

    /// Adds a step that has not begun.
    pub(super) async fn step(&mut self, build: BuildId, name: &str) -> StepId {
        self.tick();
        let steps = self.world.all::<Step>();
        let siblings: Vec<&Step> = steps.iter().filter(|step| step.build == build).collect();
        let number = siblings.len() as i64;
        let id = self.writer.add_step(build, name).await;
        let got: Step = self.look(Key::Step(id.into())).await;
        assert!(
            siblings.iter().all(|sibling| sibling.name != got.name),
            "the step name {} is not unique within its build",
            got.name
        );
        self.world.put(Step {
            id,
            number,
            // Unique, and what people see before it begins: as the master has it.
            name: got.name,
            state: got.state,
            build,
            started_at: None,
            locks_acquired_at: None,
            complete_at: None,
            results: None,
            urls: vec![],
            hidden: false,
        });
        id
    }

    /// A step begins.
    pub(super) async fn start_step(&mut self, step: StepId, state: &str, urls: Vec<Url>) {
        let now = self.tick();
        self.writer.start_step(step).await;
        self.writer.update_step(step, state, urls.clone()).await;
        let got: Step = self.look(Key::Step(step.into())).await;
        self.world.put(Step {
            started_at: Some(now),
            // No locks are asked for: whether it had them at once or none is the master's to say.
            locks_acquired_at: got.locks_acquired_at,
            state: state.to_owned(),
            urls,
            ..self.world.one(step.0)
        });
    }

    /// A step ends, with its open logs.
    pub(super) async fn finish_step(&mut self, step: StepId, results: Results, hidden: bool) {
        let now = self.tick();
        let state = format!("step {}", results.name());
        self.writer.finish_step(step, results, &state, hidden).await;
        let open: Step = self.world.one(step.0);
        self.world.put(Step {
            complete_at: Some(now),
            results: Some(results),
            state,
            hidden,
            ..open
        });
        for log in self.world.all::<Log>() {
            if log.step == step {
                self.world.put(Log {
                    complete: true,
                    ..log
                });
            }
        }
    }

    /// Adds a log.
    pub(super) async fn log(&mut self, step: StepId, name: &str, kind: LogKind) -> LogId {
        self.tick();
        let id = self.writer.add_log(step, name, kind).await;
        let Log { slug, .. } = self.look(Key::Log(id.into())).await;
        let name = name.to_owned();
        self.world.put(Log {
            id,
            name,
            slug,
            step,
            complete: false,
            num_lines: 0,
            kind,
        });
        self.contents.insert(id, String::new());
        id
    }

    /// Adds lines to a log.
    pub(super) async fn append(&mut self, log: LogId, lines: &str) {
        self.tick();
        self.writer.append_log(log, lines).await;
        self.contents.entry(log).or_default().push_str(lines);
        let mut expected: Log = self.world.one(log.0);
        expected.num_lines += lines.matches('\n').count() as i64;
        self.world.put(expected);
    }

    /// Nothing more comes to a log.
    pub(super) async fn finish_log(&mut self, log: LogId) {
        self.tick();
        self.writer.finish_log(log).await;
        let open: Log = self.world.one(log.0);
        self.world.put(Log {
            complete: true,
            ..open
        });
    }

    /// A worker connects.
    pub(super) async fn connect(&mut self, name: &str, info: WorkerInfo) {
        self.tick();
        self.writer.connect_worker(self.worker(name), info.clone()).await;
        let known: Worker = self.world.one(self.worker(name).0);
        self.world.put(Worker {
            connected_to: vec![self.writer.master()],
            away_reason: None,
            info,
            ..known
        });
    }

    /// A worker is gone, unless it was not there.
    pub(super) async fn disconnect(&mut self, name: &str, why: &str) {
        self.tick();
        self.writer.disconnect_worker(self.worker(name), why).await;
        let known: Worker = self.world.one(self.worker(name).0);
        if !known.connected_to.is_empty() {
            self.world.put(Worker {
                connected_to: vec![],
                away_reason: Some(why.to_owned()),
                ..known
            });
        }
    }

    /// A worker is refused, or somebody who pretends to be it while it is there.
    pub(super) async fn refuse(&mut self, name: &str, why: &str) {
        self.tick();
        self.writer.refuse_worker(self.worker(name), why).await;
        let known: Worker = self.world.one(self.worker(name).0);
        if known.connected_to.is_empty() {
            self.world.put(Worker {
                away_reason: Some(why.to_owned()),
                ..known
            });
        }
    }

    /// A worker is paused, or ends after its builds.
    pub(super) async fn worker_state(&mut self, name: &str, reason: Option<&str>, graceful: bool) {
        self.tick();
        let (paused, pause_reason) = (reason.is_some(), reason.map(str::to_owned));
        self.writer
            .set_worker_state(self.worker(name), paused, pause_reason.clone(), graceful)
            .await;
        let known: Worker = self.world.one(self.worker(name).0);
        self.world.put(Worker {
            paused,
            pause_reason,
            graceful,
            ..known
        });
    }

    /// A scheduler is enabled or disabled.
    pub(super) async fn enable(&mut self, name: &str, enabled: bool) {
        self.tick();
        self.writer
            .enable_scheduler(self.ids.schedulers[name], enabled)
            .await;
        let known: Scheduler = self.world.one(self.ids.schedulers[name].0);
        self.world.put(Scheduler { enabled, ..known });
        for scheduler in self.world.all::<ForceScheduler>() {
            if scheduler.name == name {
                self.world.put(ForceScheduler { enabled, ..scheduler });
            }
        }
    }
}

/// A source without anything, to fill in.
pub(super) fn source() -> SourceStamp {
    SourceStamp {
        id: SourceStampId(0),
        revision: None,
        branch: None,
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        created_at: Timestamp::default(),
        patch: None,
    }
}
