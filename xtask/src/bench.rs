//! The chores that measure: what they need is built, and they are started.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{root, run, target};
use crate::test::build_as_tested;

/// Runs `weir-bench` with the arguments in place of this process. Weir and it are optimised, except for what shows no
/// figures that mean anything.
pub(crate) fn start(arguments: &[OsString]) -> Result<(), String> {
    let asked = |one_of: &[&str]| arguments.iter().any(|it| one_of.iter().any(|one| it == one));
    let programs = if arguments.is_empty() || asked(&["--help", "-h", "help"]) {
        build(&["--package", "weir-bench"], "debug")?
    } else if asked(&["--quick"]) {
        build_as_tested()?
    } else {
        build(
            &["--package", "weir", "--package", "weir-bench", "--release"],
            "release",
        )?
    };
    let bench = programs.join("weir-bench");
    // Where things are is told by the environment, so that it is in nobody's way among the arguments.
    let error = Command::new(&bench)
        .args(arguments)
        .env("WEIR_BENCH_PROGRAM", programs.join("weir"))
        .env("WEIR_BENCH_ROOT", root())
        .exec();
    Err(format!("{} cannot be started: {error}", bench.display()))
}

/// Builds what is asked for and gives its folder.
fn build(what: &[&str], profile: &str) -> Result<PathBuf, String> {
    run(&root(), "cargo", &[&["build", "--locked"], what].concat())?;
    Ok(target().join(profile))
}
