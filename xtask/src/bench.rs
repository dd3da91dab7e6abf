//! The chores that measure: what they need is built, and they are started.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::process::{root, run, target};

/// Runs `weir-bench` with the arguments in place of this process. Weir and it are optimised, except for what shows no
/// figures that mean anything.
pub(crate) fn start(arguments: &[OsString]) -> Result<(), String> {
    let plain = ["--quick", "--help", "-h", "help"];
    let plain = arguments.is_empty() || arguments.iter().any(|it| plain.iter().any(|plain| it == plain));
    let mut build = vec![
        "build",
        "--locked",
        "--package",
        "weir",
        "--package",
        "weir-bench",
    ];
    if !plain {
        build.push("--release");
    }
    run(&root(), "cargo", &build)?;
    let programs = target().join(if plain { "debug" } else { "release" });
    let bench = programs.join("weir-bench");
    // Where things are is told by the environment, so that it is in nobody's way among the arguments.
    let error = Command::new(&bench)
        .args(arguments)
        .env("WEIR_BENCH_PROGRAM", programs.join("weir"))
        .env("WEIR_BENCH_ROOT", root())
        .exec();
    Err(format!("{} cannot be started: {error}", bench.display()))
}
