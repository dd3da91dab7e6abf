//! Properties: plain data, as JSON.

use std::cell::Cell;

use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::{UnpackValue, Value};

use super::{Reading, dict, items, list, name, plain, string, template, unexpected, wrong};
use crate::model::{Env, PropertyValue, PropertyValues};
use crate::object::{Item, Object};

/// How deep lists and dicts may nest in a property.
const MAX_DEPTH: usize = 32;

/// How many values one argument's properties may hold; Starlark's lists can hold themselves.
const MAX_VALUES: usize = 10_000;

/// Property values by name.
pub(crate) fn properties(value: Value<'_>) -> Reading<PropertyValues> {
    dict(property_name, json)(value)
}

/// Property values by name, and beside them those that are found when a build starts.
pub(crate) fn late_properties(value: Value<'_>) -> Reading<(PropertyValues, Env)> {
    let mut now = PropertyValues::new();
    let mut late = Env::new();
    for (name, value) in dict(property_name, property_value)(value)? {
        match value {
            PropertyValue::Data(value) => drop(now.insert(name, value)),
            PropertyValue::Text(text) => drop(late.insert(name, text)),
        }
    }
    Ok((now, late))
}

/// A property's value: a text that is completed when a build runs, or plain data.
pub(crate) fn property_value(value: Value<'_>) -> Reading<PropertyValue> {
    match Object::from_value(value) {
        Some(Object(Item::Text(text))) if text.has_secret() => wrong(
            "must not hold a secret: properties are stored and shown",
            Some("use secret(…) in the command or env that needs it"),
        ),
        Some(Object(Item::Text(_) | Item::Function(_))) => template(value).map(PropertyValue::Text),
        _ => json(value).map(PropertyValue::Data),
    }
}

/// As [`property_value`], for what is not stored, so that it may hold secrets.
pub(crate) fn value_or_template(value: Value<'_>) -> Reading<PropertyValue> {
    match Object::from_value(value) {
        Some(Object(Item::Text(_) | Item::Function(_))) => template(value).map(PropertyValue::Text),
        _ => json(value).map(PropertyValue::Data),
    }
}

/// The name of a property.
pub(crate) fn property_name(value: Value<'_>) -> Reading<String> {
    let name = name(256)(value)?;
    if name.contains([':', '(', ')']) {
        return wrong("must have no ':' and no parenthesis in its name", None);
    }
    Ok(name)
}

/// Plain data, as JSON.
pub(crate) fn json(value: Value<'_>) -> Reading<serde_json::Value> {
    json_within(value, 0, &Cell::new(Some(MAX_VALUES)))
}

/// `left` is how many more values there may be; none if there were too many, which is told once.
fn json_within(value: Value<'_>, depth: usize, left: &Cell<Option<usize>>) -> Reading<serde_json::Value> {
    let Some(values) = left.get() else {
        return Err(vec![]);
    };
    left.set(values.checked_sub(1).filter(|_| depth <= MAX_DEPTH));
    if left.get().is_none() {
        let message = format!("has more than {MAX_VALUES} values, or more than {MAX_DEPTH} in each other");
        return wrong(message, None);
    }
    let inner = |it| json_within(it, depth + 1, left);
    if items(value).is_some() {
        Ok(list(inner, "plain values")(value)?.into())
    } else if DictRef::from_value(value).is_some() {
        let items = dict(string, inner)(value)?;
        Ok(serde_json::Value::Object(items.into_iter().collect()))
    } else {
        json_scalar(value)
    }
}

fn json_scalar(value: Value<'_>) -> Reading<serde_json::Value> {
    if value.is_none() {
        Ok(serde_json::Value::Null)
    } else if let Some(it) = value.unpack_bool() {
        Ok(it.into())
    } else if let Some(it) = value.unpack_str() {
        Ok(plain(it)?.into())
    } else if let Ok(Some(it)) = i64::unpack_value(value) {
        Ok(it.into())
    } else if let Some(UnpackFloat(it)) = UnpackFloat::unpack_value_opt(value) {
        let number = serde_json::Number::from_f64(it);
        number.map_or_else(|| wrong("must be a finite number", None), |it| Ok(it.into()))
    } else {
        let expected = "plain data (a string, number, True, False, None, list or dict)";
        unexpected(value, expected, None)
    }
}
