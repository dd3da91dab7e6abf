//! One build, from its start to the result of its last step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_config::{BuilderConfig, Env, StepConfig, show_duration};
use weir_status_api::{
    Build, BuildField, BuildId, BuildRequest, Builder, Buildset, Change, Key, Properties, PropertiesOf,
    Property, Query, Read, ReadExt, Results, Step, StepId, Worker,
};
use weir_status_db::{Applied, Error as StoreError, Transition};

use super::journal::Left;
use super::late;
use super::left::{Plan, Progress, steps_of};
use super::patience::{self, Patience};
use super::properties::{Values, folder, of_build};
use super::rules::{Weight, weigh};
use super::secrets::Secrets;
use super::step::{StepEnd, StepRun};
use super::{Assignment, Engine, Stop};
use crate::current::Current;
use crate::error::{Error, Result};
use crate::locks::{Held, Holder};

/// A build that runs.
pub(crate) struct BuildRun<'b> {
    engine: &'b Engine,
    stop: &'b Stop,
    holder: &'b Arc<Holder>,
    /// How long it has run in earlier lives of the master.
    ran: Duration,
    id: BuildId,
    number: i64,
    config: &'b BuilderConfig,
    buildset: Buildset,
    worker: Worker,
    properties: Properties,
    /// How far its steps have come; none before they are added.
    steps: Vec<Progress>,
    /// Whether its configuration has functions, which are told of changes.
    asks_functions: bool,
    /// What it builds, for functions.
    changes: Vec<Change>,
    secrets: Arc<Secrets>,
    /// How many of them the store knows that it uses.
    secrets_known: usize,
    /// Why it cannot be built, if a property could not be found out.
    unready: Option<String>,
    /// The worst so far.
    results: Results,
    /// The steps that made it so, for people.
    failed: Vec<String>,
    /// No further steps, but for those that always run.
    halted: bool,
}

impl<'b> BuildRun<'b> {
    /// Claims the request and starts its build by `current`; none if another master has it, or it was cancelled.
    pub(super) async fn start(
        engine: &'b Engine,
        current: &'b Current,
        assignment: &'b Assignment,
    ) -> Result<Option<Self>> {
        let config = &*current.config;
        let store = &engine.store;
        let request: BuildRequest = store.one(Key::BuildRequest(assignment.request)).await?.value;
        let buildset: Buildset = store.one(Key::Buildset(request.buildset)).await?.value;
        let worker: Worker = store.one(Key::Worker(assignment.worker.into())).await?.value;
        let builder: Builder = store.one(Key::Builder(assignment.builder.into())).await?.value;
        let builder_config = config.builder(&builder.name).ok_or_else(|| {
            weir_status_api::Error::not_found(format!("builder `{}` in the configuration", builder.name))
        })?;
        let properties = of_build(builder_config, &worker, config.worker(&worker.name), &buildset);
        let begin = vec![
            Transition::Claim(assignment.request, engine.master()),
            Transition::StartBuild {
                request: assignment.request,
                worker: assignment.worker,
                master: engine.master(),
                properties,
                configuration: Some(current.configuration),
            },
        ];
        let mut patience = Patience::new();
        let mut is_doubtful = false;
        let begun = loop {
            match store.apply_all(begin.clone()).await {
                // One that is claimed by another cannot start here, and then nothing of this is stored.
                Err(StoreError::Conflict { .. }) if is_doubtful => {
                    break begun_here(engine, assignment).await?;
                }
                Err(StoreError::Conflict { .. }) => break None,
                Err(error) if patience.outlasts(&error).await => is_doubtful = true,
                begun => match begun?.last() {
                    Some(&Applied::Build(id, number)) => break Some((id, number)),
                    other => return Err(Error::Answer(format!("{other:?}"))),
                },
            }
        };
        let Some((id, number)) = begun else {
            return Ok(None);
        };
        assignment.holder.set_number(number);
        tracing::info!(builder = builder.name, number, build = %id, worker = worker.name, "a build begins");
        Ok(Some(Self {
            engine,
            stop: &assignment.stop,
            holder: &assignment.holder,
            ran: Duration::ZERO,
            id,
            number,
            config: builder_config,
            buildset,
            worker,
            properties: Properties::new(),
            steps: vec![],
            asks_functions: !config.functions.is_empty(),
            changes: vec![],
            secrets: Arc::new(Secrets::new(config, builder_config)),
            secrets_known: 0,
            unready: None,
            results: Results::Success,
            failed: vec![],
            halted: false,
        }))
    }

