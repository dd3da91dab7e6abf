//! The values of filters as text, both ways.

use weir_status_api::{Error, FieldType, Op, Result, Timestamp, Value};

use crate::v2::columns::Unit;

/// The value that `text` is for a field of that type.
pub(super) fn parse(name: &str, field_type: FieldType, unit: Unit, text: &str) -> Result<Value> {
    match (field_type, unit) {
        (FieldType::Text | FieldType::TextList, _) => Ok(Value::Text(text.to_owned())),
        (FieldType::Int, _) => int(name, text).map(Value::Int),
        (FieldType::Bool, _) => flag(name, text).map(Value::Bool),
        (FieldType::Time, Unit::Seconds) => seconds(name, text).map(Value::Time),
        (FieldType::Time, Unit::Micros) => micros(name, text).map(Value::Time),
    }
}

fn bad(name: &str, text: &str, expected: &str) -> Error {
    Error::invalid(
        name,
        format!("invalid filter value `{text}`: {expected} is expected"),
    )
}

pub(super) fn int(name: &str, text: &str) -> Result<i64> {
    text.parse().map_err(|_| bad(name, text, "a whole number"))
}

pub(super) fn flag(name: &str, text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(bad(name, text, "true or false")),
    }
}

pub(super) fn seconds(name: &str, text: &str) -> Result<Timestamp> {
    let seconds = text
        .parse()
        .map_err(|_| bad(name, text, "a time in whole seconds"))?;
    Ok(Timestamp::from_secs(seconds))
}

pub(super) fn micros(name: &str, text: &str) -> Result<Timestamp> {
    let micros = text
        .parse()
        .map_err(|_| bad(name, text, "a time in microseconds"))?;
    Ok(Timestamp(micros))
}

/// A value as text. Times are microseconds unless they and `op` are the same in seconds.
pub(super) fn write(value: &Value, op: Op) -> (String, Unit) {
    match value {
        Value::Int(number) => (number.to_string(), Unit::Seconds),
        Value::Text(text) => (text.clone(), Unit::Seconds),
        Value::Bool(flag) => (flag.to_string(), Unit::Seconds),
        Value::Time(time) if whole_seconds(*time) && matches!(op, Op::Lt | Op::Ge) => {
            (time.as_secs().to_string(), Unit::Seconds)
        }
        Value::Time(time) => (time.as_micros().to_string(), Unit::Micros),
    }
}

fn whole_seconds(time: Timestamp) -> bool {
    time.as_micros().rem_euclid(1_000_000) == 0
}

/// What a comparison with whole seconds means for times in microseconds. A moment counts as its second, as
/// the answer shows it: `at__gt=5` is from second 6 on, `at=5` all of second 5.
pub(super) fn widen(name: &str, op: Op, values: &[Value]) -> Result<Vec<(Op, Value)>> {
    let [Value::Time(time)] = values else {
        return Err(Error::invalid(
            name,
            "takes one time in whole seconds; several, or `ne`, only in microseconds (`_us`)",
        ));
    };
    let next = Value::Time(Timestamp::from_secs(time.as_secs().saturating_add(1)));
    let this = Value::Time(*time);
    match op {
        Op::Lt | Op::Ge => Ok(vec![(op, this)]),
        Op::Le => Ok(vec![(Op::Lt, next)]),
        Op::Gt => Ok(vec![(Op::Ge, next)]),
        Op::Eq => Ok(vec![(Op::Ge, this), (Op::Lt, next)]),
        Op::Ne | Op::Contains => Err(Error::invalid(
            name,
            format!("whole seconds cannot be compared by `{}`", op.name()),
        )),
    }
}
