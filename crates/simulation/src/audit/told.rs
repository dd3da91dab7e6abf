//! What the events tell, put over each other; and that the same is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Change, ChangeId, Cursor,
    Entity, Log, LogId, Step, StepId, Verb, Worker, WorkerId,
};

use super::Record;
use crate::plan::BuilderPlan;
use crate::site::Shared;

/// The last state of each thing that there ever was, also of what was deleted.
#[derive(Default)]
pub(crate) struct Told<'r> {
    pub(crate) changes: BTreeMap<ChangeId, &'r Change>,
    pub(crate) buildsets: BTreeMap<BuildsetId, &'r Buildset>,
    pub(crate) requests: BTreeMap<BuildRequestId, &'r BuildRequest>,
    pub(crate) builds: BTreeMap<BuildId, &'r Build>,
    pub(crate) steps: BTreeMap<StepId, &'r Step>,
    pub(crate) logs: BTreeMap<LogId, &'r Log>,
    pub(crate) workers: BTreeMap<WorkerId, &'r Worker>,
    /// The names of the builders.
    pub(crate) builders: BTreeMap<BuilderId, &'r str>,
    /// The schedulers that were disabled at some time.
    pub(crate) disabled: BTreeSet<&'r str>,
    /// Where each buildset, and each step, ended.
    pub(crate) buildset_ends: BTreeMap<BuildsetId, Cursor>,
    pub(crate) step_ends: BTreeMap<StepId, Cursor>,
    deleted: Deleted,
}

/// What was deleted. Steps and logs go with their build.
#[derive(Default)]
struct Deleted {
    changes: BTreeSet<ChangeId>,
    buildsets: BTreeSet<BuildsetId>,
    requests: BTreeSet<BuildRequestId>,
    builds: BTreeSet<BuildId>,
}

impl<'r> Told<'r> {
    /// Puts the events over each other; they are numbered without a hole.
    ///
    /// # Errors
    /// If they are not.
    pub(super) fn by(record: &'r Record) -> Result<Self, String> {
        let mut told = Self::default();
        for (number, event) in (1..).zip(&record.events) {
            if event.cursor != Cursor(number) {
                return Err(format!("event {number} has the number {}", event.cursor));
            }
            let is_gone = event.verb == Verb::Deleted;
            let is_end = matches!(event.verb, Verb::Finished | Verb::Complete);
            match &event.entity {
                Entity::Change(it) if is_gone => drop(told.deleted.changes.insert(it.id)),
                Entity::Buildset(it) if is_gone => drop(told.deleted.buildsets.insert(it.id)),
                Entity::BuildRequest(it) if is_gone => drop(told.deleted.requests.insert(it.id)),
                Entity::Build(it) if is_gone => drop(told.deleted.builds.insert(it.id)),
                Entity::Change(it) => drop(told.changes.insert(it.id, it)),
                Entity::Buildset(it) => {
                    if is_end {
                        told.buildset_ends.insert(it.id, event.cursor);
                    }
                    told.buildsets.insert(it.id, it);
                }
                Entity::BuildRequest(it) => drop(told.requests.insert(it.id, it)),
                Entity::Build(it) => drop(told.builds.insert(it.id, it)),
                Entity::Step(it) => {
                    if is_end {
                        told.step_ends.insert(it.id, event.cursor);
                    }
                    told.steps.insert(it.id, it);
                }
                Entity::Log(it) => drop(told.logs.insert(it.id, it)),
                Entity::Worker(it) => drop(told.workers.insert(it.id, it)),
                Entity::Builder(it) => drop(told.builders.insert(it.id, it.name.as_str())),
                Entity::Scheduler(it) if !it.enabled => drop(told.disabled.insert(it.name.as_str())),
                _ => {}
            }
        }
        Ok(told)
    }

    /// Whether what was not deleted is what is read.
    pub(super) fn is_read(&self, record: &Record) -> Result<(), String> {
        let deleted = &self.deleted;
        let there = |build: BuildId| !deleted.builds.contains(&build);
        let has_step = |step: StepId| self.steps.get(&step).is_some_and(|it| there(it.build));
        same(
            "change",
            &record.changes,
            &self.changes,
            |it| it.id,
            |it| !deleted.changes.contains(&it.id),
        )?;
        same(
            "buildset",
            &record.buildsets,
            &self.buildsets,
            |it| it.id,
            |it| !deleted.buildsets.contains(&it.id),
        )?;
        same(
            "request",
            &record.requests,
            &self.requests,
            |it| it.id,
            |it| !deleted.requests.contains(&it.id),
        )?;
        same(
            "build",
            &record.builds,
            &self.builds,
            |it| it.id,
            |it| there(it.id),
        )?;
        same(
            "step",
            &record.steps,
            &self.steps,
            |it| it.id,
            |it| there(it.build),
        )?;
        same(
            "log",
            &record.logs,
            &self.logs,
            |it| it.id,
            |it| has_step(it.step),
        )?;
        // An absence is told only.
        let workers: Vec<Worker> = self
            .workers
            .values()
            .map(|it| Worker {
                absence: None,
                ..(*it).clone()
            })
            .collect();
        let workers = workers.iter().map(|it| (it.id, it)).collect();
        same("worker", &record.workers, &workers, |it| it.id, |_| true)
    }

    /// The plan of a build's builder.
    pub(crate) fn plan_of<'s>(&self, build: BuildId, shared: &'s Shared) -> Option<&'s BuilderPlan> {
        let builder = self.builds.get(&build).map(|it| it.builder)?;
        let name = self.builders.get(&builder)?;
        shared.plan.builders.iter().find(|it| it.name == *name)
    }
}

fn same<I, T>(
    what: &str,
    read: &[T],
    told: &BTreeMap<I, &T>,
    id: impl Fn(&T) -> I,
    is_there: impl Fn(&T) -> bool,
) -> Result<(), String>
where
    I: Ord,
    T: PartialEq + Debug,
{
    let mut told: BTreeMap<&I, &T> = told
        .iter()
        .map(|(id, it)| (id, *it))
        .filter(|(_, it)| is_there(it))
        .collect();
    for it in read {
        match told.remove(&id(it)) {
            Some(known) if known == it => {}
            Some(known) => return Err(format!("read is {it:?}, but the events tell of {known:?}")),
            None => return Err(format!("read is {it:?}, of which no event tells")),
        }
    }
    match told.into_values().next() {
        Some(it) => Err(format!("the events tell of a {what} that is not there: {it:?}")),
        None => Ok(()),
    }
}
