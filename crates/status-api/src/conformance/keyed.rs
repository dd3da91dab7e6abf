//! The keys of each kind of resource: all that name a row, and some that name nothing.

use super::reference::Row;
use super::scene::Scene;
use super::story::{LINUX, Story};
use crate::{
    Branch, BranchId, Build, BuildData, BuildId, BuildKey, BuildRequest, BuildRequestId, Builder, BuilderId,
    Buildset, BuildsetId, Change, ChangeId, ChangeSource, ChangeSourceId, Codebase, CodebaseId, CodebaseKey,
    Commit, CommitId, CommitKey, DeadLetter, DeadLetterId, ForceScheduler, Key, ListenerId, ListenerStatus,
    Log, LogId, LogKey, Master, MasterId, Project, ProjectId, Scheduler, SchedulerId, SourceStamp,
    SourceStampId, Step, StepId, StepKey, TestResult, TestResultId, TestResultSet, TestResultSetId, Worker,
    WorkerId,
};

/// No row has this id.
pub(super) const NO: i64 = 987_654_321;

/// A resource with keys.
pub(super) trait Keyed: Row {
    /// All keys that name the row.
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key>;
    /// Keys that name nothing.
    fn nowhere(story: &Story<'_>) -> Vec<Key>;
}

/// All keys of a build.
pub(super) fn build_keys(scene: &Scene<'_>, build: BuildId) -> Vec<BuildKey> {
    let build: Build = scene.world.one(build.0);
    let builder: Builder = scene.world.one(build.builder.0);
    vec![
        build.id.into(),
        BuildKey::Number(builder.id.into(), build.number),
        BuildKey::Number(builder.name.as_str().into(), build.number),
    ]
}

/// All keys of a step.
fn step_keys(scene: &Scene<'_>, step: &Step) -> Vec<StepKey> {
    let mut keys = vec![StepKey::Id(step.id)];
    for build in build_keys(scene, step.build) {
        keys.push(StepKey::Number(build.clone(), step.number));
        keys.push(StepKey::Name(build, step.name.clone()));
    }
    keys
}

/// All keys of a log.
pub(super) fn log_keys(scene: &Scene<'_>, log: &Log) -> Vec<LogKey> {
    let by_step = step_keys(scene, &scene.world.one(log.step.0));
    let by_slug = by_step
        .into_iter()
        .map(|step| LogKey::Slug(step, log.slug.clone()));
    std::iter::once(LogKey::Id(log.id)).chain(by_slug).collect()
}

/// All keys of a codebase.
fn codebase_keys(scene: &Scene<'_>, codebase: &Codebase) -> Vec<CodebaseKey> {
    let project: Project = scene.world.one(codebase.project.0);
    vec![
        codebase.id.into(),
        CodebaseKey::Slug(project.id.into(), codebase.slug.clone()),
        CodebaseKey::Slug(project.slug.as_str().into(), codebase.slug.clone()),
    ]
}

/// Keyed by id only.
macro_rules! by_id {
    ($($resource:ident($id:ident);)+) => {$(
        impl Keyed for $resource {
            fn keys(&self, _: &Scene<'_>) -> Vec<Key> {
                vec![Key::$resource(self.id)]
            }
            fn nowhere(_: &Story<'_>) -> Vec<Key> {
                [NO, 0, -1].map(|id| Key::$resource($id(id))).to_vec()
            }
        }
    )+};
}

by_id! {
    Master(MasterId);
    BuildRequest(BuildRequestId);
    Buildset(BuildsetId);
    SourceStamp(SourceStampId);
    Change(ChangeId);
    ChangeSource(ChangeSourceId);
    Branch(BranchId);
    TestResultSet(TestResultSetId);
    TestResult(TestResultId);
    DeadLetter(DeadLetterId);
}

/// Keyed by id and by a name; letter for letter.
macro_rules! by_name {
    ($($resource:ident($id:ident), $name:ident;)+) => {$(
        impl Keyed for $resource {
            fn keys(&self, _: &Scene<'_>) -> Vec<Key> {
                vec![Key::$resource(self.id.into()), Key::$resource(self.$name.as_str().into())]
            }
            fn nowhere(story: &Story<'_>) -> Vec<Key> {
                let first = story.scene.world.all::<$resource>().remove(0);
                let by_name = ["nobody's", "", &first.$name.to_uppercase(), &format!("{}%", &first.$name[..1])]
                    .map(|name| Key::$resource(name.into()));
                let by_id = [NO, 0, -1].map(|id| Key::$resource($id(id).into()));
                by_id.into_iter().chain(by_name).collect()
            }
        }
    )+};
}

by_name! {
    Builder(BuilderId), name;
    Worker(WorkerId), name;
    Scheduler(SchedulerId), name;
    Project(ProjectId), slug;
}

impl Keyed for ListenerStatus {
    fn keys(&self, _: &Scene<'_>) -> Vec<Key> {
        vec![
            Key::Listener(self.id.into()),
            Key::Listener(self.name.as_str().into()),
        ]
    }
    fn nowhere(_: &Story<'_>) -> Vec<Key> {
        let by_name = ["nobody's", "", "MAIL", "m%"].map(|name| Key::Listener(name.into()));
        let by_id = [NO, 0, -1].map(|id| Key::Listener(ListenerId(id).into()));
        by_id.into_iter().chain(by_name).collect()
    }
}

impl Keyed for ForceScheduler {
    fn keys(&self, _: &Scene<'_>) -> Vec<Key> {
        vec![Key::ForceScheduler(self.name.clone())]
    }
    fn nowhere(_: &Story<'_>) -> Vec<Key> {
        // The last one is a scheduler that nobody can force.
        ["nobody's", "FORCE", "nightly"]
            .map(|name| Key::ForceScheduler(name.to_owned()))
            .to_vec()
    }
}

impl Keyed for Build {
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key> {
        build_keys(scene, self.id).into_iter().map(Key::Build).collect()
    }
    fn nowhere(story: &Story<'_>) -> Vec<Key> {
        let linux = story.scene.builder(LINUX);
        let keys = [
            BuildKey::Id(BuildId(NO)),
            BuildKey::Id(BuildId(-1)),
            BuildKey::Number(LINUX.into(), NO),
            BuildKey::Number(LINUX.into(), 0),
            BuildKey::Number(linux.into(), -1),
            BuildKey::Number(BuilderId(NO).into(), 1),
            BuildKey::Number("nobody's".into(), 1),
        ];
        keys.map(Key::Build).to_vec()
    }
}

impl Keyed for Step {
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key> {
        step_keys(scene, self).into_iter().map(Key::Step).collect()
    }
    fn nowhere(story: &Story<'_>) -> Vec<Key> {
        let ended = story.ended;
        let keys = [
            StepKey::Id(StepId(NO)),
            StepKey::Number(ended.into(), NO),
            StepKey::Number(ended.into(), -1),
            StepKey::Number(BuildId(NO).into(), 0),
            StepKey::Name(ended.into(), "nobody's".to_owned()),
            // A step of another build.
            StepKey::Name(ended.into(), "test".to_owned()),
            StepKey::Name(ended.into(), "Compile".to_owned()),
        ];
        keys.map(Key::Step).to_vec()
    }
}

impl Keyed for Log {
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key> {
        log_keys(scene, self).into_iter().map(Key::Log).collect()
    }
    fn nowhere(story: &Story<'_>) -> Vec<Key> {
        let slug = |step, slug: &str| LogKey::Slug(step, slug.to_owned());
        let keys = [
            LogKey::Id(LogId(NO)),
            slug(StepKey::Number(story.ended.into(), NO), "stdio"),
            slug(StepKey::Number(story.ended.into(), 0), "nobodys"),
            slug(StepKey::Number(story.ended.into(), 0), "Stdio"),
            slug(StepKey::Id(StepId(NO)), "stdio"),
        ];
        keys.map(Key::Log).to_vec()
    }
}

impl Keyed for Codebase {
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key> {
        codebase_keys(scene, self)
            .into_iter()
            .map(Key::Codebase)
            .collect()
    }
    fn nowhere(_: &Story<'_>) -> Vec<Key> {
        let slug = |project, slug: &str| CodebaseKey::Slug(project, slug.to_owned());
        let keys = [
            CodebaseKey::Id(CodebaseId(NO)),
            slug("weir".into(), "nobodys"),
            // A codebase of another project.
            slug("docs".into(), "libs"),
            slug("nobodys".into(), "main"),
            slug(ProjectId(NO).into(), "main"),
        ];
        keys.map(Key::Codebase).to_vec()
    }
}

impl Keyed for Commit {
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key> {
        let codebase = codebase_keys(scene, &scene.world.one(self.codebase.0));
        let by_revision = codebase
            .into_iter()
            .map(|codebase| CommitKey::Revision(codebase, self.revision.clone()));
        let keys = std::iter::once(self.id.into()).chain(by_revision);
        keys.map(Key::Commit).collect()
    }
    fn nowhere(story: &Story<'_>) -> Vec<Key> {
        let main = story.scene.codebase("weir", "main");
        let revision = |codebase, revision: &str| CommitKey::Revision(codebase, revision.to_owned());
        let keys = [
            CommitKey::Id(CommitId(NO)),
            revision(main.into(), "f00"),
            // No beginning of a revision stands for it.
            revision(main.into(), "c0ff"),
            // A commit of another codebase.
            revision(CodebaseKey::Slug("docs".into(), "main".to_owned()), "beef"),
            revision(CodebaseId(NO).into(), "c0ffee"),
        ];
        keys.map(Key::Commit).to_vec()
    }
}

impl Keyed for BuildData {
    fn keys(&self, scene: &Scene<'_>) -> Vec<Key> {
        let builds = build_keys(scene, self.build).into_iter();
        builds
            .map(|build| Key::BuildData(build, self.name.clone()))
            .collect()
    }
    fn nowhere(story: &Story<'_>) -> Vec<Key> {
        let data = |build: BuildKey, name: &str| Key::BuildData(build, name.to_owned());
        vec![
            data(story.ended.into(), "nobody's"),
            data(story.ended.into(), "Coverage"),
            data(story.triggered.into(), "coverage"),
            data(BuildId(NO).into(), "coverage"),
            data(BuildKey::Number(LINUX.into(), NO), "coverage"),
        ]
    }
}
