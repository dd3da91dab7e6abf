//! Control: what is carried out at once, and what is recorded for a master to do.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value as Json;
use weir_status_api::conformance::NewBuildset;
use weir_status_api::{
    BuildKey, BuildRequestId, Caller, Command, Control, ControlAction, ControlRecord, ControlTarget, Entity,
    Error, ForceField, ForceFieldKind, ForceParams, ForceScheduler, Outcome, Properties, Property, Result,
    Results, SchedulerKey, SourceStamp, SourceStampId, Timestamp, Verb, WorkerKey,
};

use super::{Fault, Model, Transaction};

impl Transaction<'_> {
    fn record(
        &mut self,
        caller: &Caller,
        target: ControlTarget,
        action: ControlAction,
        reason: Option<String>,
    ) {
        let record = ControlRecord {
            target,
            action,
            reason,
            caller: caller.name().to_owned(),
        };
        self.emit(Verb::Requested, Entity::Control(record));
    }

    fn worker(&self, key: &WorkerKey) -> Result<ControlTarget> {
        let found = self.workers.iter().find(|it| match key {
            WorkerKey::Id(id) => it.id == *id,
            WorkerKey::Name(name) => it.name == *name,
        });
        found
            .map(|it| ControlTarget::Worker(it.id))
            .ok_or_else(|| Error::not_found(key))
    }

    fn enable_scheduler(&mut self, key: &SchedulerKey, enabled: bool) -> Result<Outcome> {
        let found = self.schedulers.iter().find(|it| match key {
            SchedulerKey::Id(id) => it.id == *id,
            SchedulerKey::Name(name) => it.name == *name,
        });
        let id = found.ok_or_else(|| Error::not_found(key))?.id;
        self.enable(id, enabled);
        Ok(Outcome::Done)
    }

    fn stop_build(&mut self, caller: &Caller, build: &BuildKey, reason: Option<String>) -> Result<Outcome> {
        let build = self.find_build(build)?;
        let (id, runs) = (build.id, build.complete_at.is_none());
        if runs {
            self.record(caller, ControlTarget::Build(id), ControlAction::Stop, reason);
        }
        Ok(Outcome::Done)
    }

    fn cancel(
        &mut self,
        caller: &Caller,
        request: BuildRequestId,
        reason: Option<String>,
    ) -> Result<Outcome> {
        let found = self.requests.iter().find(|it| it.id == request);
        let row = found.ok_or_else(|| Error::not_found(format!("build request {request}")))?;
        let (open, claimed) = (row.complete_at.is_none(), row.claimed_by.is_some());
        if open {
            self.record(
                caller,
                ControlTarget::BuildRequest(request),
                ControlAction::Cancel,
                reason,
            );
        }
        if open && !claimed {
            self.complete_request(request, Results::Cancelled);
        }
        Ok(Outcome::Done)
    }

    fn rebuild(&mut self, key: &BuildKey, as_nobody: bool) -> Result<Outcome> {
        let build = self.find_build(key)?.clone();
        let request = self
            .requests
            .iter()
            .find(|it| it.id == build.request)
            .expect("a build has a request")
            .clone();
        let buildset = self
            .buildsets
            .iter()
            .find(|it| it.id == request.buildset)
            .expect("so has a request")
            .clone();
        let new = NewBuildset {
            reason: format!("rebuild of build {}", build.id),
            sources: buildset.source_stamps,
            changes: self.buildset_changes[&buildset.id].clone(),
            builders: vec![build.builder],
            properties: self.buildset_properties[&buildset.id].clone(),
            ..NewBuildset::default()
        };
        let rebuilt = (!as_nobody).then_some(build.id);
        let (buildset, requests) = self.add_buildset(new, rebuilt);
        Ok(Outcome::Buildset { buildset, requests })
    }

    fn force(&mut self, name: &str, params: ForceParams, with_defaults: bool) -> Result<Outcome> {
        let known = self.force_schedulers.iter().find(|it| it.name == name).cloned();
        let scheduler = known.ok_or_else(|| Error::not_found(format!("force scheduler `{name}`")))?;
        if !scheduler.enabled {
            return Err(Error::Conflict {
                why: format!("the scheduler {name} is not enabled"),
            });
        }
        let mut wrong = BTreeMap::new();
        let builders = chosen_builders(&scheduler, &params, &mut wrong);
        let properties = filled_in(&scheduler, &params.values, &mut wrong);
        if !wrong.is_empty() {
            return Err(Error::InvalidInput { fields: wrong });
        }
        let builders = self
            .builders
            .iter()
            .filter(|it| builders.contains(&it.name))
            .map(|it| it.id)
            .collect();
        let defaults = if with_defaults {
            scheduler.defaults
        } else {
            Default::default()
        };
        let new = NewBuildset {
            reason: params.reason.unwrap_or(defaults.reason),
            sources: vec![SourceStamp {
                id: SourceStampId(0),
                revision: params.revision,
                branch: params.branch.or(defaults.branch),
                repository: params.repository.unwrap_or(defaults.repository),
                project: params.project.unwrap_or(defaults.project),
                codebase: defaults.codebase,
                created_at: Timestamp::default(),
                patch: None,
            }],
            builders,
            properties,
            priority: params.priority.unwrap_or(0),
            ..NewBuildset::default()
        };
        let (buildset, requests) = self.add_buildset(new, None);
        Ok(Outcome::Buildset { buildset, requests })
    }
}

