//! One build, from its start to the result of its last step.

use std::collections::BTreeMap;

use weir_config::{BuilderConfig, StepConfig};
use weir_status_api::{
    BuildId, BuildRequest, Builder, Buildset, Key, Properties, PropertiesOf, Property, Read, ReadExt,
    Results, StepId, Worker,
};
use weir_status_db::{Applied, Error as StoreError, Transition};

use super::properties::{Values, folder, of_build};
use super::rules::{Weight, weigh};
use super::step::{StepEnd, StepRun};
use super::{Assignment, Engine, Stop};
use crate::error::{Error, Result};

/// A build that runs.
pub(crate) struct BuildRun<'b> {
    engine: &'b Engine,
    stop: &'b Stop,
    id: BuildId,
    number: i64,
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
    /// Claims the request and starts its build; none if another master has it, or it was cancelled.
    pub(crate) async fn start(engine: &'b Engine, assignment: &'b Assignment) -> Result<Option<Self>> {
        let store = &engine.store;
        let request: BuildRequest = store.one(Key::BuildRequest(assignment.request)).await?.value;
        let buildset: Buildset = store.one(Key::Buildset(request.buildset)).await?.value;
        let worker: Worker = store.one(Key::Worker(assignment.worker.into())).await?.value;
        let builder: Builder = store.one(Key::Builder(assignment.builder.into())).await?.value;
        let config = engine.config.builder(&builder.name).ok_or_else(|| {
            weir_status_api::Error::not_found(format!("builder `{}` in the configuration", builder.name))
        })?;
        let properties = of_build(config, &worker, engine.config.worker(&worker.name), &buildset);
        let begin = vec![
            Transition::Claim(assignment.request, engine.master()),
            Transition::StartBuild {
                request: assignment.request,
                worker: assignment.worker,
                master: engine.master(),
                properties,
            },
        ];
        // One that is claimed by another cannot start here, and then nothing of this is stored.
        let begun = match store.apply_all(begin).await {
            Err(StoreError::Conflict { .. }) => return Ok(None),
            begun => begun?,
        };
        let Some(&Applied::Build(id, number)) = begun.last() else {
            return Err(Error::Answer(format!("{begun:?}")));
        };
        tracing::info!(builder = config.name, number, build = %id, worker = worker.name, "a build begins");
        Ok(Some(Self {
            engine,
            stop: &assignment.stop,
            id,
            number,
            config,
            buildset,
            worker,
            properties: Properties::new(),
            results: Results::Success,
            failed: vec![],
            halted: false,
        }))
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
        let steps = self.prepare().await?;
        for (config, step) in steps {
            let told = self.stop.told().map(|(results, _)| results);
            let runs = match told {
                None => !self.halted || config.always_run,
                Some(Results::Cancelled) => config.always_run && !self.lost(),
                Some(_) => false,
            };
            if runs {
                self.run_step(config, step).await?;
            } else {
                self.leave_out(step, told.is_some()).await?;
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
    async fn prepare(&mut self) -> Result<Vec<(&'b StepConfig, StepId)>> {
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
        let begun = self.engine.store.apply_all(begin).await?;
        let ids = begun.into_iter().filter_map(|it| match it {
            Applied::Step(step) => Some(step),
            _ => None,
        });
        let steps = steps.iter().zip(ids).collect();
        let of = PropertiesOf::Build(self.id.into());
        self.properties = self.engine.store.properties(of).await?.value;
        Ok(steps)
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
        let run = StepRun {
            engine: self.engine,
            config,
            step,
            build: self.id,
            values: Values {
                properties: &self.properties,
                sources: &self.buildset.source_stamps,
                worker: &self.worker,
            },
            env: &self.config.env,
            folder: &folder(&self.config.name),
            workdir: &self.config.workdir,
            stop: self.stop.heed(self.stop.told().is_none()),
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
        let mut finish = vec![finish(step, end.results, end.state)];
        if !end.properties.is_empty() {
            self.properties.extend(end.properties.clone());
            finish.push(Transition::SetProperties(self.id, end.properties));
        }
        self.engine.store.apply_all(finish).await?;
        Ok(())
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
            return why.to_owned();
        }
        match self.results {
            Results::Success | Results::Skipped => "build successful".to_owned(),
            Results::Warnings => format!("warnings {}", self.failed.join(", ")),
            _ => format!("failed {}", self.failed.join(", ")),
        }
    }

    async fn finish_step(&self, step: StepId, results: Results, state: String) -> Result<()> {
        self.engine.store.apply(finish(step, results, state)).await?;
        Ok(())
    }
}

fn finish(step: StepId, results: Results, state: String) -> Transition {
    Transition::FinishStep {
        step,
        results,
        state,
        hidden: false,
    }
}
