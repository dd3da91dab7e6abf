//! `bench listeners`: ten listeners of many kinds, in a master and out of it, first in calm, then while masters, runners and
//! destinations are killed at random; what each destination got is compared with what happened. And what listeners cost.

mod audit;
mod cost;
mod destinations;
mod kinds;
mod pace;
mod report;
mod site;
mod storm;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use weir_status_api::Lane;

use crate::program::Usage;
use crate::{Result, book, machine};
use destinations::{Came, Destinations};
use kinds::{Kind, Runner};
use pace::PATIENCE;
use site::{Setup, Site};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Ten kinds of listeners, in calm and in storm.
    Soak,
    /// What many listeners cost the master.
    Cost,
}

/// How much is built, and how bad the weather is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Builds in the storm, 20,000 unless told (150 of `--quick`).
    #[arg(long, value_parser = clap::value_parser!(u64).range(50..=1_000_000))]
    builds: Option<u64>,
    /// Seconds of calm, at each of the two paces (3 of `--quick`).
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    calm: u64,
    /// Seconds between two things that are killed, at the most (3 of `--quick`).
    #[arg(long, default_value_t = 6, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pause: u64,
    /// Draws other moments and other victims.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Measures one part only.
    #[arg(long)]
    only: Option<Part>,
    /// From a debug build, with few builds unless told: shows in half a minute that nothing is lost.
    #[arg(long)]
    quick: bool,
    /// Puts the tables into docs/src/benchmarks.md.
    #[arg(long, conflicts_with = "quick")]
    write: bool,
    /// The program `weir`.
    #[arg(long, hide = true, env = "WEIR_BENCH_PROGRAM")]
    weir: PathBuf,
    /// The workspace's folder.
    #[arg(long, hide = true, env = "WEIR_BENCH_ROOT")]
    root: PathBuf,
}

impl Options {
    fn builds(&self) -> u64 {
        self.builds.unwrap_or(if self.quick { 150 } else { 20_000 })
    }

    fn calm(&self) -> Duration {
        Duration::from_secs(if self.quick { self.calm.min(3) } else { self.calm })
    }

    /// How many builds a second are asked for in calm; a debug build bears fewer.
    fn paces(&self) -> [u32; 2] {
        if self.quick { [1, 5] } else { [1, 20] }
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(if self.quick { self.pause.min(3) } else { self.pause })
    }

    /// Which processes are killed, the more often the more often they are named. Where the master keeps the places of a
    /// process beside it, the next one waits half a minute for what the one before held: else it would only wait.
    fn victims(&self) -> &'static [Runner] {
        match self.quick {
            true => &[Runner::Master, Runner::Json],
            false => &[
                Runner::Master,
                Runner::Json,
                Runner::Grpc,
                Runner::Master,
                Runner::Json,
            ],
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.join("target").join("bench").join("listeners")
    }

    fn has(&self, part: Part) -> bool {
        self.only.is_none_or(|it| it == part)
    }

    fn cost(&self) -> cost::Plan {
        if self.quick {
            return cost::Plan {
                idle: Duration::from_secs(1),
                calm: Duration::from_secs(1),
                builds: 40,
                counts: &[(Runner::Master, 20)],
            };
        }
        cost::Plan {
            idle: Duration::from_secs(15),
            calm: Duration::from_secs(10),
            builds: 500,
            counts: &[
                (Runner::Master, 0),
                (Runner::Master, 10),
                (Runner::Master, 100),
                (Runner::Grpc, 10),
                (Runner::Grpc, 100),
                (Runner::Json, 100),
            ],
        }
    }
}

/// Builds that were asked for at a pace that the machine bears.
struct Calm {
    /// How many were asked for a second.
    pace: u32,
    /// How many ended.
    builds: usize,
    /// How long each listener's deliveries took from the event's commit, in order.
    lags: BTreeMap<Kind, Vec<Duration>>,
}

/// What was measured of the ten.
struct Measured {
    calm: Vec<Calm>,
    /// Each process at the end of the calm.
    usages: Vec<(Runner, Usage)>,
    /// Ends of builds in storm.
    builds: usize,
    /// How long deliveries took in storm, in order.
    lags: Vec<Duration>,
    damage: storm::Damage,
    audit: audit::Audit,
}

