//! `weir stop`, `rebuild`, `cancel`, `pause`, `unpause`, `stop-worker`, `enable` and `disable`: each asks the master for
//! one thing.

use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, Builder, Command, Cursor, Entity, Error, Key, Outcome,
    ReadExt, Results, SchedulerKey, Signal, Start, StatusApi, TopicFilter, WorkerKey,
};

use super::force;
use super::logs::success;
use crate::failure::{Failure, Interrupted};
use crate::name::build_key;
use crate::show::outage::Outage;
use crate::show::{Look, plain, say};
use crate::upstream::Upstream;

/// Stops a build.
#[derive(Args)]
pub(crate) struct Stop {
    /// The build: its id, or builder and number, e.g. linux/17.
    #[arg(allow_negative_numbers = true)]
    build: String,
    #[command(flatten)]
    upstream: Upstream,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    /// End when the build has ended.
    #[arg(long, short)]
    wait: bool,
}

impl Stop {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = self.upstream.caller()?;
        let api = self.upstream.connect()?;
        let at = api.one::<Build>(Key::Build(build_key(&self.build)?)).await?;
        let build = at.value;
        if let Some(results) = build.results {
            return say(format!("build {} has ended already: {results}", build.id));
        }
        let stop = Command::StopBuild {
            build: build.id.into(),
            reason: self.reason,
        };
        api.control(&caller, stop).await?;
        say(format!("build {} is asked to stop", build.id))?;
        if self.wait {
            let results = ended(&api, build.id, at.cursor).await?;
            let results = Look::of_stdout().results(results);
            say(format!("build {} ended: {results}", build.id))?;
        }
        Ok(())
    }
}

/// How a build ends, which ran at the cursor.
async fn ended(api: &Arc<dyn StatusApi>, build: BuildId, mut cursor: Cursor) -> Result<Results, Failure> {
    let mut outage = Outage::default();
    loop {
        match end_after(api, build, &mut cursor, &mut outage).await {
            Ok(results) => return Ok(results),
            Err(Interrupted::Failed(failure)) => return Err(failure),
            Err(Interrupted::Lost(error)) => outage.wait(&error).await,
        }
    }
}

async fn end_after(
    api: &Arc<dyn StatusApi>,
    build: BuildId,
    cursor: &mut Cursor,
    outage: &mut Outage,
) -> Result<Results, Interrupted> {
    let filter = TopicFilter::parse(&format!("builds/{build}/finished"))?;
    let mut events = api.watch(filter, Start::After(*cursor)).await?;
    loop {
        let signal = events.next().await;
        let signal = signal.ok_or_else(|| Error::unavailable("the events ended"))??;
        outage.end();
        *cursor = signal.cursor();
        if let Signal::Event(event) = &signal
            && let Entity::Build(build) = &event.entity
        {
            return Ok(build.results.unwrap_or(Results::Exception));
        }
    }
}

/// Builds again what a build built.
#[derive(Args)]
pub(crate) struct Rebuild {
    /// The build: its id, or builder and number, e.g. linux/17.
    #[arg(allow_negative_numbers = true)]
    build: String,
    #[command(flatten)]
    upstream: Upstream,
    /// Show the build's logs as they come; the exit code tells how it ended.
    #[arg(long, short)]
    wait: bool,
}

impl Rebuild {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = self.upstream.caller()?;
        let api = self.upstream.connect()?;
        let build = api.one::<Build>(Key::Build(build_key(&self.build)?)).await?.value;
        let rebuild = Command::Rebuild {
            build: build.id.into(),
        };
        let Outcome::Buildset { buildset, requests } = api.control(&caller, rebuild).await? else {
            return Err(Failure::new("the master made no buildset"));
        };
        for (builder, request) in requests {
            say(format!(
                "build request {request} (buildset {buildset}) is waiting for a worker"
            ))?;
            if self.wait {
                let builder = api.one::<Builder>(Key::Builder(builder.into())).await?.value;
                success(force::wait(&api, &builder.name, request).await?)?;
            }
        }
        Ok(())
    }
}

