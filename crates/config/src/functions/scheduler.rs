//! What starts builds: `any_branch(…)`, `single_branch(…)`, `periodic(…)`, `force(…)` and its fields.

use std::time::Duration;

use starlark::values::Value;
use weir_status_api::{ForceField, ForceFieldKind};

use crate::call::{Call, Function};
use crate::model::{ChangeFilter, SchedulerConfig, SchedulerKind, SourceDefaults};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind;

/// What a force asks for anyway; a field of that name would hide it.
const ASKED_ANYWAY: [&str; 7] = [
    "reason",
    "branch",
    "revision",
    "repository",
    "project",
    "owner",
    "priority",
];

pub(super) const ANY_BRANCH: Function = Function {
    name: "any_branch",
    parameters: &[
        "name",
        "builders",
        "tree_stable",
        "branches",
        "projects",
        "repositories",
        "codebases",
        "categories",
        "properties",
    ],
    positional: 1,
    any_name: false,
    run: any_branch,
};

pub(super) const SINGLE_BRANCH: Function = Function {
    name: "single_branch",
    parameters: &[
        "name",
        "builders",
        "branch",
        "tree_stable",
        "projects",
        "repositories",
        "codebases",
        "categories",
        "properties",
    ],
    positional: 1,
    any_name: false,
    run: single_branch,
};

pub(super) const PERIODIC: Function = Function {
    name: "periodic",
    parameters: &[
        "name",
        "builders",
        "interval",
        "branch",
        "repository",
        "project",
        "codebase",
        "properties",
    ],
    positional: 1,
    any_name: false,
    run: periodic,
};

pub(super) const FORCE: Function = Function {
    name: "force",
    parameters: &[
        "name",
        "builders",
        "button",
        "label",
        "reason",
        "branch",
        "repository",
        "project",
        "codebase",
        "fields",
        "properties",
    ],
    positional: 1,
    any_name: false,
    run: force,
};

const FIELD: &[&str] = &["name", "label", "default", "required"];

pub(super) const FIELD_TEXT: Function = Function {
    name: "field_text",
    parameters: FIELD,
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::string, String::new());
        field(call, ForceFieldKind::Text, default.into())
    },
};

pub(super) const FIELD_INT: Function = Function {
    name: "field_int",
    parameters: FIELD,
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::integer, 0);
        field(call, ForceFieldKind::Int, default.into())
    },
};

pub(super) const FIELD_BOOL: Function = Function {
    name: "field_bool",
    parameters: &["name", "label", "default"],
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::boolean, false);
        describe_field(call, ForceFieldKind::Bool, default.into(), false)
    },
};

pub(super) const FIELD_CHOICE: Function = Function {
    name: "field_choice",
    parameters: &["name", "choices", "label", "default", "required"],
    positional: 2,
    any_name: false,
    run: field_choice,
};

fn any_branch(call: &mut Call<'_, '_>) -> Option<Item> {
    let branches = patterns(call, "branches");
    let kind = SchedulerKind::AnyBranch {
        tree_stable: call.or("tree_stable", read::duration_or_zero, Duration::ZERO),
        filter: filter(call, branches),
    };
    scheduler(call, kind, read::name(70))
}

fn single_branch(call: &mut Call<'_, '_>) -> Option<Item> {
    let kind = SchedulerKind::SingleBranch {
        branch: call.optional("branch", branch),
        tree_stable: call.or("tree_stable", read::duration_or_zero, Duration::ZERO),
        filter: filter(call, vec![]),
    };
    scheduler(call, kind, read::name(70))
}

fn periodic(call: &mut Call<'_, '_>) -> Option<Item> {
    let kind = SchedulerKind::Periodic {
        interval: call.required("interval", read::duration),
        source: source(call),
    };
    scheduler(call, kind, read::name(70))
}

