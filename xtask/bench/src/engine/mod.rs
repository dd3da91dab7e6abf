//! `bench engine`: a master of LLVM's size with simulated workers.

mod master;
mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::Result;
use crate::events::Audience;
use master::Master;
use report::Report;

/// How long all builds of a run may take.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Builders of the configuration: so many requests come of each force.
const BUILDERS: u64 = 200;

/// How much is built.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Builds of the first run, 10,000 unless told (600 of `--quick`).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    builds: Option<u64>,
    /// Requests that wait when the master of the second run starts, 25,000 unless told (1,000 of `--quick`).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pending: Option<u64>,
    /// Builds of the second run, as many as of the first unless told.
    #[arg(long, value_name = "BUILDS", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    of_pending: Option<u64>,
    /// How long the simulated workers take for each command, as of `weir worker --duration`.
    #[arg(long, default_value = "0s", value_name = "TIME")]
    duration: String,
    /// Draws other output of the commands.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// From a debug build, with two steps a build, and small numbers unless told: shows in about a minute that it works.
    #[arg(long)]
    quick: bool,
    /// The program `weir`.
    #[arg(long, hide = true, env = "WEIR_BENCH_PROGRAM")]
    weir: PathBuf,
    /// The workspace's folder.
    #[arg(long, hide = true, env = "WEIR_BENCH_ROOT")]
    root: PathBuf,
}

impl Options {
    fn builds(&self) -> u64 {
        self.builds.unwrap_or(if self.quick { 600 } else { 10_000 })
    }

    fn pending(&self) -> u64 {
        self.pending.unwrap_or(if self.quick { 1_000 } else { 25_000 })
    }

    fn of_pending(&self) -> u64 {
        self.of_pending.unwrap_or(self.builds()).min(self.pending())
    }
}

/// What one run came to.
struct Run {
    builds: u64,
    took: Duration,
    /// CPU time of the master.
    cpu: Duration,
    /// The most memory that the master has had, in MiB.
    peak_mib: f64,
}

/// Loads the configuration, runs the builds, and shows the table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = options.root.join("target").join("bench").join("engine");
    let mut master = Master::configure(&options, &folder)?;
    eprintln!("==> the configuration is checked");
    let load = master.check()?;
    let start_empty = master.start().await?;
    eprintln!("==> {} builds", options.builds());
    master.start_workers().await?;
    let first = keep_busy(&mut master, &options).await?;
    // Those that count by time have asked for builds too.
    master.has_nothing_to_do().await?;
    master.stop();
    let start_idle = master.start().await?;
    eprintln!("==> {} requests wait", options.pending());
    for _ in 0..options.pending().div_ceil(BUILDERS) {
        master.client().force_all("all").await?;
    }
    master.stop();
    let start_pending = master.start().await?;
    eprintln!("==> {} builds of them", options.of_pending());
    master.start_workers().await?;
    let second = build(&mut master, options.of_pending(), None).await?;
    let report = Report {
        load,
        start_empty,
        start_idle,
        start_pending,
        pending: options.pending(),
        runs: [first, second],
    };
    println!("{}", report.markdown());
    Ok(())
}

/// Builds, and asks for more whenever what waits becomes less than twice what runs.
async fn keep_busy(master: &mut Master, options: &Options) -> Result<Run> {
    for _ in 0..2 {
        master.client().force_all("all").await?;
    }
    build(master, options.builds(), Some(2 * BUILDERS)).await
}

/// Waits until `builds` have ended, all well. If so many wait at most, `waiting`, more are asked for on the way.
async fn build(master: &mut Master, builds: u64, waiting: Option<u64>) -> Result<Run> {
    let mut audience = Audience::one(master.client().base(), "builds/*/finished").await?;
    let before = master.usage()?;
    let begun = Instant::now();
    let mut asked = waiting.unwrap_or_default();
    let all = async {
        for done in 1..=builds {
            if audience.next().await.is_none() {
                return Err(format!("the stream of events ended after {done} builds"));
            }
            if waiting.is_some_and(|waiting| asked < builds && asked < done + waiting) {
                master.client().force_all("all").await?;
                asked += BUILDERS;
            }
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .map_err(|_| format!("{builds} builds do not end in {} s", PATIENCE.as_secs()))??;
    let took = begun.elapsed();
    let after = master.usage()?;
    master.is_well().await?;
    Ok(Run {
        builds,
        took,
        cpu: Duration::from_secs_f64((after.cpu_s - before.cpu_s).max(0.0)),
        peak_mib: after.peak_mib,
    })
}
