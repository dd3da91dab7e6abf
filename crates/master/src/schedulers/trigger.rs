//! Buildsets that builds trigger: `triggerable` and `nightly_triggerable`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_config::{MasterConfig, SchedulerConfig, SchedulerKind, SourceDefaults};
use weir_status_api::{
    BuildId, BuildRequestId, BuilderId, BuildsetId, ChangeId, Key, Properties, Property, ReadExt, Scheduler,
    SourceStamp, SourceStampId,
};
use weir_status_db::{
    Applied, BuildsetSource, KeptState, NewBuildset, NewSourceStamp, SetupIds, Store, Transition,
};

use super::{new_stamp, owner, trigger_owner};
use crate::error::{Error, Result};

/// What a build asks of a scheduler that it triggers.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    /// The scheduler's name.
    pub(crate) scheduler: String,
    /// What sets this wish apart from others of the same build, e.g. the number of the step and the scheduler: a
    /// build that asks for the same again, after a restart, gets what was made.
    pub(crate) key: String,
    /// The build, and what it calls the relationship (Buildbot's `Triggered from`).
    pub(crate) parent: (BuildId, String),
    /// Whether the build waits for the end.
    pub(crate) waited_for: bool,
    /// Why, unless the scheduler's own reason will do.
    pub(crate) reason: Option<String>,
    /// What it builds.
    pub(crate) sources: Vec<TriggerSource>,
    /// The changes that it builds.
    pub(crate) changes: Vec<ChangeId>,
    /// Properties; they go over the scheduler's.
    pub(crate) properties: Properties,
}

/// A source that a build hands on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum TriggerSource {
    /// A source stamp that exists, with its patch.
    Stamp(SourceStampId),
    /// A source of its own.
    New {
        /// The revision; none for the newest.
        revision: Option<String>,
        /// The branch; none for the default one.
        branch: Option<String>,
        /// The repository's URL, may be empty.
        repository: String,
        /// The project, may be empty.
        project: String,
        /// The codebase, may be empty.
        codebase: String,
    },
}

/// What came of a [`Trigger`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Triggered {
    /// The buildset and its requests.
    Buildset(BuildsetId, BTreeMap<BuilderId, BuildRequestId>),
    /// It will be built at one of the scheduler's times.
    Later,
    /// The scheduler is disabled, and nothing is built.
    Disabled,
}

/// Triggers a scheduler: makes its buildset, or finds the one that the same wish made before; for a
/// `nightly_triggerable`, keeps the wish until its time comes.
///
/// # Errors
/// If the configuration has no such triggerable scheduler, or the store does not take it.
pub(crate) async fn trigger(
    store: &Store,
    config: &MasterConfig,
    ids: &SetupIds,
    wish: Trigger,
) -> Result<Triggered> {
    let unknown = || Error::NoTriggerable(wish.scheduler.clone());
    let scheduler = config.scheduler(&wish.scheduler).ok_or_else(unknown)?;
    let id = ids.schedulers.get(&wish.scheduler).ok_or_else(unknown)?;
    let (sources, reason) = match &scheduler.kind {
        SchedulerKind::Triggerable { sources, reason } => (sources, reason.clone()),
        SchedulerKind::NightlyTriggerable { .. } => return remember(store, scheduler, wish).await,
        _ => return Err(unknown()),
    };
    // What was made stands, whatever has become of the scheduler since.
    if let Some((id, requests)) = store.triggered(wish.parent.0, &wish.key).await? {
        return Ok(Triggered::Buildset(id, requests));
    }
    let at = store.one::<Scheduler>(Key::Scheduler((*id).into())).await?;
    if !at.value.enabled {
        return Ok(Triggered::Disabled);
    }
    let builders = scheduler.builders.iter();
    let builders = builders
        .map(|name| ids.builders.get(name).copied().ok_or_else(unknown))
        .collect::<Result<Vec<_>>>()?;
    let key = wish.key.clone();
    let mut buildset = super::buildset(scheduler, builders, own_reason(scheduler, reason));
    fill(store, &mut buildset, sources, wish).await?;
    buildset.priority = super::priority(store, scheduler, &buildset.changes).await?;
    let made = store.apply(Transition::Trigger(key, Box::new(buildset)));
    match made.await? {
        Applied::Buildset(id, requests) => Ok(Triggered::Buildset(id, requests)),
        other => Err(Error::Answer(format!("{other:?}"))),
    }
}

