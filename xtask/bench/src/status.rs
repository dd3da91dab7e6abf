//! `bench status`: everything, in its order.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::events::Transport;
use crate::measure::load::{self, Load, Reading};
use crate::measure::views::{self, Viewed};
use crate::measure::{builds, fan_out, log, quantile};
use crate::options::{Options, Plan, Which};
use crate::program::{Program, free_port};
use crate::report::{Figures, Report};
use crate::site::Site;
use crate::{Result, book, machine};

/// How long any part may take.
const PART: Duration = Duration::from_secs(300);
/// Builds of history that are written in a second, at least.
const SLOWEST_FILL: u64 = 5000;
/// How long a server rests before its memory is read.
const REST: Duration = Duration::from_secs(2);
/// Builds that the audience of `--many` hears of.
const ROUNDS_OF_MANY: usize = 10;

/// Measures what is asked for, and shows the tables.
pub(crate) async fn run(options: Options) -> Result<()> {
    load::require_wrk().await?;
    machine::allow_connections(options.subscribers.max(options.many))?;
    let begun = Instant::now();
    let folder = options.places.root.join("target").join("bench");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let plan = options.plan(Which::Weir);
    let mut report = Report::new(&options, &plan);
    let mut problems = Problems::default();
    eprintln!("==> axum's \"hello\", the limit");
    report.hello = problems.part("hello", hello(&folder, &plan)).await;
    for which in options.servers() {
        let server = Run::new(which, &options, &mut problems);
        report.servers.extend(server.all(&folder).await);
        keep(&folder, &report)?;
    }
    if options.servers().contains(&Which::Weir) {
        report.views = views_of_many_builders(&options, &folder, &mut problems).await;
        keep(&folder, &report)?;
    }
    if let Some(large) = options.large {
        report.large = large_reads(&options, large, &folder, &mut problems).await;
    }
    report.ended(begun.elapsed());
    let tables = keep(&folder, &report)?;
    println!("{tables}");
    if options.write {
        book::write(&options.places.root, "status", &tables)?;
    }
    problems.result()
}

/// Writes down what is known so far, in case that the rest is interrupted. Gives it too.
fn keep(folder: &Path, report: &Report) -> Result<String> {
    let (file, tables) = (folder.join("status.md"), report.markdown());
    std::fs::write(&file, &tables)
        .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    Ok(tables)
}

async fn hello(folder: &Path, plan: &Plan) -> Result<Load> {
    let port = free_port()?;
    let this = std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
    let mut command = Command::new(this);
    command.args(["hello", &port.to_string()]);
    let mut program = Program::start(command, folder.join("hello.log"))?;
    let url = format!("http://127.0.0.1:{port}/");
    let deadline = Instant::now() + PART;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        program.check()?;
        if Instant::now() > deadline {
            return Err(program.last_words());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (load, _) = load::wrk(folder, &url, &[], plan.connections, plan.seconds).await?;
    Ok(load)
}

/// Reads from a second Weir that holds more.
async fn large_reads(
    options: &Options,
    builds: u64,
    folder: &Path,
    problems: &mut Problems,
) -> Option<(u64, Vec<Reading>)> {
    let mut options = options.clone();
    options.builds = builds;
    let mut server = Run::new(Which::Weir, &options, problems);
    let mut figures = Figures::default();
    let mut site = server.begin(&folder.join("weir-large"), &mut figures).await?;
    server.reads(&mut site, &mut figures).await;
    Some((builds, figures.reads))
}

/// Views of a second Weir, with many builders.
async fn views_of_many_builders(options: &Options, folder: &Path, problems: &mut Problems) -> Vec<Viewed> {
    let mut server = Run::new(Which::Weir, options, problems);
    server.plan = options.plan_of_views();
    let Some(site) = server
        .begin(&folder.join("weir-views"), &mut Figures::default())
        .await
    else {
        return vec![];
    };
    let viewed = views::measure(&site, &server.plan);
    let viewed = server.problems.part("views", viewed).await;
    viewed.unwrap_or_default()
}

/// What could not be measured, and why.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    /// Measures a part; nothing if it cannot be measured.
    async fn part<T>(&mut self, what: &str, work: impl Future<Output = Result<T>>) -> Option<T> {
        self.part_within(PART, what, work).await
    }

    /// As [`Problems::part`], of a part that may take longer.
    async fn part_within<T>(
        &mut self,
        limit: Duration,
        what: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Option<T> {
        eprintln!("    {what}");
        let done = tokio::time::timeout(limit, work).await;
        let done = done.unwrap_or_else(|_| Err(format!("is not done in {} s", limit.as_secs())));
        done.map_err(|why| {
            eprintln!("    FAILED: {why}");
            self.0.push(format!("{what}: {why}"));
        })
        .ok()
    }

    fn result(self) -> Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "not everything could be measured:\n{}",
                self.0.join("\n")
            )),
        }
    }
}

