//! How values are written in a plan: the steps that a function gave, as text that is kept with their build.
//!
//! A plan is a Starlark expression of calls and plain data, such as `[shell(command = ["make"], name = "make")]`. It
//! names the configuration's own functions and locks instead of holding them.

use std::sync::Arc;

use starlark::values::Value;
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;

use crate::model::LockMode;
use crate::object::{Item, Made};

/// How deep lists and dicts may nest in what is written.
const MAX_DEPTH: usize = 40;
/// How long the text of one value may be, in bytes.
const LONGEST: usize = 256 * 1024;

/// How an item is written that is not written as the call that made it.
pub(crate) fn of_item(item: &Item) -> Option<Arc<str>> {
    let text = match item {
        Item::Function(function) => format!("_function({})", quoted(function.id())),
        Item::Worker(name)
        | Item::Builder(name)
        | Item::Project(name)
        | Item::Scheduler(name)
        | Item::Codebase { name, .. } => quoted(name),
        Item::Lock(lock) => format!("_lock({})", quoted(&lock.name)),
        Item::LockAccess(access) => {
            let way = match access.mode {
                LockMode::Exclusive => "exclusive()".to_owned(),
                LockMode::Counting(count) => format!("counting({count})"),
            };
            format!("_lock({}).{way}", quoted(&access.lock))
        }
        _ => return None,
    };
    Some(text.into())
}

/// How the value is written; none if it is neither plain data nor made by a call that can be written.
pub(crate) fn of_value(value: Value<'_>) -> Option<String> {
    let mut text = String::new();
    write(value, 0, &mut text)?;
    Some(text)
}

fn write(value: Value<'_>, depth: usize, text: &mut String) -> Option<()> {
    if depth > MAX_DEPTH || text.len() > LONGEST {
        return None;
    }
    let items = |items: &[Value<'_>], text: &mut String| -> Option<()> {
        text.push('[');
        for item in items {
            write(*item, depth + 1, text)?;
            text.push_str(", ");
        }
        text.push(']');
        Some(())
    };
    if let Some(made) = Made::from_value(value) {
        text.push_str(made.spelling.as_ref()?);
    } else if let Some(it) = value.unpack_str() {
        text.push_str(&quoted(it));
    } else if let Some(list) = ListRef::from_value(value) {
        items(list.content(), text)?;
    } else if let Some(tuple) = TupleRef::from_value(value) {
        items(tuple.content(), text)?;
    } else if let Some(dict) = DictRef::from_value(value) {
        text.push('{');
        for (key, value) in dict.iter() {
            write(key, depth + 1, text)?;
            text.push_str(": ");
            write(value, depth + 1, text)?;
            text.push_str(", ");
        }
        text.push('}');
    } else if value.is_none() || matches!(value.get_type(), "bool" | "int" | "float") {
        text.push_str(&value.to_repr());
    } else {
        return None;
    }
    Some(())
}

/// A text as a literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
