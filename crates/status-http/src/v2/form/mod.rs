//! Resources as JSON objects, both ways.

mod build;
mod force;
mod listener;
mod machine;
mod object;
mod outcome;
mod project;
mod search;
mod setup;
mod source;
mod view;

use serde_json::{Map, Value};
use weir_status_api::{ControlRecord, Entity, Kind, Properties, Property};

pub(crate) use build::TIMES;
pub(crate) use force::{SOURCE_FIELDS, source_field};
pub(crate) use object::Fields;
pub(crate) use object::MICROS;
pub use object::Object;
pub use setup::{master_within, put_master};
pub(crate) use view::view_fields;
pub use view::{common_commit, view_from_json, view_object};

/// Why a JSON value is not the resource it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` of a {kind} is not {expected}")]
pub struct FormError {
    /// The resource, as Buildbot calls it.
    pub kind: &'static str,
    /// The field.
    pub field: String,
    /// What it should be.
    pub expected: &'static str,
}

/// A resource that has a JSON form.
pub trait Form: Sized {
    /// It as Buildbot's JSON object, with Weir's extensions.
    fn object(&self) -> Object<'_>;

    /// The same as a value.
    fn to_json(&self) -> Value {
        value_of(&self.object())
    }

    /// What the object says.
    ///
    /// # Errors
    /// [`FormError`] if a field is missing or not of its type.
    fn from_json(value: &Value) -> Result<Self, FormError>;
}

/// The key under which an answer carries resources of `kind`; also the first word of the paths of their lists.
pub const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Master => "masters",
        Kind::Builder => "builders",
        Kind::Build => "builds",
        Kind::BuildRequest => "buildrequests",
        Kind::Buildset => "buildsets",
        Kind::SourceStamp => "sourcestamps",
        Kind::Change => "changes",
        Kind::Step => "steps",
        Kind::Log => "logs",
        Kind::Worker => "workers",
        Kind::Scheduler => "schedulers",
        Kind::ForceScheduler => "forceschedulers",
        Kind::ChangeSource => "changesources",
        Kind::Project => "projects",
        Kind::Codebase => "codebases",
        Kind::Branch => "branches",
        Kind::Commit => "commits",
        Kind::BuildData => "build_data",
        Kind::TestResultSet => "test_result_sets",
        Kind::TestResult => "test_results",
        Kind::Listener => "listeners",
        Kind::DeadLetter => "dead_letters",
    }
}

/// The resource as Buildbot's JSON, as in an answer and in an event's message.
///
/// The `master` of a scheduler or change source holds its `masterid` only; a gateway fills in the rest.
pub fn object(entity: &Entity) -> Object<'_> {
    match entity {
        Entity::Master(it) => it.object(),
        Entity::Builder(it) => it.object(),
        Entity::Build(it) => it.object(),
        Entity::BuildRequest(it) => it.object(),
        Entity::Buildset(it) => it.object(),
        Entity::SourceStamp(it) => it.object(),
        Entity::Change(it) => it.object(),
        Entity::Step(it) => it.object(),
        Entity::Log(it) => it.object(),
        Entity::Worker(it) => it.object(),
        Entity::Scheduler(it) => it.object(),
        Entity::ForceScheduler(it) => it.object(),
        Entity::ChangeSource(it) => it.object(),
        Entity::Project(it) => it.object(),
        Entity::Codebase(it) => it.object(),
        Entity::Branch(it) => it.object(),
        Entity::Commit(it) => it.object(),
        Entity::BuildData(it) => it.object(),
        Entity::TestResultSet(it) => it.object(),
        Entity::TestResult(it) => it.object(),
        Entity::Listener(it) => it.object(),
        Entity::DeadLetter(it) => it.object(),
        Entity::Properties(it) => properties_object(&it.changed),
        Entity::Control(it) => control_object(it),
    }
}

/// The same as a value.
pub fn to_json(entity: &Entity) -> Value {
    value_of(&object(entity))
}

/// The object as a value. It has only names that are texts, so that it always can be one.
pub(crate) fn value_of(object: &Object<'_>) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// The resource of `kind` that `value` describes.
///
/// # Errors
/// [`FormError`] if a field is missing or not of its type.
pub fn from_json(kind: Kind, value: &Value) -> Result<Entity, FormError> {
    fn read<T: Form + Into<Entity>>(value: &Value) -> Result<Entity, FormError> {
        T::from_json(value).map(Into::into)
    }
    use weir_status_api as api;
    match kind {
        Kind::Master => read::<api::Master>(value),
        Kind::Builder => read::<api::Builder>(value),
        Kind::Build => read::<api::Build>(value),
        Kind::BuildRequest => read::<api::BuildRequest>(value),
        Kind::Buildset => read::<api::Buildset>(value),
        Kind::SourceStamp => read::<api::SourceStamp>(value),
        Kind::Change => read::<api::Change>(value),
        Kind::Step => read::<api::Step>(value),
        Kind::Log => read::<api::Log>(value),
        Kind::Worker => read::<api::Worker>(value),
        Kind::Scheduler => read::<api::Scheduler>(value),
        Kind::ForceScheduler => read::<api::ForceScheduler>(value),
        Kind::ChangeSource => read::<api::ChangeSource>(value),
        Kind::Project => read::<api::Project>(value),
        Kind::Codebase => read::<api::Codebase>(value),
        Kind::Branch => read::<api::Branch>(value),
        Kind::Commit => read::<api::Commit>(value),
        Kind::BuildData => read::<api::BuildData>(value),
        Kind::TestResultSet => read::<api::TestResultSet>(value),
        Kind::TestResult => read::<api::TestResult>(value),
        Kind::Listener => read::<api::ListenerStatus>(value),
        Kind::DeadLetter => read::<api::DeadLetter>(value),
    }
}

/// Properties as `{name: [value, source]}`.
pub fn properties_object(properties: &Properties) -> Object<'_> {
    let all = properties.iter();
    all.fold(Object::new(), |object, (name, it)| object.set(name, it))
}

/// The same as a value.
pub fn properties_to_json(properties: &Properties) -> Value {
    value_of(&properties_object(properties))
}

/// The properties in `{name: [value, source]}`; none in null.
///
/// # Errors
/// [`FormError`] if it is something else.
pub fn properties_from_json(value: &Value) -> Result<Properties, FormError> {
    let empty = Map::new();
    let object = match value {
        Value::Null => &empty,
        Value::Object(object) => object,
        _ => return Err(bad_property("properties")),
    };
    let pairs = object
        .iter()
        .map(|(name, pair)| match pair.as_array().map(Vec::as_slice) {
            Some([value, Value::String(source)]) => Ok((name.clone(), Property::new(value.clone(), source))),
            _ => Err(bad_property(name)),
        });
    pairs.collect()
}

fn bad_property(field: &str) -> FormError {
    FormError {
        kind: "properties",
        field: field.to_owned(),
        expected: "a list of a value and its source",
    }
}

fn control_object(record: &ControlRecord) -> Object<'_> {
    Object::new()
        .set("caller", &record.caller)
        .set("reason", record.reason.as_ref())
        .done()
}
