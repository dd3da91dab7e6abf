//! What the metrics are made of: counts that only grow, and what goes on now.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_status_api::{
    Build, BuildField, BuildId, BuildRequest, BuildRequestField, BuildRequestId, Builder, BuilderId, Cursor,
    Entity, Event, Query, ReadExt as _, Result, Results, StatusApi, Step, Timestamp, Verb, Worker, WorkerId,
};

use super::family::{About, Family, Histogram, gauge};

const BUILDS: About = About {
    name: "weir_builds_total",
    help: "Builds that ended.",
    labels: &["builder", "results"],
    open: 1,
};
const BUILD_SECONDS: About = About {
    name: "weir_build_duration_seconds",
    help: "How long builds took, from their start to their end.",
    labels: &["builder"],
    open: 1,
};
const STEPS: About = About {
    name: "weir_steps_total",
    help: "Steps that ended.",
    labels: &["builder", "step", "results"],
    open: 2,
};
const STEP_SECONDS: About = About {
    name: "weir_step_duration_seconds",
    help: "How long steps took, from their start to their end.",
    labels: &["builder", "step"],
    open: 2,
};
const REQUESTS: About = About {
    name: "weir_build_requests_total",
    help: "Build requests that were complete.",
    labels: &["builder", "results"],
    open: 1,
};
const WAIT_SECONDS: About = About {
    name: "weir_build_request_wait_seconds",
    help: "How long build requests waited until a master took them.",
    labels: &["builder"],
    open: 1,
};
const RUNNING: About = About {
    name: "weir_builds_running",
    help: "Builds that run.",
    labels: &["builder"],
    open: 1,
};
const WAITING: About = About {
    name: "weir_build_requests_waiting",
    help: "Build requests that wait for a master to take them.",
    labels: &["builder"],
    open: 1,
};
const WORKERS: About = About {
    name: "weir_workers",
    help: "Configured workers, connected and away.",
    labels: &["state"],
    open: 0,
};
const PAUSED: About = About {
    name: "weir_workers_paused",
    help: "Configured workers that get no new builds for now.",
    labels: &[],
    open: 0,
};
const CURSOR: About = About {
    name: "weir_event_cursor",
    help: "The last event that these metrics take account of.",
    labels: &[],
    open: 0,
};

/// What the metrics are about, as configured.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    /// The buckets' upper bounds, in seconds.
    pub(super) buckets: Vec<f64>,
    /// Whether steps are told apart by their names.
    pub(super) step_names: bool,
    /// How many series each metric has at the most, but for `_other`.
    pub(super) max_series: usize,
}

/// What is counted, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// The last event that was counted.
    pub(super) cursor: Cursor,
    buckets: Vec<f64>,
    builds: Family<u64>,
    build_seconds: Family<Histogram>,
    steps: Family<u64>,
    step_seconds: Family<Histogram>,
    requests: Family<u64>,
    wait_seconds: Family<Histogram>,
}

/// What goes on now.
#[derive(Debug, Default)]
struct Now {
    builders: BTreeMap<BuilderId, Arc<str>>,
    running: BTreeMap<BuildId, BuilderId>,
    waiting: BTreeMap<BuildRequestId, BuilderId>,
    /// By configured worker: whether it is connected, and whether it is paused.
    workers: BTreeMap<WorkerId, (bool, bool)>,
}

/// All that the metrics tell.
#[derive(Debug)]
pub(super) struct Tally {
    measure: Measure,
    counts: Counts,
    now: Now,
}

impl Tally {
    /// The topics of the events that it takes.
    pub(super) const TOPICS: [&str; 5] = [
        "builders/*/*",
        "builds/*/*",
        "buildrequests/*/*",
        "steps/*/finished",
        "workers/*/*",
    ];

    /// What was counted before, if anything was, and what goes on now. Without the former it counts from now on.
    ///
    /// # Errors
    /// If what goes on cannot be read.
    pub(super) async fn begin(measure: Measure, kept: Option<Counts>, api: &dyn StatusApi) -> Result<Self> {
        let (now, cursor) = Now::read(api).await?;
        let mut counts = kept.unwrap_or_else(|| Counts {
            cursor,
            ..Counts::default()
        });
        counts.fit(&measure.buckets);
        Ok(Self { measure, counts, now })
    }

