//! `force(…)` and its fields.

use regex::Regex;
use starlark::values::Value;
use weir_status_api::{ForceField, ForceFieldKind, ForceSource, TextRules};

use super::{scheduler, sources};
use crate::call::{Call, Function};
use crate::model::{SchedulerKind, SourceDefaults};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};

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

/// What a patch asks for.
const PATCH_PARTS: [&str; 6] = ["body", "body_base64", "level", "subdir", "author", "comment"];

/// What a force asks of each codebase.
const SOURCE_PARTS: [&str; 4] = ["branch", "revision", "repository", "project"];

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
        "codebases",
        "fields",
        "properties",
    ],
    positional: 1,
    any_name: false,
    run: force,
};

pub(in crate::functions) const FIELD_TEXT: Function = Function {
    name: "field_text",
    parameters: &[
        "name",
        "label",
        "default",
        "required",
        "lines",
        "pattern",
        "max_length",
    ],
    positional: 1,
    any_name: false,
    run: field_text,
};

pub(in crate::functions) const FIELD_INT: Function = Function {
    name: "field_int",
    parameters: &["name", "label", "default", "required", "min", "max"],
    positional: 1,
    any_name: false,
    run: field_int,
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
    parameters: &[
        "name", "choices", "label", "default", "required", "strict", "multiple",
    ],
    positional: 2,
    any_name: false,
    run: field_choice,
};

pub(in crate::functions) const FIELD_USERNAME: Function = Function {
    name: "field_username",
    parameters: &["name", "label", "default", "required"],
    positional: 1,
    any_name: false,
    run: |call| {
        let default = call.or("default", read::string, String::new());
        field(call, ForceFieldKind::Username, default.into())
    },
};

pub(in crate::functions) const FIELD_GROUP: Function = Function {
    name: "field_group",
    parameters: &["fields", "name", "label"],
    positional: 1,
    any_name: false,
    run: field_group,
};

fn force(call: &mut Call<'_, '_>) -> Option<Item> {
    let own = call.or("fields", read::list(read::field, "fields"), vec![]);
    let sources = sources(call);
    for field in own.iter().flat_map(leaves) {
        if let ForceFieldKind::Patch { codebase } = &field.kind
            && !sources.iter().any(|it| it.codebase == *codebase)
        {
            let codebases = sources.iter().map(|it| it.codebase.as_str());
            let help = nearest(codebase, codebases.clone())
                .map(did_you_mean)
                .unwrap_or_else(|| {
                    format!(
                        "give field_patch(codebase = …) one of '{}'",
                        codebases.collect::<Vec<_>>().join("', '")
                    )
                });
            let message = format!(
                "'{}' patches a codebase that is not built: '{codebase}'",
                field.name
            );
            call.mistake("fields", &message, Some(help));
        }
    }
    finish(call, sources, own, "force build")
}

/// The field, or those of its group.
fn leaves(field: &ForceField) -> Vec<&ForceField> {
    match &field.kind {
        ForceFieldKind::Group(fields) => fields.iter().flat_map(leaves).collect(),
        _ => vec![field],
    }
}

/// A scheduler that people start, of what it builds and its own fields; `reason` is why if nobody says it.
pub(super) fn finish(
    call: &mut Call<'_, '_>,
    sources: Vec<SourceDefaults>,
    own: Vec<ForceField>,
    reason: &str,
) -> Option<Item> {
    let mut sources = sources.into_iter();
    // The first codebase is the scheduler's own; the others are asked for by fields.
    let source = sources.next().unwrap_or_default();
    let fields: Vec<ForceField> = sources.map(codebase).chain(own).collect();
    let mut taken: Vec<String> = match source.codebase.as_str() {
        "" => vec![],
        codebase => SOURCE_PARTS.map(|it| format!("{codebase}_{it}")).into(),
    };
    for name in full_names(&fields, "") {
        if taken.contains(&name) {
            let help = Some("give it another name".to_owned());
            call.mistake("fields", &format!("two fields are called '{name}'"), help);
        }
        taken.push(name);
    }
    let name = call.optional("name", read::text).unwrap_or_default();
    let label = call.optional("label", read::name(70)).unwrap_or(name);
    let kind = SchedulerKind::Force {
        button: call
            .optional("button", read::name(70))
            .unwrap_or_else(|| label.clone()),
        label,
        reason: call.or("reason", read::string, reason.to_owned()),
        source,
        fields,
    };
    scheduler(call, kind, read::identifier)
}

/// The field by which a force asks for a codebase beside its own.
fn codebase(source: SourceDefaults) -> ForceField {
    ForceField {
        label: format!("Codebase: {}", source.codebase),
        name: source.codebase,
        kind: ForceFieldKind::Codebase(ForceSource {
            branch: source.branch,
            revision: source.revision,
            repository: source.repository,
            project: source.project,
        }),
        default: "".into(),
        required: false,
    }
}

