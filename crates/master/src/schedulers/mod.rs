//! Schedulers: what makes buildsets of changes and of the time. A force scheduler needs no task: the status
//! API's control makes its buildsets.

mod after_changes;
mod pending;
mod periodic;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use weir_config::{SchedulerConfig, SchedulerKind};
use weir_status_api::{Clock, Entity, Properties, Property, Read, Scheduler, SchedulerId};
use weir_status_db::{Applied, KeptState, NewBuildset, SetupIds, Store, Transition};

use crate::error::{Error, Result};
use crate::setup::properties;

use after_changes::AfterChanges;
use periodic::Periodic;

/// What every scheduler works with.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: SchedulerConfig,
    pub(crate) id: SchedulerId,
    builders: Vec<weir_status_api::BuilderId>,
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
        format!("scheduler/{}", self.config.name)
    }

    async fn kept<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>> {
        let owner = self.owner();
        match self.store.kept_state(&owner).await? {
            None => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| Error::KeptState {
                    owner,
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
        let mut all: Properties = properties(&self.config.properties, "Scheduler");
        all.insert(
            "scheduler".to_owned(),
            Property::new(self.config.name.clone(), "Scheduler"),
        );
        NewBuildset {
            reason,
            external_id: None,
            sources: vec![],
            changes: vec![],
            builders: self.builders.clone(),
            properties: all,
            priority: 0,
            waited_for: false,
            parent: None,
            rebuilt_build: None,
            state: Some(state),
        }
    }

    async fn submit(&self, buildset: NewBuildset) -> Result<()> {
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

/// Runs a scheduler until `stop`; a failure of the store is reported and tried again.
pub(crate) async fn run(context: Context, stop: CancellationToken) {
    let mut pause = std::time::Duration::from_millis(200);
    loop {
        let work = async {
            match &context.config.kind {
                SchedulerKind::SingleBranch { .. } | SchedulerKind::AnyBranch { .. } => {
                    AfterChanges::load(&context).await?.run().await
                }
                SchedulerKind::Periodic { interval, source } => {
                    Periodic::new(&context, *interval, source).run().await
                }
                SchedulerKind::Force { .. } => std::future::pending().await,
            }
        };
        let error = tokio::select! {
            result = work => match result {
                Ok(()) => Error::Status(weir_status_api::Error::unavailable("the events ended")),
                Err(error) => error,
            },
            () = stop.cancelled() => return,
        };
        tracing::error!(scheduler = context.config.name, %error, pause_ms = pause.as_millis(), "scheduling failed, trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(std::time::Duration::from_secs(30));
    }
}
