//! A random history: what a master may write and people may ask for, in any order that can be.

use std::collections::BTreeMap;

use serde_json::json;

use super::check::newest;
use super::dice::Dice;
use super::scene::{Scene, source};
use super::scene_listener::LISTENERS;
use super::scene_outcome::{commit, test_result};
use super::stage::{NewBuildset, Setup, Stage};
use super::story::{self, BARE, FORCE_ONE, LINUX, ODD, setup};
use crate::{
    Build, BuildRequest, BuilderId, Change, Codebase, Command, Commit, Cursor, DeadLetter, ForceParams, Log,
    LogKind, Properties, Results, SourceStamp, Step, TestResultSet, Worker, WorkerInfo,
};

/// A history on its way.
pub(super) struct History<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) dice: Dice,
    /// What listeners do is beside all else.
    listening: Dice,
    setup: Setup,
}

const WORKERS: [&str; 3] = ["w1", "wörker 2", "Spare"];
const BRANCHES: [Option<&str>; 4] = [Some("main"), Some("topic/ü"), Some("Main"), None];

impl<'a> History<'a> {
    /// Lets `length` things happen on a fresh stage.
    pub(super) async fn of(stage: &'a dyn Stage, dice: Dice, length: usize) -> Self {
        let setup = setup();
        let scene = Scene::new(stage, setup.clone()).await;
        let mut history = Self {
            scene,
            dice,
            listening: Dice::of_case(1_000),
            setup,
        };
        for name in WORKERS {
            history.scene.connect(name, WorkerInfo::default()).await;
        }
        history.scene.listeners().await;
        for _ in 0..length {
            history.go_on().await;
        }
        history
    }

    /// One thing happens; nothing, if it cannot be now.
    pub(super) async fn go_on(&mut self) {
        match self.listening.below(20) {
            0 => self.listen().await,
            1 => self.turn_to_dead_letters().await,
            _ => {}
        }
        let what = self.dice.below(24);
        self.happen(what).await;
    }

    /// As [`History::go_on`], but nothing is asked for: a command may be lost with its connection, and nobody knows
    /// whether it was carried out.
    pub(super) async fn go_on_without_commands(&mut self) {
        let what = match self.dice.below(24) {
            21 | 22 => 23,
            what => what,
        };
        self.happen(what).await;
    }

    async fn happen(&mut self, what: usize) {
        match what {
            0..3 => self.add_change().await,
            3..6 => self.add_buildset().await,
            6..9 => self.start_build().await,
            9..11 => self.finish_build().await,
            11..13 => self.go_on_with_a_step().await,
            13..15 => self.write_a_log().await,
            15 => self.take_or_give_back().await,
            16 => self.keep_data().await,
            17 => self.test().await,
            18 => self.move_on_in_source().await,
            19 => self.turn_to_a_worker().await,
            20 => self.configure().await,
            21 => self.ask_about_a_request().await,
            22 => self.ask_for_a_build().await,
            _ => self.set_properties().await,
        }
    }

    /// A listener's runner holds it, cannot deliver, or tells how the listener fares.
    async fn listen(&mut self) {
        let name = LISTENERS[self.listening.below(LISTENERS.len())];
        self.scene.hold(name, "mail").await;
        match self.listening.below(4) {
            0 => self.scene.release(name).await,
            1 => {
                let why = ["no answer", "not now"][self.listening.below(2)];
                let waiting = (!self.listening.once_in(3)).then_some(why);
                self.scene.note(name, waiting).await;
            }
            _ => {
                let newest = newest(&*self.scene.api).await;
                let event = Cursor(1 + self.listening.below(newest.0 as usize) as i64);
                self.scene.park(name, event, "404 Not Found").await;
            }
        }
    }

    /// Somebody wants a dead letter delivered again, or forgotten.
    async fn turn_to_dead_letters(&mut self) {
        let letters = self.scene.world.all::<DeadLetter>();
        if let Some(letter) = self.listening.pick(&letters) {
            match self.listening.once_in(2) {
                true => self.scene.deliver_again(letter.id).await,
                false => self.scene.forget(letter.id).await,
            }
        }
    }

    fn configured(&self) -> Vec<BuilderId> {
        let builders = self.setup.builders.iter();
        builders.map(|it| self.scene.builder(&it.name)).collect()
    }

    fn running(&mut self) -> Option<Build> {
        let mut builds = self.scene.world.all::<Build>();
        builds.retain(|build| build.complete_at.is_none());
        self.dice.pick(&builds)
    }

    /// An open request without a build that runs, claimed or not.
    fn waiting(&mut self, claimed: bool) -> Option<BuildRequest> {
        let builds = self.scene.world.all::<Build>();
        let mut requests = self.scene.world.all::<BuildRequest>();
        requests.retain(|request| {
            let runs = |build: &Build| build.request == request.id && build.complete_at.is_none();
            request.complete_at.is_none()
                && request.claimed_by.is_some() == claimed
                && !builds.iter().any(runs)
        });
        self.dice.pick(&requests)
    }

