//! `builder(…)`.

use std::collections::BTreeSet;

use starlark::values::Value;

use super::project::description;
use crate::call::{Call, Function};
use crate::locks::faults;
use crate::model::{BuilderConfig, NextWorker, StepConfig};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind;
use crate::text::Text;

/// The longest name of a step, as in Buildbot.
pub(super) const LONGEST_STEP_NAME: usize = 50;

pub(super) const BUILDER: Function = Function {
    name: "builder",
    parameters: &[
        "name",
        "workers",
        "steps",
        "env",
        "properties",
        "default_properties",
        "tags",
        "project",
        "description",
        "description_format",
        "workdir",
        "can_start_build",
        "next_build",
        "total_timeout",
        "locks",
        "next_worker",
        "collapse_requests",
    ],
    positional: 1,
    any_name: false,
    run: builder,
};

fn builder(call: &mut Call<'_, '_>) -> Option<Item> {
    let (properties, late_properties) = call.or("properties", read::late_properties, Default::default());
    let builder = BuilderConfig {
        name: call.required("name", builder_name),
        workers: call.required("workers", read::some(read::worker, "workers")),
        next_worker: call.optional("next_worker", next_worker),
        steps: steps(call),
        total_timeout: call.optional("total_timeout", read::duration),
        locks: call.or("locks", read::locks, vec![]),
        env: call.or("env", read::env, Default::default()),
        properties,
        late_properties,
        default_properties: call.or("default_properties", read::properties, Default::default()),
        tags: call.or("tags", read::list(read::name(70), "tags"), vec![]),
        project: call.optional("project", read::project),
        description: description(call),
        workdir: call.or("workdir", read::folder, Text::literal("build")),
        can_start_build: call.optional("can_start_build", read::function(&["worker", "request"])),
        next_build: call.optional("next_build", read::function(&["requests"])),
        collapse_requests: call.optional("collapse_requests", read::collapse),
    };
    let name = builder.name.clone();
    call.declare(Kind::Builder, &name);
    call.refer(Kind::Worker, "workers", &builder.workers);
    call.refer(Kind::Project, "project", builder.project.as_slice());
    let faults = call.session().configure(|config| faults(&builder, &config.locks));
    for fault in faults {
        call.mistake(fault.argument, &fault.message, Some(fault.help));
    }
    call.session().configure(|config| config.builders.push(builder));
    Some(Item::Builder(name))
}

/// Which of several free workers takes a build.
pub(super) fn next_worker(value: Value<'_>) -> Reading<NextWorker> {
    if value.unpack_str().is_none() {
        return read::function(&["workers", "request"])(value).map(NextWorker::Chosen);
    }
    let word = read::text(value)?;
    let names = || NextWorker::NAMED.iter().map(|(name, _)| *name);
    match NextWorker::NAMED.iter().find(|(name, _)| *name == word) {
        Some((_, rule)) => Ok(rule.clone()),
        None => {
            let help = nearest(&word, names()).map_or_else(
                || format!("rules are {}", names().collect::<Vec<_>>().join(", ")),
                did_you_mean,
            );
            read::wrong(format!("is no rule for choosing a worker: '{word}'"), Some(&help))
        }
    }
}

fn builder_name(value: Value<'_>) -> Reading<String> {
    let name = read::name(70)(value)?;
    if name.starts_with('_') {
        return read::wrong("must not begin with '_'", None);
    }
    Ok(name)
}

/// The steps. Two of the same name get a number, as in Buildbot: `shell`, `shell_1`.
fn steps(call: &mut Call<'_, '_>) -> Vec<StepConfig> {
    let mut steps = call.required("steps", read::some(read::steps, "steps")).concat();
    name_steps(&mut steps, &mut BTreeSet::new());
    steps
}

/// Gives the steps names that are unlike each other's and those `taken`, which they are from now on.
pub fn name_steps(steps: &mut [StepConfig], taken: &mut BTreeSet<String>) {
    for step in steps {
        step.name = unique(&step.name, taken);
        taken.insert(step.name.clone());
    }
}

fn unique(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    // There are finitely many taken names, so one of these is free.
    (1u32..)
        .map(|number| {
            let suffix = format!("_{number}");
            let kept: String = name.chars().take(LONGEST_STEP_NAME - suffix.len()).collect();
            kept + &suffix
        })
        .find(|it| !taken.contains(it))
        .unwrap_or_default()
}
