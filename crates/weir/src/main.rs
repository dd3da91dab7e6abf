//! The one binary of Weir: master, worker, gateways and the command line.

mod assets;
mod buildbot_workers;
mod commands;
mod database;
mod descriptors;
mod endless;
mod failure;
mod handshake;
mod hosts;
mod listeners;
mod log;
mod name;
mod pages;
mod process;
mod readers;
mod reconfigure;
mod server;
mod show;
mod signals;
mod stall;
mod tls;
mod upstream;

use clap::Parser;
use commands::Command;

/// Weir, a build master.
#[derive(Parser)]
#[command(name = "weir", version, propagate_version = true)]
struct Weir {
    #[command(subcommand)]
    command: Command,
}

fn main() -> std::process::ExitCode {
    let Weir { command } = Weir::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failure::Failure::new(format!("the runtime cannot be started: {error}")))
        .and_then(|runtime| {
            let outcome = runtime.block_on(command.run());
            // Reads of files that nobody waits for any more must not hold up the end.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.code()
        }
    }
}
