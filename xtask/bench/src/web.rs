//! `bench web`: the web status of a filled Weir, and Buildbot's beside it, in a headless browser.
//!
//! What is seen in the browser is measured by `web-status/bench`, which is told here where the servers are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::client::id;
use crate::options::{BUILDERS_OF_VIEWS, Places, Plan, Which};
use crate::program::Program;
use crate::site::Site;
use crate::{Result, book, machine};

/// How long a server may take to write its long log, and the browser to measure what does not wait for events.
const LONG: Duration = Duration::from_secs(900);

/// What is measured, one after the other, as `web-status/bench` calls it.
const PARTS: [&str; 4] = ["first", "waterfall", "log", "events"];

/// What to measure, and how much of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Builds of history, on 200 builders, within a day.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    builds: u64,
    /// Lines of the long log.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    lines: u64,
    /// How long events arrive.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    seconds: u64,
    /// Measures one server only.
    #[arg(long, value_name = "SERVER")]
    only: Option<Which>,
    /// Small numbers, Weir only, from a debug build: shows that everything can be measured.
    #[arg(long, conflicts_with_all = ["write", "only", "builds", "lines", "seconds"])]
    quick: bool,
    /// Puts the table into docs/src/benchmarks.md.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    places: Places,
}

impl Options {
    fn servers(&self) -> Vec<Which> {
        Which::measured(self.only, self.quick)
    }

    fn seconds(&self) -> u64 {
        if self.quick { 5 } else { self.seconds }
    }

    /// Every change starts a build on every builder, so that all builds are within a day.
    fn plan(&self) -> Plan {
        Plan {
            builds: if self.quick { 4000 } else { self.builds },
            builders: BUILDERS_OF_VIEWS,
            per_change: BUILDERS_OF_VIEWS,
            workers: 4,
            connections: 1,
            seconds: 1,
            starts: 1,
            audiences: vec![],
            rounds: 0,
            lines: if self.quick { 20_000 } else { self.lines },
            forced: 0,
        }
    }
}

/// Measures what is asked for, and shows the table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = options.places.root.join("target").join("bench");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let (begun, load) = (Instant::now(), machine::load());
    let browser = Browser::new(&options, &folder);
    for which in options.servers() {
        let kind = format!("{which:?}").to_lowercase();
        let (mut site, log) = filled(which, &options, &folder.join(format!("web-{kind}"))).await?;
        for part in PARTS {
            eprintln!("    {part}");
            site.ready_for_load().await?;
            let server = json!({ "kind": kind, "url": site.client().base(), "log": log });
            browser.measure(&server, part).await?;
        }
    }
    let table = browser.table()?;
    let said = format!(
        "Measured {}; load {load} at the start, {} at the end, {:.1} minutes. {} builds of {BUILDERS_OF_VIEWS} builders within a day, \
         a log of {} lines, headless Chromium.\n\n{table}",
        machine::describe(),
        machine::load(),
        begun.elapsed().as_secs_f64() / 60.0,
        options.plan().builds,
        options.plan().lines,
    );
    println!("{said}");
    if options.write {
        book::write(&options.places.root, "web", &said)?;
    }
    Ok(())
}

/// A server with history, that runs, and where its long log is.
async fn filled(which: Which, options: &Options, folder: &Path) -> Result<(Site, serde_json::Value)> {
    let plan = options.plan();
    let mut site = Site::new(which, &options.places, &plan, folder)?;
    eprintln!("==> {}\n    {} builds of history", site.name(), plan.builds);
    site.fill(&plan).await?;
    site.restart(plan.workers).await?;
    eprintln!("    a log of {} lines", plan.lines);
    let builder = site.client().builder("loud").await?;
    let request = site.client().force(builder).await?;
    let built = tokio::time::timeout(LONG, built(&site, request)).await;
    let build = built.map_err(|_| "the long log is not written in time".to_owned())??;
    let log = json!({ "builder": builder, "build": build, "lines": plan.lines });
    Ok((site, log))
}

/// The number of the build that answers a request, when it has ended.
async fn built(site: &Site, request: i64) -> Result<i64> {
    let path = format!("/api/v2/buildrequests/{request}/builds");
    loop {
        // Buildbot, while it writes, does not always get an answer out.
        let builds = site.client().list(&path).await.unwrap_or_default();
        if let Some(build) = builds.iter().find(|it| it["complete"] == true) {
            return id(build, "number");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The browser: what it measured is in a file, to which each part adds.
struct Browser<'a> {
    options: &'a Options,
    table: PathBuf,
    log: PathBuf,
}

impl<'a> Browser<'a> {
    fn new(options: &'a Options, folder: &Path) -> Self {
        let (table, log) = (folder.join("web.md"), folder.join("web.log"));
        // What an earlier run said is not what this one says.
        for file in [&table, &table.with_extension("md.json"), &log] {
            let _ = std::fs::remove_file(file);
        }
        Self { options, table, log }
    }

    async fn measure(&self, server: &serde_json::Value, part: &str) -> Result<()> {
        let mut command = Command::new("npm");
        command
            .args(["run", "bench"])
            .current_dir(self.options.places.root.join("web-status"))
            .env("WEB_BENCH_SERVER", server.to_string())
            .env("WEB_BENCH_PART", part)
            .env("WEB_BENCH_SECONDS", self.options.seconds().to_string())
            .env("WEB_BENCH_TABLE", &self.table);
        let mut program = Program::start(command, self.log.clone())?;
        let limit = LONG + Duration::from_secs(2 * self.options.seconds());
        let begun = Instant::now();
        // What could not be measured stands in the table.
        while program.check().is_ok() {
            if begun.elapsed() > limit {
                return Err(format!("the browser does not end; {}", program.last_words()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        match self.table.exists() {
            true => Ok(()),
            false => Err(format!("the browser measured nothing; {}", program.last_words())),
        }
    }

    fn table(&self) -> Result<String> {
        std::fs::read_to_string(&self.table)
            .map_err(|error| format!("{} cannot be read: {error}", self.table.display()))
    }
}
