//! `weir logs`.

mod grep;

use std::collections::HashMap;
use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use weir_status_api::{
    Build, BuildId, Clock, Cursor, Entity, Error, Event, Key, Log, LogField, LogId, Query, ReadExt, Results,
    Signal, Start, StatusApi, Step, StepField, StepId, SystemClock, TopicFilter,
};

use crate::failure::{Failure, Interrupted};
use crate::name::build_key;
use crate::show::logs::Printer;
use crate::show::names::Names;
use crate::show::{Look, progress, state};
use crate::upstream::Upstream;
use grep::Grep;

/// Shows the logs of a build.
#[derive(Args)]
pub(crate) struct Logs {
    /// The build: its id, or builder and number, e.g. linux/17.
    #[arg(allow_negative_numbers = true)]
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
    /// With when each line was stored, in UTC: hh:mm:ssZ on a terminal, ISO 8601 elsewhere.
    #[arg(long, short, conflicts_with = "grep")]
    timestamps: bool,
    #[command(flatten)]
    grep: Grep,
}

impl Logs {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.upstream.connect()?;
        let at = api.one::<Build>(Key::Build(build_key(&self.build)?)).await?;
        let printer = Printer::new(self.headers, self.follow, Look::of_stdout()).with_times(self.timestamps);
        let mut follower = Follower::new(api, at.value.id, printer, self.step);
        if let Some(search) = self.grep.search() {
            let any = follower.grep(&search).await?;
            follower.check_step(at.value.complete_at.is_some())?;
            return any.then_some(()).ok_or_else(|| Failure::silent(1));
        }
        if self.follow {
            success(follower.follow(at.cursor).await?)
        } else {
            follower.catch_up().await?;
            follower.check_step(at.value.complete_at.is_some())
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

    /// Prints until the build has ended; gives how. Lost connections are taken up again.
    pub(crate) async fn follow(&mut self, from: Cursor) -> Result<Results, Failure> {
        let mut cursor = from;
        loop {
            match self.follow_from(&mut cursor).await {
                Err(Interrupted::Lost(error)) => self.printer.lost(&error).await,
                Err(Interrupted::Failed(failure)) => return Err(failure),
                Ok(build) => return self.conclude(&build),
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
        let mut build = self.api.one::<Build>(Key::Build(build.into())).await?.value;
        if build.complete_at.is_some() {
            self.catch_up().await?;
            return Ok(build);
        }
        let mut names = Names::default();
        if self.printer.progress.is_shown() {
            names.learn(&*self.api, &Entity::Build(build.clone())).await;
        }
        let worker = names.of(&Key::Worker(build.worker.into()));
        loop {
            self.check_step(false)?;
            let signal = tokio::select! {
                signal = events.next() => signal,
                () = self.printer.progress.tick() => {
                    self.draw(&build, &worker);
                    continue;
                }
            };
            let signal = signal.ok_or_else(|| Error::unavailable("the events ended"))??;
            self.printer.outage.end();
            if let Signal::Event(event) = &signal {
                if let Some(now) = self.take(event).await? {
                    build = now;
                }
                if build.complete_at.is_some() {
                    return Ok(build);
                }
                self.draw(&build, &worker);
            }
            *cursor = signal.cursor();
        }
    }

    /// Shows how far the build is.
    fn draw(&mut self, build: &Build, worker: &str) {
        if self.printer.progress.is_shown() {
            let look = self.printer.look();
            let line = progress::of_build(build, self.steps.values(), worker, SystemClock.now(), look);
            self.printer.progress.draw(&line);
        }
    }

    /// Takes one event; gives the build if that has changed.
    async fn take(&mut self, event: &Event) -> Result<Option<Build>, Interrupted> {
        match &event.entity {
            Entity::Build(build) => {
                if build.complete_at.is_some() {
                    self.catch_up().await?;
                }
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

    /// Whether the build has the step that is asked for. All its steps are there when the first begins.
    fn check_step(&self, complete: bool) -> Result<(), Failure> {
        let Some(only) = &self.only else {
            return Ok(());
        };
        let begun = complete || self.steps.values().any(|it| it.started_at.is_some());
        if !begun || self.steps.values().any(|it| it.name == *only) {
            return Ok(());
        }
        let mut steps: Vec<&Step> = self.steps.values().collect();
        steps.sort_by_key(|it| it.number);
        let names: Vec<&str> = steps.iter().map(|it| it.name.as_str()).collect();
        let has = match names.as_slice() {
            [] => "it has no steps".to_owned(),
            names => format!("its steps are {}", names.join(", ")),
        };
        Err(Failure::usage(format!(
            "build {} has no step `{only}`; {has}",
            self.build
        )))
    }

    /// Says how the build ended.
    fn conclude(&mut self, build: &Build) -> Result<Results, Failure> {
        self.check_step(true)?;
        let how = build.results.unwrap_or(Results::Exception);
        let results = self.printer.look().results(how);
        self.printer
            .say(&format!("build {}: {results} ({})", build.id, state(build)))?;
        Ok(how)
    }

    /// Prints everything that there is by now.
    async fn catch_up(&mut self) -> Result<(), Interrupted> {
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

    async fn print(&mut self, log: &Log) -> Result<(), Interrupted> {
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

/// The exit code for how a build ended.
pub(super) fn success(how: Results) -> Result<(), Failure> {
    match how {
        Results::Success | Results::Warnings | Results::Skipped => Ok(()),
        _ => Err(Failure::silent(1)),
    }
}
