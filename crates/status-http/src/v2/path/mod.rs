//! Paths below `/api/v2`: which resource or list each of them names, both ways.

mod parse;
mod write;

use weir_status_api::{BuilderKey, ChangeId, Condition, Key, Kind, LogKey, Op, PropertiesOf, Value};

pub use parse::decode_path;
pub use write::{contents_path, key_path, properties_path};

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
    /// A list of something that Buildbot has and Weir has none of; its name.
    Nothing(&'static str),
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
}

impl Endpoint {
    /// What the path names: words joined by `/`, percent-encoded, without a slash at either end.
    ///
    /// Where Buildbot takes an id or a name, whole numbers are ids.
    pub fn parse(path: &str) -> Option<Self> {
        parse::parse(path)
    }

    /// The lists at the top, in the order in which Buildbot's root links name them.
    pub const ROOT: [&'static str; 12] = [
        "builders",
        "buildrequests",
        "builds",
        "buildsets",
        "changes",
        "forceschedulers",
        "logs",
        "masters",
        "schedulers",
        "sourcestamps",
        "steps",
        "workers",
    ];
}

/// The conditions that only the resource with this key meets; for resources that have an id or a name of
/// their own.
pub fn key_conditions(key: &Key) -> Option<Condition> {
    use weir_status_api::{BuildKey, LogKey, SchedulerKey, StepKey, WorkerKey};
    let by_id = |id: i64| ("id", Value::Int(id));
    let (field, value) = match key {
        Key::Master(id) => by_id(id.0),
        Key::Builder(BuilderKey::Id(id)) => by_id(id.0),
        Key::Build(BuildKey::Id(id)) => by_id(id.0),
        Key::BuildRequest(id) => by_id(id.0),
        Key::Buildset(id) => by_id(id.0),
        Key::SourceStamp(id) => by_id(id.0),
        Key::Change(id) => by_id(id.0),
        Key::Step(StepKey::Id(id)) => by_id(id.0),
        Key::Log(LogKey::Id(id)) => by_id(id.0),
        Key::Worker(WorkerKey::Id(id)) => by_id(id.0),
        Key::Scheduler(SchedulerKey::Id(id)) => by_id(id.0),
        Key::Builder(BuilderKey::Name(name))
        | Key::Worker(WorkerKey::Name(name))
        | Key::Scheduler(SchedulerKey::Name(name))
        | Key::ForceScheduler(name) => ("name", Value::Text(name.clone())),
        Key::Build(BuildKey::Number(..))
        | Key::Step(StepKey::Number(..) | StepKey::Name(..))
        | Key::Log(LogKey::Slug(..)) => return None,
    };
    Some(Condition {
        field: field.to_owned(),
        op: Op::Eq,
        values: vec![value],
    })
}

/// Whether a word of a path is an id.
fn int(word: &str) -> Option<i64> {
    word.parse().ok().filter(|_| !word.starts_with('+'))
}

#[cfg(test)]
mod tests;
