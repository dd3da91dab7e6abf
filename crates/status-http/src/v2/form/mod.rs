//! Resources as JSON objects, both ways.

mod build;
mod force;
mod machine;
mod object;
mod setup;
mod source;

use serde_json::{Map, Value, json};
use weir_status_api::{ControlRecord, Entity, Kind, Properties, Property};

pub(crate) use force::{SOURCE_FIELDS, source_field};
pub(crate) use object::MICROS;
use object::{Fields, Object};
pub use setup::put_master;

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
    fn to_json(&self) -> Value;

    /// What the object says.
    ///
    /// # Errors
    /// [`FormError`] if a field is missing or not of its type.
    fn from_json(value: &Value) -> Result<Self, FormError>;
}

/// The key under which an answer carries resources of `kind`; also the first word of their paths.
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
    }
}

/// The resource as Buildbot's JSON, as in an answer and in an event's message.
///
/// A scheduler's `master` holds its `masterid` only; a gateway fills in the rest.
pub fn to_json(entity: &Entity) -> Value {
    match entity {
        Entity::Master(it) => it.to_json(),
        Entity::Builder(it) => it.to_json(),
        Entity::Build(it) => it.to_json(),
        Entity::BuildRequest(it) => it.to_json(),
        Entity::Buildset(it) => it.to_json(),
        Entity::SourceStamp(it) => it.to_json(),
        Entity::Change(it) => it.to_json(),
        Entity::Step(it) => it.to_json(),
        Entity::Log(it) => it.to_json(),
        Entity::Worker(it) => it.to_json(),
        Entity::Scheduler(it) => it.to_json(),
        Entity::ForceScheduler(it) => it.to_json(),
        Entity::Properties(it) => properties_to_json(&it.changed),
        Entity::Control(it) => control_to_json(it),
    }
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
    }
}

/// Properties as `{name: [value, source]}`.
pub fn properties_to_json(properties: &Properties) -> Value {
    let pairs = properties
        .iter()
        .map(|(name, it)| (name.clone(), json!([it.value, it.source])));
    Value::Object(pairs.collect())
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

fn control_to_json(record: &ControlRecord) -> Value {
    json!({"reason": record.reason, "caller": record.caller})
}
