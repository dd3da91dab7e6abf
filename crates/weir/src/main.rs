//! The one binary of Weir.

use clap::Parser;

/// Weir, a build master.
#[derive(Parser)]
#[command(version)]
struct Weir {}

fn main() {
    let Weir {} = Weir::parse();
}
