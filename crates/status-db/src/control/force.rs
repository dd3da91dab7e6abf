//! From what a person asks of a force scheduler to a buildset.

mod fields;
mod patch;

use std::collections::BTreeMap;

use weir_status_api::{Builder, BuilderId, BuilderKey, Caller, ForceParams, ForceScheduler, Key, Property};

use crate::error::{Error, Result};
use crate::store::Store;
use crate::transition::{BuildsetSource, ForceKey, NewBuildset, NewSourceStamp};

/// The source of what a person sets, Buildbot's.
const FORM: &str = "Force Build Form";

/// What is wrong, by field.
type Wrong = BTreeMap<String, String>;

/// How many bytes an idempotency key can have.
const MAX_KEY: usize = 200;

/// Which wish it is, if the caller's program says so.
pub(super) fn key(caller: &Caller, scheduler: &str, key: Option<String>) -> Result<Option<ForceKey>> {
    match key {
        Some(key) if key.is_empty() || key.len() > MAX_KEY => {
            let why = format!("must have 1 to {MAX_KEY} bytes");
            Err(Error::InvalidInput {
                fields: BTreeMap::from([("idempotency_key".to_owned(), why)]),
            })
        }
        key => Ok(key.map(|key| ForceKey {
            caller: caller.name().to_owned(),
            scheduler: scheduler.to_owned(),
            key,
        })),
    }
}

/// The buildset that `params` ask of `scheduler`.
pub(super) async fn buildset(
    store: &Store,
    caller: &Caller,
    scheduler: ForceScheduler,
    params: ForceParams,
) -> Result<NewBuildset> {
    if !scheduler.enabled {
        return Err(Error::conflict(format_args!(
            "force scheduler `{}` is disabled",
            scheduler.name
        )));
    }
    let mut wrong = Wrong::new();
    let builders = builders(store, &scheduler, &params.builders, &mut wrong).await?;
    let mut properties = scheduler.properties.clone();
    let filled = fields::read(&scheduler.fields, params.values, &mut wrong);
    properties.extend(filled.properties);
    let defaults = scheduler.defaults;
    let own = NewSourceStamp {
        revision: given(params.revision),
        branch: given(params.branch).or(defaults.branch),
        repository: given(params.repository).unwrap_or(defaults.repository),
        project: given(params.project).unwrap_or(defaults.project),
        codebase: defaults.codebase,
        patch: None,
    };
    let mut sources: Vec<NewSourceStamp> = [own].into_iter().chain(filled.sources).collect();
    for (codebase, patch) in filled.patches {
        match sources.iter_mut().find(|it| it.codebase == codebase) {
            Some(source) if source.patch.is_none() => source.patch = Some(patch),
            Some(_) => drop(wrong.insert(codebase, "has two patches".to_owned())),
            None => drop(wrong.insert(codebase, "is patched, but not built".to_owned())),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::InvalidInput { fields: wrong });
    }
    let reason = given(params.reason).unwrap_or(defaults.reason);
    for (name, value, source) in [
        ("owner", caller.name(), FORM),
        ("reason", reason.as_str(), FORM),
        ("scheduler", scheduler.name.as_str(), "Scheduler"),
    ] {
        properties.insert(name.to_owned(), Property::new(value, source));
    }
    Ok(NewBuildset {
        reason: format!("A build was forced by '{}': {reason}", caller.name()),
        external_id: None,
        sources: sources.into_iter().map(BuildsetSource::New).collect(),
        changes: vec![],
        builders,
        properties,
        priority: params.priority.unwrap_or(0),
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    })
}

/// A form sends empty text for what a person left out.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

async fn builders(
    store: &Store,
    scheduler: &ForceScheduler,
    asked: &[String],
    wrong: &mut Wrong,
) -> Result<Vec<BuilderId>> {
    let names = match (asked, scheduler.builder_names.as_slice()) {
        ([], [only]) => std::slice::from_ref(only),
        ([], several) => {
            let why = format!("choose one or more of {}", several.join(", "));
            wrong.insert("builders".to_owned(), why);
            return Ok(vec![]);
        }
        (asked, _) => asked,
    };
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let builder = if scheduler.builder_names.contains(name) {
            store
                .one::<Builder>(Key::Builder(BuilderKey::Name(name.clone())))
                .await
        } else {
            Err(Error::not_found(name))
        };
        match builder {
            Ok(builder) if !builder.masters.is_empty() => ids.push(builder.id),
            Ok(_) | Err(Error::NotFound { .. }) => {
                let why = format!("`{}` has no builder `{name}`", scheduler.name);
                wrong.insert("builders".to_owned(), why);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ids)
}
