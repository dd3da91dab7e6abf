//! Schedulers: what makes buildsets of changes, of the time and of other builds. Two kinds need no task: the
//! status API's control makes the buildsets of a force scheduler, and a build that [`trigger`]s a triggerable one
//! makes its.

mod after_changes;
mod dependent;
mod pending;
mod timed;
mod trigger;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use weir_config::{ChangeFilter, Priority, SchedulerConfig, SchedulerKind, SourceDefaults};
use weir_status_api::{
    BuilderId, Change, ChangeId, Clock, Entity, Key, Properties, Property, Read, ReadExt, Scheduler,
    SchedulerId,
};
use weir_status_db::{Applied, KeptState, NewBuildset, NewSourceStamp, SetupIds, Store, Transition};

use crate::builds::blocking;
use crate::error::{Error, Result};
use crate::setup::properties;

use after_changes::AfterChanges;
use dependent::Dependent;
use timed::Timed;

pub(crate) use trigger::{Trigger, TriggerSource, Triggered, trigger};

/// Changes of a buildset that the function of its priority is told of, the newest.
const MOST_CHANGES: usize = 100;

/// How long to sleep at the most: the machine's clock can be set in the meantime.
const LONGEST_SLEEP: std::time::Duration = std::time::Duration::from_secs(60);
/// How long a scheduler that failed waits before it tries again, at first and at the longest: what kept it may be over at
/// any moment, and changes wait for it.
const FIRST_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(10);

/// What every scheduler works with.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: SchedulerConfig,
    pub(crate) id: SchedulerId,
    builders: Vec<BuilderId>,
}

impl Context {
    /// None if the store does not know the scheduler or one of its builders; which a valid configuration excludes.
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: SchedulerConfig,
        ids: &SetupIds,
    ) -> Option<Self> {
        let id = *ids.schedulers.get(&config.name)?;
        let builders = config
            .builders
            .iter()
            .map(|name| ids.builders.get(name).copied())
            .collect::<Option<_>>()?;
        Some(Self {
            store,
            clock,
            config,
            id,
            builders,
        })
    }

    /// Whether the scheduler looks at the change. One that its function cannot decide about is left out.
    fn admits(&self, filter: &ChangeFilter, change: &Change) -> bool {
        blocking(|| filter.admits(change)).unwrap_or_else(|error| {
            tracing::error!(scheduler = self.config.name, change = %change.id, %error, "a change is left out");
            false
        })
    }

    /// Whether the change, which it looks at, starts a build. One that its function cannot decide about does.
    fn is_important(&self, filter: &ChangeFilter, change: &Change) -> bool {
        blocking(|| filter.is_important(change)).unwrap_or_else(|error| {
            tracing::error!(scheduler = self.config.name, change = %change.id, %error, "a change counts as important");
            true
        })
    }

    async fn enabled(&self) -> Result<bool> {
        let at = self
            .store
            .get(weir_status_api::Key::Scheduler(self.id.into()))
            .await?;
        Ok(matches!(
            at.value,
            Entity::Scheduler(Scheduler { enabled: true, .. })
        ))
    }

    /// The name under which its state is kept.
    fn owner(&self) -> String {
        owner(&self.config.name)
    }

    /// The name under which the last wish of a build to trigger it is kept.
    fn trigger_owner(&self) -> String {
        trigger_owner(&self.config.name)
    }

    async fn kept<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>> {
        self.kept_as(&self.owner()).await
    }

    async fn kept_as<T: serde::de::DeserializeOwned>(&self, owner: &str) -> Result<Option<T>> {
        match self.store.kept_state(owner).await? {
            None => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| Error::KeptState {
                    owner: owner.to_owned(),
                    why: error.to_string(),
                }),
        }
    }

    fn state<T: serde::Serialize>(&self, state: &T) -> Result<KeptState> {
        let owner = self.owner();
        match serde_json::to_value(state) {
            Ok(value) => Ok(KeptState { owner, value }),
            Err(error) => Err(Error::KeptState {
                owner,
                why: error.to_string(),
            }),
        }
    }

    async fn keep<T: serde::Serialize>(&self, state: &T) -> Result<()> {
        let state = self.state(state)?;
        self.store.apply(Transition::KeepState(state)).await?;
        Ok(())
    }

    /// A buildset for all its builders, to be completed.
    fn buildset(&self, reason: String, state: KeptState) -> NewBuildset {
        NewBuildset {
            state: Some(state),
            ..buildset(&self.config, self.builders.clone(), reason)
        }
    }

    async fn submit(&self, mut buildset: NewBuildset) -> Result<()> {
        buildset.priority = priority(&self.store, &self.config, &buildset.changes).await?;
        match self
            .store
            .apply(Transition::AddBuildset(Box::new(buildset)))
            .await?
        {
            Applied::Buildset(id, requests) => {
                tracing::info!(
                    scheduler = self.config.name, buildset = %id, requests = requests.len(),
                    "made a buildset"
                );
                Ok(())
            }
            other => Err(Error::Answer(format!("{other:?}"))),
        }
    }
}

