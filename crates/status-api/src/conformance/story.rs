//! The story that most cases read: builders, changes and builds in every state there is.

use std::collections::BTreeMap;

use serde_json::json;

use super::scene::{Scene, source};
use super::scene_outcome::{commit, test_result};
use super::stage::{BuilderSetup, CodebaseSetup, NewBuildset, ProjectSetup, Setup, Stage};
use crate::{
    BuildId, BuildRequestId, BuilderId, Change, ChangeId, Clock, Commit, CommitId, DeadLetterId,
    ForceDefaults, ForceField, ForceFieldKind, ForceScheduler, LogId, LogKind, Properties, Property, Results,
    SourceStamp, StepId, TestResult, TestResultSetId, Url, WorkerInfo,
};

/// A builder with everything.
pub(super) const LINUX: &str = "linux";
/// A builder whose name would hurt in a path, a pattern or a query.
pub(super) const ODD: &str = "päckage/deb 100%_x?&=\"'";
/// A builder with nothing but a name.
pub(super) const BARE: &str = "Bare";
/// The force scheduler of [`LINUX`] and [`ODD`], with fields of each kind.
pub(super) const FORCE: &str = "force";
/// The force scheduler of [`BARE`] only, without fields.
pub(super) const FORCE_ONE: &str = "force bare/one";

/// What the story told.
pub(super) struct Story<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) changes: Vec<ChangeId>,
    /// A build that ended well, of the first change, with steps and logs.
    pub(super) ended: BuildId,
    /// A build that runs, of the first and second change.
    pub(super) running: BuildId,
    /// A build triggered by the one that ended.
    pub(super) triggered: BuildId,
    /// A request that no master has claimed.
    pub(super) open: BuildRequestId,
    /// The request of the build that runs.
    pub(super) claimed: BuildRequestId,
    /// A step of the build that ended, with logs.
    pub(super) step: StepId,
    /// A log of that step.
    pub(super) log: LogId,
    /// A set of test results of that step.
    pub(super) set: TestResultSetId,
    /// Commits of one codebase: a root, its child, and two children of that.
    pub(super) commits: [CommitId; 4],
    /// What the listener [`MAIL`](super::scene_listener::MAIL) could not deliver, and nobody asked for again.
    pub(super) letter: DeadLetterId,
}

