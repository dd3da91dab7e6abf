//! `weir worker`.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::upstream::{Trust, read_token};
use crate::{log, signals};

/// Runs a worker.
#[derive(Args)]
pub(crate) struct Worker {
    /// The master's address, e.g. `grpc://127.0.0.1:8010`; with TLS `grpcs://…`.
    #[arg(long, env = "WEIR_MASTER", value_name = "URL")]
    master: String,
    #[command(flatten)]
    trust: Trust,
    /// The worker's name in the master's configuration.
    #[arg(long)]
    name: String,
    /// A file with its token.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// The folder in which it builds; made if it does not exist.
    #[arg(long, default_value = "weir-worker", value_name = "DIR")]
    dir: PathBuf,
    /// Who keeps it, for people.
    #[arg(long, default_value = "")]
    admin: String,
}

impl Worker {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        let stop = signals::ending()?;
        let token = read_token(&self.token_file)?;
        let instance = uuid::Uuid::new_v4().to_string();
        let mut options = weir_worker::Options::new(self.master, self.name, token, self.dir, instance);
        options.admin = self.admin;
        options.ca = self.trust.ca()?;
        weir_worker::run(options, stop).await.map_err(Failure::new)
    }
}
