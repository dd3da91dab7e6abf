//! The program: one seed in this process, or many, each in a process of its own.

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use tracing::Level;

use crate::plant::Plant;
use crate::{observe, run, trace};

/// How long one seed may take. One that takes longer goes round in circles.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many of the last lines of a seed that failed are shown.
const LAST_LINES: usize = 60;

/// Runs Weir under faults that seeds decide, and checks what must be true whatever happened.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Runs this seed alone, and shows what happens.
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "soak"])]
    seed: Option<u64>,
    /// With `--seed`: shows nothing but what came of it.
    #[arg(long, requires = "seed")]
    quiet: bool,
    /// With `--seed`: shows all that Weir says.
    #[arg(long, requires = "seed")]
    verbose: bool,
    /// With `--seed`: plants this fault, to see that it is found.
    #[arg(long, requires = "seed")]
    plant: Option<Plant>,
    /// Runs so many seeds.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    seeds: u64,
    /// Runs seeds for so many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with = "seeds")]
    soak: Option<u64>,
    /// The first of many seeds.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    from: u64,
    /// How many run at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    jobs: usize,
}

/// Does what the arguments say.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.seed {
        Some(seed) => one(seed, &arguments),
        None => many(&arguments),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn one(seed: u64, arguments: &Arguments) -> Result<String, String> {
    let level = if arguments.verbose {
        Level::DEBUG
    } else {
        Level::WARN
    };
    if !arguments.quiet {
        trace::show();
    }
    let folder = tempfile::Builder::new()
        .prefix("weir-simulation-")
        .tempdir_in(memory())
        .map_err(|error| error.to_string())?;
    observe::begin(level);
    let mut ended = run::run(seed, arguments.plant, folder.path());
    if observe::has_panicked() && ended.is_ok() {
        ended = Err("something panicked".to_owned());
    }
    match ended {
        Ok(summary) => Ok(format!(
            "seed {seed}: {} builds and {} events in {:.0} s, trace {:016x}",
            summary.builds,
            summary.events,
            summary.time.as_secs_f64(),
            summary.hash,
        )),
        Err(why) => {
            let lines = trace::lines();
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            Err(format!(
                "{}\nseed {seed} FAILED: {why}\nreplay it: cargo xtask sim --seed {seed}",
                last.join("\n")
            ))
        }
    }
}

/// A folder whose files are in memory, if the system has one: nothing there outlives a seed.
fn memory() -> std::path::PathBuf {
    let shared = std::path::Path::new("/dev/shm");
    if shared.is_dir() {
        shared.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn many(arguments: &Arguments) -> Result<String, String> {
    let begun = Instant::now();
    let mut running: Vec<(u64, Instant, Child)> = Vec::new();
    let (mut next, mut done, mut failed) = (arguments.from, 0, Vec::new());
    loop {
        let is_enough = match arguments.soak {
            Some(seconds) => begun.elapsed() >= Duration::from_secs(seconds),
            None => next >= arguments.from + arguments.seeds,
        };
        while !is_enough && running.len() < arguments.jobs.max(1) {
            running.push((next, Instant::now(), start(next)?));
            next += 1;
            if arguments.soak.is_none() && next >= arguments.from + arguments.seeds {
                break;
            }
        }
        if running.is_empty() {
            break;
        }
        let mut still = Vec::new();
        for (seed, since, mut child) in running {
            match child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => {
                    done += 1;
                    if !status.success() {
                        failed.push(seed);
                    }
                }
                None if since.elapsed() > PATIENCE => {
                    eprintln!("seed {seed} FAILED: it does not end");
                    let _ = child.kill();
                    let _ = child.wait();
                    done += 1;
                    failed.push(seed);
                }
                None => still.push((seed, since, child)),
            }
        }
        running = still;
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed().as_secs_f64();
    match failed.as_slice() {
        [] => Ok(format!("{done} seeds in {took:.0} s, from {}", arguments.from)),
        failed => Err(format!("{} of {done} seeds failed: {failed:?}", failed.len())),
    }
}

fn start(seed: u64) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    Command::new(program)
        .args(["--seed", &seed.to_string(), "--quiet"])
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())
}
