//! What starts builds. What all of it has in common is here.

mod after;
mod changes;
mod force;
mod timed;
mod try_jobs;

use starlark::values::Value;

use crate::call::Call;
use crate::model::{ChangeFilter, Pattern, Priority, SchedulerConfig, SchedulerKind, SourceDefaults};
use crate::object::Item;
use crate::read::{self, Codebases, Reading};
use crate::session::Kind;

pub(super) use after::{DEPENDENT, TRIGGERABLE};
pub(super) use changes::{ANY_BRANCH, SINGLE_BRANCH};
pub(super) use force::{FIELD_BOOL, FIELD_CHOICE, FIELD_GROUP, FIELD_INT, FIELD_TEXT, FIELD_USERNAME, FORCE};
pub(super) use timed::{NIGHTLY, NIGHTLY_TRIGGERABLE, PERIODIC};
pub(super) use try_jobs::{FIELD_PATCH, FIELD_PROPERTIES, TRY_JOBS};

/// The arguments that say what one source is.
const SOURCE: [&str; 4] = ["branch", "repository", "project", "codebase"];

/// A scheduler whose name is any.
fn named<'v>(call: &mut Call<'v, '_>, kind: SchedulerKind) -> Option<Item> {
    scheduler(call, kind, read::name(70))
}

/// What all schedulers have in common; `name` reads their name.
fn scheduler<'v>(
    call: &mut Call<'v, '_>,
    kind: SchedulerKind,
    name: impl Fn(Value<'v>) -> Reading<String>,
) -> Option<Item> {
    // Of a force people say it.
    let priority = match kind {
        SchedulerKind::Force { .. } => Priority::default(),
        _ => call.or("priority", read::priority, Priority::default()),
    };
    let (properties, late_properties) = call.or("properties", read::late_properties, Default::default());
    let scheduler = SchedulerConfig {
        name: call.required("name", name),
        builders: call.required("builders", read::some(read::builder, "builders")),
        properties,
        late_properties,
        priority,
        kind,
    };
    let name = scheduler.name.clone();
    call.declare(Kind::Scheduler, &name);
    call.refer(Kind::Builder, "builders", &scheduler.builders);
    call.session()
        .configure(|config| config.schedulers.push(scheduler));
    Some(Item::Scheduler(name))
}

fn filter(call: &mut Call<'_, '_>, branches: Vec<Pattern>, codebases: Vec<Pattern>) -> ChangeFilter {
    let important = call.optional("important", read::function(&["change"]));
    let only_important = call.or("only_important", read::boolean, false);
    if call.has("only_important") && !call.has("important") {
        let help = Some("add important = lambda change: …".to_owned());
        call.mistake(
            "only_important",
            "'only_important' says nothing without 'important'",
            help,
        );
    }
    ChangeFilter {
        branches,
        projects: patterns(call, "projects"),
        repositories: patterns(call, "repositories"),
        codebases,
        categories: patterns(call, "categories"),
        authors: patterns(call, "authors"),
        files: patterns(call, "files"),
        function: call.optional("filter", read::function(&["change"])),
        important,
        only_important,
    }
}

/// The patterns of codebases whose changes count, and the codebases that are built together.
fn codebases(call: &mut Call<'_, '_>) -> (Vec<Pattern>, Vec<SourceDefaults>) {
    match call.optional("codebases", read::codebases_or_patterns) {
        None => (vec![], vec![]),
        Some(Codebases::Patterns(patterns)) => (patterns, vec![]),
        Some(Codebases::Together(sources)) => (vec![], sources),
    }
}

/// What texts are to be like; "" is what has none.
pub(super) fn patterns(call: &mut Call<'_, '_>, name: &str) -> Vec<Pattern> {
    call.or(name, read::patterns(read::string, "patterns"), vec![])
}

/// One source, of the arguments [`SOURCE`].
fn source(call: &mut Call<'_, '_>) -> SourceDefaults {
    SourceDefaults {
        branch: call.optional("branch", read::branch),
        revision: None,
        repository: call.or("repository", read::string, String::new()),
        project: call.or("project", read::string, String::new()),
        codebase: call.or("codebase", read::string, String::new()),
    }
}

/// One source of each codebase in `codebases`, or the one that [`SOURCE`] says; not both.
fn sources(call: &mut Call<'_, '_>) -> Vec<SourceDefaults> {
    let Some(sources) = call.optional("codebases", read::codebases) else {
        return vec![source(call)];
    };
    for argument in SOURCE {
        if call.has(argument) {
            let help = format!("say it of each codebase: codebases = {{\"…\": {{\"{argument}\": …}}}}");
            call.mistake(
                argument,
                &format!("'codebases' and '{argument}' are both given"),
                Some(if argument == "codebase" {
                    "remove one".to_owned()
                } else {
                    help
                }),
            );
        }
    }
    sources
}
