//! Reads Starlark values as what an argument must be, and says what is wrong with those that are not.

mod data;
mod function;
mod secret;
mod secret_provider;
mod size;
mod source;
mod times;

use std::collections::BTreeMap;
use std::time::Duration;

use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{UnpackValue, Value};
use weir_status_api::ForceField;

use crate::duration::{LONGEST, parse_duration};
use crate::model::{Command, Env, LockAccess, StepConfig};
use crate::object::{Broken, Item, Object};
use crate::text::Text;

pub(crate) use data::{json, late_properties, properties, property_name, property_value, value_or_template};
pub(crate) use function::{
    any_function, collapse, condition, function, hiding, observer, prioritize_builders, priority,
};
pub(crate) use secret::{check_password, check_secret, secret, secret_file};
pub(crate) use secret_provider::{secret_folder, secret_name, token_file, variable, vault_path, vault_url};
pub(crate) use size::size;
pub(crate) use source::{Codebases, branch, codebases, codebases_or_patterns, patterns};
pub(crate) use times::{cron_field, cron_line, time_zone, weekdays};

/// Why a value is not what it must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wrong {
    /// The part of the argument, e.g. `[1]`.
    pub(crate) path: String,
    /// The number of the item that it is in, if the argument is a list.
    pub(crate) item: Option<usize>,
    /// The character of the text that it is at, if the argument is a text.
    pub(crate) character: Option<usize>,
    /// What must be different: `must be a string, not int`.
    pub(crate) message: String,
    /// A way out.
    pub(crate) help: Option<String>,
}

/// A value, or all that is wrong; nothing if it comes from a mistake that is known already.
pub(crate) type Reading<T> = Result<T, Vec<Wrong>>;

/// A single mistake.
pub(crate) fn wrong<T>(message: impl Into<String>, help: Option<&str>) -> Reading<T> {
    Err(vec![Wrong {
        path: String::new(),
        item: None,
        character: None,
        message: message.into(),
        help: help.map(str::to_owned),
    }])
}

/// The value is none of `expected`.
pub(crate) fn unexpected<T>(value: Value<'_>, expected: &str, help: Option<&str>) -> Reading<T> {
    if Broken::from_value(value).is_some() {
        return Err(vec![]);
    }
    wrong(format!("must be {expected}, not {}", noun(value)), help)
}

