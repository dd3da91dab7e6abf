//! The steps `git(…)`, `shell(…)` and `build_data(…)`, and what all steps have in common.

mod files;
mod generate;
mod log;
mod observers;
mod parallel;
mod property;
mod sequence;
mod terms;
mod tests;
mod trigger;

use std::time::Duration;

use starlark::values::Value;

use super::builder::LONGEST_STEP_NAME;
use crate::call::{Call, Function};
use crate::model::{
    BuildDataStep, Command, Condition, DataOrigin, GitStep, Hiding, Observers, StepConfig, StepKind,
};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::text::Text;

/// How long a command may be silent, unless given; Buildbot's.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20 * 60);

pub(super) use files::{
    COPY_DIRECTORY, DOWNLOAD_FILE, DOWNLOAD_JSON, DOWNLOAD_PROPERTIES, DOWNLOAD_TEXT, FILE_EXISTS,
    MAKE_DIRECTORY, REMOVE_DIRECTORY, REMOVE_FILE, UPLOAD_DIRECTORY, UPLOAD_FILE, UPLOAD_FILES,
};
pub(super) use generate::GENERATE;
pub(super) use log::log_terms;
pub(super) use parallel::PARALLEL;
pub(super) use property::{SET_PROPERTIES, SET_PROPERTY};
pub(super) use sequence::{COMMAND, SEQUENCE};
pub(super) use tests::TEST_RESULTS;
pub(super) use trigger::TRIGGER;

/// The parameters of a step: its own, and those of every step.
macro_rules! of_step {
    ($($own:literal),+ $(,)?) => {
        &[
            $($own,)+
            "env",
            "workdir",
            "halt_on_failure",
            "flunk_on_failure",
            "warn_on_failure",
            "flunk_on_warnings",
            "warn_on_warnings",
            "decode_rc",
            "retries",
            "retry_delay",
            "always_run",
            "idle_timeout",
            "total_timeout",
            "locks",
            "do_if",
            "hide_if",
            "stop_signal",
            "stop_grace",
            "log_max_size",
            "log_max_tail_size",
            "log_encoding",
        ]
    };
}
use of_step;

pub(super) const GIT: Function = Function {
    name: "git",
    parameters: of_step![
        "repository",
        "branch",
        "codebase",
        "shallow",
        "submodules",
        "clean",
        "name",
    ],
    positional: 1,
    any_name: false,
    run: git,
};

pub(super) const SHELL: Function = Function {
    name: "shell",
    parameters: of_step![
        "command",
        "tests",
        "pty",
        "stdin",
        "max_lines",
        "logfiles",
        "lazy_logfiles",
        "observe",
        "warning_pattern",
        "max_warn_count",
        "name",
    ],
    positional: 1,
    any_name: false,
    run: shell,
};

pub(super) const MASTER_SHELL: Function = Function {
    name: "master_shell",
    parameters: of_step![
        "command",
        "rerun",
        "max_lines",
        "observe",
        "warning_pattern",
        "max_warn_count",
        "name",
    ],
    positional: 1,
    any_name: false,
    run: master_shell,
};

pub(super) const BUILD_DATA: Function = Function {
    name: "build_data",
    parameters: of_step!["name", "value", "command", "source"],
    positional: 1,
    any_name: false,
    run: build_data,
};

fn git(call: &mut Call<'_, '_>) -> Option<Item> {
    let git = GitStep {
        repository: call.required("repository", read::repository_template),
        branch: call.optional("branch", read::some_template),
        codebase: call.or("codebase", read::string, String::new()),
        shallow: call.or("shallow", read::boolean, false),
        submodules: call.or("submodules", read::boolean, false),
        clean: call.or("clean", read::boolean, false),
    };
    step(call, "git".to_owned(), StepKind::Git(git))
}

fn shell(call: &mut Call<'_, '_>) -> Option<Item> {
    let command = call.required("command", |value| read::command(value).map(Some));
    let name = command.as_ref().map(command_name).unwrap_or_default();
    let command = command.unwrap_or(Command::Script(Text::default()));
    let tests = call.optional("tests", tests::format);
    let mut item = step(call, name, StepKind::Shell { command, tests });
    if let Some(Item::Step(step)) = &mut item {
        terms::of_shell(call, &mut step.terms);
        step.observers = observers::observers(call);
    }
    item
}

fn master_shell(call: &mut Call<'_, '_>) -> Option<Item> {
    let command = call.required("command", |value| read::command(value).map(Some));
    let name = command.as_ref().map(command_name).unwrap_or_default();
    let kind = StepKind::MasterShell {
        command: command.unwrap_or(Command::Script(Text::default())),
        rerun: call.or("rerun", read::boolean, false),
    };
    let mut item = step(call, name, kind);
    if let Some(Item::Step(step)) = &mut item {
        step.terms.max_lines = terms::max_lines(call);
        step.observers = observers::observers(call);
    }
    item
}

fn build_data(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", data_name);
    let from = match value_or_output(call, stored_text, "is kept")? {
        Origin::Value(value) => DataOrigin::Value(value),
        Origin::Output(command) => DataOrigin::Output(command),
    };
    let data = BuildDataStep {
        source: call
            .optional("source", read::name(200))
            .unwrap_or_else(|| name.clone()),
        name: name.clone(),
        from,
    };
    step(call, name, StepKind::BuildData(data))
}

