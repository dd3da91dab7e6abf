//! Paths below `/api/v2`: which resource or list each of them names, both ways.

mod parse;
pub(crate) mod routes;
pub(crate) mod table;
mod write;

use weir_status_api::{
    BuildKey, BuilderKey, ChangeId, CodebaseKey, CommitId, Condition, Key, Kind, LogKey, Op, PropertiesOf,
    Value,
};

pub use parse::decode_path;
pub use write::{build_data_path, commit_graph_path, contents_path, key_path, properties_path, search_path};

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The names of the lists at the top.
    Rootlinks,
    /// One resource.
    One(Key),
    /// One resource, if it is within all these scopes.
    OneWithin(Key, Vec<Scope>),
    /// The resources of a kind that are within all these scopes.
    List(Kind, Vec<Scope>),
    /// Lines of a log.
    Contents(LogKey),
    /// The lines of a log in which something is found (Weir's own).
    Search(LogKey),
    /// A whole log as text.
    Raw {
        /// The log.
        log: LogKey,
        /// For the browser to show instead of to save.
        inline: bool,
    },
    /// All properties of something as one object.
    Properties(PropertiesOf),
    /// All properties of something as a list.
    PropertyList(PropertiesOf),
    /// All properties of a change as a list.
    ChangePropertyList(ChangeId),
    /// The value of a piece of data of a build.
    BuildDataValue(BuildKey, String),
    /// How two commits of a codebase are related.
    CommitGraph(CommitRange),
    /// A synthesis display (Weir's own).
    View(ViewName),
    /// All paths and what they give.
    Spec,
}

/// The views that have paths of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewName {
    /// [`ViewQuery::Home`](weir_status_api::ViewQuery::Home).
    Home,
    /// [`ViewQuery::Waterfall`](weir_status_api::ViewQuery::Waterfall).
    Waterfall,
    /// [`ViewQuery::Grid`](weir_status_api::ViewQuery::Grid).
    Grid,
    /// [`ViewQuery::Console`](weir_status_api::ViewQuery::Console).
    Console,
}

impl ViewName {
    /// The last word of its path.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Waterfall => "waterfall",
            Self::Grid => "grid",
            Self::Console => "console",
        }
    }
}

/// Two commits of a codebase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRange {
    /// The codebase.
    pub codebase: CodebaseKey,
    /// One commit.
    pub first: CommitId,
    /// Another.
    pub second: CommitId,
}

/// What the first words of a path restrict a list to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The status API's field is the id of this resource.
    Is(&'static str, Key),
    /// Force schedulers that start this builder.
    Starts(BuilderKey),
    /// Masters that have this builder.
    Has(BuilderKey),
    /// The status API's field is one of the commits from the first to the second, both with them; none if the second
    /// does not follow the first.
    OnTheWay(&'static str, CommitRange),
}

impl Endpoint {
    /// What the path names: words joined by `/`, percent-encoded, without a slash at either end.
    ///
    /// Where Buildbot takes an id or a name, whole numbers are ids.
    pub fn parse(path: &str) -> Option<Self> {
        parse::parse(path)
    }

    /// The lists at the top, by name.
    pub fn root_links() -> impl Iterator<Item = &'static str> {
        table::ROOT
            .iter()
            .filter_map(|route| match (&route.word, route.names) {
                (routes::Word::Fixed(word), Some(routes::Named::List(..))) => Some(*word),
                _ => None,
            })
    }
}

/// The conditions that only the resource with this key meets; for resources that have an id or a name of
/// their own.
pub fn key_conditions(key: &Key) -> Option<Condition> {
    use weir_status_api::{CommitKey, ListenerKey, ProjectKey, SchedulerKey, StepKey, WorkerKey};
    let id = match key {
        Key::Master(id) => id.0,
        Key::Builder(BuilderKey::Id(id)) => id.0,
        Key::Build(BuildKey::Id(id)) => id.0,
        Key::BuildRequest(id) => id.0,
        Key::Buildset(id) => id.0,
        Key::SourceStamp(id) => id.0,
        Key::Change(id) => id.0,
        Key::Step(StepKey::Id(id)) => id.0,
        Key::Log(LogKey::Id(id)) => id.0,
        Key::Worker(WorkerKey::Id(id)) => id.0,
        Key::Scheduler(SchedulerKey::Id(id)) => id.0,
        Key::ChangeSource(id) => id.0,
        Key::Project(ProjectKey::Id(id)) => id.0,
        Key::Codebase(CodebaseKey::Id(id)) => id.0,
        Key::Branch(id) => id.0,
        Key::Commit(CommitKey::Id(id)) => id.0,
        Key::TestResultSet(id) => id.0,
        Key::TestResult(id) => id.0,
        Key::Listener(ListenerKey::Id(id)) => id.0,
        Key::DeadLetter(id) => id.0,
        Key::Builder(BuilderKey::Name(name))
        | Key::Worker(WorkerKey::Name(name))
        | Key::Scheduler(SchedulerKey::Name(name))
        | Key::Listener(ListenerKey::Name(name))
        | Key::ForceScheduler(name) => return Some(equals("name", Value::Text(name.clone()))),
        Key::Project(ProjectKey::Slug(slug)) => return Some(equals("slug", Value::Text(slug.clone()))),
        Key::Build(BuildKey::Number(..))
        | Key::Step(StepKey::Number(..) | StepKey::Name(..))
        | Key::Log(LogKey::Slug(..))
        | Key::Codebase(CodebaseKey::Slug(..))
        | Key::Commit(CommitKey::Revision(..))
        | Key::BuildData(..) => return None,
    };
    Some(equals("id", Value::Int(id)))
}

/// The condition that `field` of the status API is `value`.
pub(crate) fn equals(field: &str, value: Value) -> Condition {
    Condition {
        field: field.to_owned(),
        op: Op::Eq,
        values: vec![value],
    }
}

/// Whether a word of a path is an id.
fn int(word: &str) -> Option<i64> {
    word.parse().ok().filter(|_| !word.starts_with('+'))
}

#[cfg(test)]
mod tests;
