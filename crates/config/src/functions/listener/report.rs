//! What listeners tell: `build_report(…)` and the like.

use std::collections::BTreeMap;

use starlark::values::Value;

use super::super::scheduler::patterns;
use super::parameter::file_text;
use crate::call::{Call, Function};
use crate::model::{Pattern, ReportConfig, ReportKind, ReportMode, TemplateText};
use crate::nearest::{did_you_mean, nearest};
use crate::object::{Item, Object};
use crate::read::{self, Reading};
use crate::session::Kind;

/// How many bytes of files go with a message, unless given.
const ATTACH_MOST: u64 = 1 << 20;
/// How many lines of a log's end are shown at the most.
const MOST_LINES: u32 = 1000;

/// The forms of a message, with the parameters that name a file of each.
const FORMS: [(&str, &str); 4] = [
    ("subject", "subject_file"),
    ("text", "text_file"),
    ("html", "html_file"),
    ("markdown", "markdown_file"),
];

/// A report's function, whose own parameters go before those that all have.
macro_rules! report {
    ($name:literal, [$($own:literal),*], $run:ident) => {
        Function {
            name: $name,
            parameters: &[
                $($own,)*
                "builders", "tags", "branches", "schedulers", "projects", "codebases", "when",
                "subject", "subject_file", "text", "text_file", "html", "html_file", "markdown", "markdown_file",
                "format",
            ],
            positional: 0,
            any_name: false,
            run: $run,
        }
    };
}

pub(in crate::functions) const BUILD_REPORT: Function = report!(
    "build_report",
    [
        "mode",
        "start",
        "finish",
        "excerpt_lines",
        "attach_logs",
        "attach_most",
        "attach_patch"
    ],
    build_report
);

pub(in crate::functions) const STEP_REPORT: Function = report!(
    "step_report",
    [
        "steps",
        "mode",
        "start",
        "finish",
        "excerpt_lines",
        "attach_logs",
        "attach_most",
        "attach_patch"
    ],
    step_report
);

pub(in crate::functions) const BUILDSET_REPORT: Function = report!(
    "buildset_report",
    [
        "mode",
        "combined",
        "excerpt_lines",
        "attach_logs",
        "attach_most",
        "attach_patch"
    ],
    buildset_report
);

pub(in crate::functions) const REQUEST_REPORT: Function =
    report!("request_report", ["added", "cancelled"], request_report);

pub(in crate::functions) const WORKER_REPORT: Function = Function {
    name: "worker_report",
    parameters: &[
        "workers",
        "when",
        "subject",
        "subject_file",
        "text",
        "text_file",
        "html",
        "html_file",
        "markdown",
        "markdown_file",
        "format",
    ],
    positional: 0,
    any_name: false,
    run: worker_report,
};

fn build_report(call: &mut Call<'_, '_>) -> Option<Item> {
    let (start, finish) = start_and_finish(call);
    report_of(call, ReportKind::Build { start, finish })
}

fn step_report(call: &mut Call<'_, '_>) -> Option<Item> {
    let steps = patterns(call, "steps");
    let (start, finish) = start_and_finish(call);
    report_of(call, ReportKind::Step { steps, start, finish })
}

fn start_and_finish(call: &mut Call<'_, '_>) -> (bool, bool) {
    either(call, ("start", false), ("finish", true))
}

fn buildset_report(call: &mut Call<'_, '_>) -> Option<Item> {
    let combined = call.or("combined", read::boolean, false);
    report_of(call, ReportKind::Buildset { combined })
}

fn request_report(call: &mut Call<'_, '_>) -> Option<Item> {
    let (added, cancelled) = either(call, ("added", true), ("cancelled", true));
    report_of(call, ReportKind::Request { added, cancelled })
}

fn worker_report(call: &mut Call<'_, '_>) -> Option<Item> {
    let workers = call.or(
        "workers",
        read::patterns(read::worker, "workers or patterns"),
        vec![],
    );
    refer(call, Kind::Worker, "workers", &workers);
    let report = worded(call, ReportKind::Worker { workers });
    Some(made(call, report))
}

/// Two switches, one of which has to be on.
fn either(call: &mut Call<'_, '_>, one: (&str, bool), other: (&str, bool)) -> (bool, bool) {
    let on = |call: &mut Call<'_, '_>, (name, default): (&str, bool)| call.or(name, read::boolean, default);
    let both = (on(call, one), on(call, other));
    if both == (false, false) {
        let message = format!("tells nothing: '{}' and '{}' are both False", one.0, other.0);
        call.mistake(other.0, &message, None);
    }
    both
}

/// What reports about builds have in common.
fn report_of(call: &mut Call<'_, '_>, kind: ReportKind) -> Option<Item> {
    let builders = call.or(
        "builders",
        read::patterns(read::builder, "builders or patterns"),
        vec![],
    );
    refer(call, Kind::Builder, "builders", &builders);
    let mut report = ReportConfig {
        builders,
        tags: patterns(call, "tags"),
        branches: patterns(call, "branches"),
        schedulers: call.or(
            "schedulers",
            read::patterns(read::scheduler, "schedulers or patterns"),
            vec![],
        ),
        projects: call.or(
            "projects",
            read::patterns(read::project_text, "projects or patterns"),
            vec![],
        ),
        codebases: patterns(call, "codebases"),
        ..worded(call, kind)
    };
    let schedulers = std::mem::take(&mut report.schedulers);
    refer(call, Kind::Scheduler, "schedulers", &schedulers);
    report.schedulers = schedulers;
    if !matches!(report.kind, ReportKind::Request { .. }) {
        report.modes = call.or("mode", modes, ReportMode::EVERY.to_vec());
        report.excerpt_lines = call.or("excerpt_lines", lines, 0);
        report.attach_logs = call.or("attach_logs", attach_logs, None);
        report.attach_most = call.or("attach_most", read::size, ATTACH_MOST);
        report.attach_patch = call.or("attach_patch", read::boolean, false);
        if call.has("attach_most") && report.attach_logs.is_none() && !report.attach_patch {
            let help = Some("add attach_logs = True".to_owned());
            call.mistake("attach_most", "'attach_most' says nothing without files", help);
        }
    }
    Some(made(call, report))
}

