//! `weir status`.

use std::collections::HashMap;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use weir_status_api::{
    Build, BuildField, BuildRequest, BuildRequestField, Builder, BuilderField, BuilderId, Clock, Page, Query,
    ReadExt, Resource, StatusApi, SystemClock, Worker, WorkerField, WorkerId,
};
use weir_status_http::v2::to_json;

use crate::failure::Failure;
use crate::show::table::Table;
use crate::show::{ago, results, span, state};
use crate::upstream::Upstream;

/// How many rows of a kind are shown; more are counted in a last line.
const MOST: u32 = 1000;

/// Shows builders, workers and what runs.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    upstream: Upstream,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// All that is shown.
struct Overview {
    builders: Page<Builder>,
    workers: Page<Worker>,
    running: Page<Build>,
    waiting: Page<BuildRequest>,
    last: HashMap<BuilderId, Build>,
}

impl Status {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.upstream.connect()?;
        let overview = Overview::read(&api).await?;
        if self.json {
            println!("{}", overview.json());
        } else {
            overview.print();
        }
        Ok(())
    }
}

impl Overview {
    async fn read(api: &Arc<dyn StatusApi>) -> Result<Self, Failure> {
        let builders = Query::<Builder>::new().ascending(BuilderField::Name).limit(MOST);
        let workers = Query::<Worker>::new().ascending(WorkerField::Name).limit(MOST);
        let running = Query::<Build>::new().eq(BuildField::Complete, false).limit(MOST);
        let waiting = Query::<BuildRequest>::new()
            .eq(BuildRequestField::Complete, false)
            .eq(BuildRequestField::Claimed, false)
            .limit(MOST);
        let newest = Query::<Build>::new()
            .eq(BuildField::Complete, true)
            .descending(BuildField::Id)
            .limit(MOST);
        let (builders, workers, running, waiting, newest) = futures::try_join!(
            api.page(builders),
            api.page(workers),
            api.page(running),
            api.page(waiting),
            api.page(newest),
        )?;
        let mut last = HashMap::new();
        for build in newest.items {
            last.entry(build.builder).or_insert(build);
        }
        for builder in &builders.items {
            // One that was not built for long is not among the newest builds of all.
            if !last.contains_key(&builder.id) {
                let query = Query::<Build>::new()
                    .eq(BuildField::Builder, builder.id)
                    .eq(BuildField::Complete, true);
                let page = api.page(query.descending(BuildField::Number).limit(1)).await?;
                last.extend(page.items.into_iter().map(|it: Build| (it.builder, it)));
            }
        }
        Ok(Self {
            builders,
            workers,
            running,
            waiting,
            last,
        })
    }

    fn json(&self) -> Value {
        fn all<'a, R: Resource>(items: impl IntoIterator<Item = &'a R>) -> Vec<Value> {
            items
                .into_iter()
                .map(|it| to_json(&it.clone().into_entity()))
                .collect()
        }
        json!({
            "cursor": self.builders.cursor.0,
            "builders": all(&self.builders.items),
            "workers": all(&self.workers.items),
            "running_builds": all(&self.running.items),
            "waiting_buildrequests": all(&self.waiting.items),
            "last_builds": all(self.last.values()),
        })
    }

    fn print(&self) {
        let now = SystemClock.now();
        let mut table = Table::new(["builder", "last build", "ended", "took", "now"]);
        for builder in self.builders.items.iter().filter(|it| !it.masters.is_empty()) {
            let (last, ended, took) = match self.last.get(&builder.id) {
                Some(it) => (
                    format!("#{} {}", it.number, it.results.map_or(String::new(), results)),
                    it.complete_at.map_or(String::new(), |end| ago(end, now)),
                    it.complete_at
                        .map_or(String::new(), |end| span(end.since(it.started_at))),
                ),
                None => ("never built".to_owned(), String::new(), String::new()),
            };
            table.row([builder.name.clone(), last, ended, took, self.now(builder.id)]);
        }
        println!("{table}");
        if !self.running.items.is_empty() {
            println!("\n{}", self.running_table());
        }
        println!("\n{}", self.worker_table());
        if self.builders.next.is_some() {
            println!("Only the first {MOST} builders are shown; --json has as many.");
        }
    }

    /// What the builder does now, in a few words.
    fn now(&self, builder: BuilderId) -> String {
        let running = self
            .running
            .items
            .iter()
            .filter(|it| it.builder == builder)
            .count();
        let waiting = self
            .waiting
            .items
            .iter()
            .filter(|it| it.builder == builder)
            .count();
        match (running, waiting) {
            (0, 0) => "idle".to_owned(),
            (running, 0) => format!("{running} running"),
            (0, waiting) => format!("{waiting} waiting"),
            (running, waiting) => format!("{running} running, {waiting} waiting"),
        }
    }

    fn running_table(&self) -> Table {
        let now = SystemClock.now();
        let builders: HashMap<BuilderId, &str> = self
            .builders
            .items
            .iter()
            .map(|it| (it.id, it.name.as_str()))
            .collect();
        let workers: HashMap<WorkerId, &str> = self
            .workers
            .items
            .iter()
            .map(|it| (it.id, it.name.as_str()))
            .collect();
        let mut table = Table::new(["build", "running build", "worker", "since", "state"]);
        for build in &self.running.items {
            let builder = builders.get(&build.builder).copied().unwrap_or("?");
            table.row([
                build.id.to_string(),
                format!("{builder}/{}", build.number),
                workers.get(&build.worker).copied().unwrap_or("?").to_owned(),
                span(now.since(build.started_at)),
                state(build),
            ]);
        }
        table
    }

    fn worker_table(&self) -> Table {
        let mut table = Table::new(["worker", "state", "builds", "version", "host"]);
        for worker in &self.workers.items {
            let builds = self
                .running
                .items
                .iter()
                .filter(|it| it.worker == worker.id)
                .count();
            let state = match (worker.connected_to.is_empty(), worker.paused, worker.graceful) {
                (true, _, _) => "not connected".to_owned(),
                (_, _, true) => "ends after its builds".to_owned(),
                (_, true, _) => match &worker.pause_reason {
                    Some(why) => format!("paused: {why}"),
                    None => "paused".to_owned(),
                },
                _ => "connected".to_owned(),
            };
            table.row([
                worker.name.clone(),
                state,
                builds.to_string(),
                worker.info.version.clone().unwrap_or_default(),
                worker.info.host.clone().unwrap_or_default(),
            ]);
        }
        table
    }
}
