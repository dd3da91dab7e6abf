//! Builds of what is in a working copy: `try_jobs(…)`, and the fields by which a force asks for the same.

use weir_status_api::{ForceField, ForceFieldKind};

use super::force::{asks_anyway, finish};
use super::sources;
use crate::call::{Call, Function};
use crate::object::Item;
use crate::read;

pub(in crate::functions) const TRY_JOBS: Function = Function {
    name: "try_jobs",
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
        "properties",
    ],
    positional: 1,
    any_name: false,
    run: try_jobs,
};

pub(in crate::functions) const FIELD_PATCH: Function = Function {
    name: "field_patch",
    parameters: &["name", "label", "codebase", "required"],
    positional: 1,
    any_name: false,
    run: |call| {
        let codebase = call.or("codebase", read::string, String::new());
        let required = call.or("required", read::boolean, false);
        any_field(call, ForceFieldKind::Patch { codebase }, required)
    },
};

pub(in crate::functions) const FIELD_PROPERTIES: Function = Function {
    name: "field_properties",
    parameters: &["name", "label"],
    positional: 1,
    any_name: false,
    run: |call| any_field(call, ForceFieldKind::Properties, false),
};

fn any_field(call: &mut Call<'_, '_>, kind: ForceFieldKind, required: bool) -> Option<Item> {
    let name = call.required("name", read::property_name);
    asks_anyway(call, &name);
    let label = call.optional("label", read::name(200));
    Some(Item::Field(Box::new(ForceField {
        label: label.unwrap_or_else(|| name.clone()),
        name,
        kind,
        default: "".into(),
        required,
    })))
}

/// A force scheduler that asks for patches and for any properties.
fn try_jobs(call: &mut Call<'_, '_>) -> Option<Item> {
    let sources = sources(call);
    let is_only = sources.len() == 1;
    let mut fields: Vec<ForceField> = sources
        .iter()
        .map(|it| match is_only {
            true => own_field("patch".to_owned(), "Patch", patch_of(&it.codebase), true),
            // One of them will do.
            false => {
                let label = format!("Patch of {}", it.codebase);
                own_field(
                    format!("{}_patch", it.codebase),
                    &label,
                    patch_of(&it.codebase),
                    false,
                )
            }
        })
        .collect();
    let any = own_field(
        "properties".to_owned(),
        "Properties",
        ForceFieldKind::Properties,
        false,
    );
    fields.push(any);
    finish(call, sources, fields, "try")
}

fn patch_of(codebase: &str) -> ForceFieldKind {
    ForceFieldKind::Patch {
        codebase: codebase.to_owned(),
    }
}

fn own_field(name: String, label: &str, kind: ForceFieldKind, required: bool) -> ForceField {
    ForceField {
        name,
        label: label.to_owned(),
        kind,
        default: "".into(),
        required,
    }
}
