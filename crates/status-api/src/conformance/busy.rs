//! A scene for views: builders in all conditions, and changes built together, apart, again and not yet.

use super::check::{levelled, patiently};
use super::promises::Promises;
use super::scene::{Scene, source};
use super::stage::{BuilderSetup, CodebaseSetup, NewBuildset, ProjectSetup, Setup, Stage};
use super::story;
use super::views::ViewRows;
use crate::{
    Build, BuildId, BuildRequestId, BuilderChoice, BuilderId, Change, ChangeId, Properties, Resource,
    Results, SourceStamp, StatusApi, View, ViewQuery, WorkerInfo,
};

/// The scene, and what cases ask about.
pub(super) struct Busy<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) changes: Vec<ChangeId>,
    /// A build of `b` that runs, of the second and third change.
    pub(super) running: BuildId,
}

/// A builder that was removed.
pub(super) const GONE: &str = "gone";

fn setup() -> Setup {
    let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let builder = |name: &str, project: Option<&str>, tags: &[&str], workers: &[&str]| BuilderSetup {
        name: name.to_owned(),
        project: project.map(str::to_owned),
        tags: texts(tags),
        workers: texts(workers),
        ..BuilderSetup::default()
    };
    let project = |slug: &str| ProjectSetup {
        name: slug.to_owned(),
        slug: slug.to_owned(),
        ..ProjectSetup::default()
    };
    let codebase = |slug: &str| CodebaseSetup {
        project: "p".to_owned(),
        name: slug.to_owned(),
        slug: slug.to_owned(),
    };
    Setup {
        builders: vec![
            builder("b", Some("p"), &["x", "y"], &["w1"]),
            builder("a", Some("p"), &["x"], &["w1", "w2"]),
            builder("C 100%", Some("q"), &["y", "Ä & %"], &["hot", "ending", "away"]),
            builder("d", None, &[], &[]),
            builder("e", None, &["x"], &["away"]),
            builder(GONE, Some("p"), &["x"], &["w2"]),
        ],
        workers: texts(&["w1", "w2", "hot", "ending", "away"]),
        projects: vec![project("p"), project("q"), project("empty")],
        codebases: vec![codebase("main"), codebase("other")],
        ..Setup::default()
    }
}

