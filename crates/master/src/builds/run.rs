//! One build, from its start to the result of its last step.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use weir_config::{BuilderConfig, Env, MOST_GENERATED, RanStep, StepConfig, name_steps, show_duration};
use weir_status_api::{
    Build, BuildField, BuildId, BuildRequest, Builder, Buildset, Change, Key, Properties, PropertiesOf,
    Property, Query, Read, ReadExt, Results, Step, StepId, Worker,
};
use weir_status_db::{Applied, Error as StoreError, NewSteps, Transition};

use super::generate_step::Surroundings;
use super::late;
use super::left::{Plan, Progress, steps_of};
use super::patience::{self, Stored};
use super::properties::{Values, of_build, own_properties};
use super::rules::{Weight, weigh};
use super::secrets::Secrets;
use super::stage::{Company, Planned, next_stage};
use super::step::StepEnd;
use super::{Assignment, Engine, Stop};
use crate::current::Current;
use crate::error::{Error, Result};
use crate::locks::Holder;

/// A build that runs.
pub(crate) struct BuildRun<'b> {
    pub(super) engine: &'b Engine,
    pub(super) stop: &'b Stop,
    pub(super) holder: &'b Arc<Holder>,
    /// How long it has run in earlier lives of the master.
    ran: Duration,
    pub(super) id: BuildId,
    pub(super) number: i64,
    pub(super) config: &'b BuilderConfig,
    pub(super) buildset: Arc<Buildset>,
    pub(super) worker: Arc<Worker>,
    pub(super) properties: Arc<Properties>,
    /// Its steps in their order; none before they are added.
    plan: VecDeque<Planned>,
    /// Whether its configuration has functions, which are told of changes.
    asks_functions: bool,
    /// What it builds, for functions.
    pub(super) changes: Arc<Vec<Change>>,
    pub(super) secrets: Arc<Secrets>,
    /// How many of them the store knows that it uses.
    secrets_known: usize,
    /// Why it cannot be built, if a property could not be found out.
    unready: Option<String>,
    /// The names of its steps.
    names: BTreeSet<String>,
    /// The steps that have ended, in their order.
    ended: Vec<RanStep>,
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
        let given = store.properties(PropertiesOf::Buildset(buildset.id)).await?.value;
        let properties = of_build(
            builder_config,
            &builder,
            &worker,
            config.worker(&worker.name),
            (&buildset, &given),
            &config.properties,
        );
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
        let begun = match patience::store(store, begin, || begun_here(engine, assignment)).await {
            // One that is claimed by another cannot start here, and then nothing of this is stored.
            Err(Error::Store(StoreError::Conflict { .. })) => None,
            Err(error) => return Err(error),
            Ok(Stored::Before(begun)) => Some(begun),
            Ok(Stored::Now(begun)) => match begun.last() {
                Some(&Applied::Build(id, number)) => Some((id, number)),
                other => return Err(Error::Answer(format!("{other:?}"))),
            },
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
            buildset: Arc::new(buildset),
            worker: Arc::new(worker),
            properties: Arc::default(),
            plan: VecDeque::new(),
            changes: Arc::default(),
            names: builder_config.steps.iter().map(|it| it.name.clone()).collect(),
            ended: vec![],
            asks_functions: !config.functions.is_empty(),
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
            asks_functions: !plan.config.functions.is_empty(),
            secrets_known: plan.used_secrets.len(),
            secrets: Arc::new(secrets),
            buildset: Arc::new(plan.buildset),
            worker: Arc::new(plan.worker),
            properties: Arc::new(plan.properties),
            names: plan.steps.iter().map(|it| it.config.name.clone()).collect(),
            plan: plan.steps,
            changes: Arc::default(),
            ended: vec![],
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
        let is_resumed = !self.plan.is_empty();
        if !is_resumed || self.asks_functions {
            self.changes = Arc::new(late::changes(&self.engine.store, self.id).await?);
        }
        if !is_resumed {
            self.prepare().await?;
        }
        if !self.plan.iter().any(|it| has_run(&it.progress)) {
            self.find_late_properties().await?;
        }
        while !self.plan.is_empty() {
            let stage = next_stage(&mut self.plan);
            self.run_stage(stage).await?;
        }
        if let Some((results, _)) = self.stop.told() {
            self.results = results;
        }
        Ok(())
    }

    /// Whether its worker is gone, or its master ends.
    pub(super) fn lost(&self) -> bool {
        self.stop.heed(false).told().is_some()
    }

    /// Whether no further steps come, but for those that always run.
    pub(super) fn is_halted(&self) -> bool {
        self.halted
    }

    /// Whether it cannot be built.
    pub(super) fn is_unready(&self) -> bool {
        self.unready.is_some()
    }

    /// Adds all steps, so that everybody sees what is to come, and learns what the store has put together.
    async fn prepare(&mut self) -> Result<()> {
        let store = &self.engine.store;
        let of = PropertiesOf::Build(self.id.into());
        let mut properties = patience::read(|| store.properties(of.clone())).await?.value;
        let own = own_properties(self.number, &properties, &self.buildset, &self.changes);
        properties.extend(own.clone());
        let mut begin = vec![
            Transition::SetProperties(self.id, own),
            Transition::SetBuildState(self.id, "building".to_owned()),
        ];
        let steps = &self.config.steps;
        begin.extend(
            steps
                .iter()
                .map(|it| Transition::AddStep(self.id, it.name.clone())),
        );
        let id = self.id;
        let stored = patience::store(store, begin, || async move {
            let rows = steps_of(store, id).await?;
            Ok(Some(rows).filter(|it| !it.is_empty()))
        });
        let ids: Vec<StepId> = match stored.await? {
            Stored::Before(rows) => rows.into_iter().map(|it| it.id).collect(),
            Stored::Now(begun) => begun
                .into_iter()
                .filter_map(|it| match it {
                    Applied::Step(step) => Some(step),
                    _ => None,
                })
                .collect(),
        };
        let configs = self.config.steps.iter().cloned().map(Arc::new);
        self.plan = configs
            .zip(ids)
            .map(|(config, step)| Planned {
                config,
                progress: Progress::Waiting(step),
            })
            .collect();
        self.properties = Arc::new(properties);
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
                found.retain(|name, _| {
                    self.properties
                        .get(name)
                        .is_none_or(|it| self.is_default(name, it))
                });
            }
            if !found.is_empty() {
                Arc::make_mut(&mut self.properties).extend(found.clone());
                let set = Transition::SetProperties(self.id, found);
                patience::store_repeatable(&self.engine.store, set).await?;
            }
        }
        Ok(())
    }

    /// Whether the property is there because nobody else had said anything.
    fn is_default(&self, name: &str, property: &Property) -> bool {
        let of_builder = &self.config.default_properties;
        let by_builder = of_builder.contains_key(name) && !self.config.properties.contains_key(name);
        property.source == "Config" || property.source == "Builder" && by_builder
    }

    /// Where templates and functions find their values.
    pub(super) fn values(&self) -> Values<'_> {
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

    /// Ends a step, with what its end means for the build.
    pub(super) async fn conclude(
        &mut self,
        config: &StepConfig,
        step: StepId,
        mut end: StepEnd,
        company: &Company,
    ) -> Result<()> {
        let hidden = late::hides(&config.hide_if, end.results, || self.values().facts());
        let hidden = hidden.unwrap_or_else(|error| {
            end.results = end.results.worst(Results::Exception);
            end.state = format!("{}; {error}", end.state);
            false
        });
        end.state = self.secrets.mask(&end.state);
        self.secrets.mask_properties(&mut end.properties);
        self.take(config, &end, company);
        let mut finish = vec![finish(step, end.results, end.state, hidden)];
        let used = self.secrets.names();
        if used.len() > self.secrets_known {
            self.secrets_known = used.len();
            finish.push(Transition::UseSecrets(self.id, used));
        }
        if !end.properties.is_empty() {
            Arc::make_mut(&mut self.properties).extend(end.properties.clone());
            finish.push(Transition::SetProperties(self.id, end.properties));
        }
        let Some(mut added) = end.added.filter(|it| !it.steps.is_empty()) else {
            return self.end_step(step, finish).await;
        };
        name_steps(&mut added.steps, &mut self.names);
        let new = NewSteps {
            after: step,
            names: added.steps.iter().map(|it| it.name.clone()).collect(),
            plan: added.plan,
        };
        finish.insert(0, Transition::InsertSteps(new));
        self.end_step(step, finish).await?;
        let rows = steps_of(&self.engine.store, self.id).await?;
        let behind = rows.into_iter().skip_while(|it| it.id != step).skip(1);
        let planned: Vec<Planned> = behind
            .zip(added.steps)
            .map(|(row, config)| Planned {
                config: Arc::new(config),
                progress: Progress::Waiting(row.id),
            })
            .collect();
        for it in planned.into_iter().rev() {
            self.plan.push_front(it);
        }
        Ok(())
    }

    /// What a step that adds steps is told.
    pub(super) fn surroundings(&self) -> Surroundings {
        let added = self.names.len().saturating_sub(self.config.steps.len());
        Surroundings {
            ran: self.ended.clone(),
            room: MOST_GENERATED.saturating_sub(added),
        }
    }

    /// The steps of these names have ended, in whatever order.
    pub(super) fn sort_ended(&mut self, names: &[String]) {
        let from = self.ended.len().saturating_sub(names.len());
        self.ended[from..].sort_by_key(|ran| names.iter().position(|it| *it == ran.name));
    }

    /// What the step's end means for the build; Buildbot's rules.
    pub(super) fn take(&mut self, config: &StepConfig, end: &StepEnd, company: &Company) {
        let Weight { counts, halts } = weigh(&config.consequences, end.results);
        self.halted |= halts;
        self.ended.push(RanStep {
            name: config.name.clone(),
            results: end.results,
            state: end.state.clone(),
        });
        if halts {
            company.halt(config, end.results);
        }
        if let Some(results) = counts.filter(|it| !company.explains(*it)) {
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

    pub(super) async fn finish_step(&self, step: StepId, results: Results, state: String) -> Result<()> {
        let state = self.secrets.mask(&state);
        self.end_step(step, vec![finish(step, results, state, false)])
            .await
    }

    /// Stores the end of a step, and what comes with it.
    async fn end_step(&self, step: StepId, transitions: Vec<Transition>) -> Result<()> {
        let store = &self.engine.store;
        patience::store(store, transitions, || async move {
            let row: Step = patience::read(|| store.one(Key::Step(step.into()))).await?.value;
            Ok(row.complete_at)
        })
        .await?;
        Ok(())
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
