//! Cases: filters by a relation to other resources.

use super::check::patiently;
use super::scene::{Scene, source};
use super::scene_outcome::commit;
use super::stage::{NewBuildset, Stage};
use super::story::{BARE, LINUX, ODD, Story, setup};
use crate::{
    Build, BuildField, Builder, BuilderField, Buildset, Change, ChangeField, Codebase, Field, Kind, Op,
    Project, Properties, Query, ReadExt, SourceStamp, SourceStampField, StatusApi, TestResultSet,
    TestResultSetField, TestResultSetId, Value, Worker, WorkerField, WorkerInfo,
};

async fn rows<R: crate::Resource>(api: &dyn StatusApi, query: Query<R>) -> Vec<R> {
    patiently("a list", async || api.page(query.clone()).await)
        .await
        .items
}

/// Asserts that the rows for which a relation holds are those of `$expected` ids.
macro_rules! related {
    ($api:expr, $field:ident :: $variant:ident = $value:expr, $resource:ident: $expected:expr) => {
        for value in [
            vec![Value::from($value)],
            vec![Value::from($value), Value::Int(987_654_321)],
        ] {
            let query = Query::<$resource>::new().filter($field::$variant, Op::Eq, value);
            let got: Vec<_> = rows($api, query).await.into_iter().map(|row| row.id).collect();
            let expected: Vec<_> = $expected.to_vec();
            assert_eq!(
                got,
                expected,
                "the relation {} of {:?}",
                $field::$variant.name(),
                Kind::$resource
            );
        }
        let none = Query::<$resource>::new().eq($field::$variant, 987_654_321);
        assert!(
            rows($api, none).await.is_empty(),
            "{} of nothing",
            $field::$variant.name()
        );
    };
}

pub(super) async fn builds_of_a_change(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (api, changes) = (&*story.scene.api, &story.changes);
    related!(api, BuildField::Change = changes[0], Build: [story.ended, story.running]);
    related!(api, BuildField::Change = changes[1], Build: [story.running]);
}

pub(super) async fn builds_triggered_by_a_build(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let api = &*story.scene.api;
    related!(api, BuildField::TriggeredBy = story.ended, Build: [story.triggered]);
}

pub(super) async fn changes_of_a_build(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (api, changes) = (&*story.scene.api, &story.changes);
    related!(api, ChangeField::Build = story.running, Change: [changes[0], changes[1]]);
    related!(api, ChangeField::Build = story.ended, Change: [changes[0]]);
}

pub(super) async fn builders_of_a_worker(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (linux, odd, bare) = (scene.builder(LINUX), scene.builder(ODD), scene.builder(BARE));
    related!(api, BuilderField::Worker = scene.worker("w1"), Builder: [linux, odd]);
    related!(api, BuilderField::Worker = scene.worker("wörker 2"), Builder: [linux, bare]);
}

pub(super) async fn builders_of_a_master(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let all = [LINUX, ODD, BARE].map(|name| scene.builder(name));
    related!(api, BuilderField::Master = scene.writer.master(), Builder: all);
}

pub(super) async fn workers_of_a_builder(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (w1, w2) = (scene.worker("w1"), scene.worker("wörker 2"));
    related!(api, WorkerField::Builder = scene.builder(LINUX), Worker: [w1, w2]);
    related!(api, WorkerField::Builder = scene.builder(BARE), Worker: [w2]);
}

pub(super) async fn workers_of_a_master(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (w1, w2) = (scene.worker("w1"), scene.worker("wörker 2"));
    related!(api, WorkerField::Master = scene.writer.master(), Worker: [w1, w2]);
}

pub(super) async fn source_stamps_of_a_buildset(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    for buildset in scene.world.all::<Buildset>() {
        let stamps: Vec<_> = buildset.source_stamps.iter().map(|stamp| stamp.id).collect();
        related!(api, SourceStampField::Buildset = buildset.id, SourceStamp: stamps);
    }
}

/// A source of the codebase of that slug in the project of that slug, as a poller of it makes them.
fn source_in(scene: &Scene<'_>, project: &str, codebase: &str, revision: &str) -> SourceStamp {
    let codebase: Codebase = scene.world.one(scene.codebase(project, codebase).0);
    let project: Project = scene.world.one(codebase.project.0);
    SourceStamp {
        revision: Some(revision.to_owned()),
        project: project.name,
        codebase: codebase.name,
        ..source()
    }
}