/// The name under which the state of the scheduler is kept.
fn owner(scheduler: &str) -> String {
    format!("scheduler/{scheduler}")
}

/// The name under which the last wish of a build to trigger the scheduler is kept.
fn trigger_owner(scheduler: &str) -> String {
    format!("scheduler/{scheduler}/trigger")
}

/// A buildset of the scheduler, to be completed.
fn buildset(scheduler: &SchedulerConfig, builders: Vec<BuilderId>, reason: String) -> NewBuildset {
    let mut all: Properties = properties(&scheduler.properties, "Scheduler");
    all.insert(
        "scheduler".to_owned(),
        Property::new(scheduler.name.clone(), "Scheduler"),
    );
    NewBuildset {
        reason,
        external_id: None,
        sources: vec![],
        changes: vec![],
        builders,
        properties: all,
        priority: 0,
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    }
}

/// The priority of the requests of a buildset of these changes. Where the scheduler's function fails it is 0.
async fn priority(store: &Store, scheduler: &SchedulerConfig, changes: &[ChangeId]) -> Result<i32> {
    let function = match &scheduler.priority {
        Priority::Fixed(priority) => return Ok(*priority),
        Priority::Chosen(function) => function,
    };
    let mut told = vec![];
    for change in changes.iter().rev().take(MOST_CHANGES).rev() {
        told.push(store.one::<Change>(Key::Change(*change)).await?.value);
    }
    let given = blocking(|| function.priority(&scheduler.builders, &told));
    Ok(given.unwrap_or_else(|error| {
        tracing::error!(scheduler = scheduler.name, %error, "its priority is not known, and taken for 0");
        0
    }))
}

/// The source stamp of a build that no change started.
fn new_stamp(source: &SourceDefaults) -> NewSourceStamp {
    NewSourceStamp {
        revision: source.revision.clone(),
        branch: source.branch.clone(),
        repository: source.repository.clone(),
        project: source.project.clone(),
        codebase: source.codebase.clone(),
        patch: None,
    }
}

/// Runs a scheduler until `stop`; a failure of the store is reported and tried again.
pub(crate) async fn run(context: Context, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = tokio::time::Instant::now();
        let work = async {
            match &context.config.kind {
                SchedulerKind::SingleBranch { .. } | SchedulerKind::AnyBranch { .. } => {
                    AfterChanges::load(&context).await?.run().await
                }
                SchedulerKind::Periodic { .. }
                | SchedulerKind::Nightly { .. }
                | SchedulerKind::NightlyTriggerable { .. } => Timed::load(&context).await?.run().await,
                SchedulerKind::Dependent { upstream } => {
                    Dependent::load(&context, upstream).await?.run().await
                }
                SchedulerKind::Triggerable { .. } | SchedulerKind::Force { .. } => {
                    std::future::pending().await
                }
            }
        };
        let error = tokio::select! {
            result = work => match result {
                Ok(()) => Error::Status(weir_status_api::Error::unavailable("the events ended")),
                Err(error) => error,
            },
            () = stop.cancelled() => return,
        };
        if began.elapsed() > LONGEST_PAUSE {
            // It has worked since it failed before: this has nothing to do with that.
            pause = FIRST_PAUSE;
        }
        tracing::error!(scheduler = context.config.name, %error, pause_ms = pause.as_millis(), "scheduling failed, trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