/// What the value is, for people.
fn noun(value: Value<'_>) -> &'static str {
    match (Object::from_value(value), value.get_type()) {
        (Some(object), _) => object.0.noun(),
        (None, "NoneType") => "None",
        (None, "int") => "a number",
        (None, "float") => "a fraction",
        (None, "string") => "a string",
        (None, "bool") => "True or False",
        (None, "list") => "a list",
        (None, "dict") => "a dict",
        (None, "function") => "a built-in function",
        (None, other) => other,
    }
}

/// A string, may be empty.
pub(crate) fn string(value: Value<'_>) -> Reading<String> {
    match value.unpack_str() {
        Some(text) => Ok(text.to_owned()),
        None => unexpected(value, "a string", None),
    }
}

/// A string that is not empty.
pub(crate) fn text(value: Value<'_>) -> Reading<String> {
    match string(value)? {
        text if text.trim().is_empty() => wrong("must not be empty", None),
        text => Ok(text),
    }
}

/// A name of at most `longest` characters, on one line.
pub(crate) fn name(longest: usize) -> impl Fn(Value<'_>) -> Reading<String> {
    move |value| {
        let name = text(value)?;
        let length = name.chars().count();
        if length > longest {
            wrong(
                format!("has {length} characters; at most {longest} are allowed"),
                None,
            )
        } else if name.chars().any(char::is_control) {
            wrong("must have no line break or other control character", None)
        } else if name.trim() != name {
            wrong("must not begin or end with a space", None)
        } else {
            Ok(name)
        }
    }
}

/// Buildbot's identifier of at most 50 characters.
pub(crate) fn identifier(value: Value<'_>) -> Reading<String> {
    identifier_of(50)(value)
}

/// Buildbot's identifier of at most `longest` characters.
pub(crate) fn identifier_of(longest: usize) -> impl Fn(Value<'_>) -> Reading<String> {
    move |value| {
        let name = name(longest)(value)?;
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '-';
        let rest = |c: char| first(c) || c.is_ascii_digit() || c == '.';
        if name.starts_with(first) && name.chars().all(rest) {
            Ok(name)
        } else {
            let help = "use letters, digits, '_', '-' and '.', and begin with none of the digits and '.'";
            wrong(format!("is no identifier: '{name}'"), Some(help))
        }
    }
}

/// True or False.
pub(crate) fn boolean(value: Value<'_>) -> Reading<bool> {
    match value.unpack_bool() {
        Some(it) => Ok(it),
        None => unexpected(value, "True or False", None),
    }
}

/// A whole number.
pub(crate) fn integer(value: Value<'_>) -> Reading<i64> {
    match i64::unpack_value(value) {
        Ok(Some(it)) => Ok(it),
        _ => unexpected(value, "a whole number", None),
    }
}

/// A whole number from 1 on.
pub(crate) fn count(value: Value<'_>) -> Reading<u32> {
    match u32::try_from(integer(value)?) {
        Ok(it) if it > 0 => Ok(it),
        _ => wrong("must be 1 or more, and below 4294967296", None),
    }
}

/// A duration above zero.
pub(crate) fn duration(value: Value<'_>) -> Reading<Duration> {
    match duration_or_zero(value)? {
        Duration::ZERO => wrong("must be longer than 0", None),
        it => Ok(it),
    }
}

/// Seconds, or a text such as `5m`.
pub(crate) fn duration_or_zero(value: Value<'_>) -> Reading<Duration> {
    const EXPECTED: &str = "a duration: seconds, or a string such as \"5m\" or \"1h30m\"";
    if let Some(text) = value.unpack_str() {
        return parse_duration(text).or_else(|error| wrong(format!("is wrong: {error}"), None));
    }
    if value.unpack_bool().is_some() {
        return unexpected(value, EXPECTED, None);
    }
    let Some(UnpackFloat(seconds)) = UnpackFloat::unpack_value_opt(value) else {
        return unexpected(value, EXPECTED, None);
    };
    if seconds < 0.0 {
        return wrong("must not be negative", None);
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(it) if it <= LONGEST => Ok(it),
        _ => wrong("is longer than 3650d", None),
    }
}

/// A list or tuple of what `read` takes.
pub(crate) fn list<'v, T>(
    read: impl Fn(Value<'v>) -> Reading<T>,
    of: &'static str,
) -> impl Fn(Value<'v>) -> Reading<Vec<T>> {
    move |value| {
        let Some(items) = items(value) else {
            let help = read(value).is_ok().then_some("put it in [ ]");
            return unexpected(value, &format!("a list of {of}"), help);
        };
        let mut read_items = vec![];
        let mut wrongs = None;
        for (number, item) in items.iter().enumerate() {
            match read(*item) {
                Ok(item) => read_items.push(item),
                Err(found) => wrongs
                    .get_or_insert_with(Vec::new)
                    .extend(found.into_iter().map(|it| Wrong {
                        path: format!("[{number}]{}", it.path),
                        item: Some(number),
                        character: None,
                        ..it
                    })),
            }
        }
        wrongs.map_or(Ok(read_items), Err)
    }
}

/// A list that is not empty.
pub(crate) fn some<'v, T>(
    read: impl Fn(Value<'v>) -> Reading<T>,
    of: &'static str,
) -> impl Fn(Value<'v>) -> Reading<Vec<T>> {
    let list = list(read, of);
    move |value| match list(value)? {
        empty if empty.is_empty() => wrong(format!("must not be empty: it is a list of {of}"), None),
        items => Ok(items),
    }
}

fn items(value: Value<'_>) -> Option<&[Value<'_>]> {
    ListRef::from_value(value)
        .map(ListRef::content)
        .or_else(|| TupleRef::from_value(value).map(TupleRef::content))
}

/// A dict whose keys are names and whose values `read` takes.
pub(crate) fn dict<'v, T>(
    key: impl Fn(Value<'v>) -> Reading<String>,
    read: impl Fn(Value<'v>) -> Reading<T>,
) -> impl Fn(Value<'v>) -> Reading<BTreeMap<String, T>> {
    move |value| {
        let Some(dict) = DictRef::from_value(value) else {
            return unexpected(value, "a dict", Some("write e.g. {\"name\": \"value\"}"));
        };
        let mut read_items = BTreeMap::new();
        let mut wrongs = None;
        for (name, value) in dict.iter() {
            let item = key(name).and_then(|name| Ok((name, read(value)?)));
            match item {
                Ok((name, value)) => drop(read_items.insert(name, value)),
                Err(found) => wrongs
                    .get_or_insert_with(Vec::new)
                    .extend(found.into_iter().map(|it| Wrong {
                        path: format!("[{}]{}", name.to_repr(), it.path),
                        item: None,
                        character: None,
                        ..it
                    })),
            }
        }
        wrongs.map_or(Ok(read_items), Err)
    }
}

/// Environment variables by name.
pub(crate) fn env(value: Value<'_>) -> Reading<Env> {
    let variable = |value| match text(value)? {
        name if name.contains(['=', '\0']) => wrong("must have no '=' in its name", None),
        name => Ok(name),
    };
    dict(variable, template)(value)
}

/// A text, as it is or with substitutions.
pub(crate) fn template(value: Value<'_>) -> Reading<Text> {
    match Object::from_value(value) {
        Some(Object(Item::Text(text))) => return Ok(text.clone()),
        Some(Object(Item::Function(_))) => return function(&["build"])(value).map(Text::function),
        _ => {}
    }
    match value.unpack_str() {
        Some(text) => Ok(Text::literal(plain(text)?)),
        None => unexpected(value, "a string, interpolate(…) or a function", None),
    }
}

/// A text that is not meant as a template: one that looks like it would be run with its `%(` in it.
fn plain(text: &str) -> Reading<&str> {
    match ["%(prop:", "%(src:", "%(worker:", "%(kw:", "%(secret:"]
        .iter()
        .find(|it| text.contains(**it))
    {
        Some(found) => wrong(
            format!("has a substitution, '{found}…', but is a plain string"),
            Some("wrap it: interpolate(\"…\")"),
        ),
        None => Ok(text),
    }
}

/// A text that is not empty.
pub(crate) fn some_template(value: Value<'_>) -> Reading<Text> {
    let template = template(value)?;
    match template.as_literal() {
        Some(text) if text.trim().is_empty() => wrong("must not be empty", None),
        _ => Ok(template),
    }
}

/// A program and its arguments, or a script.
pub(crate) fn command(value: Value<'_>) -> Reading<Command> {
    if items(value).is_none() {
        return match some_template(value) {
            Ok(text) => Ok(Command::Script(text)),
            Err(found) if found.iter().all(|it| !it.message.starts_with("must be")) => Err(found),
            Err(_) => unexpected(
                value,
                "a list (a program and its arguments) or a string (a script)",
                None,
            ),
        };
    }
    let argv = some(template, "a program and its arguments")(value)?;
    match argv.first().and_then(Text::as_literal) {
        Some("") => wrong("must begin with a program", None),
        _ => Ok(Command::Argv(argv)),
    }
}

/// A folder below another: relative, and not leading out of it.
pub(crate) fn folder(value: Value<'_>) -> Reading<Text> {
    let template = some_template(value)?;
    match template.as_literal() {
        Some(path) if path.starts_with('/') => wrong("must be a relative path", None),
        Some(path) if path.split('/').any(|it| it == "..") => wrong("must not lead out by '..'", None),
        _ => Ok(template),
    }
}

/// Where a git repository is.
pub(crate) fn repository(value: Value<'_>) -> Reading<String> {
    let repository = text(value)?;
    check_repository(&repository)?;
    Ok(repository)
}

/// Where a git repository is, as it is or with substitutions.
pub(crate) fn repository_template(value: Value<'_>) -> Reading<Text> {
    let template = some_template(value)?;
    if let Some(repository) = template.as_literal() {
        check_repository(repository)?;
    }
    Ok(template)
}

fn check_repository(repository: &str) -> Reading<()> {
    let reachable = repository.starts_with('/') || repository.contains(':');
    if !reachable || repository.starts_with('-') || repository.chars().any(char::is_control) {
        let help = "write e.g. https://example.org/project.git or /srv/git/project.git";
        return wrong(
            format!("is neither a URL nor an absolute path: '{repository}'"),
            Some(help),
        );
    }
    Ok(())
}

/// A worker or its name.
pub(crate) fn worker(value: Value<'_>) -> Reading<String> {
    match (Object::from_value(value), value.unpack_str()) {
        (Some(Object(Item::Worker(name))), _) => Ok(name.clone()),
        (_, Some(name)) => Ok(name.to_owned()),
        _ => unexpected(value, "a worker or its name", None),
    }
}

/// A builder or its name.
pub(crate) fn builder(value: Value<'_>) -> Reading<String> {
    match (Object::from_value(value), value.unpack_str()) {
        (Some(Object(Item::Builder(name))), _) => Ok(name.clone()),
        (_, Some(name)) => Ok(name.to_owned()),
        _ => unexpected(value, "a builder or its name", None),
    }
}

/// A scheduler or its name.
pub(crate) fn scheduler(value: Value<'_>) -> Reading<String> {
    match (Object::from_value(value), value.unpack_str()) {
        (Some(Object(Item::Scheduler(name))), _) => Ok(name.clone()),
        (_, Some(name)) => Ok(name.to_owned()),
        _ => unexpected(value, "a scheduler or its name", None),
    }
}

/// A project or its name.
pub(crate) fn project(value: Value<'_>) -> Reading<String> {
    match (Object::from_value(value), value.unpack_str()) {
        (Some(Object(Item::Project(name))), _) => Ok(name.clone()),
        (_, Some(_)) => text(value),
        _ => unexpected(value, "a project or its name", None),
    }
}

/// What changes have as their project: one, or any text, may be empty.
pub(crate) fn project_text(value: Value<'_>) -> Reading<String> {
    match value.unpack_str() {
        Some(text) => Ok(text.to_owned()),
        None => project(value),
    }
}

/// What changes have as their codebase: one, with its project, or any text, may be empty.
pub(crate) fn codebase(value: Value<'_>) -> Reading<(String, Option<String>)> {
    match (Object::from_value(value), value.unpack_str()) {
        (Some(Object(Item::Codebase { name, project })), _) => Ok((name.clone(), Some(project.clone()))),
        (_, Some(name)) => Ok((name.to_owned(), None)),
        _ => unexpected(value, "a codebase or its name", None),
    }
}

/// Ways to take locks, none of them twice.
pub(crate) fn locks(value: Value<'_>) -> Reading<Vec<LockAccess>> {
    let locks = list(lock_access, "accesses to locks")(value)?;
    for (number, access) in locks.iter().enumerate() {
        if locks[..number].iter().any(|it| it.lock == access.lock) {
            let message = format!("has lock '{}' twice", access.lock);
            return wrong(message, Some("take it once, e.g. counting(2)"));
        }
    }
    Ok(locks)
}

fn lock_access(value: Value<'_>) -> Reading<LockAccess> {
    match Object::from_value(value) {
        Some(Object(Item::LockAccess(access))) => Ok(access.clone()),
        Some(Object(Item::Lock(_))) => wrong(
            "must say how the lock is taken",
            Some("write .exclusive() or .counting() behind it"),
        ),
        _ => unexpected(
            value,
            "an access to a lock",
            Some("write .exclusive() or .counting() behind what lock(…) gave"),
        ),
    }
}

/// A step.
pub(crate) fn step(value: Value<'_>) -> Reading<StepConfig> {
    match Object::from_value(value) {
        Some(Object(Item::Step(step))) => Ok((**step).clone()),
        _ => {
            let help = match Object::from_value(value) {
                Some(Object(Item::Group(_))) => Some("write its steps here, a group has no groups"),
                _ => items(value).map(|_| "join lists of steps with +"),
            };
            unexpected(value, "a step, such as git(…) or shell(…)", help)
        }
    }
}

/// A step, or several that run at the same time.
pub(crate) fn steps(value: Value<'_>) -> Reading<Vec<StepConfig>> {
    match Object::from_value(value) {
        Some(Object(Item::Group(steps))) => Ok(steps.clone()),
        _ => Ok(vec![step(value)?]),
    }
}

/// A field of a force scheduler.
pub(crate) fn field(value: Value<'_>) -> Reading<ForceField> {
    match Object::from_value(value) {
        Some(Object(Item::Field(field))) => Ok((**field).clone()),
        _ => unexpected(
            value,
            "a field: field_text(…), field_int(…), field_bool(…) or field_choice(…)",
            None,
        ),
    }
}
