//! What functions give.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Value, ValueLike};

use super::argument::Facts;
use super::facts::{FactsValue, integer};
use crate::object::{Item, Object};
use crate::text::Text;

/// How deep lists and dicts may nest in what a function gives.
const MAX_DEPTH: usize = 32;
/// How many values a function may give.
const MAX_VALUES: usize = 10_000;
/// How many bytes of strings a function may give.
const MAX_BYTES: usize = 1 << 20;

/// What a function gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A string, number, True, False or None.
    Plain(serde_json::Value),
    /// A text that is still to be completed.
    Text(Text),
    /// A list or tuple.
    List(Vec<Answer>),
    /// A dict.
    Dict(BTreeMap<String, Answer>),
    /// Something that it was told of.
    Facts(Arc<Facts>),
}

impl Answer {
    /// What it is, for people.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Plain(serde_json::Value::Null) => "None",
            Self::Plain(serde_json::Value::Bool(_)) => "True or False",
            Self::Plain(serde_json::Value::Number(_)) => "a number",
            Self::Plain(_) => "a string",
            Self::Text(_) => "an interpolated text",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Facts(facts) => facts.kind,
        }
    }

    /// Reads what a function gave.
    pub(super) fn of(value: Value<'_>) -> Result<Self, String> {
        let left = Left {
            values: Cell::new(MAX_VALUES),
            bytes: Cell::new(MAX_BYTES),
        };
        left.read(value, 0)
    }
}

/// How much more there may be.
struct Left {
    values: Cell<usize>,
    bytes: Cell<usize>,
}

impl Left {
    fn read(&self, value: Value<'_>, depth: usize) -> Result<Answer, String> {
        let Some(values) = self.values.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
            return Err(format!(
                "gives more than {MAX_VALUES} values, or more than {MAX_DEPTH} in each other"
            ));
        };
        self.values.set(values);
        let inner = |it: &Value<'_>| self.read(*it, depth + 1);
        if let Some(list) = ListRef::from_value(value) {
            let items = list.content().iter().map(inner);
            return Ok(Answer::List(items.collect::<Result<_, _>>()?));
        }
        if let Some(tuple) = TupleRef::from_value(value) {
            let items = tuple.content().iter().map(inner);
            return Ok(Answer::List(items.collect::<Result<_, _>>()?));
        }
        if let Some(dict) = DictRef::from_value(value) {
            let mut items = BTreeMap::new();
            for (key, value) in dict.iter() {
                let Some(key) = key.unpack_str() else {
                    return Err(format!("gives a dict whose key is no string: {}", key.to_repr()));
                };
                self.count(key)?;
                items.insert(key.to_owned(), inner(&value)?);
            }
            return Ok(Answer::Dict(items));
        }
        if let Some(Object(Item::Text(text))) = Object::from_value(value) {
            return Ok(Answer::Text(text.clone()));
        }
        if let Some(facts) = value.downcast_ref::<FactsValue>() {
            return Ok(Answer::Facts(Arc::clone(&facts.0)));
        }
        self.scalar(value).map(Answer::Plain)
    }

    fn scalar(&self, value: Value<'_>) -> Result<serde_json::Value, String> {
        if value.is_none() {
            Ok(serde_json::Value::Null)
        } else if let Some(it) = value.unpack_bool() {
            Ok(it.into())
        } else if let Some(it) = value.unpack_str() {
            self.count(it)?;
            Ok(it.into())
        } else if let Some(it) = integer(value) {
            Ok(it.into())
        } else if let Some(UnpackFloat(it)) = starlark::values::UnpackValue::unpack_value_opt(value) {
            serde_json::Number::from_f64(it)
                .map(Into::into)
                .ok_or_else(|| "gives a number that is not finite".to_owned())
        } else {
            let noun = Object::from_value(value).map_or_else(|| value.get_type(), |it| it.0.noun());
            Err(format!("must give plain data, not {noun}"))
        }
    }

    fn count(&self, text: &str) -> Result<(), String> {
        let Some(left) = self.bytes.get().checked_sub(text.len()) else {
            return Err(format!("gives more than {MAX_BYTES} bytes of strings"));
        };
        self.bytes.set(left);
        Ok(())
    }
}