fn chosen_builders(
    scheduler: &ForceScheduler,
    params: &ForceParams,
    wrong: &mut BTreeMap<String, String>,
) -> Vec<String> {
    let mut say = |why: &str| drop(wrong.insert("builders".to_owned(), why.to_owned()));
    if params.builders.is_empty() && scheduler.builder_names.len() == 1 {
        return scheduler.builder_names.clone();
    }
    if params.builders.is_empty() {
        say("choose one");
    }
    if params
        .builders
        .iter()
        .any(|name| !scheduler.builder_names.contains(name))
    {
        say("the scheduler does not start it");
    }
    params.builders.clone()
}

/// The scheduler's properties, and its fields as they were filled in.
fn filled_in(
    scheduler: &ForceScheduler,
    values: &BTreeMap<String, Json>,
    wrong: &mut BTreeMap<String, String>,
) -> Properties {
    let mut properties = scheduler.properties.clone();
    for field in &scheduler.fields {
        let value = values.get(&field.name).unwrap_or(&field.default);
        if let Err(why) = check(field, value) {
            wrong.insert(field.name.clone(), why.to_owned());
        }
        properties.insert(
            field.name.clone(),
            Property::new(value.clone(), "Force Build Form"),
        );
    }
    for name in values.keys() {
        if scheduler.fields.iter().all(|field| field.name != *name) {
            wrong.insert(name.clone(), "there is no such field".to_owned());
        }
    }
    properties
}

fn check(field: &ForceField, value: &Json) -> Result<(), &'static str> {
    let fits = match &field.kind {
        ForceFieldKind::Text => value.is_string(),
        ForceFieldKind::Int => value.is_i64(),
        ForceFieldKind::Bool => value.is_boolean(),
        ForceFieldKind::Choice(all) => value.as_str().is_some_and(|it| all.iter().any(|one| one == it)),
    };
    if !fits {
        return Err("does not fit");
    }
    if field.required && (value.is_null() || value == "") {
        return Err("is required");
    }
    Ok(())
}

#[async_trait]
impl Control for Model {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.transact(|state| match command {
            Command::Force { scheduler, params } => {
                state.force(&scheduler, params, !self.has(Fault::IgnoresDefaults))
            }
            Command::StopBuild { build, reason } => state.stop_build(caller, &build, reason),
            Command::Rebuild { build } => state.rebuild(&build, self.has(Fault::RepeatsAsNobody)),
            Command::CancelRequest { request, reason } => state.cancel(caller, request, reason),
            Command::PauseWorker { worker, reason } => {
                let target = state.worker(&worker)?;
                state.record(caller, target, ControlAction::Pause, reason);
                Ok(Outcome::Done)
            }
            Command::UnpauseWorker { worker } => {
                let target = state.worker(&worker)?;
                state.record(caller, target, ControlAction::Unpause, None);
                Ok(Outcome::Done)
            }
            Command::StopWorker { worker, reason } => {
                let target = state.worker(&worker)?;
                state.record(caller, target, ControlAction::Stop, reason);
                Ok(Outcome::Done)
            }
            Command::EnableScheduler { scheduler, enabled } => state.enable_scheduler(&scheduler, enabled),
        })
    }
}
