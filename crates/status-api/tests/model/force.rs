//! Forces: what a person filled in becomes a buildset, or is refused field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use weir_status_api::conformance::NewBuildset;
use weir_status_api::{
    Caller, Error, ForceField, ForceFieldKind, ForceParams, ForceScheduler, Outcome, Properties, Property,
    Result, SourceStamp, SourceStampId, Timestamp,
};

use super::{Fault, Model, Transaction};

/// How long a client's key for a force is remembered.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of such a key at the most.
const MAX_KEY: usize = 200;

impl Model {
    pub(super) fn force(
        &self,
        state: &mut Transaction<'_>,
        caller: &Caller,
        scheduler: &str,
        params: ForceParams,
    ) -> Result<Outcome> {
        let with_defaults = !self.has(Fault::IgnoresDefaults);
        let Some(key) = params.idempotency_key.clone() else {
            return state.force(scheduler, params, with_defaults);
        };
        let whose = if self.has(Fault::SharesKeysOfForces) {
            ""
        } else {
            caller.name()
        };
        let place = (whose.to_owned(), scheduler.to_owned(), key);
        let now = state.now;
        let known = state.forced.get(&place);
        let known = known.filter(|(at, _)| now.since(*at) < DAY || self.has(Fault::RemembersForcesForEver));
        if let Some((_, outcome)) = known.filter(|_| !self.has(Fault::ForcesTwice)) {
            return Ok(outcome.clone());
        }
        let outcome = state.force(scheduler, params, with_defaults)?;
        state.forced.insert(place, (now, outcome.clone()));
        Ok(outcome)
    }
}

impl Transaction<'_> {
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
        if params
            .idempotency_key
            .as_ref()
            .is_some_and(|key| key.len() > MAX_KEY)
            && !self.has(Fault::TakesLongKeys)
        {
            wrong.insert("idempotency_key".to_owned(), "is too long".to_owned());
        }
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
        ForceFieldKind::Text | ForceFieldKind::Ruled(_) | ForceFieldKind::Username => value.is_string(),
        ForceFieldKind::Int | ForceFieldKind::Within { .. } => value.is_i64(),
        ForceFieldKind::Bool => value.is_boolean(),
        // No case has these.
        ForceFieldKind::Codebase(_)
        | ForceFieldKind::Group(_)
        | ForceFieldKind::Patch { .. }
        | ForceFieldKind::Properties => true,
        ForceFieldKind::Choice(all) | ForceFieldKind::Choices { choices: all, .. } => {
            value.as_str().is_some_and(|it| all.iter().any(|one| one == it))
        }
    };
    if !fits {
        return Err("does not fit");
    }
    if field.required && (value.is_null() || value == "") {
        return Err("is required");
    }
    Ok(())
}
