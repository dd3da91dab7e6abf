//! What can be asked for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How many builders `b000`, … there are; with `loud` and `short`, 52.
pub(crate) const PLAIN_BUILDERS: u64 = 50;
/// Builds that a change of history starts.
const PER_CHANGE: u64 = 10;
/// Builders of the master whose views are measured; each change starts a build of each.
pub(crate) const BUILDERS_OF_VIEWS: u64 = 200;

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    Weir,
    Buildbot,
}

impl Which {
    /// Those that are measured: the `only` one, Weir alone if it is to be `quick`, else both.
    pub(crate) fn measured(only: Option<Self>, quick: bool) -> Vec<Self> {
        match only {
            Some(which) => vec![which],
            None if quick => vec![Self::Weir],
            None => vec![Self::Weir, Self::Buildbot],
        }
    }
}

/// What to measure, and how much of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Builds of history.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=20_000_000))]
    pub(crate) builds: u64,
    /// Measures one server only.
    #[arg(long, value_name = "SERVER")]
    pub(crate) only: Option<Which>,
    /// Small numbers, Weir only, from a debug build: shows in about a minute that everything can be measured.
    #[arg(long, conflicts_with_all = ["write", "large", "only", "builds"])]
    pub(crate) quick: bool,
    /// Reads from a second Weir with this many builds too, e.g. 5000000, and compares.
    #[arg(long, value_name = "BUILDS")]
    pub(crate) large: Option<u64>,
    /// Event streams at once.
    #[arg(long, default_value_t = 500)]
    pub(crate) subscribers: usize,
    /// Event streams at once that Weir serves in a run of its own, e.g. 10000; 0 for no such run.
    #[arg(long, default_value_t = 0)]
    pub(crate) many: usize,
    /// Workers of each server, one build at a time on each.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=99))]
    pub(crate) workers: u16,
    /// How long each request is repeated; longer, up to 20 s, where it is slow.
    #[arg(long, default_value_t = 4, value_name = "SECONDS")]
    pub(crate) seconds: u64,
    /// Puts the tables into docs/src/benchmarks.md.
    #[arg(long)]
    pub(crate) write: bool,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// Where things are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Places {
    /// The program `weir`.
    #[arg(long, hide = true, env = "WEIR_BENCH_PROGRAM")]
    pub(crate) weir: PathBuf,
    /// The workspace's folder.
    #[arg(long, hide = true, env = "WEIR_BENCH_ROOT")]
    pub(crate) root: PathBuf,
}

/// How much of everything is done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Builds of history.
    pub(crate) builds: u64,
    /// Builders `b000`, ….
    pub(crate) builders: u64,
    /// Builds that a change of history starts.
    pub(crate) per_change: u64,
    /// Workers.
    pub(crate) workers: u16,
    /// Connections that ask at once.
    pub(crate) connections: u32,
    /// Seconds for each request, at least.
    pub(crate) seconds: u64,
    /// Starts of the filled server, of which the median counts.
    pub(crate) starts: usize,
    /// Sizes of audiences, each measured over each transport.
    pub(crate) audiences: Vec<usize>,
    /// Builds that each audience hears of.
    pub(crate) rounds: usize,
    /// Lines of the loud builder, 80 bytes each.
    pub(crate) lines: u64,
    /// Builds forced as fast as they are taken.
    pub(crate) forced: usize,
}

impl Options {
    /// The servers to measure.
    pub(crate) fn servers(&self) -> Vec<Which> {
        Which::measured(self.only, self.quick)
    }

    /// How much is done with `which`, as far as its speed lets it end in minutes.
    pub(crate) fn plan(&self, which: Which) -> Plan {
        if self.quick {
            return self.quick_plan();
        }
        let slow = which == Which::Buildbot;
        Plan {
            builds: self.builds,
            builders: PLAIN_BUILDERS,
            per_change: PER_CHANGE,
            workers: self.workers,
            connections: 32,
            seconds: self.seconds,
            starts: 3,
            audiences: vec![1, self.subscribers],
            rounds: if slow { 12 } else { 50 },
            lines: 200_000,
            forced: if slow { 60 } else { 1000 },
        }
    }

    /// What is done to measure views.
    pub(crate) fn plan_of_views(&self) -> Plan {
        Plan {
            builders: BUILDERS_OF_VIEWS,
            per_change: BUILDERS_OF_VIEWS,
            starts: 1,
            ..self.plan(Which::Weir)
        }
    }

    fn quick_plan(&self) -> Plan {
        Plan {
            builds: 2000,
            builders: PLAIN_BUILDERS,
            per_change: PER_CHANGE,
            workers: self.workers,
            connections: 8,
            seconds: 1,
            starts: 1,
            audiences: vec![1, 50],
            rounds: 5,
            lines: 5000,
            forced: 40,
        }
    }
}
