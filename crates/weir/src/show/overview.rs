//! What there is and what runs, as tables.

use std::collections::{BTreeMap, HashMap};

use comfy_table::Cell;
use weir_status_api::{
    Build, BuildId, BuildRequest, Builder, BuilderId, Home, Page, Timestamp, WaitReason, WaitingRequest,
    Worker,
};

use super::table::{Table, coloured};
use super::{Look, ago, colour, plain, span, state};

/// How many rows of a kind are shown.
pub(crate) const MOST: u32 = 1000;

/// Builders, workers, and what they do.
pub(crate) struct Overview {
    pub(crate) builders: Page<Builder>,
    pub(crate) workers: Page<Worker>,
    pub(crate) running: Page<Build>,
    pub(crate) waiting: Page<BuildRequest>,
    /// The last complete build of each builder that has one.
    pub(crate) last: BTreeMap<BuilderId, Build>,
    /// When builds that run are expected to end.
    pub(crate) expected: BTreeMap<BuildId, Timestamp>,
    /// Why the first request of a builder waits.
    pub(crate) why: BTreeMap<BuilderId, String>,
}

impl Overview {
    /// Takes from the view what only a Weir master knows.
    pub(crate) fn with(mut self, home: &Home) -> Self {
        let ends = |it: &weir_status_api::RunningBuild| Some((it.build.id, it.expected_end_at?));
        self.expected = home.running.iter().filter_map(ends).collect();
        for waiting in &home.waiting {
            self.why
                .entry(waiting.request.builder)
                .or_insert_with(|| reason(waiting));
        }
        self
    }

    /// The tables, for people.
    pub(crate) fn text(&self, now: Timestamp, look: Look) -> String {
        let mut parts = vec![self.builder_table(now, look).to_string()];
        if !self.running.items.is_empty() {
            parts.push(self.running_table(now, look).to_string());
        }
        parts.push(self.worker_table(look).to_string());
        for (kind, more) in [
            ("builders", self.builders.next.is_some()),
            ("workers", self.workers.next.is_some()),
            ("running builds", self.running.next.is_some()),
            ("waiting build requests", self.waiting.next.is_some()),
        ] {
            if more {
                parts.push(format!("Only {MOST} {kind} are counted; there are more."));
            }
        }
        parts.join("\n\n")
    }

    fn builder_table(&self, now: Timestamp, look: Look) -> Table {
        let mut table = Table::new(look, ["builder", "last build", "ended", "took", "now"]);
        for builder in &self.builders.items {
            let (running, waiting) = self.work_of(builder.id);
            let removed = builder.masters.is_empty();
            // Nobody misses what was removed, until it has work to do.
            if removed && running + waiting == 0 {
                continue;
            }
            let name = plain(&builder.name) + if removed { " (removed)" } else { "" };
            let (last, ended, took) = last_build(self.last.get(&builder.id), now);
            let doing = match (running, waiting) {
                (0, 0) => Cell::new("idle"),
                (running, 0) => coloured(format!("{running} running"), 3),
                (0, waiting) => coloured(format!("{waiting} waiting{}", self.reason(builder.id)), 3),
                (running, waiting) => coloured(
                    format!("{running} running, {waiting} waiting{}", self.reason(builder.id)),
                    3,
                ),
            };
            table.row([Cell::new(name), last, Cell::new(ended), Cell::new(took), doing]);
        }
        table
    }

    fn reason(&self, builder: BuilderId) -> String {
        let why = self.why.get(&builder);
        why.map_or_else(String::new, |why| format!(": {why}"))
    }

    /// How many builds of the builder run, and how many requests wait.
    fn work_of(&self, builder: BuilderId) -> (usize, usize) {
        let running = self.running.items.iter().filter(|it| it.builder == builder);
        let waiting = self.waiting.items.iter().filter(|it| it.builder == builder);
        (running.count(), waiting.count())
    }

    fn running_table(&self, now: Timestamp, look: Look) -> Table {
        let builders: HashMap<_, _> = self.builders.items.iter().map(|it| (it.id, &*it.name)).collect();
        let workers: HashMap<_, _> = self.workers.items.iter().map(|it| (it.id, &*it.name)).collect();
        let mut table = Table::new(
            look,
            ["build", "running build", "worker", "since", "left", "state"],
        );
        for build in &self.running.items {
            let builder = builders.get(&build.builder).copied().unwrap_or("?");
            let worker = workers.get(&build.worker).copied().unwrap_or("?");
            table.row(
                [
                    build.id.to_string(),
                    plain(&format!("{builder}/{}", build.number)),
                    plain(worker),
                    span(now.since(build.started_at)),
                    left(self.expected.get(&build.id).copied(), now),
                    state(build),
                ]
                .map(Cell::new),
            );
        }
        table
    }

    fn worker_table(&self, look: Look) -> Table {
        let mut table = Table::new(look, ["worker", "state", "builds", "version", "host"]);
        for worker in &self.workers.items {
            let builds = self
                .running
                .items
                .iter()
                .filter(|it| it.worker == worker.id)
                .count();
            table.row([
                Cell::new(plain(&worker.name)),
                worker_state(worker),
                Cell::new(builds),
                Cell::new(plain(worker.info.version.as_deref().unwrap_or_default())),
                Cell::new(plain(worker.info.host.as_deref().unwrap_or_default())),
            ]);
        }
        table
    }
}

/// How the build ended, when, and how long it took.
fn last_build(build: Option<&Build>, now: Timestamp) -> (Cell, String, String) {
    let Some((build, results, end)) = build.and_then(|it| Some((it, it.results?, it.complete_at?))) else {
        return (Cell::new("never built"), String::new(), String::new());
    };
    (
        coloured(format!("#{} {results}", build.number), colour(results)),
        ago(end, now),
        span(end.since(build.started_at)),
    )
}

