//! A build triggers once, and waits for what it has triggered if it is to.

use std::collections::BTreeMap;

use weir_status_api::{BuildId, Buildset, Results, Step};

use super::Told;
use crate::site::Shared;

/// Checks what each build has triggered.
pub(super) fn check(told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    let mut triggered: BTreeMap<BuildId, Vec<&Buildset>> = BTreeMap::new();
    for buildset in told.buildsets.values() {
        if let Some(parent) = buildset.parent_build {
            triggered.entry(parent).or_default().push(buildset);
        }
    }
    if let Some((parent, many)) = triggered.iter().find(|(_, it)| it.len() > 1) {
        return Err(format!(
            "build {parent} has triggered {} times: {many:?}",
            many.len()
        ));
    }
    for step in told.steps.values().filter(|it| it.name == "trigger") {
        let made = triggered.get(&step.build).and_then(|it| it.first());
        if step.results == Some(Results::Success) && made.is_none() {
            return Err(format!("nothing was triggered by {step:?}"));
        }
        let plan = told.plan_of(step.build, shared);
        if let (Some(true), Some(made)) = (plan.and_then(|it| it.trigger_waits()), made) {
            waits(step, made, told)?;
        }
    }
    Ok(())
}

/// A step that ends by itself ends after what it waits for, and as that did.
fn waits(step: &Step, made: &Buildset, told: &Told<'_>) -> Result<(), String> {
    if !matches!(step.results, Some(Results::Success | Results::Failure)) {
        return Ok(());
    }
    let (of_step, of_made) = (told.step_ends.get(&step.id), told.buildset_ends.get(&made.id));
    let is_like = match made.results {
        Some(Results::Skipped) => step.results == Some(Results::Success),
        results => results == step.results,
    };
    match of_made < of_step && is_like {
        true => Ok(()),
        false => Err(format!("{step:?} has not waited for {made:?}")),
    }
}