    /// What was counted.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Goes on as if all events up to `cursor` were counted.
    pub(super) fn skip_to(&mut self, cursor: Cursor) {
        self.counts.cursor = cursor;
    }

    /// Takes account of the event, once.
    pub(super) fn take(&mut self, event: &Event) {
        if event.cursor <= self.counts.cursor {
            return;
        }
        self.counts.cursor = event.cursor;
        match &event.entity {
            Entity::Build(build) if event.verb == Verb::Finished => self.count_build(build),
            Entity::Step(step) if event.verb == Verb::Finished => self.count_step(step),
            Entity::BuildRequest(request) => self.count_request(event.verb, request),
            _ => {}
        }
        self.now.take(event);
    }

    fn count_build(&mut self, build: &Build) {
        let builder = self.now.builder(build.builder);
        let (most, buckets) = (self.measure.max_series, &self.measure.buckets);
        let results = name_of(build.results);
        *self.counts.builds.at(&BUILDS, &[&builder, results], most) += 1;
        if let Some(seconds) = between(Some(build.started_at), build.complete_at) {
            let histogram = self.counts.build_seconds.at(&BUILD_SECONDS, &[&builder], most);
            histogram.observe(buckets, seconds);
        }
    }

    fn count_step(&mut self, step: &Step) {
        let builder = match self.now.running.get(&step.build) {
            Some(builder) => self.now.builder(*builder),
            None => "".into(),
        };
        let name = if self.measure.step_names { &step.name } else { "" };
        let (most, buckets) = (self.measure.max_series, &self.measure.buckets);
        let results = name_of(step.results);
        *self.counts.steps.at(&STEPS, &[&builder, name, results], most) += 1;
        if let Some(seconds) = between(step.started_at, step.complete_at) {
            let labels = [&*builder, name];
            let histogram = self.counts.step_seconds.at(&STEP_SECONDS, &labels, most);
            histogram.observe(buckets, seconds);
        }
    }

    fn count_request(&mut self, verb: Verb, request: &BuildRequest) {
        let builder = self.now.builder(request.builder);
        let (most, buckets) = (self.measure.max_series, &self.measure.buckets);
        if verb == Verb::Complete {
            let labels = [&*builder, name_of(request.results)];
            *self.counts.requests.at(&REQUESTS, &labels, most) += 1;
        }
        if verb == Verb::Claimed
            && let Some(seconds) = between(Some(request.submitted_at), request.claimed_at)
        {
            let histogram = self.counts.wait_seconds.at(&WAIT_SECONDS, &[&builder], most);
            histogram.observe(buckets, seconds);
        }
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    pub(super) fn exposition(&self) -> String {
        let mut text = String::new();
        let (counts, buckets) = (&self.counts, &self.measure.buckets);
        counts.builds.tell(&BUILDS, &mut text);
        counts.build_seconds.tell(&BUILD_SECONDS, buckets, &mut text);
        counts.steps.tell(&STEPS, &mut text);
        counts.step_seconds.tell(&STEP_SECONDS, buckets, &mut text);
        counts.requests.tell(&REQUESTS, &mut text);
        counts.wait_seconds.tell(&WAIT_SECONDS, buckets, &mut text);
        self.now.tell(self.measure.max_series, &mut text);
        gauge(&CURSOR, [("", counts.cursor.0)], &mut text);
        text
    }
}

impl Counts {
    /// Forgets histograms of other buckets: they cannot be gone on with.
    fn fit(&mut self, buckets: &[f64]) {
        if self.buckets != buckets {
            buckets.clone_into(&mut self.buckets);
            for family in [
                &mut self.build_seconds,
                &mut self.step_seconds,
                &mut self.wait_seconds,
            ] {
                family.retain(|_, _| false);
            }
        }
    }
}

impl Now {
    /// What goes on, and a cursor at which that was so, or after which events put it right.
    async fn read(api: &dyn StatusApi) -> Result<(Self, Cursor)> {
        let mut now = Self::default();
        let first = api.page(Query::<Builder>::new().limit(1)).await?;
        let mut builders = api.pages(Query::<Builder>::new());
        while let Some(page) = builders.next().await? {
            page.items.iter().for_each(|it| now.take_builder(it));
        }
        let mut builds = api.pages(Query::<Build>::new().eq(BuildField::Complete, false));
        while let Some(page) = builds.next().await? {
            page.items.iter().for_each(|it| now.take_build(it));
        }
        let open = Query::<BuildRequest>::new().eq(BuildRequestField::Complete, false);
        let mut requests = api.pages(open.eq(BuildRequestField::Claimed, false));
        while let Some(page) = requests.next().await? {
            page.items.iter().for_each(|it| now.take_request(it));
        }
        let mut workers = api.pages(Query::<Worker>::new());
        while let Some(page) = workers.next().await? {
            page.items.iter().for_each(|it| now.take_worker(it));
        }
        Ok((now, first.cursor))
    }