/// How long it takes yet, as far as one can tell.
fn left(expected: Option<Timestamp>, now: Timestamp) -> String {
    match expected {
        None => String::new(),
        Some(end) if end >= now => format!("about {}", span(end.since(now))),
        Some(end) => format!("late by {}", span(now.since(end))),
    }
}

/// Why a request waits.
fn reason(waiting: &WaitingRequest) -> String {
    if let (WaitReason::Locked, Some(what)) = (waiting.why, &waiting.request.waiting_for) {
        return plain(what);
    }
    let why = match waiting.why {
        WaitReason::NoMaster => "no master has it",
        WaitReason::NoWorker => "it has no worker",
        WaitReason::NotConnected => "no worker is connected",
        WaitReason::Paused => "its workers are paused",
        WaitReason::Busy => "its workers are busy",
        WaitReason::Starting => "it starts",
        // What the master does not tell: a function that says no.
        _ => "its turn comes",
    };
    why.to_owned()
}

pub(super) fn worker_state(worker: &Worker) -> Cell {
    match (worker.connected_to.is_empty(), worker.paused, worker.graceful) {
        (true, _, _) => match &worker.away_reason {
            Some(why) => coloured(format!("not connected: {}", plain(why)), 1),
            None => coloured("not connected", 1),
        },
        (_, _, true) => coloured("ends after its builds", 3),
        (_, true, _) => match &worker.pause_reason {
            Some(why) => coloured(format!("paused: {}", plain(why)), 3),
            None => coloured("paused", 3),
        },
        _ => coloured("connected", 2),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use weir_status_api::{PageToken, Results, WorkerId};

    use super::super::fixtures::{NOW, build, builder, page, request, worker};
    use super::*;

    fn overview() -> Overview {
        let builders = [
            (1, "linux"),
            (2, "macos"),
            (3, "never"),
            (4, "gone"),
            (5, "going"),
        ];
        let mut builders = builders.map(|(id, name)| builder(id, name)).to_vec();
        builders[3].masters.clear();
        builders[4].masters.clear();
        let mut workers = ["w1", "w2", "w3", "w4", "w5"]
            .iter()
            .zip(1..)
            .map(|(name, id)| worker(id, name))
            .collect::<Vec<_>>();
        workers[1].paused = true;
        workers[1].pause_reason = Some("new\ndisk".to_owned());
        workers[2].connected_to.clear();
        workers[2].info = Default::default();
        workers[2].away_reason = Some("a connection from 192.0.2.5 presented the wrong token".to_owned());
        workers[3].graceful = true;
        workers[4].paused = true;
        let mut orphan = build(9, 2, None);
        orphan.worker = WorkerId(9);
        let last = [
            build(1, 17, Some(Results::Success)),
            build(2, 3, Some(Results::Exception)),
            build(4, 8, Some(Results::Success)),
        ];
        Overview {
            builders: page(builders),
            workers: page(workers),
            running: page(vec![build(1, 18, None), orphan]),
            waiting: page(vec![request(1, 1), request(2, 1), request(3, 2), request(4, 5)]),
            last: last.into_iter().map(|it| (it.builder, it)).collect(),
            expected: BTreeMap::new(),
            why: BTreeMap::new(),
        }
    }

    #[test]
    fn the_tables_show_what_there_is() {
        assert_snapshot!("overview", overview().text(NOW, Look::default()));
    }

    #[test]
    fn what_a_weir_master_knows_is_told() {
        let mut overview = overview();
        let mut late = build(3, 4, None);
        late.id = BuildId(77);
        overview.running.items.push(late);
        let ids: Vec<BuildId> = overview.running.items.iter().map(|it| it.id).collect();
        overview.expected = [(ids[0], 90), (ids[2], -30)]
            .map(|(id, left_s)| (id, Timestamp(NOW.0 + left_s * 1_000_000)))
            .into();
        overview.why = [
            (1, WaitReason::Busy),
            (2, WaitReason::NotConnected),
            (5, WaitReason::Locked),
        ]
        .map(|(id, why)| {
            let mut request = request(id, id);
            request.waiting_for = Some("lock db, held by linux/18".to_owned());
            (BuilderId(id), reason(&WaitingRequest { request, why }))
        })
        .into();
        assert_snapshot!("overview_expected", overview.text(NOW, Look::default()));
    }

    #[test]
    fn a_terminal_has_a_width_and_colours() {
        let look = Look {
            terminal: true,
            colours: true,
            redraws: true,
            width: Some(50),
        };
        let text = overview().text(NOW, look);
        let visible = |line: &str| super::super::logs::only_colours(line, false).chars().count();
        assert!(text.lines().all(|line| visible(line) <= 50), "{text}");
        assert!(text.contains("\x1b["), "{text}");
    }

    #[test]
    fn an_empty_master_and_a_large_one_are_told_as_such() {
        let mut it = Overview {
            builders: page(vec![]),
            workers: page(vec![]),
            running: page(vec![]),
            waiting: page(vec![]),
            last: BTreeMap::new(),
            expected: BTreeMap::new(),
            why: BTreeMap::new(),
        };
        assert_snapshot!("overview_empty", it.text(NOW, Look::default()));
        it.builders.next = Some(PageToken("more".to_owned()));
        let text = it.text(NOW, Look::default());
        assert!(
            text.ends_with("\n\nOnly 1000 builders are counted; there are more."),
            "{text}"
        );
    }
}
