//! Functions that are called while the master runs.

use starlark::values::Value;

use super::{Reading, unexpected, wrong};
use crate::function::Function;
use crate::model::Collapse;
use crate::object::{Item, Object};

/// A function that can be called with `arguments`, which are named for people.
pub(crate) fn function(arguments: &'static [&'static str]) -> impl Fn(Value<'_>) -> Reading<Function> {
    move |value| match Object::from_value(value) {
        Some(Object(Item::Function(function))) => {
            check_parameters(function, arguments)?;
            Ok(function.clone())
        }
        _ => unexpected(value, &format!("a function of ({})", arguments.join(", ")), None),
    }
}

/// It is a mistake if the function cannot be called with `arguments`.
fn check_parameters(function: &Function, arguments: &[&str]) -> Reading<()> {
    if function.takes(arguments.len()) {
        return Ok(());
    }
    let expected = arguments.join(", ");
    let given = function.parameters();
    let help = format!("write e.g. lambda {expected}: …");
    wrong(
        format!("must be a function of ({expected}), not of ({given})"),
        Some(&help),
    )
}

/// Whether requests are collapsed.
pub(crate) fn collapse(value: Value<'_>) -> Reading<Collapse> {
    match value.unpack_bool() {
        Some(true) => Ok(Collapse::Always),
        Some(false) => Ok(Collapse::Never),
        None if matches!(Object::from_value(value), Some(Object(Item::Function(_)))) => {
            function(&["request", "other"])(value).map(Collapse::If)
        }
        None => unexpected(value, "True, False or a function of (request, other)", None),
    }
}
