//! `weir logs`.

use std::collections::HashMap;
use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use weir_status_api::{
    Build, BuildId, Cursor, Entity, Error, Event, Key, Log, LogField, LogId, Query, ReadExt, Signal, Start,
    StatusApi, Step, StepField, StepId, TopicFilter,
};

use crate::failure::Failure;
use crate::name::build_key;
use crate::show::logs::Printer;
use crate::show::results;
use crate::upstream::Upstream;

/// Shows the logs of a build.
#[derive(Args)]
pub(crate) struct Logs {
    /// The build: its id, or builder and number, e.g. linux/17.
    build: String,
    #[command(flatten)]
    upstream: Upstream,
    /// Go on until the build has ended; the exit code tells how: 0 for success or warnings, 1 otherwise.
    #[arg(long, short)]
    follow: bool,
    /// Only the logs of this step.
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// With the header lines: commands, folders, environments.
    #[arg(long)]
    headers: bool,
}

impl Logs {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.upstream.connect()?;
        let at = api.one::<Build>(Key::Build(build_key(&self.build)?)).await?;
        let mut follower = Follower::new(api, at.value.id, Printer::new(self.headers), self.step);
        if self.follow {
            follower.follow(at.cursor).await
        } else {
            follower.catch_up().await.map(drop)
        }
    }
}

/// Prints a build's logs, in the order of its steps, each line once.
pub(crate) struct Follower {
    api: Arc<dyn StatusApi>,
    build: BuildId,
    printer: Printer,
    only: Option<String>,
    steps: HashMap<StepId, Step>,
    /// The next line of each log.
    next: HashMap<LogId, i64>,
}

impl Follower {
    pub(crate) fn new(
        api: Arc<dyn StatusApi>,
        build: BuildId,
        printer: Printer,
        only: Option<String>,
    ) -> Self {
        Self {
            api,
            build,
            printer,
            only,
            steps: HashMap::new(),
            next: HashMap::new(),
        }
    }

    /// Prints until the build has ended; an unsuccessful one is a failure. Lost connections are taken up again.
    pub(crate) async fn follow(&mut self, from: Cursor) -> Result<(), Failure> {
        let mut cursor = from;
        loop {
            match self.follow_from(&mut cursor).await {
                Err(Interrupted::Lost(error)) => {
                    eprintln!("weir: {error}; trying again");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
                Err(Interrupted::Failed(failure)) => return Err(failure),
                Ok(build) => return conclude(&build),
            }
        }
    }

    async fn follow_from(&mut self, cursor: &mut Cursor) -> Result<Build, Interrupted> {
        let build = self.build;
        let filter = TopicFilter::parse_all([
            &*format!("builds/{build}/*"),
            &*format!("builds/{build}/steps/*/*"),
            "logs/*/*",
        ])?;
        let mut events = self.api.watch(filter, Start::After(*cursor)).await?;
        self.catch_up().await?;
        let now = self.api.one::<Build>(Key::Build(build.into())).await?.value;
        if now.complete_at.is_some() {
            self.catch_up().await?;
            return Ok(now);
        }
        while let Some(signal) = events.next().await {
            let signal = signal?;
            if let Signal::Event(event) = &signal
                && let Some(build) = self.take(event).await?
            {
                return Ok(build);
            }
            *cursor = signal.cursor();
        }
        Err(Error::unavailable("the events ended").into())
    }

    /// Takes one event; gives the build if that has ended.
    async fn take(&mut self, event: &Event) -> Result<Option<Build>, Failure> {
        match &event.entity {
            Entity::Build(build) if build.complete_at.is_some() => {
                self.catch_up().await?;
                return Ok(Some(build.clone()));
            }
            Entity::Step(step) => {
                self.steps.insert(step.id, step.clone());
            }
            Entity::Log(log) => self.print(log).await?,
            _ => {}
        }
        Ok(None)
    }

    /// Prints everything that there is by now.
    pub(crate) async fn catch_up(&mut self) -> Result<(), Failure> {
        let steps = Query::<Step>::new()
            .eq(StepField::Build, self.build)
            .ascending(StepField::Number)
            .limit(1000);
        for step in self.api.page(steps).await?.items {
            let logs = Query::<Log>::new().eq(LogField::Step, step.id);
            self.steps.insert(step.id, step);
            for log in self.api.page(logs).await?.items {
                self.print(&log).await?;
            }
        }
        Ok(())
    }

    async fn print(&mut self, log: &Log) -> Result<(), Failure> {
        let Some(step) = self.steps.get(&log.step) else {
            return Ok(());
        };
        if self.only.as_ref().is_some_and(|only| *only != step.name) {
            return Ok(());
        }
        let from = self.next.get(&log.id).copied().unwrap_or(0);
        let next = self.printer.print(&*self.api, step, log, from).await?;
        self.next.insert(log.id, next);
        Ok(())
    }
}

/// Why following ended early.
enum Interrupted {
    /// The connection is lost; it may come back.
    Lost(Error),
    Failed(Failure),
}

impl From<Error> for Interrupted {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable { .. } => Self::Lost(error),
            other => Self::Failed(other.into()),
        }
    }
}

impl From<Failure> for Interrupted {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn conclude(build: &Build) -> Result<(), Failure> {
    use weir_status_api::Results;
    let how = build.results.unwrap_or(Results::Exception);
    println!(
        "build {}: {} ({})",
        build.id,
        results(how),
        crate::show::state(build)
    );
    match how {
        Results::Success | Results::Warnings | Results::Skipped => Ok(()),
        _ => Err(Failure::silent(1)),
    }
}
