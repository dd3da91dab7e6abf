//! From a key to its path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weir_status_api::{
    BuildKey, BuilderKey, CodebaseId, CodebaseKey, CommitGraphQuery, CommitKey, Key, ListenerKey, LogKey,
    ProjectKey, PropertiesOf, SchedulerKey, StepKey, WorkerKey,
};

use super::int;

const IN_A_WORD: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The path of the resource; none if it cannot have one: a name in it is a number, empty, or dots; or Buildbot takes
/// an id only there.
pub fn key_path(key: &Key) -> Option<String> {
    match key {
        Key::Master(id) => Some(format!("masters/{id}")),
        Key::Builder(key) => builder(key),
        Key::Build(key) => build(key),
        Key::BuildRequest(id) => Some(format!("buildrequests/{id}")),
        Key::Buildset(id) => Some(format!("buildsets/{id}")),
        Key::SourceStamp(id) => Some(format!("sourcestamps/{id}")),
        Key::Change(id) => Some(format!("changes/{id}")),
        Key::Step(key) => step(key),
        Key::Log(key) => log(key),
        Key::Worker(WorkerKey::Id(id)) => Some(format!("workers/{id}")),
        Key::Worker(WorkerKey::Name(name)) => below("workers", name),
        Key::Scheduler(SchedulerKey::Id(id)) => Some(format!("schedulers/{id}")),
        Key::Scheduler(SchedulerKey::Name(name)) => below("schedulers", name),
        // Force schedulers have no ids, so that a number is a name too.
        Key::ForceScheduler(name) => Some(format!("forceschedulers/{}", word(name)?)),
        Key::ChangeSource(id) => Some(format!("changesources/{id}")),
        Key::Project(ProjectKey::Id(id)) => Some(format!("projects/{id}")),
        Key::Project(ProjectKey::Slug(slug)) => below("projects", slug),
        Key::Codebase(key) => codebase(key),
        Key::Branch(id) => Some(format!("branches/{id}")),
        Key::Commit(CommitKey::Id(id)) => Some(format!("commits/{id}")),
        Key::Commit(CommitKey::Revision(CodebaseKey::Id(id), revision)) => {
            Some(format!("codebases/{id}/commits_by_revision/{}", word(revision)?))
        }
        Key::Commit(CommitKey::Revision(CodebaseKey::Slug(..), _)) => None,
        Key::BuildData(key, name) => Some(format!("{}/data/{}", build(key)?, word(name)?)),
        Key::TestResultSet(id) => Some(format!("test_result_sets/{id}")),
        Key::TestResult(id) => Some(format!("test_results/{id}")),
        Key::Listener(ListenerKey::Id(id)) => Some(format!("listeners/{id}")),
        Key::Listener(ListenerKey::Name(name)) => below("listeners", name),
        Key::DeadLetter(id) => Some(format!("dead_letters/{id}")),
    }
}

/// The path of the value of a build's data; see [`key_path`].
pub fn build_data_path(key: &BuildKey, name: &str) -> Option<String> {
    Some(format!("{}/data/{}/value", build(key)?, word(name)?))
}

/// The path at which two commits of a codebase are compared.
pub fn commit_graph_path(codebase: CodebaseId, query: CommitGraphQuery) -> String {
    let CommitGraphQuery { first, second } = query;
    format!("codebases/{codebase}/commit_range/{first}/{second}/commits_common_parent")
}

/// Buildbot finds a codebase by its slug below the id of its project only.
fn codebase(key: &CodebaseKey) -> Option<String> {
    match key {
        CodebaseKey::Id(id) => Some(format!("codebases/{id}")),
        CodebaseKey::Slug(ProjectKey::Id(id), slug) => {
            Some(format!("projects/{id}/codebases/{}", word(slug)?))
        }
        CodebaseKey::Slug(ProjectKey::Slug(_), _) => None,
    }
}

/// The path of a log's contents; see [`key_path`].
pub fn contents_path(key: &LogKey) -> Option<String> {
    Some(format!("{}/contents", log(key)?))
}

/// The path at which a log is searched; see [`key_path`].
pub fn search_path(key: &LogKey) -> Option<String> {
    Some(format!("{}/search", log(key)?))
}

/// The path of properties; see [`key_path`].
pub fn properties_path(of: &PropertiesOf) -> Option<String> {
    match of {
        PropertiesOf::Build(key) => Some(format!("{}/properties", build(key)?)),
        PropertiesOf::Buildset(id) => Some(format!("buildsets/{id}/properties")),
    }
}

fn word(name: &str) -> Option<String> {
    // A URL drops `.` and `..`, encoded or not.
    if matches!(name, "" | "." | "..") {
        return None;
    }
    Some(utf8_percent_encode(name, IN_A_WORD).to_string())
}

fn below(parent: &str, name: &str) -> Option<String> {
    match int(name) {
        Some(_) => None,
        None => Some(format!("{parent}/{}", word(name)?)),
    }
}

fn builder(key: &BuilderKey) -> Option<String> {
    match key {
        BuilderKey::Id(id) => Some(format!("builders/{id}")),
        BuilderKey::Name(name) => below("builders", name),
    }
}

fn build(key: &BuildKey) -> Option<String> {
    match key {
        BuildKey::Id(id) => Some(format!("builds/{id}")),
        BuildKey::Number(key, number) => Some(format!("{}/builds/{number}", builder(key)?)),
    }
}

fn step(key: &StepKey) -> Option<String> {
    match key {
        StepKey::Id(id) => Some(format!("steps/{id}")),
        StepKey::Number(key, number) => Some(format!("{}/steps/{number}", build(key)?)),
        StepKey::Name(key, name) => below(&format!("{}/steps", build(key)?), name),
    }
}

fn log(key: &LogKey) -> Option<String> {
    match key {
        LogKey::Id(id) => Some(format!("logs/{id}")),
        LogKey::Slug(key, slug) => Some(format!("{}/logs/{}", step(key)?, word(slug)?)),
    }
}
