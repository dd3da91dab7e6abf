//! Steps that a function gives while the build runs: `generate(…)`.

use std::collections::BTreeMap;

use starlark::values::Value;

use super::{of_step, step, step_name};
use crate::call::{Call, Function};
use crate::model::{CONTRACT, GenerateStep, StepKind};
use crate::object::Item;
use crate::read::{self, Reading};

pub(in super::super) const GENERATE: Function = Function {
    name: "generate",
    parameters: of_step!["name", "function", "command", "arguments", "contract"],
    positional: 2,
    any_name: false,
    run: generate,
};

fn generate(call: &mut Call<'_, '_>) -> Option<Item> {
    call.session().has_generators.set(true);
    let name = call.required("name", step_name);
    let function = call.required("function", |value| read::any_function(value).map(Some));
    let arguments = call.or(
        "arguments",
        read::dict(read::identifier, read::json),
        BTreeMap::new(),
    );
    call.or("contract", contract, CONTRACT);
    let command = call.optional("command", read::command);
    if let Some(function) = &function {
        let names: Vec<&str> = arguments.keys().map(String::as_str).collect();
        if call.is_whole() && !call.fills("function", 1, &names) {
            let expected = [vec!["step"], names].concat().join(", ");
            let given = function.parameters();
            let message = format!("'function' must be a function of ({expected}), not of ({given})");
            let help = "it gets the step, and each of 'arguments' by its name".to_owned();
            call.mistake("function", &message, Some(help));
        }
    }
    let kind = StepKind::Generate(GenerateStep {
        function: function?,
        command,
        arguments,
    });
    step(call, name, kind)
}

/// The version of what is promised to functions that give steps.
fn contract(value: Value<'_>) -> Reading<i64> {
    match read::integer(value)? {
        CONTRACT => Ok(CONTRACT),
        other => read::wrong(
            format!("is {other}, which this version of Weir does not keep"),
            Some(&format!("it keeps contract {CONTRACT}")),
        ),
    }
}