impl<'a> Busy<'a> {
    /// A master that has it all configured, and has nothing to do.
    pub(super) async fn idle(stage: &'a dyn Stage) -> Scene<'a> {
        Scene::new(stage, setup()).await
    }

    /// Plays it on a fresh stage.
    pub(super) async fn play(stage: &'a dyn Stage) -> Self {
        let mut scene = Self::idle(stage).await;
        for name in ["w1", "w2", "hot", "ending"] {
            scene.connect(name, WorkerInfo::default()).await;
        }
        scene.worker_state("hot", Some("it is hot"), false).await;
        scene.worker_state("ending", None, true).await;
        let mut busy = Self {
            changes: add_changes(&mut scene).await,
            scene,
            running: BuildId(0),
        };
        busy.first_change().await;
        busy.two_changes_together().await;
        busy.two_codebases().await;
        busy.what_nobody_builds().await;
        busy.remove(GONE).await;
        busy
    }

    /// The source of the change of that number.
    pub(super) fn source(&self, number: usize) -> SourceStamp {
        let change: Change = self.scene.world.one(self.changes[number].0);
        SourceStamp {
            id: crate::SourceStampId(0),
            ..change.source_stamp
        }
    }

    /// Adds a buildset, and gives its requests in the order of the builders.
    pub(super) async fn buildset(
        &mut self,
        sources: Vec<SourceStamp>,
        changes: &[usize],
        builders: &[&str],
    ) -> Vec<BuildRequestId> {
        let builders: Vec<BuilderId> = builders.iter().map(|name| self.scene.builder(name)).collect();
        let new = NewBuildset {
            sources,
            changes: changes.iter().map(|number| self.changes[*number]).collect(),
            builders: builders.clone(),
            properties: story::properties(&[("hidden", serde_json::json!(1), "Scheduler")]),
            ..NewBuildset::default()
        };
        let (_, requests) = self.scene.buildset(new).await;
        builders.iter().map(|builder| requests[builder]).collect()
    }

    /// Builds a request to its end.
    pub(super) async fn build(&mut self, request: BuildRequestId, worker: &str, results: Results) -> BuildId {
        self.scene.claim(request).await;
        let build = self.scene.start(request, worker, Properties::new()).await;
        self.scene.finish(build, results).await;
        build
    }

    /// One change: built well and badly, waiting where workers are paused; and its source once more.
    async fn first_change(&mut self) {
        let builders = ["a", "b", "C 100%", GONE];
        let asked = self.buildset(vec![self.source(0)], &[0], &builders).await;
        self.build(asked[0], "w1", Results::Success).await;
        self.build(asked[1], "w1", Results::Warnings).await;
        self.build(asked[3], "w2", Results::Failure).await;
        let again = self.buildset(vec![self.source(0)], &[], &["a", "b"]).await;
        self.build(again[0], "w2", Results::Exception).await;
        self.build(again[1], "w1", Results::Failure).await;
    }

    /// Two changes in one buildset: lost, failed and passed over on one builder, and running on another.
    async fn two_changes_together(&mut self) {
        let asked = self.buildset(vec![self.source(2)], &[1, 2], &["a", "b"]).await;
        self.build(asked[0], "w2", Results::Retry).await;
        self.build(asked[0], "w2", Results::Failure).await;
        let more = self.buildset(vec![self.source(2)], &[2], &["a"]).await;
        self.build(more[0], "w2", Results::Skipped).await;
        self.scene.claim(asked[1]).await;
        self.running = self.scene.start(asked[1], "w1", Properties::new()).await;
        let step = self.scene.step(self.running, "compile").await;
        self.scene.start_step(step, "compiling", vec![]).await;
        self.scene.finish_step(step, Results::Success, true).await;
        let step = self.scene.step(self.running, "test").await;
        self.scene.start_step(step, "testing", vec![]).await;
        self.scene.step(self.running, "upload").await;
    }

    /// Source of two codebases, asked for twice: open, claimed, lost and cancelled.
    async fn two_codebases(&mut self) {
        let sources = vec![self.source(5), self.source(3)];
        let asked = self.buildset(sources.clone(), &[3, 5], &["a", "b"]).await;
        self.build(asked[0], "w2", Results::Retry).await;
        let turned = sources.into_iter().rev().collect();
        let again = self.buildset(turned, &[5], &["b", "C 100%"]).await;
        self.scene.claim(again[0]).await;
        let other = vec![SourceStamp {
            branch: Some("release".to_owned()),
            ..source()
        }];
        let late = self.buildset(other, &[], &["a"]).await;
        self.build(late[0], "w2", Results::Cancelled).await;
    }

    async fn what_nobody_builds(&mut self) {
        self.buildset(vec![self.source(4)], &[4], &["a", "d", "e", GONE])
            .await;
    }

    /// Removes a builder from what is configured.
    pub(super) async fn remove(&mut self, name: &str) {
        let mut less = setup();
        less.builders.retain(|builder| builder.name != name);
        self.scene.configure(less).await;
    }

    /// Each way to choose builders, by name.
    pub(super) fn choices(&self) -> Vec<(&'static str, BuilderChoice)> {
        let builder = |name| self.scene.builder(name);
        let project = |slug: &str| Some(self.scene.ids.projects[slug]);
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let all = BuilderChoice::default;
        let no = |id| BuilderId(id);
        vec![
            ("all", all()),
            (
                "one",
                BuilderChoice {
                    builders: vec![builder("b")],
                    ..all()
                },
            ),
            (
                "several, by name",
                BuilderChoice {
                    builders: vec![builder("b"), builder("C 100%"), builder("a")],
                    ..all()
                },
            ),
            (
                "one twice",
                BuilderChoice {
                    builders: vec![builder("b"), builder("b")],
                    ..all()
                },
            ),
            (
                "nobody's",
                BuilderChoice {
                    builders: vec![no(987_654_321)],
                    ..all()
                },
            ),
            (
                "of a project",
                BuilderChoice {
                    project: project("p"),
                    ..all()
                },
            ),
            (
                "of another project",
                BuilderChoice {
                    project: project("q"),
                    ..all()
                },
            ),
            (
                "of a project without builders",
                BuilderChoice {
                    project: project("empty"),
                    ..all()
                },
            ),
            (
                "with a tag",
                BuilderChoice {
                    tags: texts(&["x"]),
                    ..all()
                },
            ),
            (
                "with an odd tag",
                BuilderChoice {
                    tags: texts(&["Ä & %"]),
                    ..all()
                },
            ),
            (
                "with one of two tags",
                BuilderChoice {
                    tags: texts(&["Ä & %", "x"]),
                    ..all()
                },
            ),
            (
                "with a part of a tag",
                BuilderChoice {
                    tags: texts(&["Ä"]),
                    ..all()
                },
            ),
            (
                "without a tag",
                BuilderChoice {
                    without_tags: texts(&["y"]),
                    ..all()
                },
            ),
            (
                "without two tags",
                BuilderChoice {
                    without_tags: texts(&["x", "y"]),
                    ..all()
                },
            ),
            (
                "with one tag and without another",
                BuilderChoice {
                    tags: texts(&["x"]),
                    without_tags: texts(&["y"]),
                    ..all()
                },
            ),
            (
                "removed too",
                BuilderChoice {
                    removed_too: true,
                    ..all()
                },
            ),
            (
                "the removed one",
                BuilderChoice {
                    builders: vec![builder(GONE)],
                    removed_too: true,
                    ..all()
                },
            ),
            (
                "the removed one, but not removed too",
                BuilderChoice {
                    builders: vec![builder(GONE)],
                    ..all()
                },
            ),
            (
                "all conditions at once",
                BuilderChoice {
                    builders: vec![builder("a"), builder("b"), builder(GONE), builder("e")],
                    project: project("p"),
                    tags: texts(&["x"]),
                    without_tags: texts(&["y"]),
                    removed_too: true,
                },
            ),
        ]
    }
}

/// Changes of several branches and codebases.
async fn add_changes(scene: &mut Scene<'_>) -> Vec<ChangeId> {
    let mut changes = vec![];
    for (number, (branch, codebase)) in [
        (Some("main"), ""),
        (Some("main"), ""),
        (Some("topic/ü"), ""),
        (Some("main"), "libs"),
        (None, ""),
        (Some("main"), ""),
    ]
    .into_iter()
    .enumerate()
    {
        let change = Change {
            branch: branch.map(str::to_owned),
            codebase: codebase.to_owned(),
            revision: Some(format!("r{number}")),
            ..story::change(scene, number)
        };
        changes.push(scene.change(change).await);
    }
    changes
}

impl Scene<'_> {
    /// The rows that views are made of.
    pub(super) fn view_rows(&self) -> ViewRows {
        ViewRows {
            masters: self.world.all(),
            builders: self.world.all(),
            workers: self.world.all(),
            builds: self.world.all(),
            requests: self.world.all(),
            buildsets: self.world.all(),
            steps: self.world.all(),
            changes: self.world.all(),
            commits: self.world.all(),
            buildset_changes: self.buildset_changes.clone(),
        }
    }