/// A set of test results of a build of these sources.
async fn tested(scene: &mut Scene<'_>, sources: Vec<SourceStamp>) -> TestResultSetId {
    let linux = scene.builder(LINUX);
    let new = NewBuildset {
        reason: "test".to_owned(),
        sources,
        builders: vec![linux],
        ..NewBuildset::default()
    };
    let request = scene.buildset(new).await.1[&linux];
    scene.claim(request).await;
    let build = scene.start(request, "w1", Properties::new()).await;
    let step = scene.step(build, "test").await;
    scene.start_step(step, "testing", vec![]).await;
    scene.result_set(step, None, "pass_fail", "boolean").await
}

/// A stage with a worker for such builds.
async fn with_a_worker(stage: &dyn Stage) -> Scene<'_> {
    let mut scene = Scene::new(stage, setup()).await;
    scene.connect("w1", WorkerInfo::default()).await;
    scene
}

pub(super) async fn test_result_sets_of_a_commit(stage: &dyn Stage) {
    let mut scene = with_a_worker(stage).await;
    let when = scene.tick();
    // Two codebases of one name, in two projects, and one of another name: all have the revision.
    let mut commits = vec![];
    for (project, slug) in [("weir", "main"), ("docs", "main"), ("weir", "libs")] {
        let codebase = scene.codebase(project, slug);
        commits.push(scene.commit(commit(codebase, "c0ffee", None, when)).await);
    }
    let main = source_in(&scene, "weir", "main", "c0ffee");
    let docs = source_in(&scene, "docs", "main", "c0ffee");
    let libs = source_in(&scene, "weir", "libs", "c0ffee");
    let of_no_project = SourceStamp {
        project: String::new(),
        ..main.clone()
    };
    let elsewhere = SourceStamp {
        codebase: String::new(),
        ..main.clone()
    };
    let other_letters = source_in(&scene, "weir", "main", "C0FFEE");
    let newest = SourceStamp {
        revision: None,
        ..main.clone()
    };
    let of_main = tested(&mut scene, vec![main.clone()]).await;
    let of_docs = tested(&mut scene, vec![docs]).await;
    let of_either = tested(&mut scene, vec![of_no_project]).await;
    for other in [elsewhere, other_letters, newest] {
        tested(&mut scene, vec![other]).await;
    }
    let of_both = tested(&mut scene, vec![main, libs]).await;
    let api = &*scene.api;
    related!(api, TestResultSetField::Commit = commits[0], TestResultSet: [of_main, of_either, of_both]);
    related!(api, TestResultSetField::Commit = commits[1], TestResultSet: [of_docs, of_either]);
    related!(api, TestResultSetField::Commit = commits[2], TestResultSet: [of_both]);
}

pub(super) async fn test_result_sets_of_several_commits(stage: &dyn Stage) {
    let mut scene = with_a_worker(stage).await;
    let (codebase, when) = (scene.codebase("weir", "main"), scene.tick());
    let (mut commits, mut sets) = (vec![], vec![]);
    for revision in ["1", "2", "3", "4"] {
        let parent = commits.last().copied();
        commits.push(scene.commit(commit(codebase, revision, parent, when)).await);
        for _ in 0..2 {
            let source = source_in(&scene, "weir", "main", revision);
            sets.push(tested(&mut scene, vec![source]).await);
        }
    }
    let of_three: Vec<Value> = commits[1..].iter().map(|it| Value::from(*it)).collect();
    let mut query = Query::<TestResultSet>::new()
        .filter(TestResultSetField::Commit, Op::Eq, of_three)
        .eq(TestResultSetField::Complete, false)
        .descending(TestResultSetField::Id)
        .limit(4);
    let api = &*scene.api;
    let mut got = vec![];
    loop {
        let page = patiently("a list", async || api.page(query.clone()).await).await;
        got.extend(page.items.into_iter().map(|set| set.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = sets[2..].iter().rev().copied().collect();
    assert_eq!(got, expected, "the sets of three commits, the newest first");
}