fn own_reason(scheduler: &SchedulerConfig, reason: Option<String>) -> String {
    reason.unwrap_or_else(|| format!("The scheduler `{}` triggered this build", scheduler.name))
}

/// Completes a buildset with what the wish says, and the sources of the scheduler's own codebases of which it says
/// nothing.
pub(super) async fn fill(
    store: &Store,
    buildset: &mut NewBuildset,
    own: &[SourceDefaults],
    wish: Trigger,
) -> Result<()> {
    let mut named = BTreeSet::new();
    for source in wish.sources {
        let (codebase, source) = match source {
            TriggerSource::Stamp(id) => {
                let stamp: SourceStamp = store.one(Key::SourceStamp(id)).await?.value;
                (stamp.codebase, BuildsetSource::Stamp(id))
            }
            TriggerSource::New {
                revision,
                branch,
                repository,
                project,
                codebase,
            } => {
                let stamp = NewSourceStamp {
                    revision,
                    branch,
                    repository,
                    project,
                    codebase: codebase.clone(),
                    patch: None,
                };
                (codebase, BuildsetSource::New(stamp))
            }
        };
        named.insert(codebase);
        buildset.sources.push(source);
    }
    let missing = own.iter().filter(|it| !named.contains(&it.codebase));
    buildset
        .sources
        .extend(missing.map(|it| BuildsetSource::New(new_stamp(it))));
    if buildset.sources.is_empty() {
        buildset.sources = vec![BuildsetSource::New(NewSourceStamp::default())];
    }
    // What follows the scheduler knows its buildsets by that property.
    let of_parent = wish
        .properties
        .into_iter()
        .filter(|(name, _)| name != "scheduler");
    buildset.properties.extend(of_parent);
    if let Some(reason) = wish.reason {
        buildset.reason = reason;
    }
    buildset.changes = wish.changes;
    buildset.waited_for = wish.waited_for;
    buildset.parent = Some(wish.parent);
    Ok(())
}

/// The last wish to a `nightly_triggerable`, as it is kept until its time comes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LastTrigger {
    /// Sets it apart from others.
    pub(super) key: String,
    scheduler: String,
    parent: i64,
    relationship: String,
    reason: Option<String>,
    sources: Vec<TriggerSource>,
    changes: Vec<i64>,
    properties: BTreeMap<String, Property>,
}

impl LastTrigger {
    pub(super) fn into_wish(self) -> Trigger {
        Trigger {
            scheduler: self.scheduler,
            key: self.key,
            parent: (BuildId(self.parent), self.relationship),
            waited_for: false,
            reason: self.reason,
            sources: self.sources,
            changes: self.changes.into_iter().map(ChangeId).collect(),
            properties: self.properties.into_iter().collect(),
        }
    }
}

async fn remember(store: &Store, scheduler: &SchedulerConfig, wish: Trigger) -> Result<Triggered> {
    let (parent, relationship) = wish.parent;
    let last = LastTrigger {
        key: format!("{parent}/{}", wish.key),
        scheduler: wish.scheduler,
        parent: parent.0,
        relationship,
        reason: wish.reason,
        sources: wish.sources,
        changes: wish.changes.into_iter().map(|it| it.0).collect(),
        properties: wish.properties.into_iter().collect(),
    };
    let value = serde_json::to_value(last).map_err(|error| Error::KeptState {
        owner: owner(&scheduler.name),
        why: error.to_string(),
    })?;
    let owner = trigger_owner(&scheduler.name);
    store
        .apply(Transition::KeepState(KeptState { owner, value }))
        .await?;
    Ok(Triggered::Later)
}