    /// Goes on with a build that an earlier life of the master has begun.
    pub(super) fn resume(
        engine: &'b Engine,
        build: &Build,
        (stop, holder): (&'b Stop, &'b Arc<Holder>),
        plan: Plan,
        config: &'b BuilderConfig,
    ) -> Self {
        tracing::info!(builder = config.name, number = build.number, build = %build.id, "a build goes on");
        let secrets = Secrets::new(&plan.config, config);
        secrets.recall(&plan.used_secrets);
        Self {
            engine,
            stop,
            holder,
            ran: engine.began.since(build.started_at),
            id: build.id,
            number: build.number,
            config,
            buildset: plan.buildset,
            worker: plan.worker,
            properties: plan.properties,
            steps: plan.steps,
            asks_functions: !plan.config.functions.is_empty(),
            changes: vec![],
            secrets_known: plan.used_secrets.len(),
            secrets: Arc::new(secrets),
            unready: None,
            results: Results::Success,
            failed: vec![],
            halted: false,
        }
    }

    /// The build's id.
    pub(crate) fn id(&self) -> BuildId {
        self.id
    }

    /// Runs all steps; gives the build's results and its state for people.
    pub(crate) async fn run(&mut self) -> (Results, String) {
        let (stop, limit, ran) = (self.stop, self.config.total_timeout, self.ran);
        let too_long = async {
            if let Some(limit) = limit {
                tokio::time::sleep(limit.saturating_sub(ran)).await;
                stop.expire(&format!("the build took longer than {}", show_duration(limit)));
            }
            std::future::pending().await
        };
        tokio::select! {
            biased;
            end = self.run_to_end() => end,
            never = too_long => never,
        }
    }

    async fn run_to_end(&mut self) -> (Results, String) {
        match self.run_steps().await {
            Ok(()) => (self.results, self.state()),
            Err(error) => {
                tracing::error!(build = %self.id, %error, "a build ends by a fault of the master");
                let state = self.secrets.mask(&format!("a fault of the master: {error}"));
                (Results::Exception, state)
            }
        }
    }

    async fn run_steps(&mut self) -> Result<()> {
        let is_resumed = !self.steps.is_empty();
        if !is_resumed {
            self.prepare().await?;
        }
        if self.asks_functions {
            self.changes = late::changes(&self.engine.store, self.id).await?;
        }
        if !self.steps.iter().any(has_run) {
            self.find_late_properties().await?;
        }
        let steps = std::mem::take(&mut self.steps);
        for (config, progress) in self.config.steps.iter().zip(steps) {
            let step = match progress {
                Progress::Waiting(step) => step,
                Progress::Begun(step, left, held) => {
                    self.run_step(config, step, Some((*left, held))).await?;
                    continue;
                }
                Progress::Ended(step) => {
                    self.take(
                        config,
                        &StepEnd::new(step.results.unwrap_or(Results::Exception), step.state),
                    );
                    continue;
                }
            };
            let told = self.stop.told().map(|(results, _)| results);
            let runs = match told {
                _ if self.unready.is_some() => false,
                None => !self.halted || config.always_run,
                Some(Results::Cancelled | Results::Failure) => config.always_run && !self.lost(),
                Some(_) => false,
            };
            if !runs {
                self.leave_out(config, step, told.is_some()).await?;
                continue;
            }
            match late::runs(&config.do_if, || self.values().facts()) {
                Ok(true) => self.run_step(config, step, None).await?,
                Ok(false) => {
                    let why = "not run: its condition does not hold".to_owned();
                    self.conclude(config, step, StepEnd::new(Results::Skipped, why))
                        .await?;
                }
                Err(error) => {
                    let end = StepEnd::new(Results::Exception, error.to_string());
                    self.conclude(config, step, end).await?;
                }
            }
        }
        if let Some((results, _)) = self.stop.told() {
            self.results = results;
        }
        Ok(())
    }

