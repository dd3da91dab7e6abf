//! `bench import`: how fast a Buildbot master's database comes over, beside the same database copied by SQLite itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::Value;

use crate::options::{PLAIN_BUILDERS, Places, Plan, Which};
use crate::site::Site;
use crate::{Result, book, machine};

/// What to import.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Builds of the Buildbot master, each with three steps and their logs.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    builds: u64,
    /// Puts the table into docs/src/benchmarks.md.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    places: Places,
}

/// What the import took.
struct Imported {
    builds: f64,
    lines: f64,
    took: Duration,
    /// Seconds of CPU time.
    cpu: f64,
}

/// Measures it, and shows the table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = options.places.root.join("target").join("bench").join("import");
    let plan = Plan {
        builds: options.builds,
        builders: PLAIN_BUILDERS,
        per_change: 10,
        workers: 1,
        connections: 1,
        seconds: 1,
        starts: 1,
        audiences: vec![],
        rounds: 0,
        lines: 100,
        forced: 0,
    };
    eprintln!("==> Buildbot\n    {} builds of history", plan.builds);
    let mut site = Site::new(Which::Buildbot, &options.places, &plan, &folder)?;
    site.fill(&plan).await?;
    let load = machine::load();
    let database = site.database();
    eprintln!("    copied");
    let copied = copy(&database, &folder.join("copy.sqlite"))?;
    eprintln!("==> Weir\n    imports it");
    let imported = import(&options.places.weir, &database, &folder.join("weir"))?;
    let bytes = fs::metadata(&database).map_or(0, |it| it.len());
    let said = format!(
        "Measured {}; load {load} at the start.\n\n{}",
        machine::describe(),
        table(&imported, copied, bytes)
    );
    println!("{said}");
    if options.write {
        book::write(&options.places.root, "import", &said)?;
    }
    Ok(())
}

/// How long SQLite takes to write all rows and indexes into another file: nobody who writes them is faster.
fn copy(database: &Path, to: &Path) -> Result<Duration> {
    let failed = |error: &dyn std::fmt::Display| format!("{} cannot be copied: {error}", database.display());
    let mut conn = SqliteConnection::establish(&database.display().to_string()).map_err(|it| failed(&it))?;
    let begun = Instant::now();
    conn.batch_execute(&format!("VACUUM INTO '{}'", to.display()))
        .map_err(|it| failed(&it))?;
    Ok(begun.elapsed())
}

fn import(weir: &Path, database: &Path, to: &Path) -> Result<Imported> {
    let used = || getrusage(UsageWho::RUSAGE_CHILDREN).map(|it| it.user_time() + it.system_time());
    let unknown = |error| format!("what programs used is not known: {error}");
    let (before, begun) = (used().map_err(unknown)?, Instant::now());
    let output = Command::new(weir)
        .arg("import-buildbot")
        .arg("--from")
        .arg(format!("sqlite:///{}", database.display()))
        .arg("--data")
        .arg(to)
        .arg("--json")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", weir.display()))?;
    let took = begun.elapsed();
    let cpu = used().map_err(unknown)? - before;
    if !output.status.success() {
        return Err(format!(
            "the import failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let report: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("the report is no JSON: {error}"))?;
    let tables = report["tables"].as_array().map_or(&[][..], |it| it.as_slice());
    let builds = tables.iter().find(|it| it["table"] == "builds");
    Ok(Imported {
        builds: builds.and_then(|it| it["stored"].as_f64()).unwrap_or_default(),
        lines: report["lines"].as_f64().unwrap_or_default(),
        took,
        cpu: cpu.num_microseconds() as f64 / 1e6,
    })
}

fn table(imported: &Imported, copied: Duration, bytes: u64) -> String {
    let Imported {
        builds,
        lines,
        took,
        cpu,
    } = imported;
    let seconds = took.as_secs_f64();
    let limit = copied.as_secs_f64();
    format!(
        "| what | goal | Weir | SQLite copies the database | Weir / SQLite |\n|---|--:|--:|--:|--:|\n\
         | {builds} builds, {lines} lines of logs, {:.0} MB, s | | {seconds:.1} | {limit:.1} | {:.1} × |\n\
         | builds per second | > 5,000 | {:.0} | {:.0} | |\n\
         | CPU of it all, s | | {cpu:.1} | | |\n",
        bytes as f64 / 1e6,
        seconds / limit,
        builds / seconds,
        builds / limit,
    )
}
