//! From what a person asks of a force scheduler to a buildset.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_status_api::{
    Builder, BuilderId, BuilderKey, Caller, ForceField, ForceFieldKind, ForceParams, ForceScheduler, Key,
    Properties, Property,
};

use crate::error::{Error, Result};
use crate::store::Store;
use crate::transition::{BuildsetSource, ForceKey, NewBuildset, NewSourceStamp};

/// The source of what a person sets, Buildbot's.
const FORM: &str = "Force Build Form";

/// What is wrong, by field.
type Wrong = BTreeMap<String, String>;

/// How many bytes an idempotency key can have.
const MAX_KEY: usize = 200;

/// Which wish it is, if the caller's program says so.
pub(super) fn key(caller: &Caller, scheduler: &str, key: Option<String>) -> Result<Option<ForceKey>> {
    match key {
        Some(key) if key.is_empty() || key.len() > MAX_KEY => {
            let why = format!("must have 1 to {MAX_KEY} bytes");
            Err(Error::InvalidInput {
                fields: BTreeMap::from([("idempotency_key".to_owned(), why)]),
            })
        }
        key => Ok(key.map(|key| ForceKey {
            caller: caller.name().to_owned(),
            scheduler: scheduler.to_owned(),
            key,
        })),
    }
}

/// The buildset that `params` ask of `scheduler`.
pub(super) async fn buildset(
    store: &Store,
    caller: &Caller,
    scheduler: ForceScheduler,
    params: ForceParams,
) -> Result<NewBuildset> {
    if !scheduler.enabled {
        return Err(Error::conflict(format_args!(
            "force scheduler `{}` is disabled",
            scheduler.name
        )));
    }
    let mut wrong = Wrong::new();
    let builders = builders(store, &scheduler, &params.builders, &mut wrong).await?;
    let mut properties = scheduler.properties.clone();
    properties.extend(field_properties(&scheduler.fields, params.values, &mut wrong));
    if !wrong.is_empty() {
        return Err(Error::InvalidInput { fields: wrong });
    }
    let defaults = scheduler.defaults;
    let reason = given(params.reason).unwrap_or(defaults.reason);
    for (name, value, source) in [
        ("owner", caller.name(), FORM),
        ("reason", reason.as_str(), FORM),
        ("scheduler", scheduler.name.as_str(), "Scheduler"),
    ] {
        properties.insert(name.to_owned(), Property::new(value, source));
    }
    Ok(NewBuildset {
        reason: format!("A build was forced by '{}': {reason}", caller.name()),
        external_id: None,
        sources: vec![BuildsetSource::New(NewSourceStamp {
            revision: given(params.revision),
            branch: given(params.branch).or(defaults.branch),
            repository: given(params.repository).unwrap_or(defaults.repository),
            project: given(params.project).unwrap_or(defaults.project),
            codebase: defaults.codebase,
        })],
        changes: vec![],
        builders,
        properties,
        priority: params.priority.unwrap_or(0),
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    })
}

/// A form sends empty text for what a person left out.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

