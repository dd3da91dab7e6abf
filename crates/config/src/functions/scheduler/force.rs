//! `force(…)` and its fields.

use weir_status_api::{ForceField, ForceFieldKind};

use super::{scheduler, source};
use crate::call::{Call, Function};
use crate::model::SchedulerKind;
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read;

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

pub(in crate::functions) const FORCE: Function = Function {
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

pub(in crate::functions) const FIELD_TEXT: Function = Function {
    name: "field_text",
    parameters: FIELD,
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::string, String::new());
        field(call, ForceFieldKind::Text, default.into())
    },
};

pub(in crate::functions) const FIELD_INT: Function = Function {
    name: "field_int",
    parameters: FIELD,
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::integer, 0);
        field(call, ForceFieldKind::Int, default.into())
    },
};

pub(in crate::functions) const FIELD_BOOL: Function = Function {
    name: "field_bool",
    parameters: &["name", "label", "default"],
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::boolean, false);
        describe_field(call, ForceFieldKind::Bool, default.into(), false)
    },
};

pub(in crate::functions) const FIELD_CHOICE: Function = Function {
    name: "field_choice",
    parameters: &["name", "choices", "label", "default", "required"],
    positional: 2,
    any_name: false,
    run: field_choice,
};

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