/// Cancels a build request; a build of it that runs is stopped.
#[derive(Args)]
pub(crate) struct Cancel {
    /// The id of the build request.
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    request: i64,
    #[command(flatten)]
    upstream: Upstream,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

impl Cancel {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = self.upstream.caller()?;
        let api = self.upstream.connect()?;
        let key = Key::BuildRequest(BuildRequestId(self.request));
        let before = api.one::<BuildRequest>(key.clone()).await?.value;
        if let Some(results) = before.results {
            return say(format!(
                "build request {} is complete already: {results}",
                before.id
            ));
        }
        let cancel = Command::CancelRequest {
            request: before.id,
            reason: self.reason,
        };
        api.control(&caller, cancel).await?;
        let after = api.one::<BuildRequest>(key).await?.value;
        say(match after.results {
            Some(Results::Cancelled) => format!("build request {} is cancelled", after.id),
            Some(results) => format!("build request {} ended before: {results}", after.id),
            None => format!("build request {} is asked to be cancelled", after.id),
        })
    }
}

/// Gives a worker no new builds.
#[derive(Args)]
pub(crate) struct Pause {
    /// The worker.
    worker: String,
    #[command(flatten)]
    upstream: Upstream,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

impl Pause {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let worker = WorkerKey::Name(self.worker.clone());
        let reason = self.reason;
        ask(&self.upstream, Command::PauseWorker { worker, reason }).await?;
        say(format!("worker {} gets no new builds", plain(&self.worker)))
    }
}

/// Gives a worker builds again.
#[derive(Args)]
pub(crate) struct Unpause {
    /// The worker.
    worker: String,
    #[command(flatten)]
    upstream: Upstream,
}

impl Unpause {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let worker = WorkerKey::Name(self.worker.clone());
        ask(&self.upstream, Command::UnpauseWorker { worker }).await?;
        say(format!("worker {} gets builds again", plain(&self.worker)))
    }
}

/// Lets a worker end after its present builds, or at once.
#[derive(Args)]
pub(crate) struct StopWorker {
    /// The worker.
    worker: String,
    #[command(flatten)]
    upstream: Upstream,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    /// At once: its builds are lost, and run again elsewhere.
    #[arg(long)]
    kill: bool,
}

impl StopWorker {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let worker = WorkerKey::Name(self.worker.clone());
        let reason = self.reason;
        let (command, how) = if self.kill {
            (Command::KillWorker { worker, reason }, "at once")
        } else {
            (Command::StopWorker { worker, reason }, "after its present builds")
        };
        ask(&self.upstream, command).await?;
        say(format!("worker {} is asked to end {how}", plain(&self.worker)))
    }
}

/// Lets a scheduler make buildsets.
#[derive(Args)]
pub(crate) struct Enable {
    /// The scheduler.
    scheduler: String,
    #[command(flatten)]
    upstream: Upstream,
}

impl Enable {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        enable(&self.upstream, &self.scheduler, true).await?;
        say(format!("scheduler {} is enabled", plain(&self.scheduler)))
    }
}

/// Lets a scheduler make no buildsets.
#[derive(Args)]
pub(crate) struct Disable {
    /// The scheduler.
    scheduler: String,
    #[command(flatten)]
    upstream: Upstream,
}

impl Disable {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        enable(&self.upstream, &self.scheduler, false).await?;
        say(format!("scheduler {} is disabled", plain(&self.scheduler)))
    }
}

async fn enable(upstream: &Upstream, scheduler: &str, enabled: bool) -> Result<(), Failure> {
    let scheduler = SchedulerKey::Name(scheduler.to_owned());
    ask(upstream, Command::EnableScheduler { scheduler, enabled }).await
}

/// Asks for what has no further outcome.
async fn ask(upstream: &Upstream, command: Command) -> Result<(), Failure> {
    let caller = upstream.caller()?;
    upstream.connect()?.control(&caller, command).await?;
    Ok(())
}