/// What the master has configured.
pub(super) fn setup() -> Setup {
    Setup {
        builders: vec![
            BuilderSetup {
                name: LINUX.to_owned(),
                description: Some("builds *everything*".to_owned()),
                description_format: Some("markdown".to_owned()),
                project: Some("weir".to_owned()),
                tags: vec!["unix".to_owned(), "Fast & loose".to_owned()],
                workers: vec!["w1".to_owned(), "wörker 2".to_owned()],
            },
            BuilderSetup {
                name: ODD.to_owned(),
                description: Some(String::new()),
                description_format: None,
                project: Some("docs".to_owned()),
                tags: vec!["unix".to_owned()],
                workers: vec!["w1".to_owned()],
            },
            BuilderSetup {
                name: BARE.to_owned(),
                workers: vec!["wörker 2".to_owned()],
                ..BuilderSetup::default()
            },
        ],
        workers: ["w1", "wörker 2", "Spare"].map(str::to_owned).to_vec(),
        schedulers: ["nightly", "On push", FORCE, FORCE_ONE]
            .map(str::to_owned)
            .to_vec(),
        force_schedulers: vec![force_with_fields(), force_without_fields()],
        projects: projects(),
        codebases: codebases(),
        change_sources: ["poll", "Hook https://example.org/?a&b"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn projects() -> Vec<ProjectSetup> {
    vec![
        ProjectSetup {
            name: "Weir & Söhne 100%".to_owned(),
            slug: "weir".to_owned(),
            description: Some("*Many* things".to_owned()),
            description_format: Some("markdown".to_owned()),
        },
        ProjectSetup {
            name: "docs".to_owned(),
            slug: "docs".to_owned(),
            description: Some(String::new()),
            description_format: None,
        },
        ProjectSetup {
            name: "Nothing yet".to_owned(),
            slug: "nothing".to_owned(),
            ..ProjectSetup::default()
        },
    ]
}

fn codebases() -> Vec<CodebaseSetup> {
    let codebase = |project: &str, name: &str, slug: &str| CodebaseSetup {
        project: project.to_owned(),
        name: name.to_owned(),
        slug: slug.to_owned(),
    };
    vec![
        codebase("weir", "The main one/ä", "main"),
        codebase("weir", "libs", "libs"),
        codebase("docs", "The main one/ä", "main"),
    ]
}

fn force_with_fields() -> ForceScheduler {
    let field = |name: &str, kind, default, required| ForceField {
        name: name.to_owned(),
        label: format!("The {name}"),
        kind,
        default,
        required,
    };
    let targets = ["debug", "release"].map(str::to_owned).to_vec();
    ForceScheduler {
        name: FORCE.to_owned(),
        button_name: "Go!".to_owned(),
        label: "Force a build".to_owned(),
        builder_names: vec![LINUX.to_owned(), ODD.to_owned()],
        enabled: true,
        defaults: ForceDefaults {
            reason: "because".to_owned(),
            branch: Some("main".to_owned()),
            repository: "https://example.org/weir".to_owned(),
            project: "weir".to_owned(),
            codebase: String::new(),
        },
        properties: properties(&[("by_hand", json!(true), "Scheduler")]),
        fields: vec![
            field("who", ForceFieldKind::Text, json!(""), true),
            field("jobs", ForceFieldKind::Int, json!(4), false),
            field("clean", ForceFieldKind::Bool, json!(false), false),
            field("target", ForceFieldKind::Choice(targets), json!("debug"), false),
        ],
    }
}

fn force_without_fields() -> ForceScheduler {
    ForceScheduler {
        name: FORCE_ONE.to_owned(),
        button_name: "bare".to_owned(),
        label: "Bare".to_owned(),
        builder_names: vec![BARE.to_owned()],
        enabled: true,
        defaults: ForceDefaults::default(),
        properties: Properties::new(),
        fields: vec![],
    }
}

/// Properties of these names, values and sources.
pub(super) fn properties(all: &[(&str, serde_json::Value, &str)]) -> Properties {
    let all = all.iter();
    all.map(|(name, value, source)| ((*name).to_owned(), Property::new(value.clone(), *source)))
        .collect()
}

/// Properties with every kind of JSON value.
pub(super) fn all_kinds_of_properties() -> Properties {
    properties(&[
        ("text", json!("Grüße, \"Welt\"\n"), "Scheduler"),
        ("empty", json!(""), "Scheduler"),
        ("number", json!(-42), "Scheduler"),
        ("large", json!(9_007_199_254_740_991_i64), "Scheduler"),
        ("fraction", json!(0.5), "Scheduler"),
        ("yes", json!(true), "Scheduler"),
        ("nothing", json!(null), "Scheduler"),
        ("list", json!([1, "two", [3]]), "Scheduler"),
        ("object", json!({"a": {"b": []}}), "Scheduler"),
    ])
}

/// A change to be written, with every field.
pub(super) fn change(scene: &Scene<'_>, number: usize) -> Change {
    let revisions = ["c0ffee", "C0FFEE", "beef", "dead"];
    let given = |text: &str, is: bool| is.then(|| text.to_owned());
    Change {
        id: ChangeId(0),
        parents: vec![],
        author: ["Ada <ada@example.org>", "Éva <eva@example.org>"][number % 2].to_owned(),
        committer: given("Otto <otto@example.org>", number == 1),
        files: if number == 2 {
            vec![]
        } else {
            vec!["src/z.rs".to_owned(), "a ä.txt".to_owned()]
        },
        comments: format!("Change {number}: 100% _done_\n\nLong *text* `{number}`\\.\n"),
        revision: given(revisions[number % 4], number != 3),
        branch: [Some("main"), None, Some("topic/ü"), Some("Main")][number % 4].map(str::to_owned),
        category: given("docs", number == 0),
        revlink: given("https://example.org/c?a=1&b=2", number == 0),
        properties: if number == 0 {
            properties(&[("k", json!([1]), "Change")])
        } else {
            Properties::new()
        },
        repository: "https://example.org/weir".to_owned(),
        project: if number < 2 {
            "weir".to_owned()
        } else {
            String::new()
        },
        codebase: String::new(),
        source_stamp: source(),
        when: scene.writer.clock().now(),
    }
}

/// The source of a change.
fn source_of(change: &Change) -> SourceStamp {
    SourceStamp {
        id: crate::SourceStampId(0),
        ..change.source_stamp.clone()
    }
}

impl<'a> Story<'a> {
    /// Tells it on a fresh stage.
    pub(super) async fn tell(stage: &'a dyn Stage) -> Self {
        let mut scene = Scene::new(stage, setup()).await;
        connect_workers(&mut scene).await;
        let mut changes = vec![];
        for number in 0..4 {
            let change = change(&scene, number);
            changes.push(scene.change(change).await);
        }
        let (linux, bare) = (scene.builder(LINUX), scene.builder(BARE));
        let requests = first_buildset(&mut scene, changes[0]).await;
        let (ended, step, log, set) = a_whole_build(&mut scene, requests[&linux]).await;
        let requests = second_buildset(&mut scene, &changes[..2]).await;
        let claimed = requests[&linux];
        let running = a_running_build(&mut scene, claimed).await;
        let requests = third_buildset(&mut scene, ended).await;
        let triggered = a_failing_build(&mut scene, requests[&bare]).await;
        let open = a_lost_build(&mut scene).await;
        let commits = commits_and_branches(&mut scene).await;
        scene.enable("nightly", false).await;
        scene.enable(FORCE_ONE, false).await;
        scene.enable(FORCE_ONE, true).await;
        let letter = scene.listeners().await;
        Self {
            scene,
            changes,
            ended,
            running,
            triggered,
            open,
            claimed,
            step,
            log,
            set,
            commits,
            letter,
        }
    }
}

async fn connect_workers(scene: &mut Scene<'_>) {
    let info = WorkerInfo {
        admin: Some("Ada <ada@example.org>".to_owned()),
        host: Some("host.example.org".to_owned()),
        access_uri: Some("ssh://host.example.org".to_owned()),
        version: Some("1.2.3".to_owned()),
        facts: BTreeMap::from([("os", "linux"), ("cpus", "16")].map(|(k, v)| (k.to_owned(), v.to_owned()))),
    };
    scene.connect("w1", info.clone()).await;
    scene.connect("wörker 2", WorkerInfo::default()).await;
    scene.connect("Spare", info).await;
    scene.disconnect("Spare", "the connection broke: é, 100%").await;
    scene.miss("Spare").await;
    scene.worker_state("wörker 2", Some("it is hot"), false).await;
    scene.worker_state("Spare", None, true).await;
}

async fn first_buildset(scene: &mut Scene<'_>, change: ChangeId) -> BTreeMap<BuilderId, BuildRequestId> {
    let source = source_of(&scene.world.one(change.0));
    let new = NewBuildset {
        reason: "a change came".to_owned(),
        external_id: Some("ext-1".to_owned()),
        sources: vec![source],
        changes: vec![change],
        builders: vec![scene.builder(LINUX)],
        properties: all_kinds_of_properties(),
        ..NewBuildset::default()
    };
    scene.buildset(new).await.1
}

async fn a_whole_build(
    scene: &mut Scene<'_>,
    request: BuildRequestId,
) -> (BuildId, StepId, LogId, TestResultSetId) {
    scene.claim(request).await;
    scene.unclaim(request).await;
    scene.claim(request).await;
    let own = properties(&[
        ("text", json!("the build's"), "Build"),
        ("own", json!(1), "Build"),
    ]);
    let build = scene.start(request, "w1", own).await;
    scene
        .set_properties(build, properties(&[("got_revision", json!("c0ffee"), "Git")]))
        .await;
    let step = scene.step(build, "compile").await;
    let link = Url {
        name: "docs & more".to_owned(),
        url: "https://example.org/?q=ä".to_owned(),
    };
    scene
        .start_step(
            step,
            "compiling",
            vec![
                link.clone(),
                Url {
                    name: "2".to_owned(),
                    ..link
                },
            ],
        )
        .await;
    let stdio = scene.log(step, "stdio", LogKind::Stdio).await;
    scene.append(stdio, "hmake\noone\n").await;
    scene.append(stdio, "etwo\u{1b}[31m\u{fffd}\n").await;
    scene.finish_log(stdio).await;
    let html = scene.log(step, "err.html", LogKind::Html).await;
    scene.append(html, "<b>bold</b>\n").await;
    let set = data_and_test_results(scene, build, step).await;
    scene.finish_step(step, Results::Warnings, false).await;
    let twin = scene.step(build, "compile").await;
    scene.start_step(twin, "again", vec![]).await;
    let empty = scene.log(twin, "stdio", LogKind::Text).await;
    scene.finish_log(empty).await;
    scene.finish_step(twin, Results::Skipped, true).await;
    scene.finish(build, Results::Warnings).await;
    (build, step, stdio, set)
}

async fn data_and_test_results(scene: &mut Scene<'_>, build: BuildId, step: StepId) -> TestResultSetId {
    scene.keep(build, "coverage", b"not yet", "compile").await;
    let bytes: Vec<u8> = (0..=255).rev().collect();
    scene.keep(build, "coverage", &bytes, "the compile step/ä").await;
    scene.keep(build, "Size 100%_ä", b"", "compile").await;
    let set = scene
        .result_set(step, Some("unit tests"), "pass_fail", "boolean")
        .await;
    let timed = TestResult {
        line: Some(17),
        duration_ns: Some(1_500_000_000),
        ..test_result(Some("a::b \"c\""), Some("src/ä b.rs"), "1")
    };
    let second = test_result(Some("A::b"), None, "0");
    scene.results(set, vec![timed, second]).await;
    scene
        .results(set, vec![test_result(None, Some("src/z.rs"), "")])
        .await;
    scene.finish_set(set, Some(1), Some(2)).await;
    let other = scene.result_set(step, None, "code_issue", "message").await;
    scene
        .results(other, vec![test_result(None, Some("src/z.rs"), "100% wörong")])
        .await;
    set
}

async fn second_buildset(scene: &mut Scene<'_>, changes: &[ChangeId]) -> BTreeMap<BuilderId, BuildRequestId> {
    let latest = source_of(&scene.world.one(changes[1].0));
    let other = SourceStamp {
        codebase: "libs".to_owned(),
        ..latest.clone()
    };
    let new = NewBuildset {
        reason: "two changes came".to_owned(),
        sources: vec![latest, other],
        changes: changes.to_vec(),
        builders: vec![scene.builder(LINUX), scene.builder(ODD)],
        properties: properties(&[("text", json!("second"), "Scheduler")]),
        priority: -3,
        ..NewBuildset::default()
    };
    scene.buildset(new).await.1
}

async fn a_running_build(scene: &mut Scene<'_>, request: BuildRequestId) -> BuildId {
    scene.claim(request).await;
    let build = scene.start(request, "wörker 2", Properties::new()).await;
    let step = scene.step(build, "test").await;
    scene.start_step(step, "testing", vec![]).await;
    let log = scene.log(step, "out", LogKind::Text).await;
    scene.append(log, "it runs\n").await;
    scene.keep(build, "coverage", "so fär".as_bytes(), "test").await;
    scene.step(build, "upload").await;
    build
}

async fn third_buildset(scene: &mut Scene<'_>, parent: BuildId) -> BTreeMap<BuilderId, BuildRequestId> {
    let new = NewBuildset {
        reason: "triggered".to_owned(),
        sources: vec![SourceStamp {
            branch: Some("release".to_owned()),
            ..source()
        }],
        builders: vec![scene.builder(BARE)],
        priority: 10,
        waited_for: true,
        parent: Some((parent, "Triggered from".to_owned())),
        ..NewBuildset::default()
    };
    scene.buildset(new).await.1
}

async fn a_failing_build(scene: &mut Scene<'_>, request: BuildRequestId) -> BuildId {
    scene.claim(request).await;
    let build = scene.start(request, "wörker 2", Properties::new()).await;
    scene.finish(build, Results::Failure).await;
    build
}

/// A build that is lost, so that its request is open again.
async fn a_lost_build(scene: &mut Scene<'_>) -> BuildRequestId {
    let new = NewBuildset {
        reason: "again".to_owned(),
        external_id: Some("Ext-0".to_owned()),
        sources: vec![SourceStamp {
            revision: Some("beef".to_owned()),
            ..source()
        }],
        builders: vec![scene.builder(ODD)],
        priority: 10,
        ..NewBuildset::default()
    };
    let (_, requests) = scene.buildset(new).await;
    let request = requests[&scene.builder(ODD)];
    scene.claim(request).await;
    let build = scene.start(request, "w1", Properties::new()).await;
    scene.finish(build, Results::Retry).await;
    request
}

/// A root, its child, and two children of that; branches at them; and a commit of another codebase.
async fn commits_and_branches(scene: &mut Scene<'_>) -> [CommitId; 4] {
    let (main, docs) = (scene.codebase("weir", "main"), scene.codebase("docs", "main"));
    let when = scene.writer.clock().now();
    let root = scene.commit(commit(main, "c0ffee", None, when)).await;
    let child = Commit {
        committer: Some("Otto <otto@example.org>".to_owned()),
        ..commit(main, "C0FFEE", Some(root), when)
    };
    let child = scene.commit(child).await;
    let one = scene.commit(commit(main, "beef", Some(child), when)).await;
    scene.branch(main, "main", Some(child)).await;
    scene.branch(main, "main", Some(one)).await;
    let now = scene.writer.clock().now();
    let two = scene.commit(commit(main, "dead", Some(child), now)).await;
    scene.branch(main, "topic/ü", Some(two)).await;
    scene.branch(main, "topic/ü", Some(two)).await;
    let other = scene.commit(commit(docs, "c0ffee", None, when)).await;
    scene.commit(commit(docs, "c0ffee", None, now)).await;
    scene.branch(docs, "main", Some(other)).await;
    scene.branch(docs, "Main", None).await;
    [root, child, one, two]
}
