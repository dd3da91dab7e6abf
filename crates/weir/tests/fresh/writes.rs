//! What a master does, at random.

use serde_json::json;
use weir_status_api::conformance::{BuilderSetup, NewBuildset, Setup, SetupIds, Writer};
use weir_status_api::{
    BuildId, BuildRequestId, Change, ChangeId, ForceDefaults, ForceScheduler, LogId, LogKind, Properties,
    Property, Results, SourceStamp, SourceStampId, StepId, Timestamp, Url, WorkerInfo,
};

/// A small generator of numbers, so that a failing seed repeats (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn any<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.roll(all.len())])
    }
}

/// What there is so far.
pub(crate) struct World {
    ids: SetupIds,
    changes: Vec<ChangeId>,
    open: Vec<BuildRequestId>,
    running: Vec<BuildId>,
    steps: Vec<StepId>,
    logs: Vec<LogId>,
    count: usize,
}

fn setup(more: usize) -> Setup {
    let builder = |name: &str| BuilderSetup {
        name: name.to_owned(),
        tags: vec![format!("tag{more}")],
        workers: vec!["w".to_owned()],
        ..BuilderSetup::default()
    };
    let force = ForceScheduler {
        name: "force".to_owned(),
        button_name: "Force".to_owned(),
        label: "force".to_owned(),
        builder_names: vec!["a".to_owned()],
        enabled: true,
        defaults: ForceDefaults::default(),
        properties: Properties::new(),
        fields: vec![],
    };
    let late = (more > 0).then(|| builder("late"));
    Setup {
        builders: [builder("a"), builder("b")].into_iter().chain(late).collect(),
        workers: vec!["w".to_owned(), "v".to_owned()],
        schedulers: vec!["force".to_owned()],
        force_schedulers: vec![force],
        ..Setup::default()
    }
}

fn change(number: usize) -> Change {
    let stamp = SourceStamp {
        id: SourceStampId(0),
        revision: Some(format!("r{number}")),
        branch: Some("main".to_owned()),
        repository: "https://example.org/weir".to_owned(),
        project: String::new(),
        codebase: String::new(),
        created_at: Timestamp(0),
        patch: None,
    };
    Change {
        id: ChangeId(0),
        parents: vec![],
        author: "Ada".to_owned(),
        committer: None,
        files: vec![format!("file{number}")],
        comments: format!("change {number}"),
        revision: stamp.revision.clone(),
        branch: stamp.branch.clone(),
        category: None,
        revlink: None,
        properties: Properties::new(),
        repository: stamp.repository.clone(),
        project: String::new(),
        codebase: String::new(),
        source_stamp: stamp,
        when: Timestamp::from_secs(1_700_000_000),
    }
}

impl World {
    pub(crate) async fn new(writer: &dyn Writer) -> Self {
        Self {
            ids: writer.configure(setup(0)).await,
            changes: vec![],
            open: vec![],
            running: vec![],
            steps: vec![],
            logs: vec![],
            count: 0,
        }
    }

    /// Writes something that is possible now; nothing if the dice ask for what is not.
    pub(crate) async fn write(&mut self, writer: &dyn Writer, dice: &mut Dice) {
        self.count += 1;
        let number = self.count;
        match dice.roll(24) {
            0 => self.changes.push(writer.add_change(change(number)).await),
            1 | 2 => self.add_buildset(writer, dice).await,
            3 | 4 => self.start_build(writer, dice).await,
            5 => self.ids = writer.configure(setup(number % 3)).await,
            6 => {
                let paused = dice.roll(2) == 0;
                let worker = self.ids.workers["w"];
                writer.set_worker_state(worker, paused, None, false).await;
            }
            7 => {
                let scheduler = self.ids.schedulers["force"];
                writer.enable_scheduler(scheduler, dice.roll(2) == 0).await;
            }
            8 => {
                let worker = self.ids.workers["v"];
                writer.connect_worker(worker, WorkerInfo::default()).await;
            }
            9 => {
                if let Some(request) = dice.any(&self.open) {
                    writer.claim(request).await;
                    writer.unclaim(request).await;
                }
            }
            _ if self.running.is_empty() => {
                self.add_buildset(writer, dice).await;
                self.start_build(writer, dice).await;
            }
            _ => self.go_on(writer, dice).await,
        }
    }

    async fn add_buildset(&mut self, writer: &dyn Writer, dice: &mut Dice) {
        let changes: Vec<ChangeId> = dice.any(&self.changes).into_iter().collect();
        let parent = dice.any(&self.running).map(|it| (it, "triggered".to_owned()));
        let properties = [("branch".to_owned(), Property::new("main", "Scheduler"))].into();
        let buildset = NewBuildset {
            reason: format!("reason {}", self.count),
            changes,
            builders: self.ids.builders.values().copied().collect(),
            properties,
            parent,
            ..NewBuildset::default()
        };
        self.open.extend(writer.add_buildset(buildset).await.1.values());
    }

    async fn start_build(&mut self, writer: &dyn Writer, dice: &mut Dice) {
        if self.open.is_empty() {
            return;
        }
        let request = self.open.swap_remove(dice.roll(self.open.len()));
        if writer.claim(request).await {
            let worker = self.ids.workers["w"];
            let (build, _) = writer.start_build(request, worker, Properties::new()).await;
            self.running.push(build);
            let step = writer.add_step(build, "compile").await;
            writer.start_step(step).await;
            self.steps.push(step);
            self.logs
                .push(writer.add_log(step, "stdio", LogKind::Stdio).await);
        }
    }

    /// A build goes on.
    async fn go_on(&mut self, writer: &dyn Writer, dice: &mut Dice) {
        let number = self.count;
        let state = format!("state {number}");
        match dice.roll(9) {
            0 if !self.running.is_empty() => {
                // Its step and log end with it.
                let at = dice.roll(self.running.len());
                let build = self.running.swap_remove(at);
                let (step, _log) = (self.steps.swap_remove(at), self.logs.swap_remove(at));
                writer.finish_step(step, Results::Success, &state, false).await;
                writer.finish_build(build, Results::Success, &state).await;
            }
            1 | 2 => {
                if let Some(build) = dice.any(&self.running) {
                    writer.set_build_state(build, &state).await;
                }
            }
            3 | 4 => {
                if let Some(build) = dice.any(&self.running) {
                    let set = [("n".to_owned(), Property::new(json!(number), "Step"))];
                    writer.set_properties(build, set.into()).await;
                }
            }
            5 | 6 => {
                if let Some(step) = dice.any(&self.steps) {
                    let url = Url {
                        name: state.clone(),
                        url: "https://example.org".to_owned(),
                    };
                    writer.update_step(step, &state, vec![url]).await;
                }
            }
            _ => {
                if let Some(log) = dice.any(&self.logs) {
                    writer.append_log(log, &format!("oline {number}\n")).await;
                }
            }
        }
    }
}
