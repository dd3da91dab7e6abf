//! From values to expressions.

use super::name;
use crate::banana::Expression;
use crate::{Failure, Value};

/// Spells a value.
pub fn write(value: Value) -> Expression {
    match value {
        Value::None => named(name::NONE, []),
        Value::Bool(value) => {
            let word = if value { "true" } else { "false" };
            named(name::BOOL, [Expression::text(word)])
        }
        Value::Int(value) => Expression::Int(value),
        Value::Float(value) => Expression::Float(value),
        Value::Bytes(bytes) => Expression::Bytes(bytes),
        Value::Text(text) => named(name::TEXT, [Expression::Bytes(text.into_bytes())]),
        Value::List(items) => all(name::LIST, items),
        Value::Tuple(items) => all(name::TUPLE, items),
        Value::Map(pairs) => {
            let pair = |(key, value)| Expression::List(vec![write(key), write(value)]);
            named(name::MAP, pairs.into_iter().map(pair))
        }
        Value::Set(items) => all(name::SET, items),
        Value::FrozenSet(items) => all(name::FROZEN_SET, items),
        Value::OfSender(number) => named(name::REMOTE, [Expression::Int(number.into())]),
        Value::OfReceiver(number) => named(name::LOCAL, [Expression::Int(number.into())]),
        Value::Failure(failure) => write_failure(*failure),
    }
}

/// Spells a failure.
pub fn write_failure(failure: Failure) -> Expression {
    let (class, state) = failure.into_parts();
    named(class.as_bytes(), [write(state)])
}

fn all(name: &[u8], items: Vec<Value>) -> Expression {
    named(name, items.into_iter().map(write))
}

fn named(name: &[u8], rest: impl IntoIterator<Item = Expression>) -> Expression {
    let name = Expression::Bytes(name.to_vec());
    Expression::List([name].into_iter().chain(rest).collect())
}
