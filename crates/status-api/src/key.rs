//! Keys: how a single resource is named, by id or by its place.

use std::fmt;

use crate::{
    BranchId, BuildId, BuildRequestId, BuilderId, BuildsetId, ChangeId, ChangeSourceId, CodebaseId, CommitId,
    DeadLetterId, Kind, ListenerId, LogId, MasterId, ProjectId, SchedulerId, SourceStampId, StepId,
    TestResultId, TestResultSetId, WorkerId,
};

/// A builder, by id or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BuilderKey {
    /// By its id.
    Id(BuilderId),
    /// By its name.
    Name(String),
}

/// A build, by id or by its number within a builder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BuildKey {
    /// By its id.
    Id(BuildId),
    /// By builder and number (from 1).
    Number(BuilderKey, i64),
}

/// A step, by id or by its place in a build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StepKey {
    /// By its id.
    Id(StepId),
    /// By build and number (from 0).
    Number(BuildKey, i64),
    /// By build and name.
    Name(BuildKey, String),
}

/// A log, by id or by its slug within a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogKey {
    /// By its id.
    Id(LogId),
    /// By step and slug.
    Slug(StepKey, String),
}

/// A worker, by id or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkerKey {
    /// By its id.
    Id(WorkerId),
    /// By its name.
    Name(String),
}

/// A scheduler, by id or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SchedulerKey {
    /// By its id.
    Id(SchedulerId),
    /// By its name.
    Name(String),
}

/// A project, by id or slug.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProjectKey {
    /// By its id.
    Id(ProjectId),
    /// By its slug.
    Slug(String),
}

/// A codebase, by id or by its slug within a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CodebaseKey {
    /// By its id.
    Id(CodebaseId),
    /// By project and slug.
    Slug(ProjectKey, String),
}

/// A commit, by id or by its revision within a codebase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommitKey {
    /// By its id.
    Id(CommitId),
    /// By codebase and revision.
    Revision(CodebaseKey, String),
}

/// A listener, by id or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListenerKey {
    /// By its id.
    Id(ListenerId),
    /// By its name.
    Name(String),
}

/// Whose properties are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PropertiesOf {
    /// A build's: all that are set on it, from every source.
    Build(BuildKey),
    /// A buildset's: those its builds start with.
    Buildset(BuildsetId),
}

/// Names any one resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A master.
    Master(MasterId),
    /// A builder.
    Builder(BuilderKey),
    /// A build.
    Build(BuildKey),
    /// A build request.
    BuildRequest(BuildRequestId),
    /// A buildset.
    Buildset(BuildsetId),
    /// A source stamp.
    SourceStamp(SourceStampId),
    /// A change.
    Change(ChangeId),
    /// A step.
    Step(StepKey),
    /// A log.
    Log(LogKey),
    /// A worker.
    Worker(WorkerKey),
    /// A scheduler.
    Scheduler(SchedulerKey),
    /// A force scheduler, by name.
    ForceScheduler(String),
    /// A change source.
    ChangeSource(ChangeSourceId),
    /// A project.
    Project(ProjectKey),
    /// A codebase.
    Codebase(CodebaseKey),
    /// A branch.
    Branch(BranchId),
    /// A commit.
    Commit(CommitKey),
    /// A piece of data that a build keeps, by build and name.
    BuildData(BuildKey, String),
    /// A set of test results.
    TestResultSet(TestResultSetId),
    /// A test result.
    TestResult(TestResultId),
    /// A listener.
    Listener(ListenerKey),
    /// An event that a listener could not deliver.
    DeadLetter(DeadLetterId),
}

impl Key {
    /// The kind of resource that the key names.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Master(_) => Kind::Master,
            Self::Builder(_) => Kind::Builder,
            Self::Build(_) => Kind::Build,
            Self::BuildRequest(_) => Kind::BuildRequest,
            Self::Buildset(_) => Kind::Buildset,
            Self::SourceStamp(_) => Kind::SourceStamp,
            Self::Change(_) => Kind::Change,
            Self::Step(_) => Kind::Step,
            Self::Log(_) => Kind::Log,
            Self::Worker(_) => Kind::Worker,
            Self::Scheduler(_) => Kind::Scheduler,
            Self::ForceScheduler(_) => Kind::ForceScheduler,
            Self::ChangeSource(_) => Kind::ChangeSource,
            Self::Project(_) => Kind::Project,
            Self::Codebase(_) => Kind::Codebase,
            Self::Branch(_) => Kind::Branch,
            Self::Commit(_) => Kind::Commit,
            Self::BuildData(..) => Kind::BuildData,
            Self::TestResultSet(_) => Kind::TestResultSet,
            Self::TestResult(_) => Kind::TestResult,
            Self::Listener(_) => Kind::Listener,
            Self::DeadLetter(_) => Kind::DeadLetter,
        }
    }
}

