//! The steps `set_property(…)` and `set_properties(…)`.

use std::collections::BTreeMap;

use starlark::values::Value;

use super::super::builder::LONGEST_STEP_NAME;
use super::{Origin, of_step, step, value_or_output};
use crate::call::{Call, Function};
use crate::model::{PropertyOrigin, PropertyValue, StepKind};
use crate::object::Item;
use crate::read::{self, Reading};

pub(in super::super) const SET_PROPERTY: Function = Function {
    name: "set_property",
    parameters: of_step!["property", "value", "command", "strip", "name"],
    positional: 2,
    any_name: false,
    run: set_property,
};

pub(in super::super) const SET_PROPERTIES: Function = Function {
    name: "set_properties",
    parameters: of_step!["properties", "command", "extract", "name"],
    positional: 1,
    any_name: false,
    run: set_properties,
};

fn set_property(call: &mut Call<'_, '_>) -> Option<Item> {
    let property = call.required("property", read::property_name);
    let strip = call.or("strip", read::boolean, true);
    let from = match value_or_output(call, read::property_value, "it becomes")? {
        Origin::Value(value) => {
            if call.has("strip") {
                let help = Some("remove it".to_owned());
                call.mistake("strip", "'strip' is for the output of a 'command'", help);
            }
            PropertyOrigin::Values(BTreeMap::from([(property.clone(), value)]))
        }
        Origin::Output(command) => PropertyOrigin::Output {
            property: property.clone(),
            command,
            strip,
        },
    };
    step(call, step_name(&property), StepKind::SetProperties(from))
}

fn set_properties(call: &mut Call<'_, '_>) -> Option<Item> {
    let values = call.optional("properties", some_values);
    let command = call.optional("command", read::command);
    let extract = call.optional("extract", read::function(&["rc", "stdout", "stderr"]));
    let from = match (values, command, extract) {
        (Some(values), None, None) => PropertyOrigin::Values(values),
        (None, Some(command), Some(extract)) => PropertyOrigin::Extracted { command, extract },
        _ => {
            if call.is_whole() {
                let message = "takes either 'properties', or 'command' and 'extract'";
                let help = "write set_properties({…}), or set_properties(command = …, extract = …)";
                call.mistake("properties", message, Some(help.to_owned()));
            }
            return None;
        }
    };
    step(call, "set_properties".to_owned(), StepKind::SetProperties(from))
}

fn some_values(value: Value<'_>) -> Reading<BTreeMap<String, PropertyValue>> {
    match read::dict(read::property_name, read::property_value)(value)? {
        empty if empty.is_empty() => read::wrong("must not be empty", None),
        values => Ok(values),
    }
}

/// `set NAME`, as a step can be named.
fn step_name(property: &str) -> String {
    let name = format!("set {}", property.replace('/', "_"));
    let name: String = name.chars().take(LONGEST_STEP_NAME).collect();
    name.trim_end().to_owned()
}