fn force(call: &mut Call<'_, '_>) -> Option<Item> {
    let fields = call.or("fields", read::list(read::field, "fields"), vec![]);
    for (number, field) in fields.iter().enumerate() {
        if fields[..number].iter().any(|it| it.name == field.name) {
            let help = Some("give it another name".to_owned());
            call.mistake("fields", &format!("two fields are called '{}'", field.name), help);
        }
    }
    let name = call.optional("name", read::text).unwrap_or_default();
    let label = call.optional("label", read::name(70)).unwrap_or(name);
    let kind = SchedulerKind::Force {
        button: call
            .optional("button", read::name(70))
            .unwrap_or_else(|| label.clone()),
        label,
        reason: call.or("reason", read::string, "force build".to_owned()),
        source: source(call),
        fields,
    };
    scheduler(call, kind, read::identifier)
}

/// What all schedulers have in common; `name` reads their name.
fn scheduler<'v>(
    call: &mut Call<'v, '_>,
    kind: SchedulerKind,
    name: impl Fn(Value<'v>) -> Reading<String>,
) -> Option<Item> {
    let scheduler = SchedulerConfig {
        name: call.required("name", name),
        builders: call.required("builders", read::some(read::builder, "builders")),
        properties: call.or("properties", read::properties, Default::default()),
        kind,
    };
    call.declare(Kind::Scheduler, &scheduler.name);
    call.refer(Kind::Builder, "builders", &scheduler.builders);
    call.session()
        .configure(|config| config.schedulers.push(scheduler));
    Some(Item::Other("a scheduler"))
}

fn filter(call: &mut Call<'_, '_>, branches: Vec<String>) -> ChangeFilter {
    ChangeFilter {
        branches,
        projects: patterns(call, "projects"),
        repositories: patterns(call, "repositories"),
        codebases: patterns(call, "codebases"),
        categories: patterns(call, "categories"),
    }
}

/// Texts in which `*` stands for any text; "" is what has none.
fn patterns(call: &mut Call<'_, '_>, name: &str) -> Vec<String> {
    call.or(name, read::list(read::string, "patterns"), vec![])
}

fn source(call: &mut Call<'_, '_>) -> SourceDefaults {
    SourceDefaults {
        branch: call.optional("branch", branch),
        repository: call.or("repository", read::string, String::new()),
        project: call.or("project", read::string, String::new()),
        codebase: call.or("codebase", read::string, String::new()),
    }
}

fn branch(value: Value<'_>) -> Reading<String> {
    match read::text(value)? {
        name if name.contains('*') => read::wrong(
            "must be one branch, without '*'",
            Some("any_branch(branches = […]) follows several"),
        ),
        name => Ok(name),
    }
}

fn field_choice(call: &mut Call<'_, '_>) -> Option<Item> {
    let choices = call.required("choices", read::some(read::string, "choices"));
    let default = call.optional("default", read::string);
    if let Some(default) = default
        .as_ref()
        .filter(|it| !choices.contains(it) && !choices.is_empty())
    {
        let help = nearest(default, choices.iter().map(String::as_str)).map(did_you_mean);
        call.mistake(
            "default",
            &format!("'default' is none of the choices: '{default}'"),
            help,
        );
    }
    let default = default.or_else(|| choices.first().cloned()).unwrap_or_default();
    field(call, ForceFieldKind::Choice(choices), default.into())
}

fn field(call: &mut Call<'_, '_>, kind: ForceFieldKind, default: serde_json::Value) -> Option<Item> {
    let required = call.or("required", read::boolean, false);
    describe_field(call, kind, default, required)
}

fn describe_field(
    call: &mut Call<'_, '_>,
    kind: ForceFieldKind,
    default: serde_json::Value,
    required: bool,
) -> Option<Item> {
    let name = call.required("name", read::property_name);
    if ASKED_ANYWAY.contains(&name.as_str()) {
        let help = Some("remove the field, or give it another name".to_owned());
        call.mistake("name", &format!("each force asks for '{name}' anyway"), help);
    }
    Some(Item::Field(Box::new(ForceField {
        label: call
            .optional("label", read::name(200))
            .unwrap_or_else(|| name.clone()),
        name,
        kind,
        default,
        required,
    })))
}
