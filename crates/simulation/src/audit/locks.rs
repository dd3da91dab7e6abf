//! No lock is held more often than it can be, no worker has more builds than it may.

use std::collections::BTreeMap;

use weir_status_api::{Build, BuildId, Entity, Step, StepId};

use super::Record;
use crate::plan::BuilderPlan;
use crate::site::Shared;

/// Checks after each event who holds what.
pub(super) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    let mut running: BTreeMap<BuildId, Build> = BTreeMap::new();
    let mut holding: BTreeMap<StepId, Step> = BTreeMap::new();
    let builders = builders(record, shared);
    for event in &record.events {
        match &event.entity {
            Entity::Build(it) if it.complete_at.is_none() => drop(running.insert(it.id, it.clone())),
            Entity::Build(it) => drop(running.remove(&it.id)),
            Entity::Step(it) if it.complete_at.is_none() && it.locks_acquired_at.is_some() => {
                holding.insert(it.id, it.clone());
            }
            Entity::Step(it) => drop(holding.remove(&it.id)),
            _ => continue,
        }
        let mut held = vec![0; shared.plan.locks.len()];
        let mut on_worker = BTreeMap::new();
        for build in running.values() {
            *on_worker.entry(build.worker).or_insert(0) += 1;
            if let Some((lock, count)) = builders.get(&build.builder.0).and_then(|it| it.lock) {
                held[lock] += count;
            }
        }
        for step in holding.values().filter(|it| it.name == "last") {
            let build = record.builds.iter().find(|it| it.id == step.build);
            let builder = build.and_then(|it| builders.get(&it.builder.0));
            if let Some((lock, count)) = builder.and_then(|it| it.step_lock) {
                held[lock] += count;
            }
        }
        for ((name, most), held) in shared.plan.locks.iter().zip(held) {
            if held > *most {
                return Err(format!("the lock {name} is held {held} times at {event:?}"));
            }
        }
        for (worker, count) in on_worker {
            let name = record
                .workers
                .iter()
                .find(|it| it.id == worker)
                .map(|it| it.name.as_str());
            let most = shared
                .plan
                .workers
                .iter()
                .find(|(it, _)| Some(it.as_str()) == name);
            if most.is_some_and(|(_, most)| count > *most) {
                return Err(format!("the worker {name:?} has {count} builds at {event:?}"));
            }
        }
    }
    Ok(())
}

/// The plans of the builders, by their ids in the store.
fn builders<'a>(record: &Record, shared: &'a Shared) -> BTreeMap<i64, &'a BuilderPlan> {
    let named = record.events.iter().filter_map(|event| match &event.entity {
        Entity::Builder(it) => Some((it.id.0, it.name.as_str())),
        _ => None,
    });
    named
        .filter_map(|(id, name)| {
            let plan = shared.plan.builders.iter().find(|it| it.name == name)?;
            Some((id, plan))
        })
        .collect()
}