    /// What the API shows, which must be what was written.
    pub(super) async fn view(&self, query: impl Into<ViewQuery>) -> View {
        let query = query.into();
        let expected = self
            .view_rows()
            .view(&query)
            .expect("the kit asks what is allowed");
        let got = view(&*self.api, &query).await;
        assert_eq!(
            got, expected,
            "{query:?} shows (left) not what was written (right)"
        );
        got
    }

    /// Each query must show what was written.
    pub(super) async fn must_show<Q: Into<ViewQuery>>(&self, queries: Vec<(String, Q)>) {
        let mut promises = Promises::new();
        for (name, query) in queries {
            let shown = async {
                self.view(query).await;
            };
            promises.that(name, shown).await;
        }
        promises.must_hold();
    }

    /// The build by its builder and number.
    pub(super) fn named(&self, build: BuildId) -> String {
        let build: Build = self.world.one(build.0);
        let builder: crate::Builder = self.world.one(build.builder.0);
        format!("{} {}", builder.name, build.number)
    }
}

async fn view(api: &dyn StatusApi, query: &ViewQuery) -> View {
    let mut view = patiently("a view", async || api.view(query.clone()).await)
        .await
        .value;
    match &mut view {
        View::Home(it) => {
            level_all(&mut it.builders);
            level_all(&mut it.workers);
        }
        View::Waterfall(it) => level_all(&mut it.builders),
        View::Grid(it) => level_all(&mut it.builders),
        View::Console(it) => level_all(&mut it.builders),
        View::CommitGraph(_) => {}
    }
    view
}

fn level_all<R: Resource>(rows: &mut [R]) {
    for row in rows {
        *row = levelled(row.clone());
    }
}

macro_rules! queries {
    ($($name:ident($query:ident)),+) => {$(
        impl From<crate::$query> for ViewQuery {
            fn from(query: crate::$query) -> Self {
                Self::$name(query)
            }
        }
    )+};
}

queries!(
    Home(HomeQuery),
    Waterfall(WaterfallQuery),
    Grid(GridQuery),
    Console(ConsoleQuery),
    CommitGraph(CommitGraphQuery)
);
