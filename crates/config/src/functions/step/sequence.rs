//! The step `sequence(…)`, its commands, and what results mean.

use std::collections::BTreeMap;

use starlark::values::Value;
use weir_status_api::Results;

use super::terms::of_files;
use super::tests::unknown;
use super::{LONGEST_STEP_NAME, observers, of_step, step};
use crate::call::{Call, Function};
use crate::model::{Command, Consequences, SequenceCommand, StepKind};
use crate::object::{Item, Object};
use crate::read::{self, Reading};
use crate::text::Text;

pub(in super::super) const SEQUENCE: Function = Function {
    name: "sequence",
    parameters: of_step![
        "commands",
        "logfiles",
        "lazy_logfiles",
        "observe",
        "warning_pattern",
        "max_warn_count",
        "name",
    ],
    positional: 1,
    any_name: false,
    run: sequence,
};

pub(in super::super) const COMMAND: Function = Function {
    name: "command",
    parameters: &[
        "command",
        "log",
        "halt_on_failure",
        "flunk_on_failure",
        "warn_on_failure",
        "flunk_on_warnings",
        "warn_on_warnings",
    ],
    positional: 1,
    any_name: false,
    run: command,
};

fn sequence(call: &mut Call<'_, '_>) -> Option<Item> {
    let commands = call.required("commands", read::some(one_command, "commands"));
    let logs: Vec<String> = commands.iter().filter_map(|it| it.log.clone()).collect();
    let mut item = step(call, "sequence".to_owned(), StepKind::Sequence(commands));
    if let Some(Item::Step(step)) = &mut item {
        of_files(call, &mut step.terms);
        step.observers = observers::observers(call);
        if let Some(twice) = step.terms.log_files.iter().find(|it| logs.contains(&it.name)) {
            let message = format!("'logfiles' has '{}', which is the log of a command", twice.name);
            call.mistake(
                "logfiles",
                &message,
                Some("give one of the two another name".to_owned()),
            );
        }
    }
    item
}

fn command(call: &mut Call<'_, '_>) -> Option<Item> {
    let command = call.required("command", |value| read::command(value).map(Some));
    Some(Item::Command(Box::new(SequenceCommand {
        command: command.unwrap_or(Command::Script(Text::default())),
        log: call.optional("log", read::name(LONGEST_STEP_NAME)),
        consequences: consequences(call),
    })))
}

/// What `command(…)` gave, or what a `shell(…)` takes.
fn one_command(value: Value<'_>) -> Reading<SequenceCommand> {
    if let Some(Object(Item::Command(command))) = Object::from_value(value) {
        return Ok((**command).clone());
    }
    let command = match (Object::from_value(value), value.get_type()) {
        (Some(Object(Item::Text(_))), _) | (None, "string" | "list" | "tuple") => read::command(value)?,
        _ => return read::unexpected(value, "command(…), a list or a string", None),
    };
    Ok(SequenceCommand {
        command,
        log: None,
        consequences: Consequences::default(),
    })
}

/// What results mean for the whole.
pub(super) fn consequences(call: &mut Call<'_, '_>) -> Consequences {
    let usual = Consequences::default();
    Consequences {
        halt_on_failure: call.or("halt_on_failure", read::boolean, usual.halt_on_failure),
        flunk_on_failure: call.or("flunk_on_failure", read::boolean, usual.flunk_on_failure),
        warn_on_failure: call.or("warn_on_failure", read::boolean, usual.warn_on_failure),
        flunk_on_warnings: call.or("flunk_on_warnings", read::boolean, usual.flunk_on_warnings),
        warn_on_warnings: call.or("warn_on_warnings", read::boolean, usual.warn_on_warnings),
    }
}

/// What exit codes mean.
pub(super) fn decode_rc(value: Value<'_>) -> Reading<BTreeMap<i32, Results>> {
    let code = |value| match i32::try_from(read::integer(value)?) {
        Ok(code) => Ok(code.to_string()),
        Err(_) => read::wrong("is no exit code", None),
    };
    let decoded = read::dict(code, results)(value)?;
    let parsed = decoded
        .into_iter()
        .map(|(code, it)| Some((code.parse().ok()?, it)));
    Ok(parsed.flatten().collect())
}

fn results(value: Value<'_>) -> Reading<Results> {
    const KNOWN: [(&str, Results); 5] = [
        ("success", Results::Success),
        ("warnings", Results::Warnings),
        ("failure", Results::Failure),
        ("skipped", Results::Skipped),
        ("exception", Results::Exception),
    ];
    let word = read::text(value)?;
    match KNOWN.iter().find(|(name, _)| *name == word) {
        Some((_, results)) => Ok(*results),
        None => unknown("no result", &word, "results", &KNOWN.map(|it| it.0)),
    }
}
