//! Builds that an earlier life of the master has begun: found and read before workers are let in, and gone on with.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use weir_config::{GenerateStep, LockAccess, MasterConfig, Source, StepConfig, StepKind};
use weir_off_thread::off_thread;
use weir_status_api::{
    Build, BuildId, Builder, Buildset, Key, LogId, Properties, PropertiesOf, Query, Read, ReadExt, Step,
    StepField, StepId, Worker,
};
use weir_status_db::{ConfigurationId, OpenBuild, Store};

use super::journal::Left;
use super::late::blocking;
use super::log;
use super::patience;
use super::stage::Planned;
use super::{Engine, Stop};
use crate::error::Result;
use crate::locks::{Held as HeldLocks, Holder};
use crate::workers::{Held, Order};

/// A build that an earlier life of the master has begun and not ended.
pub(crate) struct LeftOpen {
    /// The build as it is.
    pub(crate) build: Build,
    /// What it was told about its end.
    pub(crate) stop: Arc<Stop>,
    /// The build, as others who wait for its locks see it.
    pub(crate) holder: Arc<Holder>,
    /// Its builder's locks, which it has taken back.
    pub(crate) held: HeldLocks,
    /// What it goes on with, or why it cannot.
    pub(super) plan: Result<Plan, String>,
}

impl LeftOpen {
    /// The name of its worker; empty if it cannot go on.
    pub(crate) fn worker_name(&self) -> &str {
        self.plan.as_ref().map_or("", |it| it.worker.name.as_str())
    }
}

/// All that a build needs to go on.
pub(super) struct Plan {
    pub(super) config: Arc<MasterConfig>,
    pub(super) builder: String,
    pub(super) buildset: Buildset,
    pub(super) worker: Worker,
    /// The builder's locks.
    locks: Vec<LockAccess>,
    pub(super) properties: Properties,
    /// The names of the secrets that it has used.
    pub(super) used_secrets: Vec<String>,
    /// Its steps in their order; none if they were not added yet.
    pub(super) steps: VecDeque<Planned>,
}

/// How far a step has come.
pub(super) enum Progress {
    /// It has not begun.
    Waiting(StepId),
    /// It runs, and has its locks again.
    Begun(StepId, Box<Left>, HeldLocks),
    /// It has ended.
    Ended(Step),
}

/// The log that a step begins with.
pub(super) async fn log_of(store: &Store, step: StepId) -> Result<LogId> {
    let log = log::find(store, step, log::STDIO).await?;
    Ok(log.ok_or_else(|| weir_status_api::Error::not_found(format!("log of step {step}")))?)
}

/// Finds the builds that were left open, and takes their commands over: workers that come back find them wanted.
pub(crate) async fn find(engine: &Engine) -> Result<Vec<LeftOpen>> {
    let current = engine.current();
    let mut finding = Finding {
        engine,
        configurations: HashMap::from([(current.configuration, Ok(Arc::clone(&current.config)))]),
    };
    let mut found = vec![];
    for open in engine.store.open_builds(engine.master).await? {
        found.push(finding.read(open).await?);
    }
    Ok(found)
}

struct Finding<'e> {
    engine: &'e Engine,
    configurations: HashMap<ConfigurationId, Result<Arc<MasterConfig>, String>>,
}