macro_rules! show {
    ($($type:ident { $($pattern:pat => $text:expr,)+ })+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $($pattern => f.write_str(&$text),)+ }
            }
        }
    )+};
}

show! {
    BuilderKey { Self::Id(id) => format!("builder {id}"), Self::Name(name) => format!("builder `{name}`"), }
    BuildKey {
        Self::Id(id) => format!("build {id}"),
        Self::Number(builder, number) => format!("build number {number} of {builder}"),
    }
    StepKey {
        Self::Id(id) => format!("step {id}"),
        Self::Number(build, number) => format!("step number {number} of {build}"),
        Self::Name(build, name) => format!("step `{name}` of {build}"),
    }
    LogKey { Self::Id(id) => format!("log {id}"), Self::Slug(step, slug) => format!("log `{slug}` of {step}"), }
    WorkerKey { Self::Id(id) => format!("worker {id}"), Self::Name(name) => format!("worker `{name}`"), }
    SchedulerKey { Self::Id(id) => format!("scheduler {id}"), Self::Name(name) => format!("scheduler `{name}`"), }
    ProjectKey { Self::Id(id) => format!("project {id}"), Self::Slug(slug) => format!("project `{slug}`"), }
    CodebaseKey {
        Self::Id(id) => format!("codebase {id}"),
        Self::Slug(project, slug) => format!("codebase `{slug}` of {project}"),
    }
    CommitKey {
        Self::Id(id) => format!("commit {id}"),
        Self::Revision(codebase, revision) => format!("commit `{revision}` of {codebase}"),
    }
    ListenerKey { Self::Id(id) => format!("listener {id}"), Self::Name(name) => format!("listener `{name}`"), }
    PropertiesOf { Self::Build(build) => build.to_string(), Self::Buildset(id) => format!("buildset {id}"), }
    Key {
        Self::Master(id) => format!("master {id}"),
        Self::Builder(key) => key.to_string(),
        Self::Build(key) => key.to_string(),
        Self::BuildRequest(id) => format!("build request {id}"),
        Self::Buildset(id) => format!("buildset {id}"),
        Self::SourceStamp(id) => format!("source stamp {id}"),
        Self::Change(id) => format!("change {id}"),
        Self::Step(key) => key.to_string(),
        Self::Log(key) => key.to_string(),
        Self::Worker(key) => key.to_string(),
        Self::Scheduler(key) => key.to_string(),
        Self::ForceScheduler(name) => format!("force scheduler `{name}`"),
        Self::ChangeSource(id) => format!("change source {id}"),
        Self::Project(key) => key.to_string(),
        Self::Codebase(key) => key.to_string(),
        Self::Branch(id) => format!("branch {id}"),
        Self::Commit(key) => key.to_string(),
        Self::BuildData(build, name) => format!("data `{name}` of {build}"),
        Self::TestResultSet(id) => format!("test result set {id}"),
        Self::TestResult(id) => format!("test result {id}"),
        Self::Listener(key) => key.to_string(),
        Self::DeadLetter(id) => format!("dead letter {id}"),
    }
}

macro_rules! keys {
    ($($from:ty => $to:ident, |$value:ident| $key:expr;)+) => {$(
        impl From<$from> for $to { fn from($value: $from) -> Self { $key } }
    )+};
}

keys! {
    BuilderId => BuilderKey, |id| Self::Id(id);
    &str => BuilderKey, |name| Self::Name(name.to_owned());
    BuildId => BuildKey, |id| Self::Id(id);
    StepId => StepKey, |id| Self::Id(id);
    LogId => LogKey, |id| Self::Id(id);
    WorkerId => WorkerKey, |id| Self::Id(id);
    &str => WorkerKey, |name| Self::Name(name.to_owned());
    SchedulerId => SchedulerKey, |id| Self::Id(id);
    ProjectId => ProjectKey, |id| Self::Id(id);
    &str => ProjectKey, |slug| Self::Slug(slug.to_owned());
    CodebaseId => CodebaseKey, |id| Self::Id(id);
    CommitId => CommitKey, |id| Self::Id(id);
    &str => SchedulerKey, |name| Self::Name(name.to_owned());
    ListenerId => ListenerKey, |id| Self::Id(id);
    &str => ListenerKey, |name| Self::Name(name.to_owned());
}
