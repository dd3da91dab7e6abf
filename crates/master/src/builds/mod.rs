//! Builds: from a claimed request to a finished build, step by step.

mod captured;
mod checkpoint;
mod command;
mod data_step;
mod files_step;
mod generate_step;
mod git_step;
mod journal;
mod late;
mod left;
mod limit;
mod lines;
mod locks;
mod log;
mod master_step;
mod observe;
mod patch;
mod patience;
mod properties;
mod property_step;
#[cfg(test)]
mod replay;
mod retries;
mod rules;
mod run;
mod secrets;
mod sequence_step;
mod stage;
mod step;
mod stop;
mod test_results;
mod tests_step;
mod trigger_step;
mod unsettled;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_status_api::{
    Build, BuildId, BuildRequestId, BuilderId, Key, MasterId, ReadExt, Results, StepId, Timestamp, WorkerId,
};
use weir_status_db::{Store, Transition};

use crate::current::Current;
use crate::error::Result;
use crate::locks::{Held, Holder, Locks};
use crate::workers::WorkerManager;
use checkpoint::CommandRecord;
use run::BuildRun;

pub(crate) use late::blocking;
pub(crate) use left::LeftOpen;
pub use lines::LineBuffer;
pub(crate) use properties::folder;
pub use secrets::find_secret;
pub(crate) use stop::Stop;

/// How long a worker rests from a builder whose build it lost, and the request with it.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// What builds run on.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) workers: WorkerManager,
    /// The configuration in force.
    pub(crate) current: watch::Sender<Arc<Current>>,
    /// A folder for what steps do on the master's machine.
    pub(crate) steps: PathBuf,
    /// The folder for files that steps take from workers and give to them.
    pub(crate) files: PathBuf,
    pub(crate) locks: Arc<Locks>,
    pub(crate) master: MasterId,
    /// Tells this life of the master from all others, in the ids of commands.
    pub(crate) life: String,
    /// When this life of the master began.
    pub(crate) began: Timestamp,
    /// The master ends.
    pub(crate) ending: CancellationToken,
}

/// A request that a worker shall build.
pub(crate) struct Assignment {
    pub(crate) request: BuildRequestId,
    pub(crate) builder: BuilderId,
    pub(crate) worker: WorkerId,
    /// What it is built by, also when the configuration changes meanwhile.
    pub(crate) current: Arc<Current>,
    pub(crate) stop: Arc<Stop>,
    /// The build, as others who wait for its locks see it.
    pub(crate) holder: Arc<Holder>,
    /// The builder's locks.
    pub(crate) held: Held,
}

impl Engine {
    /// The master that the builds run on.
    pub(crate) fn master(&self) -> MasterId {
        self.master
    }

    /// The configuration in force now.
    pub(crate) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.borrow())
    }

    /// Claims the request, builds it and ends the build, whatever happens. Nothing happens if another has it.
    pub(crate) async fn build(self: Arc<Self>, mut assignment: Assignment) {
        let request = assignment.request;
        if let Err(error) = self.try_build(&mut assignment).await {
            tracing::error!(%request, %error, "a build could not be started or ended; its request is looked at again");
            // The distributor tries again at once; a store in trouble gets some air.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn try_build(&self, assignment: &mut Assignment) -> Result<()> {
        let current = Arc::clone(&assignment.current);
        let Some(mut run) = BuildRun::start(self, &current, assignment).await? else {
            return Ok(());
        };
        let (results, state) = run.run().await;
        let build = run.id();
        let held = std::mem::replace(&mut assignment.held, Held::nothing());
        self.conclude(build, results, state, held).await
    }

    /// Goes on with a build that an earlier life of the master has begun, and ends it, whatever happens.
    pub(crate) async fn resume(self: Arc<Self>, mut left: LeftOpen) {
        let build = left.build.id;
        let held = std::mem::replace(&mut left.held, Held::nothing());
        let (results, state) = self.run_on(left).await;
        if let Err(error) = self.conclude(build, results, state, held).await {
            tracing::error!(%build, %error, "a build could not be ended; it is looked at again");
        }
    }

    async fn run_on(&self, left: LeftOpen) -> (Results, String) {
        let LeftOpen {
            build,
            stop,
            holder,
            plan,
            ..
        } = left;
        let plan = match plan {
            Ok(plan) => plan,
            Err(why) => {
                tracing::warn!(build = %build.id, why, "a build cannot go on");
                return (
                    Results::Retry,
                    format!("it could not go on when the master began again: {why}"),
                );
            }
        };
        let config = Arc::clone(&plan.config);
        match config.builder(&plan.builder) {
            Some(builder) => {
                BuildRun::resume(self, &build, (&stop, &holder), plan, builder)
                    .run()
                    .await
            }
            None => (Results::Retry, "its builder is not configured".to_owned()),
        }
    }

    async fn conclude(&self, build: BuildId, results: Results, state: String, held: Held) -> Result<()> {
        self.finish(build, results, state).await?;
        // Others need not wait until its worker has rested.
        drop(held);
        if results == Results::Retry {
            // A worker that leaves, or a link that breaks again and again, must not get it back at once.
            tokio::select! {
                () = tokio::time::sleep(RETRY_PAUSE) => {}
                () = self.ending.cancelled() => {}
            }
        }
        Ok(())
    }

    /// The builds that an earlier life of the master left open; their commands are taken over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) async fn left_open(&self) -> Result<Vec<LeftOpen>> {
        left::find(self).await
    }

    /// The record of a command that is about to be started, the step's `place`th from 0.
    fn command_record(&self, step: StepId, place: usize, instance: String) -> CommandRecord {
        CommandRecord {
            id: format!("{}-{step}-{place}", self.life),
            instance,
            window: self.workers.window() as u64,
            ..CommandRecord::default()
        }
    }

    /// Ends the build; tries until the store takes it, since a build that never ends blocks its builder.
    async fn finish(&self, build: BuildId, results: Results, state: String) -> Result<()> {
        let finish = Transition::FinishBuild {
            build,
            results,
            state,
        };
        patience::store(&self.store, vec![finish], || async move {
            let row = patience::read(|| self.store.one::<Build>(Key::Build(build.into())));
            Ok(row.await?.value.complete_at)
        })
        .await?;
        Ok(())
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