    async fn add_change(&mut self) {
        let number = self.dice.below(1_000);
        let revision = ["r1", "R1", "r2", "r3"][self.dice.below(4)];
        let change = Change {
            revision: (!self.dice.once_in(5)).then(|| revision.to_owned()),
            branch: BRANCHES[self.dice.below(4)].map(str::to_owned),
            codebase: ["", "libs"][self.dice.below(2)].to_owned(),
            ..story::change(&self.scene, number)
        };
        self.scene.change(change).await;
    }

    async fn add_buildset(&mut self) {
        let changes = self.scene.world.all::<Change>();
        let chosen = self.dice.some(&changes, 3);
        let mut sources: BTreeMap<String, SourceStamp> = BTreeMap::new();
        for change in &chosen {
            let stamp = SourceStamp {
                id: crate::SourceStampId(0),
                ..change.source_stamp.clone()
            };
            sources.insert(change.codebase.clone(), stamp);
        }
        if sources.is_empty() {
            let branch = BRANCHES[self.dice.below(4)].map(str::to_owned);
            sources.insert(String::new(), SourceStamp { branch, ..source() });
        }
        let lists = !self.dice.once_in(3);
        let parent = self.running().filter(|_| self.dice.once_in(4));
        let configured = self.configured();
        let mut builders = self.dice.some(&configured, 3);
        builders.extend(self.dice.pick(&configured).filter(|_| builders.is_empty()));
        let new = NewBuildset {
            reason: format!("reason {}", self.dice.below(5)),
            external_id: self.dice.once_in(4).then(|| "outside".to_owned()),
            sources: sources.into_values().collect(),
            changes: chosen.iter().filter(|_| lists).map(|change| change.id).collect(),
            builders,
            properties: story::properties(&[("p", json!(self.dice.below(3)), "Scheduler")]),
            priority: self.dice.below(5) as i32 - 2,
            waited_for: self.dice.once_in(4),
            parent: parent.map(|build| (build.id, "Triggered from".to_owned())),
        };
        self.scene.buildset(new).await;
    }

    async fn start_build(&mut self) {
        let request = match self.waiting(true) {
            Some(request) => request,
            None => {
                let Some(request) = self.waiting(false) else {
                    return;
                };
                self.scene.claim(request.id).await;
                request
            }
        };
        let worker = WORKERS[self.dice.below(3)];
        self.scene.start(request.id, worker, Properties::new()).await;
    }

    async fn finish_build(&mut self) {
        let Some(build) = self.running() else { return };
        let steps = self.scene.world.all::<Step>().into_iter();
        // What becomes of steps that a build leaves open is the master's to say.
        for step in steps.filter(|step| step.build == build.id && step.complete_at.is_none()) {
            if step.started_at.is_none() {
                self.scene.start_step(step.id, "at last", vec![]).await;
            }
            self.scene.finish_step(step.id, Results::Success, false).await;
        }
        let results = Results::ALL[self.dice.below(Results::ALL.len())];
        self.scene.finish(build.id, results).await;
    }

    async fn go_on_with_a_step(&mut self) {
        let Some(build) = self.running() else { return };
        let mut steps = self.scene.world.all::<Step>();
        steps.retain(|step| step.build == build.id && step.complete_at.is_none());
        let step = self.dice.pick(&steps).filter(|_| !self.dice.once_in(3));
        match step {
            None => {
                let name = ["compile", "test"][self.dice.below(2)];
                self.scene.step(build.id, name).await;
            }
            Some(step) if step.started_at.is_none() => {
                self.scene.start_step(step.id, "at it", vec![]).await;
            }
            Some(step) => {
                let results = Results::ALL[self.dice.below(Results::ALL.len())];
                let hidden = self.dice.once_in(4);
                self.scene.finish_step(step.id, results, hidden).await;
            }
        }
    }

    async fn write_a_log(&mut self) {
        let mut steps = self.scene.world.all::<Step>();
        steps.retain(|step| step.started_at.is_some() && step.complete_at.is_none());
        let Some(step) = self.dice.pick(&steps) else {
            return;
        };
        let mut logs = self.scene.world.all::<Log>();
        logs.retain(|log| log.step == step.id && !log.complete);
        match self.dice.pick(&logs) {
            Some(log) if self.dice.once_in(5) => self.scene.finish_log(log.id).await,
            Some(log) => self.scene.append(log.id, "a line\nand another ä\n").await,
            None => {
                let name = ["stdio", "out.txt"][self.dice.below(2)];
                self.scene.log(step.id, name, LogKind::Text).await;
            }
        }
    }

