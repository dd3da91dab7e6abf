//! One build, from its start to the result of its last step.

use std::collections::BTreeMap;

use weir_config::{BuilderConfig, StepConfig};
use weir_status_api::{
    BuildId, BuildRequest, Builder, Buildset, Key, Properties, PropertiesOf, Property, Read, ReadExt,
    Results, StepId, Worker,
};
use weir_status_db::{Applied, Transition};

use super::properties::{Values, folder, of_build};
use super::step::{StepEnd, StepRun};
use super::{Assignment, Engine, Stop};
use crate::error::{Error, Result};

/// A build that runs.
pub(crate) struct BuildRun<'b> {
    engine: &'b Engine,
    stop: &'b Stop,
    id: BuildId,
    config: &'b BuilderConfig,
    buildset: Buildset,
    worker: Worker,
    properties: Properties,
    /// The worst so far.
    results: Results,
    /// The steps that made it so, for people.
    failed: Vec<String>,
    /// No further steps, but for those that always run.
    halted: bool,
}

impl<'b> BuildRun<'b> {
    /// Starts the build of a claimed request.
    pub(crate) async fn start(engine: &'b Engine, assignment: &'b Assignment) -> Result<Self> {
        let request: BuildRequest = engine
            .store
            .one(Key::BuildRequest(assignment.request))
            .await?
            .value;
        let buildset: Buildset = engine.store.one(Key::Buildset(request.buildset)).await?.value;
        let worker: Worker = engine
            .store
            .one(Key::Worker(assignment.worker.into()))
            .await?
            .value;
        let builder: Builder = engine
            .store
            .one(Key::Builder(assignment.builder.into()))
            .await?
            .value;
        let config = engine.config.builder(&builder.name).ok_or_else(|| {
            weir_status_api::Error::not_found(format!("builder `{}` in the configuration", builder.name))
        })?;
        let own = of_build(config, &worker, engine.config.worker(&worker.name), &buildset);
        let started = engine
            .store
            .apply(Transition::StartBuild {
                request: assignment.request,
                worker: assignment.worker,
                master: engine.master(),
                properties: own.clone(),
            })
            .await?;
        let Applied::Build(id, number) = started else {
            return Err(Error::Answer(format!("{started:?}")));
        };
        let mut run = Self {
            engine,
            stop: &assignment.stop,
            id,
            config,
            buildset,
            worker,
            properties: own,
            results: Results::Success,
            failed: vec![],
            halted: false,
        };
        tracing::info!(builder = config.name, number, build = %id, worker = run.worker.name, "a build begins");
        let number = Property::new(number, "Build");
        run.set(BTreeMap::from([("buildnumber".to_owned(), number)]))
            .await?;
        // The buildset's are there too, and win over the builder's where the store says so.
        run.properties = run.stored_properties().await?;
        Ok(run)
    }

    /// The build's id.
    pub(crate) fn id(&self) -> BuildId {
        self.id
    }

    /// Runs all steps; gives the build's results and its state for people.
    pub(crate) async fn run(&mut self) -> (Results, String) {
        match self.run_steps().await {
            Ok(()) => (self.results, self.state()),
            Err(error) => {
                tracing::error!(build = %self.id, %error, "a build ends by a fault of the master");
                (Results::Exception, format!("a fault of the master: {error}"))
            }
        }
    }

    async fn run_steps(&mut self) -> Result<()> {
        // All steps are there from the beginning, so that everybody sees what is to come.
        let mut steps = vec![];
        for config in &self.config.steps {
            let add = Transition::AddStep(self.id, config.name.clone());
            match self.engine.store.apply(add).await? {
                Applied::Step(step) => steps.push((config, step)),
                other => return Err(Error::Answer(format!("{other:?}"))),
            }
        }
        self.say("building").await?;
        for (config, step) in steps {
            let stopped = self.stop.told().is_some();
            if stopped || (self.halted && !config.always_run) {
                self.leave_out(step, stopped).await?;
            } else {
                self.run_step(config, step).await?;
            }
        }
        if let Some((results, _)) = self.stop.told() {
            self.results = *results;
        }
        Ok(())
    }

    async fn leave_out(&self, step: StepId, stopped: bool) -> Result<()> {
        let why = if stopped {
            "not run: the build was stopped"
        } else {
            "not run: an earlier step failed"
        };
        self.finish_step(step, Results::Skipped, why.to_owned()).await
    }

    async fn run_step(&mut self, config: &StepConfig, step: StepId) -> Result<()> {
        self.engine.store.apply(Transition::StartStep(step)).await?;
        let run = StepRun {
            engine: self.engine,
            config,
            step,
            values: Values {
                properties: &self.properties,
                sources: &self.buildset.source_stamps,
                worker: &self.worker,
            },
            env: &self.config.env,
            folder: &folder(&self.config.name),
            workdir: &self.config.workdir,
            stop: self.stop,
        };
        let end = match run.run().await {
            Ok(end) => end,
            Err(error) => {
                // The store may take the step's end even where it did not take something of the step.
                let state = format!("a fault of the master: {error}");
                self.finish_step(step, Results::Exception, state).await?;
                return Err(error);
            }
        };
        self.take(config, &end);
        self.finish_step(step, end.results, end.state).await?;
        if !end.properties.is_empty() {
            self.set(end.properties).await?;
        }
        Ok(())
    }

    /// What the step's end means for the build; Buildbot's rules.
    fn take(&mut self, config: &StepConfig, end: &StepEnd) {
        let (counts, halts) = match end.results {
            Results::Success | Results::Skipped => (None, false),
            Results::Warnings => (Some(Results::Warnings), false),
            Results::Failure if config.flunk_on_failure => (Some(Results::Failure), config.halt_on_failure),
            Results::Failure if config.warn_on_failure => (Some(Results::Warnings), config.halt_on_failure),
            Results::Failure => (None, config.halt_on_failure),
            Results::Exception | Results::Retry | Results::Cancelled => (Some(end.results), true),
        };
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
            return why.clone();
        }
        match self.results {
            Results::Success | Results::Skipped => "build successful".to_owned(),
            Results::Warnings => format!("warnings {}", self.failed.join(", ")),
            _ => format!("failed {}", self.failed.join(", ")),
        }
    }

    async fn finish_step(&self, step: StepId, results: Results, state: String) -> Result<()> {
        let finish = Transition::FinishStep {
            step,
            results,
            state,
            hidden: false,
        };
        self.engine.store.apply(finish).await?;
        Ok(())
    }

    async fn say(&self, state: &str) -> Result<()> {
        let say = Transition::SetBuildState(self.id, state.to_owned());
        self.engine.store.apply(say).await?;
        Ok(())
    }

    async fn set(&mut self, properties: BTreeMap<String, Property>) -> Result<()> {
        self.properties.extend(properties.clone());
        let set = Transition::SetProperties(self.id, properties);
        self.engine.store.apply(set).await?;
        Ok(())
    }

    async fn stored_properties(&self) -> Result<Properties> {
        let of = PropertiesOf::Build(self.id.into());
        Ok(self.engine.store.properties(of).await?.value)
    }
}