/// Measures, and shows the tables.
pub(crate) async fn run(options: Options) -> Result<()> {
    site::empty(&options.folder())?;
    if options.has(Part::Cost) {
        let costs = cost::measure(&options, options.cost()).await?;
        show(&options, "listeners-cost", &report::costs(&costs))?;
    }
    if options.has(Part::Soak) {
        let measured = soak(&options).await?;
        show(&options, "listeners", &report::soak(&measured))?;
        measured.audit.judge()?;
    }
    Ok(())
}

fn show(options: &Options, name: &str, table: &str) -> Result<()> {
    let table = format!("Measured {}.\n\n{table}", machine::describe());
    println!("{table}");
    match options.write {
        true => book::write(&options.root, name, &table),
        false => Ok(()),
    }
}

/// Builds in calm and in storm, and compares.
async fn soak(options: &Options) -> Result<Measured> {
    let folder = options.folder().join("soak");
    site::empty(&folder)?;
    let destinations = Destinations::start(&folder).await?;
    let lines = |runner: Runner| {
        let lines = runner
            .listeners()
            .map(|it| it.configuration(destinations.addresses()));
        lines.collect::<String>()
    };
    let setup = Setup {
        master: lines(Runner::Master),
        grpc: lines(Runner::Grpc),
        json: lines(Runner::Json),
    };
    let mut site = Site::configure(&options.weir, &folder, setup)?;
    site.start_all().await?;
    let mut calm = vec![];
    let look = destinations.look_at_lines();
    for pace in options.paces() {
        calm.push(in_calm(&site, &destinations, pace, options.calm()).await?);
    }
    drop(look);
    let mut usages = vec![];
    for runner in Runner::ALL {
        usages.push((runner, site.usage(runner)?.ok_or("a program is gone")?));
    }

    eprintln!("==> {} builds in storm", options.builds());
    let border = site.newest().await?;
    let damage = storm::rage(&mut site, &destinations, options, options.builds()).await?;
    let (happened, came) = all_told(&site, &destinations).await?;
    site.is_well()?;
    let lags = audit::lags(&happened, &came, border, i64::MAX);
    let mut lags: Vec<Duration> = lags.into_values().flatten().collect();
    lags.sort_unstable();
    Ok(Measured {
        calm,
        usages,
        builds: audit::ends(&happened, border, i64::MAX),
        lags,
        audit: audit::Audit::of(&happened, &came, &damage)?,
        damage,
    })
}

/// Builds at that pace.
async fn in_calm(site: &Site, destinations: &Destinations, pace: u32, long: Duration) -> Result<Calm> {
    eprintln!("==> {pace} builds a second in calm");
    let border = site.newest().await?;
    pace::pace(site, pace, long).await?;
    let (happened, came) = all_told(site, destinations).await?;
    Ok(Calm {
        pace,
        builds: audit::ends(&happened, border, i64::MAX),
        lags: audit::lags(&happened, &came, border, i64::MAX),
    })
}

/// Waits until nothing is to be built, and each listener has told of all there was: what happened, and what came.
async fn all_told(site: &Site, destinations: &Destinations) -> Result<(Happened, Came)> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let why = match told(site, destinations).await {
            Ok(told) => return Ok(told),
            Err(why) => why,
        };
        if Instant::now() > deadline {
            return Err(format!("not told after {} s: {why}", PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn told(site: &Site, destinations: &Destinations) -> Result<(Happened, Came)> {
    if site.open().await? > 0 {
        return Err("builds wait".to_owned());
    }
    let happened = site.happened().await?;
    let came = destinations.came(&Kind::ALL)?;
    let missing = audit::missing(&happened, &came);
    match missing.iter().next() {
        None => Ok((happened, came)),
        Some((kind, ids)) => Err(format!("{} has not told of {ids:?}", kind.name())),
    }
}

/// What happened, by its cursor.
type Happened = BTreeMap<i64, Happening>;

/// One event.
#[derive(Clone, Debug)]
struct Happening {
    /// Microseconds since 1970.
    at: i64,
    /// What it is in order with.
    lane: Lane,
    /// Where people look at its build.
    page: String,
    what: What,
}

/// What an event is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A build began.
    Begin,
    /// It ended.
    End,
    /// A master took a request.
    Claim,
}
