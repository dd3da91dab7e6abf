//! `bench listeners`: listeners in a master and out of it, first in calm, then while masters, runners and destinations are
//! killed at random; what each destination got is compared with what happened.

mod audit;
mod receivers;
mod report;
mod site;
mod storm;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::program::Usage;
use crate::{Result, book, machine};
use receivers::Receivers;
use site::{CROWD, Site};

/// How long all builds may take, and then all deliveries of them.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How much is built, and how bad the weather is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Builds in all, 20,000 unless told (400 of `--quick`).
    #[arg(long, value_parser = clap::value_parser!(u64).range(50..=1_000_000))]
    builds: Option<u64>,
    /// Seconds between two things that are killed, at the most (3 of `--quick`).
    #[arg(long, default_value_t = 6, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pause: u64,
    /// Draws other moments and other victims.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// From a debug build, with few builds unless told: shows in about a minute that nothing is lost.
    #[arg(long)]
    quick: bool,
    /// Puts the table into docs/src/benchmarks.md.
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
        self.builds.unwrap_or(if self.quick { 400 } else { 20_000 })
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(if self.quick { self.pause.min(3) } else { self.pause })
    }
}

/// What was measured.
struct Measured {
    /// Ends of builds in calm and in storm.
    builds: [usize; 2],
    /// How long each delivery took from the event's commit, in calm and in storm, in order.
    lags: [Vec<Duration>; 2],
    /// The master with its listeners, the process over gRPC, and that with the crowd.
    calm: [Usage; 3],
    storm: storm::Damage,
    audit: audit::Audit,
}

/// Builds in calm and in storm, compares, and shows the table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = options.root.join("target").join("bench").join("listeners");
    let receivers = Receivers::start().await?;
    let mut site = Site::configure(&options, &folder, receivers.base())?;
    site.start_all().await?;
    let calm = options.builds() / 5;
    eprintln!("==> {calm} builds in calm");
    build(&site, calm, &mut |_| true).await?;
    all_told(&site, &receivers).await?;
    let usage = site.usages()?;
    site.send_crowd_away();
    let border = site.newest().await?;
    let in_calm = receivers.all();

    eprintln!("==> {} builds in storm", options.builds() - calm);
    let damage = storm::rage(&mut site, &receivers, &options).await?;
    all_told(&site, &receivers).await?;
    site.is_well()?;
    let happened = site.happened().await?;
    let measured = Measured {
        builds: audit::ends(&happened, border),
        lags: [
            audit::lags(&happened, &in_calm, |it| it <= border),
            audit::lags(&happened, &receivers.all(), |it| it > border),
        ],
        calm: usage,
        audit: audit::Audit::of(&happened, &receivers.all(), &damage)?,
        storm: damage,
    };
    let table = format!(
        "Measured {}.\n\n{}",
        machine::describe(),
        report::table(&measured)
    );
    println!("{table}");
    if options.write {
        book::write(&options.root, "listeners", &table)?;
    }
    measured.audit.judge()
}

/// Asks for builds until so many more have ended; `goes_on` is asked now and then, with how many have.
async fn build(site: &Site, builds: u64, goes_on: &mut (dyn FnMut(u64) -> bool + Send)) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let before = site.ended().await?;
    loop {
        // A master that is just killed answers nothing.
        if let Ok(ended) = site.ended().await {
            if ended >= before + builds || !goes_on(ended - before) {
                return Ok(());
            }
            if let Ok(open) = site.open().await
                && open < 2 * site::BUILDERS
            {
                let _ = site.client().force_all("all").await;
            }
        }
        if Instant::now() > deadline {
            return Err(format!("{builds} builds do not end in {} s", PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until nothing is to be built, and each listener has told of all there was.
async fn all_told(site: &Site, receivers: &Receivers) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let (Ok(0), Ok(happened)) = (site.open().await, site.happened().await) {
            let missing = audit::missing(&happened, &receivers.all());
            if missing.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("not told after {} s: {missing:?}", PATIENCE.as_secs()));
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What happened: when each event of a build was committed, and which build it is of, by its cursor.
type Happened = BTreeMap<i64, Happening>;

/// One event.
#[derive(Clone, Copy, Debug)]
struct Happening {
    /// Microseconds since 1970.
    at: i64,
    build: i64,
    /// Whether the build has ended by it.
    end: bool,
}

/// Listeners that are looked at: in the master, over gRPC and over JSON.
const LISTENERS: usize = 10;

/// How many more are in the crowd's process than in the one over gRPC.
const IN_CROWD: usize = CROWD - 3;