/// The names under which values are given, of fields in the group `within`; one at least of each named group.
fn full_names(fields: &[ForceField], within: &str) -> Vec<String> {
    let mut names = vec![];
    for field in fields {
        let name = match (within, field.name.as_str()) {
            ("", name) => name.to_owned(),
            (within, "") => within.to_owned(),
            (within, name) => format!("{within}_{name}"),
        };
        match &field.kind {
            ForceFieldKind::Group(fields) => names.extend(full_names(fields, &name)),
            ForceFieldKind::Patch { .. } => names.extend(PATCH_PARTS.map(|it| format!("{name}_{it}"))),
            ForceFieldKind::Codebase(_) => names.extend(SOURCE_PARTS.map(|it| format!("{name}_{it}"))),
            _ => names.push(name),
        }
    }
    names
}

fn field_text(call: &mut Call<'_, '_>) -> Option<Item> {
    let default = call.or("default", read::string, String::new());
    let rules = TextRules {
        lines: call.or("lines", read::boolean, false),
        pattern: call.optional("pattern", pattern),
        max_length: call.optional("max_length", read::count).map(i64::from),
    };
    let too_long = rules
        .max_length
        .is_some_and(|it| default.chars().count() as i64 > it);
    let other = rules
        .pattern
        .as_ref()
        .and_then(|it| Regex::new(&format!("^(?:{it})$")).ok());
    if !default.is_empty() && (too_long || other.is_some_and(|it| !it.is_match(&default))) {
        let help = Some("give one that people could give".to_owned());
        call.mistake(
            "default",
            &format!("'default' breaks the field's own rules: '{default}'"),
            help,
        );
    }
    let kind = if rules == TextRules::default() {
        ForceFieldKind::Text
    } else {
        ForceFieldKind::Ruled(rules)
    };
    field(call, kind, default.into())
}

/// A regular expression.
fn pattern(value: Value<'_>) -> Reading<String> {
    let pattern = read::text(value)?;
    match Regex::new(&format!("^(?:{pattern})$")) {
        Ok(_) => Ok(pattern),
        Err(error) => {
            let error = error.to_string();
            let why = error
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            read::wrong(format!("is no regular expression: {why}"), None)
        }
    }
}

fn field_int(call: &mut Call<'_, '_>) -> Option<Item> {
    let min = call.optional("min", read::integer);
    let max = call.optional("max", read::integer);
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        call.mistake("max", &format!("'max' is below 'min': {max} and {min}"), None);
    }
    let nearest_to_zero = 0.max(min.unwrap_or(i64::MIN)).min(max.unwrap_or(i64::MAX));
    let default = call.or("default", read::integer, nearest_to_zero);
    let is_out = min.is_some_and(|it| default < it) || max.is_some_and(|it| default > it);
    if is_out && call.has("default") {
        call.mistake(
            "default",
            &format!("'default' is out of the bounds: {default}"),
            None,
        );
    }
    let kind = match (min, max) {
        (None, None) => ForceFieldKind::Int,
        (min, max) => ForceFieldKind::Within { min, max },
    };
    field(call, kind, default.into())
}

fn field_choice(call: &mut Call<'_, '_>) -> Option<Item> {
    let choices = call.required("choices", read::some(read::string, "choices"));
    let strict = call.or("strict", read::boolean, true);
    let multiple = call.or("multiple", read::boolean, false);
    let defaults = if multiple {
        call.optional("default", read::list(read::string, "choices"))
    } else {
        call.optional("default", read::string).map(|it| vec![it])
    };
    let unknown = |it: &&String| strict && !choices.contains(*it) && !choices.is_empty();
    if let Some(default) = defaults.iter().flatten().find(unknown) {
        let help = nearest(default, choices.iter().map(String::as_str)).map(did_you_mean);
        call.mistake(
            "default",
            &format!("'default' is none of the choices: '{default}'"),
            help,
        );
    }
    let default = if multiple {
        defaults.unwrap_or_default().into()
    } else {
        let default = defaults.and_then(|mut it| it.pop());
        default
            .or_else(|| choices.first().cloned())
            .unwrap_or_default()
            .into()
    };
    let kind = if strict && !multiple {
        ForceFieldKind::Choice(choices)
    } else {
        ForceFieldKind::Choices {
            choices,
            strict,
            multiple,
        }
    };
    field(call, kind, default)
}

fn field_group(call: &mut Call<'_, '_>) -> Option<Item> {
    let fields = call.required("fields", read::some(read::field, "fields"));
    let name = call.optional("name", read::property_name).unwrap_or_default();
    let label = call.optional("label", read::name(200));
    Some(Item::Field(Box::new(ForceField {
        label: label.unwrap_or_else(|| name.clone()),
        name,
        kind: ForceFieldKind::Group(fields),
        default: "".into(),
        required: false,
    })))
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
    asks_anyway(call, &name);
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

/// Refuses a field that would hide what each force asks for.
pub(super) fn asks_anyway(call: &mut Call<'_, '_>, name: &str) {
    if ASKED_ANYWAY.contains(&name) {
        let help = Some("remove the field, or give it another name".to_owned());
        call.mistake("name", &format!("each force asks for '{name}' anyway"), help);
    }
}
