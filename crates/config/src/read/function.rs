//! Functions that are called while the master runs.

use starlark::values::Value;
use weir_status_api::Results;

use super::{Reading, builder, integer, list, patterns, string, unexpected, wrong};
use crate::function::Function;
use crate::model::{Collapse, Condition, Hiding, PrioritizeBuilders, Priority};
use crate::nearest::{did_you_mean, nearest};
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

/// A function that sees lines, and their end if it takes a third argument.
pub(crate) fn observer(value: Value<'_>) -> Reading<Function> {
    match any_function(value) {
        Ok(function) if function.observes_end() => Ok(function),
        _ => function(&["lines", "kept"])(value),
    }
}

/// A function, whatever it takes.
pub(crate) fn any_function(value: Value<'_>) -> Reading<Function> {
    match Object::from_value(value) {
        Some(Object(Item::Function(function))) => Ok(function.clone()),
        _ => unexpected(value, "a function", None),
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
        None if is_function(value) => function(&["request", "other"])(value).map(Collapse::If),
        None => unexpected(value, "True, False or a function of (request, other)", None),
    }
}

/// The priority of a scheduler's build requests.
pub(crate) fn priority(value: Value<'_>) -> Reading<Priority> {
    if is_function(value) {
        return function(&["builders", "changes"])(value).map(Priority::Chosen);
    }
    let Ok(number) = integer(value) else {
        return unexpected(value, "a whole number or a function of (builders, changes)", None);
    };
    match i32::try_from(number) {
        Ok(number) => Ok(Priority::Fixed(number)),
        Err(_) => wrong(format!("is no whole number within 32 bits: {number}"), None),
    }
}

/// The order in which builders are looked at.
pub(crate) fn prioritize_builders(value: Value<'_>) -> Reading<PrioritizeBuilders> {
    if is_function(value) {
        return function(&["builders"])(value).map(PrioritizeBuilders::Chosen);
    }
    match patterns(builder, "builders or patterns")(value) {
        Ok(order) => Ok(PrioritizeBuilders::Named(order)),
        Err(found) if found.iter().all(|it| it.item.is_none()) => unexpected(
            value,
            "a list of builders or patterns, or a function of (builders)",
            None,
        ),
        Err(found) => Err(found),
    }
}

/// Whether a step runs.
pub(crate) fn condition(value: Value<'_>) -> Reading<Condition> {
    match value.unpack_bool() {
        Some(true) => Ok(Condition::Always),
        Some(false) => Ok(Condition::Never),
        None if is_function(value) => function(&["build"])(value).map(Condition::If),
        None => unexpected(value, "True, False or a function of (build)", None),
    }
}

/// Whether a step is hidden once it has ended.
pub(crate) fn hiding(value: Value<'_>) -> Reading<Hiding> {
    match value.unpack_bool() {
        Some(true) => return Ok(Hiding::On(Results::ALL.to_vec())),
        Some(false) => return Ok(Hiding::On(vec![])),
        None => {}
    }
    if is_function(value) {
        return function(&["build", "results"])(value).map(Hiding::If);
    }
    match list(results, "results")(value) {
        Ok(results) => Ok(Hiding::On(results)),
        Err(found) if found.iter().all(|it| it.item.is_none()) => unexpected(
            value,
            "True, False, a list of results or a function of (build, results)",
            None,
        ),
        Err(found) => Err(found),
    }
}

/// The name of results, such as `"skipped"`.
fn results(value: Value<'_>) -> Reading<Results> {
    let word = string(value)?;
    let named = Results::ALL.into_iter().find(|it| it.name() == word);
    named.map_or_else(
        || {
            let names = Results::ALL.map(Results::name);
            let help = nearest(&word, names)
                .map_or_else(|| format!("results are {}", names.join(", ")), did_you_mean);
            wrong(format!("is no results: '{word}'"), Some(&help))
        },
        Ok,
    )
}

fn is_function(value: Value<'_>) -> bool {
    matches!(Object::from_value(value), Some(Object(Item::Function(_))))
}