/// In a file of listeners the names of the master's things are not known.
fn refer(call: &Call<'_, '_>, kind: Kind, argument: &str, patterns: &[Pattern]) {
    if call.session().is_elsewhere.get() {
        return;
    }
    for (number, name) in patterns.iter().map(Pattern::only).enumerate() {
        if let Some(name) = name {
            call.refer_one(kind, argument, number, name);
        }
    }
}

/// A report of that kind with its words.
fn worded(call: &mut Call<'_, '_>, kind: ReportKind) -> ReportConfig {
    ReportConfig {
        kind,
        modes: ReportMode::EVERY.to_vec(),
        builders: vec![],
        tags: vec![],
        branches: vec![],
        schedulers: vec![],
        projects: vec![],
        codebases: vec![],
        when: call.optional("when", read::function(&["report"])),
        templates: templates(call),
        format: call.optional("format", read::function(&["report"])),
        excerpt_lines: 0,
        attach_logs: None,
        attach_most: ATTACH_MOST,
        attach_patch: false,
    }
}

fn templates(call: &mut Call<'_, '_>) -> BTreeMap<&'static str, TemplateText> {
    let mut templates = BTreeMap::new();
    for (form, file) in FORMS {
        if call.has(form) && call.has(file) {
            let help = Some("remove one".to_owned());
            call.mistake(file, &format!("'{form}' and '{file}' are both given"), help);
            continue;
        }
        let inline = call.optional(form, read::text);
        let (argument, name, source) = match inline {
            Some(source) => {
                let line = call.place().line;
                let name = format!("{form} of {}, {}:{line}", call.function(), call.session().file);
                (form, name, source)
            }
            None => {
                let name = call.optional(file, read::text).unwrap_or_default();
                let Some(source) = file_text(call, file) else {
                    continue;
                };
                (file, name, source)
            }
        };
        if let Err(why) = check(&source) {
            call.mistake(argument, &format!("'{argument}' is no template: {why}"), None);
        }
        templates.insert(form, TemplateText { name, source });
    }
    templates
}

/// What is wrong with the template's syntax.
fn check(source: &str) -> Result<(), String> {
    let environment = minijinja::Environment::new();
    let found = environment.template_from_str(source).map(drop);
    found.map_err(|error| {
        let why = error.detail().unwrap_or("it cannot be read").to_owned();
        match error.line() {
            Some(line) => format!("line {line}: {why}"),
            None => why,
        }
    })
}

/// A mode, or several.
fn modes(value: Value<'_>) -> Reading<Vec<ReportMode>> {
    match value.unpack_str() {
        Some("all") => Ok(ReportMode::EVERY.to_vec()),
        // As Buildbot's: alone it means those that did not go well, but not that they broke.
        Some("warnings") => Ok(vec![ReportMode::Failing, ReportMode::Warnings]),
        Some(_) => mode(value).map(|it| vec![it]),
        None => read::some(mode, "modes")(value),
    }
}

fn mode(value: Value<'_>) -> Reading<ReportMode> {
    let word = read::string(value)?;
    let names = ReportMode::NAMED.map(|it| it.0);
    match ReportMode::NAMED.iter().find(|it| it.0 == word) {
        Some((_, mode)) => Ok(*mode),
        None if word == "all" => read::wrong("has 'all' in a list", Some("write mode = \"all\"")),
        None => {
            let help = nearest(&word, names).map_or_else(
                || format!("modes are {}, and all", names.join(", ")),
                did_you_mean,
            );
            read::wrong(format!("is no mode: '{word}'"), Some(&help))
        }
    }
}

fn lines(value: Value<'_>) -> Reading<u32> {
    match read::integer(value)? {
        it @ 0..=1000 => Ok(u32::try_from(it).unwrap_or(MOST_LINES)),
        _ => read::wrong(format!("must be 0 to {MOST_LINES}"), None),
    }
}

/// True for all logs, False for none, or patterns of their names.
fn attach_logs(value: Value<'_>) -> Reading<Option<Vec<Pattern>>> {
    match value.unpack_bool() {
        Some(true) => Ok(Some(vec![])),
        Some(false) => Ok(None),
        None => match read::patterns(read::text, "patterns of logs")(value)? {
            none if none.is_empty() => Ok(None),
            names => Ok(Some(names)),
        },
    }
}

/// The report, which some listener has to take.
fn made(call: &Call<'_, '_>, report: ReportConfig) -> Item {
    let session = call.session();
    let id = match call.is_whole() {
        true => session.declare_report(call.place(), call.function()),
        false => 0,
    };
    Item::Report(id, Box::new(report))
}

/// A report that was made, with what it is known by.
pub(super) fn report(value: Value<'_>) -> Reading<(usize, ReportConfig)> {
    match Object::from_value(value) {
        Some(Object(Item::Report(id, report))) => Ok((*id, (**report).clone())),
        _ => read::unexpected(value, "a report, such as build_report(…)", None),
    }
}