impl Finding<'_> {
    async fn read(&mut self, open: OpenBuild) -> Result<LeftOpen> {
        let build: Build = self.engine.store.one(Key::Build(open.build.into())).await?.value;
        let stop = Stop::default();
        if let Some(why) = &open.stop {
            stop.cancel(why);
        }
        let config = match open.configuration {
            Some(id) => self.configuration(id).await?,
            None => Err("it began before this version".to_owned()),
        };
        let builder: Builder = self
            .engine
            .store
            .one(Key::Builder(build.builder.into()))
            .await?
            .value;
        let holder = Holder::new(&builder.name);
        holder.set_number(build.number);
        let plan = match config {
            Ok(config) => {
                let plan = self.plan(&build, config, &holder).await?;
                plan.map(|plan| Plan {
                    used_secrets: open.used_secrets,
                    ..plan
                })
            }
            Err(why) => Err(why),
        };
        // Before anything new begins: whatever the locks allow now, it has held them all along.
        let held = match &plan {
            Ok(plan) => self.take_back(&holder, &plan.locks, &plan.worker),
            Err(_) => HeldLocks::nothing(),
        };
        Ok(LeftOpen {
            build,
            stop: Arc::new(stop),
            holder,
            held,
            plan,
        })
    }

    /// The configuration by which builds began, or why it cannot be had.
    async fn configuration(&mut self, id: ConfigurationId) -> Result<Result<Arc<MasterConfig>, String>> {
        if let Some(known) = self.configurations.get(&id) {
            return Ok(known.clone());
        }
        let read = match self.engine.store.configuration(id).await? {
            None => Err("the configuration by which it began is not kept any more".to_owned()),
            Some(text) => {
                let source = Source {
                    text,
                    ..self.engine.current().config.source.clone()
                };
                let checked = off_thread(move || weir_config::check_again(&source)).await;
                match checked {
                    Ok(Ok(config)) => {
                        self.engine.locks.learn(&config.locks);
                        Ok(Arc::new(config))
                    }
                    Ok(Err(mistakes)) => Err(format!(
                        "the configuration by which it began is not valid now: {mistakes}"
                    )),
                    Err(stopped) => Err(format!(
                        "the configuration by which it began cannot be read: {stopped}"
                    )),
                }
            }
        };
        self.configurations.insert(id, read.clone());
        Ok(read)
    }

    fn take_back(&self, holder: &Arc<Holder>, locks: &[LockAccess], worker: &Worker) -> HeldLocks {
        self.engine.locks.take_back(holder, locks, &worker.name)
    }

    async fn plan(
        &self,
        build: &Build,
        config: Arc<MasterConfig>,
        holder: &Arc<Holder>,
    ) -> Result<Result<Plan, String>> {
        let store = &self.engine.store;
        let builder: Builder = store.one(Key::Builder(build.builder.into())).await?.value;
        let Some(of_builder) = config.builder(&builder.name) else {
            return Ok(Err(format!(
                "the configuration by which it began has no builder `{}`",
                builder.name
            )));
        };
        let request: weir_status_api::BuildRequest = store.one(Key::BuildRequest(build.request)).await?.value;
        let buildset: Buildset = store.one(Key::Buildset(request.buildset)).await?.value;
        let worker: Worker = store.one(Key::Worker(build.worker.into())).await?.value;
        let properties = store
            .properties(PropertiesOf::Build(build.id.into()))
            .await?
            .value;
        let rows = steps_of(store, build.id).await?;
        let plans = store.plans(build.id).await?;
        let configs = match expanded(of_builder.steps.clone(), &rows, &plans) {
            Ok(configs) => configs,
            Err(why) => return Ok(Err(why)),
        };
        let mut steps = VecDeque::new();
        for (row, step) in rows.into_iter().zip(configs) {
            match self.progress(row, &worker, (holder, &step.locks)).await? {
                Ok(progress) => steps.push_back(Planned {
                    config: Arc::new(step),
                    progress,
                }),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(Plan {
            locks: of_builder.locks.clone(),
            config,
            builder: builder.name,
            buildset,
            worker,
            properties,
            used_secrets: vec![],
            steps,
        }))
    }

    async fn progress(
        &self,
        row: Step,
        worker: &Worker,
        (holder, locks): (&Arc<Holder>, &[LockAccess]),
    ) -> Result<Result<Progress, String>> {
        if row.complete_at.is_some() {
            return Ok(Ok(Progress::Ended(row)));
        }
        // One that waited for its locks has done nothing yet, and waits for them again.
        if row.started_at.is_none() || row.locks_acquired_at.is_none() {
            return Ok(Ok(Progress::Waiting(row.id)));
        }
        let Some(kept) = self.engine.store.checkpoint(row.id).await? else {
            return Ok(Err(format!("nothing is kept of its step {}", row.name)));
        };
        let log = log_of(&self.engine.store, row.id).await?;
        let mut left = match Left::new(log, kept) {
            Ok(left) => left,
            Err(why) => {
                return Ok(Err(format!(
                    "what is kept of its step {} cannot be read: {why}",
                    row.name
                )));
            }
        };
        if let Some(running) = left.running() {
            let held = Held {
                order: Order {
                    id: running.id.clone(),
                    instance: running.instance.clone(),
                },
                window: usize::try_from(running.window).unwrap_or(usize::MAX),
                received: running.received,
            };
            left.adopted = Some(self.engine.workers.adopt(&worker.name, held));
        }
        let held = self.take_back(holder, locks, worker);
        Ok(Ok(Progress::Begun(row.id, Box::new(left), held)))
    }
}

/// The steps of a builder for the build that has `rows`, with those that were added to it.
fn expanded(
    mut steps: Vec<StepConfig>,
    rows: &[Step],
    plans: &BTreeMap<StepId, String>,
) -> Result<Vec<StepConfig>, String> {
    for (place, row) in rows.iter().enumerate() {
        let (Some(plan), Some(giver)) = (plans.get(&row.id), steps.get(place)) else {
            continue;
        };
        let StepKind::Generate(GenerateStep { function, .. }) = &giver.kind else {
            return Err(format!("its step {} has added steps, and cannot have", row.name));
        };
        let added = blocking(|| function.read_plan(plan)).map_err(|error| error.to_string())?;
        steps.splice(place + 1..place + 1, added);
    }
    if !rows.is_empty() && rows.len() != steps.len() {
        return Err(format!(
            "it has {} steps, and its configuration {}",
            rows.len(),
            steps.len()
        ));
    }
    for (step, row) in steps.iter_mut().zip(rows) {
        step.name.clone_from(&row.name);
    }
    Ok(steps)
}

/// The steps of a build in their order.
pub(super) async fn steps_of(store: &Store, build: BuildId) -> Result<Vec<Step>> {
    let mut query = Query::<Step>::new()
        .eq(StepField::Build, build.0)
        .ascending(StepField::Number)
        .limit(1000);
    let mut steps = vec![];
    loop {
        let page = patience::read(|| store.page(query.clone())).await?;
        steps.extend(page.items);
        match page.next {
            Some(next) => query = query.after(next),
            None => return Ok(steps),
        }
    }
}
