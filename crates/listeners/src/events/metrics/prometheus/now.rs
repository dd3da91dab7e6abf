//! What goes on now: the gauges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_status_api::{
    Build, BuildField, BuildId, BuildRequest, BuildRequestField, BuildRequestId, Builder, BuilderId, Cursor,
    Entity, Event, Query, ReadExt as _, Result, StatusApi, Verb, Worker, WorkerId,
};

use super::family::{About, OTHER, gauge};

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

/// What goes on now.
#[derive(Debug, Default)]
pub(super) struct Now {
    /// The names of all builders: builds of one that is no longer configured count as before.
    builders: BTreeMap<BuilderId, Arc<str>>,
    configured: BTreeSet<BuilderId>,
    running: BTreeMap<BuildId, BuilderId>,
    /// Builds that have ended, but not yet by the events that were taken account of.
    ended: BTreeMap<BuildId, BuilderId>,
    waiting: BTreeMap<BuildRequestId, BuilderId>,
    /// By configured worker: whether it is connected, and whether it is paused.
    workers: BTreeMap<WorkerId, (bool, bool)>,
}

impl Now {
    /// What goes on, and a cursor at which that was so, or after which events put it right.
    pub(super) async fn read(api: &dyn StatusApi) -> Result<(Self, Cursor)> {
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

    /// Takes account of the event.
    pub(super) fn take(&mut self, event: &Event) {
        let gone = event.verb == Verb::Deleted;
        match &event.entity {
            Entity::Builder(it) if gone => {
                self.builders.remove(&it.id);
                self.configured.remove(&it.id);
            }
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
        self.builders.insert(builder.id, builder.name.as_str().into());
        match builder.masters.is_empty() {
            true => self.configured.remove(&builder.id),
            false => self.configured.insert(builder.id),
        };
    }

    /// Keeps in mind whose build it is, though it does not run, until the event of its end.
    pub(super) fn know(&mut self, build: &Build) {
        self.ended.insert(build.id, build.builder);
    }

    fn take_build(&mut self, build: &Build) {
        match build.complete_at {
            Some(_) => {
                self.running.remove(&build.id);
                self.ended.remove(&build.id);
            }
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

    /// The name of the builder of a build that runs, or is [known](Self::know).
    pub(super) fn builder_of(&self, build: BuildId) -> Option<Arc<str>> {
        let builder = self.running.get(&build).or_else(|| self.ended.get(&build));
        builder.map(|it| self.builder(*it))
    }

    /// The builder's name; `builder 7` if it is not there any more.
    pub(super) fn builder(&self, id: BuilderId) -> Arc<str> {
        match self.builders.get(&id) {
            Some(name) => Arc::clone(name),
            None => format!("builder {id}").into(),
        }
    }

    /// Tells it, of `most` builders at the most, but for `_other`.
    pub(super) fn tell(&self, most: usize, text: &mut String) {
        let by_builder = |of: &mut dyn Iterator<Item = BuilderId>| {
            let mut counts: BTreeMap<Arc<str>, i64> = BTreeMap::new();
            // Builders where nothing goes on count too: that they have none is worth to know.
            for id in self.configured.iter().take(most) {
                counts.insert(self.builder(*id), 0);
            }
            for id in of {
                let name = self.builder(id);
                let name = match counts.len() >= most && !counts.contains_key(&name) {
                    true => OTHER.into(),
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
