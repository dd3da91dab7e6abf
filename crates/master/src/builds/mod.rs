//! Builds: from a claimed request to a finished build, step by step.

mod command;
mod data_step;
mod git_step;
mod lines;
mod log;
mod master_step;
mod properties;
mod property_step;
mod retries;
mod rules;
mod run;
mod sequence_step;
mod step;
mod stop;
mod test_results;
mod tests_step;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use weir_config::MasterConfig;
use weir_status_api::{Build, BuildId, BuildRequestId, BuilderId, Key, MasterId, ReadExt, Results, WorkerId};
use weir_status_db::{SetupIds, Store, Transition};

use crate::error::Result;
use crate::workers::WorkerManager;
use run::BuildRun;

pub use lines::LineBuffer;
pub(crate) use stop::Stop;

/// How long a worker rests from a builder whose build it lost, and the request with it.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// What builds run on.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) workers: WorkerManager,
    pub(crate) config: Arc<MasterConfig>,
    pub(crate) ids: SetupIds,
    /// A folder for what steps do on the master's machine.
    pub(crate) steps: PathBuf,
    pub(crate) master: MasterId,
    /// The master ends.
    pub(crate) ending: CancellationToken,
}

/// A request that a worker shall build.
pub(crate) struct Assignment {
    pub(crate) request: BuildRequestId,
    pub(crate) builder: BuilderId,
    pub(crate) worker: WorkerId,
    pub(crate) stop: Arc<Stop>,
}

impl Engine {
    /// The master that the builds run on.
    pub(crate) fn master(&self) -> MasterId {
        self.master
    }

    /// The workers that serve each configured builder.
    pub(crate) fn candidates(&self) -> HashMap<BuilderId, Vec<WorkerId>> {
        let worker = |name: &String| self.ids.workers.get(name).copied();
        self.config
            .builders
            .iter()
            .filter_map(|it| {
                let workers = it.workers.iter().filter_map(worker).collect();
                Some((*self.ids.builders.get(&it.name)?, workers))
            })
            .collect()
    }

    /// Claims the request, builds it and ends the build, whatever happens. Nothing happens if another has it.
    pub(crate) async fn build(self: Arc<Self>, assignment: Assignment) {
        let request = assignment.request;
        if let Err(error) = self.try_build(&assignment).await {
            tracing::error!(%request, %error, "a build could not be started or ended; its request is looked at again");
            // The distributor tries again at once; a store in trouble gets some air.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn try_build(&self, assignment: &Assignment) -> Result<()> {
        let Some(mut run) = BuildRun::start(self, assignment).await? else {
            return Ok(());
        };
        let (results, state) = run.run().await;
        self.finish(run.id(), results, state).await?;
        if results == Results::Retry {
            // A worker that leaves, or a link that breaks again and again, must not get it back at once.
            tokio::select! {
                () = tokio::time::sleep(RETRY_PAUSE) => {}
                () = self.ending.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Ends the build; tries until the store takes it, since a build that never ends blocks its builder.
    async fn finish(&self, build: BuildId, results: Results, state: String) -> Result<()> {
        let mut pause = Duration::from_millis(100);
        for _ in 0..12 {
            let finish = Transition::FinishBuild {
                build,
                results,
                state: state.clone(),
            };
            match self.store.apply(finish).await {
                Ok(_) => return Ok(()),
                Err(error) => {
                    tracing::error!(%build, %error, "the end of a build cannot be stored, trying again")
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
        let why = format!("the end of build {build} could not be stored");
        Err(weir_status_api::Error::unavailable(why).into())
    }

    /// Ends the build as an exception if its task left it running.
    pub(crate) async fn end_if_open(&self, build: BuildId) -> Result<()> {
        let row: Build = self.store.one(Key::Build(build.into())).await?.value;
        if row.complete_at.is_some() {
            return Ok(());
        }
        let state = "a fault of the master ended the build; its log has the details".to_owned();
        self.finish(build, Results::Exception, state).await
    }
}
