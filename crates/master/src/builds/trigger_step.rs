//! The step `trigger`: has other builders build, and may wait for them (Buildbot's `Trigger`).

mod children;

use weir_config::{PropertyValue, RenderError, TriggerStep};
use weir_status_api::{Change, ChangeField, Properties, Property, Query, ReadExt, Results};

use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::{Error, Result};
use crate::schedulers::{Trigger, TriggerSource, Triggered, trigger};
use children::{Child, Children};

/// How many changes of a build go on to those that it triggers.
const MOST_CHANGES: u32 = 1_000;

/// Triggers the schedulers, and waits if that is asked for.
pub(crate) async fn run(step: &StepRun<'_>, config: &TriggerStep, log: &mut LogWriter) -> Result<StepEnd> {
    let properties = match properties(step, config) {
        Ok(properties) => properties,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    let mut children = vec![];
    let mut triggered = vec![];
    for (place, scheduler) in config.schedulers.iter().enumerate() {
        let wish = Trigger {
            scheduler: scheduler.clone(),
            key: key(step, place, log.attempt),
            parent: (step.build, config.relationship.clone()),
            waited_for: config.wait,
            reason: None,
            sources: sources(step, config),
            changes: changes(step).await?,
            properties: properties.clone(),
        };
        let engine = step.engine;
        // By the configuration in force: what is made is for builders that are there.
        let current = engine.current();
        match trigger(&engine.store, &current.config, &current.ids, wish).await {
            Ok(Triggered::Buildset(buildset, requests)) => {
                log.say(&format!("{scheduler}: buildset {buildset}"));
                triggered.push(scheduler.as_str());
                children.push(Child {
                    scheduler: scheduler.clone(),
                    buildset,
                    requests: requests.into_values().collect(),
                    is_important: !config.unimportant.contains(scheduler),
                });
            }
            Ok(Triggered::Later) => log.say(&format!("{scheduler}: it will build at its next time")),
            Ok(Triggered::Disabled) => log.say(&format!("{scheduler}: it is disabled, nothing is built")),
            Err(error @ Error::NoTriggerable(_)) => {
                log.say(&error.to_string());
                return Ok(StepEnd::new(Results::Exception, error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    log.end_lines().await?;
    let state = match triggered.as_slice() {
        [] => "nothing triggered".to_owned(),
        names => format!("triggered {}", names.join(", ")),
    };
    if !config.wait || children.is_empty() {
        return Ok(StepEnd::new(Results::Success, state));
    }
    Children::new(step, children, state).wait(log).await
}

/// What tells the wish from others of the build. The step's id outlives the master: asked again, the wish is the same. A
/// step that is tried again has another.
fn key(step: &StepRun<'_>, place: usize, attempt: u32) -> String {
    match attempt {
        0 => format!("{}/{place}", step.step),
        attempt => format!("{}/{place}/{attempt}", step.step),
    }
}

fn properties(step: &StepRun<'_>, config: &TriggerStep) -> Result<Properties, RenderError> {
    let mut properties = Properties::new();
    for name in &config.copy_properties {
        if let Some(property) = step.values.properties.get(name) {
            properties.insert(name.clone(), Property::new(property.value.clone(), "Trigger"));
        }
    }
    for (name, value) in &config.set_properties {
        let value = match value {
            PropertyValue::Text(text) => text.render(&step.values)?.into(),
            PropertyValue::Data(value) => value.clone(),
        };
        properties.insert(name.clone(), Property::new(value, "Trigger"));
    }
    step.values.secrets.mask_properties(&mut properties);
    Ok(properties)
}

/// The build's own sources, unless the newest are wanted.
fn sources(step: &StepRun<'_>, config: &TriggerStep) -> Vec<TriggerSource> {
    if config.always_use_latest {
        return vec![];
    }
    let stamps = step.values.sources;
    // It says nothing of whose revision it is, so it helps where there is one source only.
    let got = step
        .values
        .properties
        .get("got_revision")
        .and_then(|it| it.value.as_str());
    let got = got.filter(|_| config.update_source_stamp && stamps.len() == 1);
    stamps
        .iter()
        .map(|stamp| match got {
            Some(revision) if stamp.patch.is_none() && stamp.revision.is_none() => TriggerSource::New {
                revision: Some(revision.to_owned()),
                branch: stamp.branch.clone(),
                repository: stamp.repository.clone(),
                project: stamp.project.clone(),
                codebase: stamp.codebase.clone(),
            },
            _ => TriggerSource::Stamp(stamp.id),
        })
        .collect()
}

/// The changes that the build builds.
async fn changes(step: &StepRun<'_>) -> Result<Vec<weir_status_api::ChangeId>> {
    let query = Query::<Change>::new()
        .eq(ChangeField::Build, step.build)
        .limit(MOST_CHANGES);
    let page = step.engine.store.page(query).await?;
    Ok(page.items.into_iter().map(|it| it.id).collect())
}