/// Where a step has a value from.
enum Origin<T> {
    /// It is given.
    Value(T),
    /// It is the output of a command.
    Output(Command),
}

/// Either the `value` or the `command` of the call; `becomes` says what becomes of the command's output.
fn value_or_output<T>(
    call: &mut Call<'_, '_>,
    value: impl Fn(Value<'_>) -> Reading<T>,
    becomes: &str,
) -> Option<Origin<T>> {
    let value = call.optional("value", value);
    let command = call.optional("command", read::command);
    match (value, command) {
        (Some(value), None) => Some(Origin::Value(value)),
        (None, Some(command)) => Some(Origin::Output(command)),
        (Some(_), Some(_)) => {
            let help = Some("remove one".to_owned());
            call.mistake("command", "'value' and 'command' are both given", help);
            None
        }
        (None, None) => {
            if call.is_whole() {
                let help = format!("add value = …, or command = […], whose output {becomes}");
                call.mistake("value", "'value' is missing", Some(help));
            }
            None
        }
    }
}

/// A text that is stored and shown.
fn stored_text(value: Value<'_>) -> Reading<Text> {
    match read::template(value)? {
        text if text.has_secret() => read::wrong(
            "must not hold a secret: build data is stored and shown",
            Some("use secret(…) in the command or env that needs it"),
        ),
        text => Ok(text),
    }
}

/// What all steps have in common; `default_name` is their name unless one is given.
fn step(call: &mut Call<'_, '_>, default_name: String, kind: StepKind) -> Option<Item> {
    Some(Item::Step(Box::new(StepConfig {
        name: call.optional("name", step_name).unwrap_or(default_name),
        consequences: sequence::consequences(call),
        decode_rc: call.or("decode_rc", sequence::decode_rc, Default::default()),
        retries: call.or("retries", retries, 0),
        retry_delay: call.or("retry_delay", read::duration_or_zero, Duration::ZERO),
        always_run: call.or("always_run", read::boolean, false),
        idle_timeout: call.or_none("idle_timeout", read::duration, IDLE_TIMEOUT),
        total_timeout: call.optional("total_timeout", read::duration),
        terms: terms::of_every_step(call),
        log: log_terms(call),
        observers: Observers::default(),
        env: call.or("env", read::env, Default::default()),
        workdir: call.optional("workdir", read::folder),
        locks: call.or("locks", read::locks, vec![]),
        do_if: call.or("do_if", read::condition, Condition::Always),
        hide_if: call.or("hide_if", read::hiding, Hiding::On(vec![])),
        group: None,
        kind,
    })))
}

/// How often a step is tried again.
fn retries(value: Value<'_>) -> Reading<u32> {
    match read::integer(value)? {
        number @ 0..=100 => Ok(u32::try_from(number).unwrap_or_default()),
        _ => read::wrong("must be 0 to 100", None),
    }
}

fn step_name(value: Value<'_>) -> Reading<String> {
    let name = read::name(LONGEST_STEP_NAME)(value)?;
    if name.contains('/') {
        return read::wrong("must have no '/'", None);
    }
    Ok(name)
}

/// The name of data is a word of a path too, and these would lead elsewhere.
fn data_name(value: Value<'_>) -> Reading<String> {
    let name = step_name(value)?;
    if matches!(name.as_str(), "." | "..") {
        return read::wrong(
            format!("must not be '{name}'"),
            Some("give the data a name, such as 'coverage'"),
        );
    }
    Ok(name)
}

/// A name after the command: its program, and the first argument if that is a word (`cargo test`, `make`).
fn command_name(command: &Command) -> String {
    let words: Vec<&str> = match command {
        Command::Argv(argv) => argv.iter().map_while(Text::as_literal).take(2).collect(),
        Command::Script(script) => {
            let first_line = script.as_literal().and_then(|it| it.trim_start().lines().next());
            first_line
                .unwrap_or_default()
                .split_whitespace()
                .take(2)
                .collect()
        }
    };
    let plain = |word: &&str| {
        word.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
    };
    let program = words.first().and_then(|it| it.rsplit('/').next());
    let Some(program) = program.filter(|it| plain(it) && !it.is_empty()) else {
        return "shell".to_owned();
    };
    let verb = words
        .get(1)
        .filter(|it| plain(it) && it.starts_with(|c: char| c.is_ascii_alphabetic()));
    let name = verb.map_or_else(|| program.to_owned(), |it| format!("{program} {it}"));
    name.chars()
        .take(LONGEST_STEP_NAME)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod naming {
    use super::*;

    #[test]
    fn a_step_is_named_after_its_command() {
        let argv = |words: &[&str]| Command::Argv(words.iter().map(|it| Text::literal(*it)).collect());
        let script = |text: &str| Command::Script(Text::literal(text));
        for (command, name) in [
            (argv(&["cargo", "test", "--all"]), "cargo test"),
            (argv(&["/usr/bin/make", "-j8"]), "make"),
            (argv(&["./run it"]), "shell"),
            (script("make check && make install"), "make check"),
            (script("\n  ./configure --prefix=/usr\nmake"), "configure"),
            (script("$CC x.c"), "shell"),
            (Command::Script(Text::property("command", None)), "shell"),
        ] {
            assert_eq!(command_name(&command), name, "{command:?}");
        }
    }
}
