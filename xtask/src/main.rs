//! Weir's chores: `cargo xtask test`, `cargo xtask web`.

mod process;
mod test;

use clap::{Parser, Subcommand};

/// Weir's chores.
#[derive(Parser)]
struct Chores {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Formatting, lints, docs, all Rust tests, and the web's checks and tests.
    Test,
    /// Builds the web status into web-status/dist.
    Web,
}

fn main() {
    let result = match Chores::parse().chore {
        Chore::Test => test::run_all(),
        Chore::Web => test::build_web(),
    };
    if let Err(why) = result {
        eprintln!("xtask: {why}");
        std::process::exit(1);
    }
}
