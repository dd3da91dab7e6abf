//! Some seeds, and that a seed gives the same run each time. `cargo xtask soak` tries others.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

/// How many seeds are tried, unless the variable `WEIR_SEEDS` says it: as many as take some four minutes of two
/// processors when nothing is optimised.
const SEEDS: u64 = 200;

/// The parts that run beside each other.
const PARTS: u64 = 4;

fn simulate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir-simulation"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs the seeds of a part, counted from 0: the parts run beside each other.
fn run_part(part: u64) {
    let seeds = std::env::var("WEIR_SEEDS").map_or(SEEDS, |it| it.parse().unwrap());
    let count = seeds.div_ceil(PARTS);
    let from = 1 + part * count;
    let output = simulate(&["--from", &from.to_string(), "--seeds", &count.to_string()]);
    let (said, why) = (output.stdout, output.stderr);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said),
        String::from_utf8_lossy(&why)
    );
}

#[test]
fn what_must_be_true_is_true_under_faults_1() {
    run_part(0);
}

#[test]
fn what_must_be_true_is_true_under_faults_2() {
    run_part(1);
}

#[test]
fn what_must_be_true_is_true_under_faults_3() {
    run_part(2);
}

#[test]
fn what_must_be_true_is_true_under_faults_4() {
    run_part(3);
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in ["3", "4", "5"] {
        let trace = || String::from_utf8(simulate(&["--seed", seed, "--quiet"]).stdout).unwrap();
        let first = trace();
        assert!(first.contains("trace "), "{first}");
        assert_eq!(first, trace());
    }
}
