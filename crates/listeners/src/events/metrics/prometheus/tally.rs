//! What the metrics are made of: counts that only grow, and what goes on now.

use serde::{Deserialize, Serialize};
use weir_status_api::{
    Build, BuildId, BuildRequest, Cursor, Entity, Event, Result, Results, StatusApi, Step, Timestamp, Verb,
};

use super::family::{About, Family, Histogram, gauge};
use super::now::Now;

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

    /// The build that has to be [known](Self::know) before the event is counted, if there is one.
    pub(super) fn unknown_build(&self, event: &Event) -> Option<BuildId> {
        match &event.entity {
            Entity::Step(step) if event.cursor > self.counts.cursor => {
                self.now.builder_of(step.build).is_none().then_some(step.build)
            }
            _ => None,
        }
    }

    /// Keeps in mind whose build it is, until its end is counted.
    pub(super) fn know(&mut self, build: &Build) {
        self.now.know(build);
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
        let builder = self.now.builder_of(step.build).unwrap_or_else(|| "".into());
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

fn name_of(results: Option<Results>) -> &'static str {
    results.map_or("unknown", Results::name)
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.since(from?).as_secs_f64())
}
