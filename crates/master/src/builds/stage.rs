//! The steps of a build that run at the same time: a stage. A step that is in no group is a stage by itself.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use weir_config::{StepConfig, StepKind};
use weir_status_api::{Buildset, Change, Properties, Results, StepId, Worker};

use super::generate_step::Surroundings;
use super::journal::Left;
use super::late;
use super::left::Progress;
use super::properties::{Values, folder};
use super::run::BuildRun;
use super::secrets::Secrets;
use super::step::{StepEnd, StepRun};
use super::stop::Stop;
use crate::error::Result;
use crate::locks::Held;

/// A step of a build, and how far it has come.
pub(super) struct Planned {
    pub(super) config: Arc<StepConfig>,
    pub(super) progress: Progress,
}

/// The steps that come next, off the beginning of `plan`.
pub(super) fn next_stage(plan: &mut VecDeque<Planned>) -> Vec<Planned> {
    let mut stage: Vec<Planned> = plan.pop_front().into_iter().collect();
    if stage.iter().any(|it| it.config.group.is_some()) {
        let goes_on = |it: &Planned| it.config.group.as_ref().is_some_and(|it| !it.is_first);
        while plan.front().is_some_and(goes_on) {
            stage.extend(plan.pop_front());
        }
    }
    stage
}

/// What the steps of a stage have to do with each other.
pub(super) struct Company {
    /// Told to those that the end of another ends.
    stop: Arc<Stop>,
    stops_others: bool,
    /// Whether the build had been halted before.
    was_halted: bool,
}

impl Company {
    /// Whether the results say only that another step ended this one.
    pub(super) fn explains(&self, results: Results) -> bool {
        self.stops_others && results == Results::Cancelled
    }

    /// A step ended in a way that halts the build.
    pub(super) fn halt(&self, config: &StepConfig, results: Results) {
        if self.stops_others && !self.explains(results) {
            let group = config.group.as_ref().map_or("", |it| it.name.as_str());
            self.stop
                .cancel(&format!("step {} of {group} ended as {results}", config.name));
        }
    }
}

/// A step that has run.
struct Ran {
    config: Arc<StepConfig>,
    step: StepId,
    end: Result<StepEnd>,
}

impl<'b> BuildRun<'b> {
    /// Runs the steps of a stage, from where each is.
    pub(super) async fn run_stage(&mut self, stage: Vec<Planned>) -> Result<()> {
        let group = stage.first().and_then(|it| it.config.group.clone());
        let most = group.as_ref().and_then(|it| it.max);
        let most = most.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
        let company = Company {
            stop: Arc::default(),
            stops_others: group.is_some_and(|it| it.stop_others),
            was_halted: self.is_halted(),
        };
        let names: Vec<String> = stage.iter().map(|it| it.config.name.clone()).collect();
        let (mut begun, mut waiting) = (vec![], VecDeque::new());
        for Planned { config, progress } in stage {
            match progress {
                Progress::Ended(step) => {
                    let results = step.results.unwrap_or(Results::Exception);
                    self.take(&config, &StepEnd::new(results, step.state), &company);
                }
                Progress::Begun(step, left, held) => begun.push((config, step, (*left, held))),
                Progress::Waiting(step) => waiting.push_back((config, step)),
            }
        }
        let mut running = FuturesUnordered::new();
        for (config, step, left) in begun {
            if let Some(why) = self.cannot_hide() {
                let end = StepEnd::new(Results::Exception, why);
                self.conclude(&config, step, end, &company).await?;
                continue;
            }
            running.push(self.begin(config, step, Some(left), &company));
        }
        let mut fault = None;
        loop {
            while running.len() < most
                && fault.is_none()
                && let Some((config, step)) = waiting.pop_front()
            {
                if self.admits(&config, step, &company).await? {
                    running.push(self.begin(config, step, None, &company));
                }
            }
            let Some(Ran { config, step, end }) = running.next().await else {
                break;
            };
            match end {
                Ok(end) => self.conclude(&config, step, end, &company).await?,
                Err(error) => {
                    // The store may take the step's end even where it did not take something of the step.
                    let state = format!("a fault of the master: {error}");
                    company.stop.cancel(&state);
                    fault.get_or_insert(error);
                    self.finish_step(step, Results::Exception, state).await?;
                }
            }
        }
        self.sort_ended(&names);
        fault.map_or(Ok(()), Err)
    }