    async fn take_or_give_back(&mut self) {
        if let Some(request) = self.waiting(true) {
            self.scene.unclaim(request.id).await;
        } else if let Some(request) = self.waiting(false) {
            match self.dice.below(4) {
                0 => self.scene.wait_for(request.id, None).await,
                1 => {
                    self.scene
                        .wait_for(request.id, Some("lock db, held by ä/1"))
                        .await
                }
                _ => self.scene.claim(request.id).await,
            }
        }
    }

    async fn keep_data(&mut self) {
        let Some(build) = self.running() else { return };
        let name = ["coverage", "Size"][self.dice.below(2)];
        let value = vec![0xff; self.dice.below(4)];
        self.scene.keep(build.id, name, &value, "a step").await;
    }

    async fn test(&mut self) {
        let mut sets = self.scene.world.all::<TestResultSet>();
        sets.retain(|set| !set.complete);
        if let Some(set) = self.dice.pick(&sets) {
            if self.dice.once_in(3) {
                return self.scene.finish_set(set.id, Some(1), None).await;
            }
            let name = ["a::b", "c"][self.dice.below(2)];
            let result = test_result(Some(name), None, "1");
            return self.scene.results(set.id, vec![result.clone(), result]).await;
        }
        let mut steps = self.scene.world.all::<Step>();
        steps.retain(|step| step.started_at.is_some() && step.complete_at.is_none());
        if let Some(step) = self.dice.pick(&steps) {
            self.scene.result_set(step.id, None, "pass_fail", "boolean").await;
        }
    }

    async fn move_on_in_source(&mut self) {
        let codebases = self.scene.world.all::<Codebase>();
        let Some(codebase) = self.dice.pick(&codebases) else {
            return;
        };
        let mut commits = self.scene.world.all::<Commit>();
        commits.retain(|commit| commit.codebase == codebase.id);
        let parent = self.dice.pick(&commits).map(|commit| commit.id);
        let when = self.scene.tick();
        let revision = format!("{:x}", self.dice.below(64));
        let known = commits.iter().any(|commit| commit.revision == revision);
        let parent = parent.filter(|_| !known && !self.dice.once_in(6));
        let id = self
            .scene
            .commit(commit(codebase.id, &revision, parent, when))
            .await;
        let branch = ["main", "other"][self.dice.below(2)];
        self.scene.branch(codebase.id, branch, Some(id)).await;
    }

    async fn turn_to_a_worker(&mut self) {
        let name = WORKERS[self.dice.below(3)];
        let worker: Worker = self.scene.world.one(self.scene.worker(name).0);
        match self.dice.below(4) {
            0 if worker.connected_to.is_empty() => {
                self.scene.refuse(name, "it presented the wrong token").await
            }
            0 => self.scene.disconnect(name, "it closed the connection").await,
            1 => self.scene.connect(name, WorkerInfo::default()).await,
            2 => self.scene.miss(name).await,
            _ => {
                let reason = self.dice.once_in(2).then_some("a reason");
                let graceful = self.dice.once_in(3);
                self.scene.worker_state(name, reason, graceful).await;
            }
        }
    }

    async fn configure(&mut self) {
        let mut setup = setup();
        if self.dice.once_in(2) {
            let gone = self.dice.below(setup.builders.len());
            setup.builders.remove(gone);
        }
        if self.dice.once_in(2) {
            setup.builders[0].tags = vec!["other".to_owned()];
            setup.builders[1].project = Some("nothing".to_owned());
            setup.change_sources.remove(0);
        }
        // The forms of schedulers stay as they are, whatever becomes of their builders.
        setup.force_schedulers = self.scene.world.all();
        self.scene.configure(setup.clone()).await;
        self.setup = setup;
    }

    async fn ask_about_a_request(&mut self) {
        let claimed = self.dice.once_in(2);
        let priority = self.dice.below(9) as i32 - 4;
        match self.waiting(claimed) {
            Some(request) if !claimed && self.dice.once_in(2) => self.scene.cancel(request.id).await,
            Some(request) => self.scene.prioritize(request.id, priority).await,
            None => {}
        }
    }

    async fn ask_for_a_build(&mut self) {
        let configured = self.configured();
        let mut builds = self.scene.world.all::<Build>();
        builds.retain(|build| build.complete_at.is_some() && configured.contains(&build.builder));
        match self.dice.pick(&builds) {
            Some(build) if self.dice.once_in(2) => drop(self.scene.rebuild(build.id).await),
            _ if configured.contains(&self.scene.builder(BARE)) => {
                let force = Command::Force {
                    scheduler: FORCE_ONE.to_owned(),
                    params: ForceParams::default(),
                };
                let made = self.scene.order(force).await;
                self.scene.expect_made(made).await;
            }
            _ => {}
        }
    }

    async fn set_properties(&mut self) {
        let Some(build) = self.running() else { return };
        let name = ["p", "got_revision"][self.dice.below(2)];
        let value = json!([self.dice.below(9), LINUX, ODD]);
        let properties = story::properties(&[(name, value, "Step")]);
        self.scene.set_properties(build.id, properties).await;
    }
}