    fn take(&mut self, event: &Event) {
        let gone = event.verb == Verb::Deleted;
        match &event.entity {
            Entity::Builder(it) if gone => drop(self.builders.remove(&it.id)),
            Entity::Build(it) if gone => drop(self.running.remove(&it.id)),
            Entity::BuildRequest(it) if gone => drop(self.waiting.remove(&it.id)),
            Entity::Worker(it) if gone => drop(self.workers.remove(&it.id)),
            Entity::Builder(it) => self.take_builder(it),
            Entity::Build(it) => self.take_build(it),
            Entity::BuildRequest(it) => self.take_request(it),
            Entity::Worker(it) => self.take_worker(it),
            _ => {}
        }
    }

    fn take_builder(&mut self, builder: &Builder) {
        match builder.masters.is_empty() {
            true => drop(self.builders.remove(&builder.id)),
            false => drop(self.builders.insert(builder.id, builder.name.as_str().into())),
        }
    }

    fn take_build(&mut self, build: &Build) {
        match build.complete_at {
            Some(_) => drop(self.running.remove(&build.id)),
            None => drop(self.running.insert(build.id, build.builder)),
        }
    }

    fn take_request(&mut self, request: &BuildRequest) {
        match request.claimed_at.or(request.complete_at) {
            Some(_) => drop(self.waiting.remove(&request.id)),
            None => drop(self.waiting.insert(request.id, request.builder)),
        }
    }

    fn take_worker(&mut self, worker: &Worker) {
        let state = (!worker.connected_to.is_empty(), worker.paused);
        match worker.configured_on.is_empty() {
            true => drop(self.workers.remove(&worker.id)),
            false => drop(self.workers.insert(worker.id, state)),
        }
    }

    fn builder(&self, id: BuilderId) -> Arc<str> {
        match self.builders.get(&id) {
            Some(name) => Arc::clone(name),
            None => format!("builder {id}").into(),
        }
    }

    fn tell(&self, most: usize, text: &mut String) {
        let by_builder = |of: &mut dyn Iterator<Item = BuilderId>| {
            let mut counts: BTreeMap<Arc<str>, i64> = BTreeMap::new();
            // Builders where nothing goes on count too: that they have none is worth to know.
            for name in self.builders.values().take(most) {
                counts.insert(Arc::clone(name), 0);
            }
            for id in of {
                let name = self.builder(id);
                let name = match counts.len() >= most && !counts.contains_key(&name) {
                    true => super::family::OTHER.into(),
                    false => name,
                };
                *counts.entry(name).or_default() += 1;
            }
            counts
        };
        for (about, counts) in [
            (RUNNING, by_builder(&mut self.running.values().copied())),
            (WAITING, by_builder(&mut self.waiting.values().copied())),
        ] {
            let values = counts.iter().map(|(name, count)| (&**name, *count));
            gauge(&about, values, text);
        }
        let workers = |wanted: fn(&(bool, bool)) -> bool| {
            let count = self.workers.values().filter(|it| wanted(it)).count();
            i64::try_from(count).unwrap_or(i64::MAX)
        };
        let states = [("connected", workers(|it| it.0)), ("away", workers(|it| !it.0))];
        gauge(&WORKERS, states, text);
        gauge(&PAUSED, [("", workers(|it| it.1))], text);
    }
}

fn name_of(results: Option<Results>) -> &'static str {
    results.map_or("unknown", Results::name)
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.since(from?).as_secs_f64())
}