async fn builders(
    store: &Store,
    scheduler: &ForceScheduler,
    asked: &[String],
    wrong: &mut Wrong,
) -> Result<Vec<BuilderId>> {
    let names = match (asked, scheduler.builder_names.as_slice()) {
        ([], [only]) => std::slice::from_ref(only),
        ([], several) => {
            let why = format!("choose one or more of {}", several.join(", "));
            wrong.insert("builders".to_owned(), why);
            return Ok(vec![]);
        }
        (asked, _) => asked,
    };
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let builder = if scheduler.builder_names.contains(name) {
            store
                .one::<Builder>(Key::Builder(BuilderKey::Name(name.clone())))
                .await
        } else {
            Err(Error::not_found(name))
        };
        match builder {
            Ok(builder) if !builder.masters.is_empty() => ids.push(builder.id),
            Ok(_) | Err(Error::NotFound { .. }) => {
                let why = format!("`{}` has no builder `{name}`", scheduler.name);
                wrong.insert("builders".to_owned(), why);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ids)
}

fn field_properties(
    fields: &[ForceField],
    mut values: BTreeMap<String, Value>,
    wrong: &mut Wrong,
) -> Properties {
    let mut properties = Properties::new();
    for field in fields {
        let value = values.remove(&field.name).filter(|value| !is_empty(value));
        match value.map_or_else(|| default(field), |value| fit(&field.kind, value)) {
            Ok(value) => {
                properties.insert(field.name.clone(), Property::new(value, FORM));
            }
            Err(why) => {
                wrong.insert(field.name.clone(), why);
            }
        }
    }
    for name in values.into_keys() {
        wrong.insert(name, "there is no such field".to_owned());
    }
    properties
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn default(field: &ForceField) -> Result<Value, String> {
    if field.required && is_empty(&field.default) {
        return Err("is required".to_owned());
    }
    Ok(field.default.clone())
}

/// The value as its kind has it, or what is wrong with it.
fn fit(kind: &ForceFieldKind, value: Value) -> Result<Value, String> {
    match (kind, value) {
        (ForceFieldKind::Text, value @ Value::String(_)) => Ok(value),
        (ForceFieldKind::Text, value) => Err(format!("must be text, not {value}")),
        (ForceFieldKind::Int, Value::Number(number)) if number.is_i64() => Ok(number.into()),
        // A form sends numbers as text.
        (ForceFieldKind::Int, Value::String(text)) => text
            .trim()
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| format!("must be a whole number, not `{text}`")),
        (ForceFieldKind::Int, value) => Err(format!("must be a whole number, not {value}")),
        (ForceFieldKind::Bool, value @ Value::Bool(_)) => Ok(value),
        (ForceFieldKind::Bool, value) => Err(format!("must be true or false, not {value}")),
        (ForceFieldKind::Choice(choices), Value::String(text)) if choices.contains(&text) => {
            Ok(Value::String(text))
        }
        (ForceFieldKind::Choice(choices), value) => {
            Err(format!("must be one of {}, not {value}", choices.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, kind: ForceFieldKind, default: Value, required: bool) -> ForceField {
        ForceField {
            name: name.to_owned(),
            label: name.to_owned(),
            kind,
            default,
            required,
        }
    }

    #[test]
    fn every_wrong_field_is_told_of() {
        let fields = [
            field("target", ForceFieldKind::Text, json!(""), true),
            field("jobs", ForceFieldKind::Int, json!(4), false),
            field("clean", ForceFieldKind::Bool, json!(false), false),
            field(
                "mode",
                ForceFieldKind::Choice(vec!["debug".into(), "release".into()]),
                json!("debug"),
                true,
            ),
        ];
        let values = [
            ("jobs", json!("many")),
            ("clean", json!("yes")),
            ("mode", json!("fast")),
            ("colour", json!("red")),
        ];
        let mut wrong = Wrong::new();
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        assert!(field_properties(&fields, values, &mut wrong).is_empty());
        assert_eq!(
            wrong.into_iter().collect::<Vec<_>>(),
            [
                ("clean", "must be true or false, not \"yes\""),
                ("colour", "there is no such field"),
                ("jobs", "must be a whole number, not `many`"),
                ("mode", "must be one of debug, release, not \"fast\""),
                ("target", "is required"),
            ]
            .map(|(name, why)| (name.to_owned(), why.to_owned()))
        );
    }

    #[test]
    fn what_is_left_out_takes_the_default_and_numbers_may_be_text() {
        let fields = [
            field("target", ForceFieldKind::Text, json!("all"), true),
            field("jobs", ForceFieldKind::Int, json!(4), false),
        ];
        let values = BTreeMap::from([
            ("target".to_owned(), json!(" ")),
            ("jobs".to_owned(), json!(" 8 ")),
        ]);
        let mut wrong = Wrong::new();
        let properties = field_properties(&fields, values, &mut wrong);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(properties["target"], Property::new("all", FORM));
        assert_eq!(properties["jobs"], Property::new(8, FORM));
    }
}
