//! The step `trigger(…)`.

use std::collections::BTreeMap;

use super::{of_step, step};
use crate::call::{Call, Function};
use crate::model::{PropertyValue, StepKind, TriggerStep};
use crate::object::Item;
use crate::read;
use crate::session::Kind;

pub(in super::super) const TRIGGER: Function = Function {
    name: "trigger",
    parameters: of_step![
        "schedulers",
        "wait",
        "set_properties",
        "copy_properties",
        "always_use_latest",
        "update_source_stamp",
        "unimportant_schedulers",
        "relationship",
        "name",
    ],
    positional: 1,
    any_name: false,
    run: trigger,
};

fn trigger(call: &mut Call<'_, '_>) -> Option<Item> {
    let properties = read::dict(read::property_name, read::property_value);
    let names = read::list(read::property_name, "names of properties");
    let trigger = TriggerStep {
        schedulers: call.required("schedulers", read::some(read::scheduler, "schedulers")),
        unimportant: call.or(
            "unimportant_schedulers",
            read::list(read::scheduler, "schedulers"),
            vec![],
        ),
        wait: call.or("wait", read::boolean, false),
        set_properties: call.or(
            "set_properties",
            properties,
            BTreeMap::<String, PropertyValue>::new(),
        ),
        copy_properties: call.or("copy_properties", names, vec![]),
        always_use_latest: call.or("always_use_latest", read::boolean, false),
        update_source_stamp: call.or("update_source_stamp", read::boolean, true),
        relationship: call
            .optional("relationship", read::name(100))
            .unwrap_or_else(|| "Triggered from".to_owned()),
    };
    call.refer(Kind::Triggerable, "schedulers", &trigger.schedulers);
    if let Some(other) = trigger
        .unimportant
        .iter()
        .find(|it| !trigger.schedulers.contains(it))
    {
        let message = format!("'unimportant_schedulers' has '{other}', which is not among 'schedulers'");
        let help = Some("add it there, or remove it here".to_owned());
        call.mistake("unimportant_schedulers", &message, help);
    }
    step(call, "trigger".to_owned(), StepKind::Trigger(trigger))
}
