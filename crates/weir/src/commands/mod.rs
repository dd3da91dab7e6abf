//! The commands of the program, one file each.

mod act;
mod check;
mod completions;
mod convert;
mod db;
mod dead_letters;
mod force;
mod hash_password;
mod import_buildbot;
mod init;
mod list;
mod listen;
mod logs;
mod master;
mod reconfig;
mod sendchange;
mod simulate;
mod status;
mod token;
mod try_job;
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
    /// Run listeners for a master elsewhere, or have some deliver again.
    Listen(listen::Listen),
    /// Check a configuration; every error with its place.
    Check(check::Check),
    /// Carry a configuration of Buildbot over.
    Convert(convert::Convert),
    /// Let a master read its configuration again.
    Reconfig(reconfig::Reconfig),
    /// Write a starter configuration.
    Init(init::Init),
    /// Show builders, workers and what runs.
    Status(status::Status),
    /// List builders.
    Builders(list::Builders),
    /// List builds.
    Builds(list::Builds),
    /// List workers.
    Workers(list::Workers),
    /// List build requests.
    Requests(list::Requests),
    /// List changes.
    Changes(list::Changes),
    /// List schedulers.
    Schedulers(list::Schedulers),
    /// List listeners, and how they fare.
    Listeners(list::Listeners),
    /// List events that listeners could not deliver.
    DeadLetters(list::DeadLetters),
    /// Show the logs of a build.
    Logs(logs::Logs),
    /// Start a build by hand.
    Force(force::Force),
    /// Build what is in a working copy.
    Try(try_job::Try),
    /// Tell the master of a change.
    #[command(name = "sendchange")]
    SendChange(sendchange::SendChange),
    /// Stop a build.
    Stop(act::Stop),
    /// Build again what a build built.
    Rebuild(act::Rebuild),
    /// Cancel a build request.
    Cancel(act::Cancel),
    /// Give a worker no new builds.
    Pause(act::Pause),
    /// Give a worker builds again.
    Unpause(act::Unpause),
    /// Let a worker end after its builds, or at once.
    StopWorker(act::StopWorker),
    /// Let a scheduler make buildsets.
    Enable(act::Enable),
    /// Let a scheduler make no buildsets.
    Disable(act::Disable),
    /// Show events as they come.
    Watch(watch::Watch),
    /// Make, list and revoke API tokens.
    Token(token::Token),
    /// Look after what a master keeps: sizes, space, copies.
    Db(db::Db),
    /// Take over what a Buildbot has done, into a new data folder.
    ImportBuildbot(import_buildbot::ImportBuildbot),
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
            Self::Check(it) => it.run().await,
            Self::Convert(it) => it.run().await,
            Self::Reconfig(it) => it.run().await,
            Self::Init(it) => it.run(),
            Self::Status(it) => it.run().await,
            Self::Builders(it) => it.run().await,
            Self::Builds(it) => it.run().await,
            Self::Workers(it) => it.run().await,
            Self::Requests(it) => it.run().await,
            Self::Changes(it) => it.run().await,
            Self::Schedulers(it) => it.run().await,
            Self::Listeners(it) => it.run().await,
            Self::DeadLetters(it) => it.run().await,
            Self::Stop(it) => it.run().await,
            Self::Rebuild(it) => it.run().await,
            Self::Cancel(it) => it.run().await,
            Self::Pause(it) => it.run().await,
            Self::Unpause(it) => it.run().await,
            Self::StopWorker(it) => it.run().await,
            Self::Enable(it) => it.run().await,
            Self::Disable(it) => it.run().await,
            Self::Logs(it) => it.run().await,
            Self::Force(it) => it.run().await,
            Self::Try(it) => it.run().await,
            Self::SendChange(it) => it.run().await,
            Self::Watch(it) => it.run().await,
            Self::Token(it) => it.run().await,
            Self::Db(it) => it.run().await,
            Self::ImportBuildbot(it) => it.run().await,
            Self::HashPassword(it) => it.run(),
            Self::Completions(it) => it.run(),
        }
    }
}
