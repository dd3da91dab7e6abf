//! Some seeds, and that a seed gives the same run each time. `cargo xtask soak` tries others.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

/// As many as take about a minute of both processors together.
const SEEDS: &str = "24";

fn simulate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir-simulation"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn what_must_be_true_is_true_under_faults() {
    let output = simulate(&["--seeds", SEEDS, "--jobs", "2"]);
    let (said, why) = (output.stdout, output.stderr);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said),
        String::from_utf8_lossy(&why)
    );
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in ["3", "4"] {
        let trace = || String::from_utf8(simulate(&["--seed", seed, "--quiet"]).stdout).unwrap();
        let first = trace();
        assert!(first.contains("trace "), "{first}");
        assert_eq!(first, trace());
    }
}