/// The measuring of one server.
struct Run<'a> {
    which: Which,
    options: &'a Options,
    plan: Plan,
    problems: &'a mut Problems,
}

impl<'a> Run<'a> {
    fn new(which: Which, options: &'a Options, problems: &'a mut Problems) -> Self {
        Self {
            which,
            options,
            plan: options.plan(which),
            problems,
        }
    }

    /// Measures all of it; none if the server cannot be got to run. Reads come last: some versions of Buildbot
    /// do not take new event streams after a load like that.
    async fn all(mut self, folder: &Path) -> Option<Figures> {
        let mut figures = Figures::default();
        let folder = folder.join(format!("{:?}", self.which).to_lowercase());
        let mut site = self.begin(&folder, &mut figures).await?;
        figures.log = self.problems.part("a long log", log::measure(&site)).await;
        for size in self.plan.audiences.clone() {
            let rounds = self.plan.rounds;
            figures
                .fan_outs
                .extend(self.fan_out(&mut site, size, rounds).await);
        }
        let what = format!("{} builds", self.plan.forced);
        let forced = builds::measure(&site, self.plan.forced);
        figures.builds = self.problems.part(&what, forced).await;
        figures.holds(&site);
        self.reads(&mut site, &mut figures).await;
        figures.database_mb = site.database_bytes() as f64 / 1e6;
        if self.options.many > 0 && self.which == Which::Weir {
            figures
                .fan_outs
                .extend(self.fan_out(&mut site, self.options.many, ROUNDS_OF_MANY).await);
        }
        eprintln!("    what the programs wrote is in {}", site.folder().display());
        Some(figures)
    }

    /// Gets the server to run, filled, with its workers.
    async fn begin(&mut self, folder: &Path, figures: &mut Figures) -> Option<Site> {
        let (plan, options) = (&self.plan, self.options);
        let mut site = match Site::new(self.which, &options.places, plan, folder) {
            Ok(site) => site,
            Err(why) => {
                let failed = async { Err(why) };
                return self.problems.part("configuring a server", failed).await;
            }
        };
        figures.name = site.name();
        eprintln!("==> {}", site.name());
        let what = format!("{} builds of history", plan.builds);
        let limit = PART + Duration::from_secs(plan.builds / SLOWEST_FILL);
        let filled = self.problems.part_within(limit, &what, site.fill(plan)).await?;
        eprintln!("      written at {:.0} builds/s", filled.builds_per_second());
        let start = self.problems.part("start", start(&mut site, plan, figures)).await;
        start.map(|()| site)
    }

    /// What audiences of `size` hear, over each transport that the server speaks. A server may keep memory that it has
    /// needed once, so it is started anew for each audience.
    async fn fan_out(&mut self, site: &mut Site, size: usize, rounds: usize) -> Vec<fan_out::FanOut> {
        let mut heard = vec![];
        for transport in Transport::ALL {
            let what = format!("{size} listeners over {transport}");
            let workers = self.plan.workers;
            let measured = async {
                site.restart(workers).await?;
                fan_out::measure(site, transport, size, rounds).await
            };
            heard.extend(self.problems.part(&what, measured).await.flatten());
        }
        heard
    }

    async fn reads(&mut self, site: &mut Site, figures: &mut Figures) {
        let listed = load::reads(site.client(), self.plan.builds);
        let reads = self
            .problems
            .part("what to read", listed)
            .await
            .unwrap_or_default();
        for read in reads {
            let measured = async {
                site.ready_for_load().await?;
                let measured = load::measure(site, &self.plan, &read).await;
                // If the server has ended, its last words say more.
                site.check().and(measured)
            };
            let measured = self.problems.part(read.name, measured).await;
            figures.reads.extend(measured);
            figures.holds(site);
        }
    }
}

/// Starts the filled server a few times; the last one stays, with its workers.
async fn start(site: &mut Site, plan: &Plan, figures: &mut Figures) -> Result<()> {
    let mut starts = vec![];
    for _ in 0..plan.starts {
        site.stop();
        starts.push(site.start_master().await?);
    }
    figures.start = quantile(&mut starts, 0.5);
    site.start_workers(plan.workers).await?;
    tokio::time::sleep(REST).await;
    figures.idle_mib = Some(site.usage()?.rss_mib);
    Ok(())
}
