//! Groups of steps that run at the same time: `parallel(…)`.

use super::super::builder::LONGEST_STEP_NAME;
use crate::call::{Call, Function};
use crate::model::{GroupMember, StepKind};
use crate::object::Item;
use crate::read;

pub(in super::super) const PARALLEL: Function = Function {
    name: "parallel",
    parameters: &["name", "steps", "max", "stop_others"],
    positional: 1,
    any_name: false,
    run: parallel,
};

fn parallel(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::name(LONGEST_STEP_NAME));
    let mut steps = call.required("steps", read::some(read::step, "steps"));
    let max = call.optional("max", read::count);
    if let Some(number) = steps
        .iter()
        .position(|it| matches!(it.kind, StepKind::Generate(_)))
    {
        let message = format!("'steps[{number}]' adds steps behind itself, which a group has no place for");
        call.mistake("steps", &message, Some("put it before the group".to_owned()));
    }
    let stop_others = call.or("stop_others", read::boolean, false);
    for (number, step) in steps.iter_mut().enumerate() {
        step.group = Some(GroupMember {
            name: name.clone(),
            max,
            stop_others,
            is_first: number == 0,
        });
    }
    Some(Item::Group(steps))
}
