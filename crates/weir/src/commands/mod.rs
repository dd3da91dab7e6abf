//! The commands of the program, one file each.

mod check;
mod completions;
mod force;
mod hash_password;
mod init;
mod listen;
mod logs;
mod master;
mod simulate;
mod status;
mod token;
mod watch;
mod web;
mod worker;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a master.
    Master(master::Master),
    /// Run a worker.
    Worker(worker::Worker),
    /// Serve the JSON API and the web status of a master elsewhere.
    Web(web::Web),
    /// Run listeners for a master elsewhere.
    Listen(listen::Listen),
    /// Check a configuration; every error with its place.
    Check(check::Check),
    /// Write a starter configuration.
    Init(init::Init),
    /// Show builders, workers and what runs.
    Status(status::Status),
    /// Show the logs of a build.
    Logs(logs::Logs),
    /// Start a build by hand.
    Force(force::Force),
    /// Show events as they come.
    Watch(watch::Watch),
    /// Make, list and revoke API tokens.
    Token(token::Token),
    /// Print the hash of a password for the configuration.
    HashPassword(hash_password::HashPassword),
    /// Print shell completions.
    Completions(completions::Completions),
}

impl Command {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Master(it) => it.run().await,
            Self::Worker(it) => it.run().await,
            Self::Web(it) => it.run().await,
            Self::Listen(it) => it.run().await,
            Self::Check(it) => it.run(),
            Self::Init(it) => it.run(),
            Self::Status(it) => it.run().await,
            Self::Logs(it) => it.run().await,
            Self::Force(it) => it.run().await,
            Self::Watch(it) => it.run().await,
            Self::Token(it) => it.run().await,
            Self::HashPassword(it) => it.run(),
            Self::Completions(it) => it.run(),
        }
    }
}
