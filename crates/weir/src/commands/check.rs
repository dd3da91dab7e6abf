//! `weir check`.

use std::path::PathBuf;

use clap::Args;
use weir_config::MasterConfig;
use weir_status_api::{Command, Outcome, Reconfigured};

use super::reconfig::{running_master, say_changes};
use crate::failure::Failure;
use crate::listeners;
use crate::show::{count, plain, say};
use crate::upstream::{Trust, Upstream};

/// Checks a configuration.
///
/// With --against, the exit code is 0 if the master goes by the same configuration, 1 if by another, and 2 if it cannot
/// be said.
#[derive(Args)]
pub(crate) struct Check {
    /// The configuration.
    #[arg(default_value = "weir.star")]
    file: PathBuf,
    /// It holds listeners only, as for `weir listen`.
    #[arg(long, conflicts_with = "against")]
    listeners: bool,
    /// Show by what it differs from the configuration that the master at this address goes by.
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    #[command(flatten)]
    trust: Trust,
    /// A file with the API token to present to that master.
    #[arg(long, env = "WEIR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// That master's name or id, where several run on one store.
    #[arg(long, value_name = "NAME", requires = "against")]
    master: Option<String>,
}

impl Check {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if self.listeners {
            let listeners = weir_config::load_listeners(&self.file).map_err(broken)?;
            listeners::check(&listeners)?;
            return self.right(&count(listeners.len(), "listener"));
        }
        let config = weir_config::load(&self.file).map_err(broken)?;
        listeners::check(&config.listeners)?;
        if self.against.is_some() {
            return self.compare(&config).await;
        }
        let summary = [
            count(config.builders.len(), "builder"),
            count(config.workers.len(), "worker"),
            count(config.change_sources.len(), "change source"),
            count(config.schedulers.len(), "scheduler"),
            count(config.listeners.len(), "listener"),
        ]
        .join(", ");
        self.right(&summary)
    }

    fn right(&self, summary: &str) -> Result<(), Failure> {
        say(format!("{} is right: {summary}", self.file.display()))
    }

    async fn compare(self, config: &MasterConfig) -> Result<(), Failure> {
        let file = self.file.display().to_string();
        let report = self.differences(config).await;
        // As of diff: 1 says that there are differences, and nothing else.
        let report = report.map_err(|failure| failure.with_code(2))?;
        if report.changes.is_empty() {
            return say(format!("the master goes by {}", plain(&file)));
        }
        say_changes(&report.changes, report.unlisted)?;
        Err(Failure::silent(1))
    }

    /// How the master's configuration would change.
    async fn differences(self, config: &MasterConfig) -> Result<Reconfigured, Failure> {
        let url = self.against.unwrap_or_default();
        let upstream = Upstream::at(url, self.trust, self.token_file);
        let caller = upstream.caller()?;
        let api = upstream.connect()?;
        let master = running_master(&api, self.master.as_deref()).await?.id;
        let describe = Command::DescribeConfiguration { master };
        let Outcome::Configuration { configuration } = api.control(&caller, describe).await? else {
            return Err(Failure::new("the master did not say what it goes by"));
        };
        let ours = weir_config::describe(config, &configuration.salt);
        Ok(Reconfigured::new(configuration.changes_to(&ours), vec![]))
    }
}

/// All that is wrong with a configuration, printed as it is.
pub(crate) fn broken(errors: weir_config::ConfigErrors) -> Failure {
    eprintln!("{errors}");
    let number = errors.diagnostics().len();
    Failure::usage(format!("the configuration has {}", count(number, "error")))
}