    /// Whether the step runs; else it has ended.
    async fn admits(&mut self, config: &StepConfig, step: StepId, company: &Company) -> Result<bool> {
        let told = self.stop.told().map(|(results, _)| results);
        let by_others = company.stop.told();
        let runs = match told {
            _ if self.is_unready() => false,
            None => (!company.was_halted && by_others.is_none()) || config.always_run,
            Some(Results::Cancelled | Results::Failure) => config.always_run && !self.lost(),
            Some(_) => false,
        };
        let end = if runs {
            match late::runs(&config.do_if, || self.values().facts()) {
                Ok(true) => match self.cannot_hide() {
                    None => return Ok(true),
                    Some(why) => StepEnd::new(Results::Exception, why),
                },
                Ok(false) => StepEnd::new(Results::Skipped, "not run: its condition does not hold"),
                Err(error) => StepEnd::new(Results::Exception, error.to_string()),
            }
        } else {
            let why = match by_others {
                _ if told.is_some() => "the build was stopped",
                _ if self.is_unready() => "the build could not begin",
                Some((_, why)) => why,
                None => "an earlier step failed",
            };
            StepEnd::new(Results::Skipped, format!("not run: {why}"))
        };
        self.conclude(config, step, end, company).await?;
        Ok(false)
    }

    /// Why no step can run, if what earlier ones used cannot be hidden any more.
    fn cannot_hide(&self) -> Option<String> {
        let error = self.secrets.forgotten()?;
        Some(format!(
            "{error}; an earlier step used it, so what comes of it could not be hidden"
        ))
    }

    /// Runs the step. What this gives does not hold on to the build, which learns of other steps meanwhile.
    fn begin(
        &self,
        config: Arc<StepConfig>,
        step: StepId,
        left: Option<(Left, Held)>,
        company: &Company,
    ) -> impl Future<Output = Ran> + Send + use<'b> {
        let kept = left.as_ref().and_then(|(left, _)| left.properties());
        let given = Given {
            properties: kept.map_or_else(|| Arc::clone(&self.properties), Arc::new),
            buildset: Arc::clone(&self.buildset),
            worker: Arc::clone(&self.worker),
            changes: Arc::clone(&self.changes),
            secrets: Arc::clone(&self.secrets),
        };
        let heeds_cancel = match &left {
            Some((left, _)) => left.checkpoint.heeds_cancel,
            None => self.stop.told().is_none(),
        };
        let surroundings = match config.kind {
            StepKind::Generate(_) => self.surroundings(),
            _ => Surroundings::default(),
        };
        let of_group = Arc::clone(&company.stop);
        let heeds_group = config.group.is_some() && !config.always_run;
        let (engine, builder, build, number) = (self.engine, self.config, self.id, self.number);
        let (holder, stop) = (self.holder, self.stop.heed(heeds_cancel));
        async move {
            let run = StepRun {
                engine,
                config: &config,
                step,
                build,
                values: Values {
                    properties: &given.properties,
                    sources: &given.buildset.source_stamps,
                    worker: &given.worker,
                    builder: &builder.name,
                    number,
                    reason: &given.buildset.reason,
                    changes: &given.changes,
                    secrets: &given.secrets,
                },
                builder,
                env: &builder.env,
                folder: &folder(&builder.name),
                workdir: &builder.workdir,
                holder,
                held: &builder.locks,
                stop: if heeds_group {
                    stop.with_group(&of_group)
                } else {
                    stop
                },
                surroundings: &surroundings,
            };
            let end = run.run(left).await;
            Ran { config, step, end }
        }
    }
}

/// What a step is given of its build, as it was when the step began.
struct Given {
    properties: Arc<Properties>,
    buildset: Arc<Buildset>,
    worker: Arc<Worker>,
    changes: Arc<Vec<Change>>,
    secrets: Arc<Secrets>,
}
