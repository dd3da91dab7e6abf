//! Weir's chores: `cargo xtask demo`, `cargo xtask fuzz`, `cargo xtask promise`, `cargo xtask sim`,
//! `cargo xtask soak`, `cargo xtask test`, `cargo xtask web`, `cargo xtask bench`.

mod bench;
mod browser;
mod demo;
mod environment;
mod fuzz;
mod process;
mod promise;
mod python;
mod simulation;
mod test;
mod web;
mod workers;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

/// Weir's chores.
#[derive(Parser)]
struct Chores {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Builds a small real project on a master with two workers; shows it at <http://127.0.0.1:8010>.
    Demo {
        /// Adds a commit to the project of the demo that runs.
        #[arg(long)]
        commit: bool,
        /// The port of the master.
        #[arg(long, default_value_t = 8010)]
        port: u16,
        /// Builds optimised programs, as a release would have them; takes some minutes more the first time.
        #[arg(long)]
        release: bool,
        /// Lets a worker of Buildbot's own, from its package, build as well; needs Python.
        #[arg(long)]
        buildbot_worker: bool,
    },
    /// Tries random input on whatever reads what others write, and fails if something panics or does not come back as it
    /// was written.
    Fuzz {
        /// Targets of fuzz/fuzz_targets, and `http` for random requests to a real master, made of the JSON API's OpenAPI
        /// document; all but that if none is given.
        #[arg(value_name = "TARGET")]
        wanted: Vec<String>,
        /// Seconds for each target, 10 if not given; with `http`, seconds for all, which leaves out the edges of each
        /// parameter.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: Option<u32>,
        /// Where chance begins.
        #[arg(long, default_value_t = 1)]
        seed: u32,
        /// With `http`: how many requests for each operation at most.
        #[arg(long, default_value_t = 30)]
        examples: u32,
    },
    /// Compares gRPC and JSON with what they promise to older clients, and fails if something of that is gone.
    Promise {
        /// Makes what there is now the promise; whoever reviews the change sees what was added and withdrawn.
        #[arg(long)]
        write: bool,
    },
    /// Runs Weir in simulated time under faults that a seed decides, and checks what must be true whatever happened;
    /// `cargo xtask sim --help` tells how.
    #[command(disable_help_flag = true)]
    Sim {
        /// Which seeds, and how.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// As `sim`, with one seed after the other for a long time, optimised.
    Soak {
        /// For how many minutes.
        #[arg(long, default_value_t = 60)]
        minutes: u64,
        /// The first seed; the time of day decides if none is given.
        #[arg(long)]
        from: Option<u64>,
        /// How many run at a time.
        #[arg(long, default_value_t = 2)]
        jobs: usize,
    },
    /// Formatting, lints, docs, all Rust tests, the web's checks and tests, and the whole in a browser.
    Test {
        /// Only these parts; all if none is given.
        #[arg(value_name = "PART")]
        parts: Vec<test::Part>,
    },
    /// Builds the web status, for the program and as static files for any web server: `config.json` beside them says where
    /// the API is.
    Web(web::Deployment),
    /// Measures Weir, and Buildbot beside it; `cargo xtask bench status --help` tells how.
    #[command(disable_help_flag = true)]
    Bench {
        /// What to measure, and how.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() {
    let result = match Chores::parse().chore {
        Chore::Demo { commit: true, .. } => demo::commit(),
        Chore::Demo {
            port,
            release,
            buildbot_worker,
            ..
        } => demo::show(port, release, buildbot_worker),
        Chore::Fuzz {
            wanted,
            seconds,
            seed,
            examples,
        } => fuzz::start(
            &wanted,
            &fuzz::Effort {
                seconds,
                seed,
                examples,
            },
        ),
        Chore::Promise { write } => promise::check(write),
        Chore::Sim { arguments } => simulation::run_seeds(&arguments),
        Chore::Soak { minutes, from, jobs } => simulation::soak(minutes, from, jobs),
        Chore::Test { parts } => test::run_parts(&parts),
        Chore::Web(deployment) => web::make(&deployment),
        Chore::Bench { arguments } => bench::start(&arguments),
    };
    if let Err(why) = result {
        eprintln!("xtask: {why}");
        std::process::exit(1);
    }
}
