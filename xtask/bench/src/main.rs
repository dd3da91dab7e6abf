//! Measures a Weir master and a Buildbot master side by side, with the same client and the same history.
//!
//! `cargo xtask bench` builds it and Weir, and starts it.
//!
//! # Non-goals
//! - It knows nothing of either server but what a client sees, except how to start it and how to fill its database.
//! - It judges nothing: it fails if something cannot be measured, never because it is slow.

mod book;
mod client;
mod engine;
mod events;
mod fill;
mod frames;
mod hello;
mod import;
mod listeners;
mod machine;
mod measure;
mod options;
mod program;
mod report;
mod server;
mod site;
mod status;
mod web;
mod workers;

use clap::{Parser, Subcommand};

/// What goes wrong is told to a person in one sentence.
type Result<T> = std::result::Result<T, String>;

/// Measures Weir, and Buildbot beside it.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Reads, events, builds and logs through the status API; a table of ratios.
    #[command(override_usage = "cargo xtask bench status [OPTIONS]")]
    Status(options::Options),
    /// Builds on simulated workers, with a configuration of LLVM's size.
    #[command(override_usage = "cargo xtask bench engine [OPTIONS]")]
    Engine(engine::Options),
    /// A Buildbot master's database that comes over, beside a plain copy of it.
    #[command(override_usage = "cargo xtask bench import [OPTIONS]")]
    Import(import::Options),
    /// Listeners in and beside a master that is killed at random, as their runners and destinations are: what is told, how
    /// late, and how often.
    #[command(override_usage = "cargo xtask bench listeners [OPTIONS]")]
    Listeners(listeners::Options),
    /// The web status of a filled master in a browser, beside Buildbot's; a table of ratios.
    #[command(override_usage = "cargo xtask bench web [OPTIONS]")]
    Web(web::Options),
    /// Hundreds of Buildbot's workers whose commands print without end, beside what Buildbot's own master bears.
    #[command(override_usage = "cargo xtask bench workers [OPTIONS]")]
    Workers(workers::Options),
    /// Serves "hello" at a port: the most that any server here can do.
    #[command(hide = true)]
    Hello {
        /// The port, on the loopback.
        port: u16,
    },
    /// Prints lines at a steady rate: the command of the builds of `workers`.
    #[command(hide = true)]
    Print(workers::Output),
}

#[tokio::main]
async fn main() {
    let result = match Bench::parse().what {
        What::Status(options) => until_told(status::run(options)).await,
        What::Engine(options) => until_told(engine::run(options)).await,
        What::Import(options) => until_told(import::run(options)).await,
        What::Listeners(options) => until_told(listeners::run(options)).await,
        What::Web(options) => until_told(web::run(options)).await,
        What::Workers(options) => until_told(workers::run(options)).await,
        What::Print(output) => output.print(),
        What::Hello { port } => hello::serve(port).await,
    };
    if let Err(why) = result {
        eprintln!("bench: {why}");
        std::process::exit(1);
    }
}

/// Runs to the end, or to a signal; in either case all that was started ends with it.
async fn until_told(work: impl Future<Output = Result<()>>) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let watch = |kind| signal(kind).map_err(|error| format!("signals cannot be watched: {error}"));
    let mut interrupt = watch(SignalKind::interrupt())?;
    let mut terminate = watch(SignalKind::terminate())?;
    let mut hangup = watch(SignalKind::hangup())?;
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err("interrupted".to_owned()),
        _ = terminate.recv() => Err("terminated".to_owned()),
        _ = hangup.recv() => Err("hung up".to_owned()),
    }
}
