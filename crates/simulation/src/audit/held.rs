//! No lock is held more often than it can be, no worker has more builds than it may, no group runs more steps at once.

use std::collections::{BTreeMap, BTreeSet};

use weir_status_api::{BuildId, Entity, Event, StepId, Verb, WorkerId};

use super::{Record, Told};
use crate::site::Shared;

/// Who holds what, after an event.
struct Holding<'a> {
    told: &'a Told<'a>,
    shared: &'a Shared,
    builds: BTreeSet<BuildId>,
    steps: BTreeSet<StepId>,
    locks: Vec<u64>,
    on_worker: BTreeMap<WorkerId, u64>,
    of_group: BTreeMap<BuildId, BTreeSet<StepId>>,
}

/// Checks after each event who holds what.
pub(super) fn check(record: &Record, told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    let mut holding = Holding {
        told,
        shared,
        builds: BTreeSet::new(),
        steps: BTreeSet::new(),
        locks: vec![0; shared.plan.locks.len()],
        on_worker: BTreeMap::new(),
        of_group: BTreeMap::new(),
    };
    for event in record.events.iter().filter(|it| it.verb != Verb::Deleted) {
        holding.after(event)?;
    }
    Ok(())
}

impl Holding<'_> {
    fn after(&mut self, event: &Event) -> Result<(), String> {
        match &event.entity {
            Entity::Build(it) => {
                let changes = match it.complete_at {
                    None => self.builds.insert(it.id),
                    Some(_) => self.builds.remove(&it.id),
                };
                if changes {
                    let lock = self.told.plan_of(it.id, self.shared).and_then(|it| it.lock);
                    self.count(lock, it.complete_at.is_none(), event)?;
                    self.on_worker(it.worker, it.complete_at.is_none(), event)?;
                }
            }
            Entity::Step(it) => {
                let holds = it.complete_at.is_none() && it.locks_acquired_at.is_some();
                let changes = match holds {
                    true => self.steps.insert(it.id),
                    false => self.steps.remove(&it.id),
                };
                let builder = self.told.plan_of(it.build, self.shared);
                if changes && it.name == "last" {
                    self.count(builder.and_then(|it| it.step_lock), holds, event)?;
                }
                let Some(most) = builder.and_then(|known| known.most_at_once(&it.name)) else {
                    return Ok(());
                };
                let runs = it.started_at.is_some() && it.complete_at.is_none();
                let running = self.of_group.entry(it.build).or_default();
                match runs {
                    true => running.insert(it.id),
                    false => running.remove(&it.id),
                };
                if running.len() as u64 > most {
                    return Err(format!(
                        "{} steps of a group of {most} run at {event:?}",
                        running.len()
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, lock: Option<(usize, u64)>, begins: bool, event: &Event) -> Result<(), String> {
        let Some((lock, count)) = lock else {
            return Ok(());
        };
        let held = &mut self.locks[lock];
        match begins {
            true => *held += count,
            false => *held -= count,
        }
        let plan = &self.shared.plan.locks[lock];
        match *held > plan.most {
            true => Err(format!(
                "the lock {} is held {held} times at {event:?}",
                plan.name
            )),
            false => Ok(()),
        }
    }

    fn on_worker(&mut self, worker: WorkerId, begins: bool, event: &Event) -> Result<(), String> {
        let count = self.on_worker.entry(worker).or_default();
        match begins {
            true => *count += 1,
            false => *count -= 1,
        }
        let name = self.told.workers.get(&worker).map_or("", |it| it.name.as_str());
        let plan = self.shared.plan.workers.iter().find(|it| it.name == name);
        match plan {
            Some(plan) if *count > plan.most => {
                Err(format!("the worker {name} has {count} builds at {event:?}"))
            }
            _ => Ok(()),
        }
    }
}