    /// Whether its worker is gone, or its master ends.
    fn lost(&self) -> bool {
        self.stop.heed(false).told().is_some()
    }

    /// Adds all steps, so that everybody sees what is to come, and learns what the store has put together.
    async fn prepare(&mut self) -> Result<()> {
        let number = Property::new(self.number, "Build");
        let mut begin = vec![
            Transition::SetProperties(self.id, BTreeMap::from([("buildnumber".to_owned(), number)])),
            Transition::SetBuildState(self.id, "building".to_owned()),
        ];
        let steps = &self.config.steps;
        begin.extend(
            steps
                .iter()
                .map(|it| Transition::AddStep(self.id, it.name.clone())),
        );
        let store = &self.engine.store;
        let mut patience = Patience::new();
        let ids: Vec<StepId> = loop {
            match store.apply_all(begin.clone()).await {
                Ok(begun) => {
                    let ids = begun.into_iter().filter_map(|it| match it {
                        Applied::Step(step) => Some(step),
                        _ => None,
                    });
                    break ids.collect();
                }
                Err(error) if patience.outlasts(&error).await => {
                    // It may have been stored all the same.
                    let rows = steps_of(store, self.id).await?;
                    if !rows.is_empty() {
                        break rows.into_iter().map(|it| it.id).collect();
                    }
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.steps = ids.into_iter().map(Progress::Waiting).collect();
        let of = PropertiesOf::Build(self.id.into());
        self.properties = patience::read(|| store.properties(of.clone())).await?.value;
        Ok(())
    }

    /// Sets the properties that the scheduler and the builder want to be found out now, the builder's over all others.
    async fn find_late_properties(&mut self) -> Result<()> {
        let scheduler = self.properties.get("scheduler").and_then(|it| it.value.as_str());
        let current = self.engine.current();
        let scheduler = scheduler.and_then(|it| current.config.scheduler(it));
        let nothing = Env::new();
        let of_scheduler = scheduler.map_or(&nothing, |it| &it.late_properties);
        for (late, source) in [
            (of_scheduler, "Scheduler"),
            (&self.config.late_properties, "Builder"),
        ] {
            let found = late::properties(late, source, &self.values());
            let mut found = match found {
                Ok(found) => found,
                Err(error) => {
                    self.results = Results::Exception;
                    self.unready = Some(format!("a property cannot be found out: {error}"));
                    return Ok(());
                }
            };
            self.secrets.mask_properties(&mut found);
            if source == "Scheduler" {
                found.retain(|name, _| !self.properties.contains_key(name));
            }
            if !found.is_empty() {
                self.properties.extend(found.clone());
                let set = Transition::SetProperties(self.id, found);
                let mut patience = Patience::new();
                while let Err(error) = self.engine.store.apply(set.clone()).await {
                    // What is set twice is as what is set once.
                    if !patience.outlasts(&error).await {
                        return Err(error.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Where templates and functions find their values.
    fn values(&self) -> Values<'_> {
        Values {
            properties: &self.properties,
            sources: &self.buildset.source_stamps,
            worker: &self.worker,
            builder: &self.config.name,
            number: self.number,
            reason: &self.buildset.reason,
            changes: &self.changes,
            secrets: &self.secrets,
        }
    }

    async fn leave_out(&mut self, config: &StepConfig, step: StepId, stopped: bool) -> Result<()> {
        let why = match &self.unready {
            _ if stopped => "not run: the build was stopped",
            Some(_) => "not run: the build could not begin",
            None => "not run: an earlier step failed",
        };
        self.conclude(config, step, StepEnd::new(Results::Skipped, why))
            .await
    }

    async fn run_step(
        &mut self,
        config: &StepConfig,
        step: StepId,
        left: Option<(Left, Held)>,
    ) -> Result<()> {
        if let Some(error) = self.secrets.forgotten() {
            let why = format!("{error}; an earlier step used it, so what comes of it could not be hidden");
            return self
                .conclude(config, step, StepEnd::new(Results::Exception, why))
                .await;
        }
        let heeds_cancel = match &left {
            Some((left, _)) => left.checkpoint.heeds_cancel,
            None => self.stop.told().is_none(),
        };
        let run = StepRun {
            engine: self.engine,
            config,
            step,
            build: self.id,
            values: self.values(),
            env: &self.config.env,
            folder: &folder(&self.config.name),
            workdir: &self.config.workdir,
            holder: self.holder,
            held: &self.config.locks,
            stop: self.stop.heed(heeds_cancel),
        };
        let end = match run.run(left).await {
            Ok(end) => end,
            Err(error) => {
                // The store may take the step's end even where it did not take something of the step.
                let state = format!("a fault of the master: {error}");
                self.finish_step(step, Results::Exception, state).await?;
                return Err(error);
            }
        };
        self.conclude(config, step, end).await
    }

    /// Ends a step, with what its end means for the build.
    async fn conclude(&mut self, config: &StepConfig, step: StepId, mut end: StepEnd) -> Result<()> {
        let hidden = late::hides(&config.hide_if, end.results, || self.values().facts());
        let hidden = hidden.unwrap_or_else(|error| {
            end.results = end.results.worst(Results::Exception);
            end.state = format!("{}; {error}", end.state);
            false
        });
        end.state = self.secrets.mask(&end.state);
        self.secrets.mask_properties(&mut end.properties);
        self.take(config, &end);
        let mut finish = vec![finish(step, end.results, end.state, hidden)];
        let used = self.secrets.names();
        if used.len() > self.secrets_known {
            self.secrets_known = used.len();
            finish.push(Transition::UseSecrets(self.id, used));
        }
        if !end.properties.is_empty() {
            self.properties.extend(end.properties.clone());
            finish.push(Transition::SetProperties(self.id, end.properties));
        }
        self.end_step(step, finish).await
    }

    /// What the step's end means for the build; Buildbot's rules.
    fn take(&mut self, config: &StepConfig, end: &StepEnd) {
        let Weight { counts, halts } = weigh(&config.consequences, end.results);
        self.halted |= halts;
        if let Some(results) = counts {
            self.results = self.results.worst(results);
            self.failed.push(format!("{} ({})", config.name, end.results));
        }
        if end.results == Results::Retry {
            self.stop.lose(&end.state);
        }
    }

    fn state(&self) -> String {
        if let Some((_, why)) = self.stop.told() {
            return self.secrets.mask(why);
        }
        if let Some(why) = &self.unready {
            return self.secrets.mask(why);
        }
        match self.results {
            Results::Success | Results::Skipped => "build successful".to_owned(),
            Results::Warnings => format!("warnings {}", self.failed.join(", ")),
            _ => format!("failed {}", self.failed.join(", ")),
        }
    }

    async fn finish_step(&self, step: StepId, results: Results, state: String) -> Result<()> {
        let state = self.secrets.mask(&state);
        self.end_step(step, vec![finish(step, results, state, false)])
            .await
    }

    /// Stores the end of a step, and what comes with it.
    async fn end_step(&self, step: StepId, transitions: Vec<Transition>) -> Result<()> {
        let store = &self.engine.store;
        let mut patience = Patience::new();
        loop {
            match store.apply_all(transitions.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if patience.outlasts(&error).await => {
                    // It may have been stored all the same.
                    let row: Step = patience::read(|| store.one(Key::Step(step.into()))).await?.value;
                    if row.complete_at.is_some() {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The build of the request that runs here, if one does.
async fn begun_here(engine: &Engine, assignment: &Assignment) -> Result<Option<(BuildId, i64)>> {
    let query = Query::<Build>::new()
        .eq(BuildField::Request, assignment.request.0)
        .descending(BuildField::Id)
        .limit(1);
    let page = patience::read(|| engine.store.page(query.clone())).await?;
    let newest = page.items.first();
    let here = newest.filter(|it| it.complete_at.is_none() && it.master == engine.master());
    Ok(here.map(|it| (it.id, it.number)))
}

/// Whether the step has begun, so that the build was ready to.
fn has_run(progress: &Progress) -> bool {
    match progress {
        Progress::Waiting(_) => false,
        Progress::Begun(..) => true,
        Progress::Ended(step) => step.results != Some(Results::Skipped),
    }
}

fn finish(step: StepId, results: Results, state: String, hidden: bool) -> Transition {
    Transition::FinishStep {
        step,
        results,
        state,
        hidden,
    }
}
