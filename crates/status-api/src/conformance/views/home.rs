//! What runs, what waits and why, what is broken.

use std::cmp::Reverse;

use super::{ViewRows, cell};
use crate::{
    BrokenBuilder, Build, BuildRequest, Builder, EXPECTED_BY_BUILDS, Home, HomeQuery, Results, RunningBuild,
    Step, Timestamp, WaitReason, WaitingRequest, Worker,
};

impl ViewRows {
    pub(super) fn home(&self, query: &HomeQuery) -> Home {
        let limit = query.most() as usize;
        let builders = self.chosen(&query.builders);
        let builds = self.builds_of(&builders);
        let (mut ended, runs): (Vec<Build>, Vec<Build>) =
            builds.into_iter().partition(|build| build.complete_at.is_some());
        let broken = builders
            .iter()
            .filter_map(|builder| broken(builder, &ended))
            .collect();
        ended.sort_by_key(|build| Reverse((build.complete_at, build.id)));
        ended.truncate(limit);
        let running: Vec<RunningBuild> = runs.into_iter().take(limit).map(|it| self.running(it)).collect();
        Home {
            workers: self.workers_of(&running),
            running,
            waiting: self.waiting(&builders, limit),
            recent: ended,
            broken,
            builders,
        }
    }

    fn running(&self, build: Build) -> RunningBuild {
        let runs =
            |step: &&Step| step.build == build.id && step.started_at.is_some() && step.complete_at.is_none();
        let step = self.steps.iter().filter(runs).max_by_key(|step| step.number);
        RunningBuild {
            step: step.cloned(),
            expected_end_at: self.expected_end_at(&build),
            build,
        }
    }

    fn expected_end_at(&self, build: &Build) -> Option<Timestamp> {
        let before = build.number - EXPECTED_BY_BUILDS..build.number;
        let is_good = |it: &&Build| matches!(it.results, Some(Results::Success | Results::Warnings));
        let mut good: Vec<&Build> = self.builds.iter().filter(is_good).collect();
        good.retain(|it| it.builder == build.builder && before.contains(&it.number));
        if good.iter().any(|it| it.worker == build.worker) {
            good.retain(|it| it.worker == build.worker);
        }
        let took: Vec<i64> = good
            .iter()
            .filter_map(|it| Some(it.complete_at?.0 - it.started_at.0))
            .collect();
        let mean = took
            .iter()
            .sum::<i64>()
            .checked_div(i64::try_from(took.len()).ok()?)?;
        Some(Timestamp(build.started_at.0 + mean))
    }

    fn workers_of(&self, running: &[RunningBuild]) -> Vec<Worker> {
        let at_work = |worker: &&Worker| running.iter().any(|it| it.build.worker == worker.id);
        let mut workers: Vec<Worker> = self.workers.iter().filter(at_work).cloned().collect();
        workers.sort_by_key(|worker| worker.id);
        workers
    }

    fn waiting(&self, builders: &[Builder], limit: usize) -> Vec<WaitingRequest> {
        let builder_of = |request: &BuildRequest| builders.iter().find(|it| it.id == request.builder);
        let open = self.requests.iter().filter(|request| self.waits(request));
        let mut waiting: Vec<WaitingRequest> = open
            .filter_map(|request| {
                let why = self.why(request, builder_of(request)?);
                let mut request = request.clone();
                request.properties.clear();
                Some(WaitingRequest { request, why })
            })
            .collect();
        waiting.sort_by_key(|WaitingRequest { request, .. }| {
            (Reverse(request.priority), request.submitted_at, request.id)
        });
        waiting.truncate(limit);
        waiting
    }

    fn why(&self, request: &BuildRequest, builder: &Builder) -> WaitReason {
        if request.claimed_by.is_some() {
            return WaitReason::Starting;
        }
        let runs = |id| self.masters.iter().any(|master| master.id == id && master.active);
        if !builder.masters.iter().any(|id| runs(*id)) {
            return WaitReason::NoMaster;
        }
        let serves = |worker: &&Worker| worker.configured_on.iter().any(|on| on.builder == builder.id);
        let configured: Vec<&Worker> = self.workers.iter().filter(serves).collect();
        if configured.is_empty() {
            return WaitReason::NoWorker;
        }
        let mut able: Vec<&Worker> = configured;
        able.retain(|worker| !worker.connected_to.is_empty());
        if able.is_empty() {
            return WaitReason::NotConnected;
        }
        able.retain(|worker| !worker.paused && !worker.graceful);
        if able.is_empty() {
            return WaitReason::Paused;
        }
        if request.waiting_for.is_some() {
            return WaitReason::Locked;
        }
        let is_free = |worker: &Worker| {
            let at_it = |build: &Build| build.worker == worker.id && build.complete_at.is_none();
            !self.builds.iter().any(at_it)
        };
        match able.into_iter().any(is_free) {
            true => WaitReason::Ready,
            false => WaitReason::Busy,
        }
    }
}

/// What is broken of the builder, going by its ended builds.
fn broken(builder: &Builder, ended: &[Build]) -> Option<BrokenBuilder> {
    let is_good = |build: &&&Build| matches!(build.results, Some(Results::Success | Results::Warnings));
    let is_bad = |build: &&Build| matches!(build.results, Some(Results::Failure | Results::Exception));
    let mut own: Vec<&Build> = ended.iter().filter(|build| build.builder == builder.id).collect();
    own.retain(|build| is_good(&build) || is_bad(build));
    own.sort_by_key(|build| build.number);
    let last = own.last().copied().filter(is_bad)?;
    let last_good = own.iter().rfind(is_good);
    let since = own
        .iter()
        .find(|build| last_good.is_none_or(|good| build.number > good.number))?;
    Some(BrokenBuilder {
        builder: builder.id,
        last: cell(last),
        since: cell(since),
        last_good: last_good.map(|build| build.id),
    })
}
