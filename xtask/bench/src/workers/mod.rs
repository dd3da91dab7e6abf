//! `bench workers`: a master with many workers of Buildbot's, whose commands print at a steady rate; and Buildbot's own master
//! beside it, with as much of it as it keeps up with.
//!
//! Most workers are simulated here: they speak the perspective broker as `buildbot-worker` does. Some are that program itself.

mod fleet;
mod lag;
mod output;
mod report;
mod run;
mod size;
mod worker;

use std::time::Instant;

use clap::Args;

use crate::options::{Places, Which};
use crate::{Result, book, machine};

pub(crate) use output::Output;
use size::Size;

/// What to measure, and how much of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Workers of Weir's master.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=999))]
    workers: u16,
    /// How many of them are processes of `buildbot-worker`.
    #[arg(long, default_value_t = 20)]
    real: u16,
    /// Builds at once on Weir's master.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=999))]
    builds: u16,
    /// Workers of Buildbot's master, as many real ones among them at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=999))]
    buildbot_workers: u16,
    /// Builds at once on Buildbot's master.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=999))]
    buildbot_builds: u16,
    /// Kilobytes that each command prints in a second.
    #[arg(long, default_value_t = 1000, value_name = "KB", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rate: u64,
    /// How long each command prints.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Draws other output.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Measures one server only.
    #[arg(long, value_name = "SERVER")]
    only: Option<Which>,
    /// Simulated workers only, small numbers, Weir only, from a debug build: shows in some seconds that it can be measured.
    #[arg(long, conflicts_with_all = ["write", "only", "workers", "real", "builds", "rate", "seconds"])]
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

    fn size(&self, which: Which) -> Size {
        if self.quick {
            return Size {
                workers: 40,
                real: 0,
                builds: 8,
                output: Output {
                    rate: 100_000,
                    seconds: 3,
                    seed: self.seed,
                },
            };
        }
        let (workers, builds) = match which {
            Which::Weir => (self.workers, self.builds),
            Which::Buildbot => (self.buildbot_workers, self.buildbot_builds),
        };
        Size {
            workers: workers.max(builds),
            real: self.real.min(workers),
            builds,
            output: Output {
                rate: self.rate * 1000,
                seconds: self.seconds,
                seed: self.seed,
            },
        }
    }
}

/// Measures what is asked for, and shows the table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = options.places.root.join("target").join("bench");
    let (begun, load) = (Instant::now(), machine::load());
    let mut measured = vec![];
    for which in options.servers() {
        let size = options.size(which);
        machine::allow_connections(usize::from(size.workers))?;
        let folder = folder.join(format!("workers-{which:?}").to_lowercase());
        measured.push(run::measure(which, &options.places, size, &folder).await?);
    }
    let table = format!(
        "Measured {}; load {load} at the start, {} at the end, {:.1} minutes. Each command prints {} kB/s.\n\n{}",
        machine::describe(),
        machine::load(),
        begun.elapsed().as_secs_f64() / 60.0,
        options.size(Which::Weir).output.rate / 1000,
        report::table(&measured),
    );
    println!("{table}");
    if options.write {
        book::write(&options.places.root, "workers", &table)?;
    }
    Ok(())
}
