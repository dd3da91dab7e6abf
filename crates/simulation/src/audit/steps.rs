//! Steps run in their order, those of a group beside each other, and what a step adds is there once.

use std::collections::BTreeMap;

use weir_status_api::{Build, BuildId, Entity, Results, Step, StepId, Verb};

use super::{Record, Told};
use crate::plan::BuilderPlan;
use crate::site::Shared;

/// Checks the steps of all builds.
pub(super) fn check(record: &Record, told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    in_order(record, told, shared)?;
    let mut steps: BTreeMap<BuildId, Vec<&Step>> = BTreeMap::new();
    for step in told.steps.values() {
        steps.entry(step.build).or_default().push(step);
    }
    for build in told.builds.values() {
        let mut of_build = steps.remove(&build.id).unwrap_or_default();
        of_build.sort_by_key(|it| it.number);
        numbered(build, &of_build)?;
        if let Some(plan) = told.plan_of(build.id, shared) {
            generated(build, &of_build, plan)?;
        }
    }
    Ok(())
}

/// No step begins before those before it have ended, but for those of its group.
fn in_order(record: &Record, told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    let mut builds: BTreeMap<BuildId, BTreeMap<StepId, &Step>> = BTreeMap::new();
    for event in record.events.iter().filter(|it| it.verb != Verb::Deleted) {
        let Entity::Step(step) = &event.entity else {
            continue;
        };
        let steps = builds.entry(step.build).or_default();
        let before = steps.insert(step.id, step);
        let begins = step.started_at.is_some() && before.is_none_or(|it| it.started_at.is_none());
        if !begins {
            continue;
        }
        let plan = told.plan_of(step.build, shared);
        let is_of_group = |it: &Step| plan.is_some_and(|plan| plan.most_at_once(&it.name).is_some());
        let open = steps.values().find(|it| {
            it.number < step.number && it.complete_at.is_none() && !(is_of_group(it) && is_of_group(step))
        });
        if let Some(open) = open {
            return Err(format!("{event:?} before the end of {open:?}"));
        }
    }
    Ok(())
}

fn numbered(build: &Build, steps: &[&Step]) -> Result<(), String> {
    match (0..).zip(steps).find(|(number, it)| it.number != *number) {
        Some((number, it)) => Err(format!("the step {number} of {build:?} is {it:?}")),
        None => Ok(()),
    }
}

/// A step that adds others adds all of them once, right behind it, if it succeeds; else none.
fn generated(build: &Build, steps: &[&Step], plan: &BuilderPlan) -> Result<(), String> {
    let Some(names) = plan.generated() else {
        return Ok(());
    };
    let Some(place) = steps.iter().position(|it| it.name == "plan") else {
        // It ended before its steps were there.
        return Ok(());
    };
    let has_added = steps[place].results == Some(Results::Success);
    let goes_on = matches!(
        build.results,
        Some(Results::Success | Results::Warnings | Results::Failure)
    );
    if has_added && !goes_on && steps.iter().all(|it| !names.contains(&it.name.as_str())) {
        // The build was ended meanwhile, and the function was not asked.
        return Ok(());
    }
    let wanted: &[&str] = if has_added { names } else { &[] };
    let is_added = |it: &&&Step| names.iter().any(|name| it.name.starts_with(name));
    let added: Vec<&str> = steps.iter().filter(is_added).map(|it| it.name.as_str()).collect();
    let behind = steps.iter().skip(place + 1).take(wanted.len());
    let behind: Vec<&str> = behind.map(|it| it.name.as_str()).collect();
    match added == wanted && behind == wanted {
        true => Ok(()),
        false => Err(format!(
            "the step `plan` ended as {:?} and added {added:?}, behind it {behind:?}, in {build:?}",
            steps[place].results
        )),
    }
}
