//! The chores that simulate: the program is built and started.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::process::{root, run, target};

/// Runs `weir-simulation` with the arguments in place of this process.
pub(crate) fn run_seeds(arguments: &[OsString]) -> Result<(), String> {
    start(false, arguments)
}

/// Runs one seed after the other, optimised.
pub(crate) fn soak(minutes: u64, from: Option<u64>, jobs: usize) -> Result<(), String> {
    let from = from.unwrap_or_else(other_seeds);
    let arguments = [
        "--soak".to_owned(),
        (minutes * 60).to_string(),
        "--from".to_owned(),
        from.to_string(),
        "--jobs".to_owned(),
        jobs.to_string(),
    ];
    start(true, &arguments.map(OsString::from))
}

/// Each time others.
#[expect(clippy::disallowed_methods, reason = "nothing of Weir runs here")]
fn other_seeds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |it| it.as_secs() * 1000)
}

fn start(optimised: bool, arguments: &[OsString]) -> Result<(), String> {
    let mut build = vec!["build", "--locked", "--package", "weir-simulation"];
    if optimised {
        build.push("--release");
    }
    run(&root(), "cargo", &build)?;
    let folder = target().join(if optimised { "release" } else { "debug" });
    let program = folder.join("weir-simulation");
    let error = Command::new(&program).args(arguments).exec();
    Err(format!("{} cannot be started: {error}", program.display()))
}
