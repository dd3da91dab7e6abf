//! A master that reads its configuration again and goes by it, while everything runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use weir_access::Guarded;
use weir_config::{ConfigErrors, MasterConfig};
use weir_master::Master;
use weir_status_api::{Configuration, Error, Outcome, Reconfigured, Result};

use crate::buildbot_workers::Ports;
use crate::failure::Failure;
use crate::listeners::Listeners;
use crate::process::{Wanted, Wish};

/// How much is told of mistakes, in bytes: an answer goes through headers that are bounded.
const LONGEST_MISTAKES: usize = 3_000;

/// What goes by the configuration in the process of a master.
pub(crate) struct Reconfigurable {
    pub(crate) master: Master,
    pub(crate) door: Guarded,
    pub(crate) listeners: Listeners,
    pub(crate) ports: Ports,
    /// The configuration's file.
    pub(crate) file: PathBuf,
    pub(crate) fixed: Fixed,
}

/// What the process was started with, and keeps to its end.
pub(crate) struct Fixed {
    /// The configured address; none if the command line has another.
    pub(crate) listen: Option<SocketAddr>,
    /// The configured certificate.
    pub(crate) tls: Option<weir_tls::Files>,
    /// The title of displays.
    pub(crate) title: String,
    /// Whether people can sign in with a password.
    pub(crate) sign_in: bool,
}

impl Reconfigurable {
    /// Does what a caller wants, and answers.
    pub(crate) async fn grant(&mut self, wish: Wish) {
        let answer = if wish.master == self.master.id() {
            match wish.what {
                Wanted::Reconfigure => {
                    let report = self.reconfigure(&wish.caller).await;
                    report.map(|report| Outcome::Reconfigured { report })
                }
                Wanted::Describe => Ok(Outcome::Configuration {
                    configuration: self.describe(),
                }),
            }
        } else {
            let why = format!(
                "master {} is another process; ask it at its own address",
                wish.master
            );
            Err(Error::Conflict { why })
        };
        // Whoever asked may have gone.
        let _ = wish.answer.send(answer);
    }

    fn describe(&self) -> Configuration {
        let salt = uuid::Uuid::new_v4().to_string();
        weir_config::describe(&self.master.config(), &salt)
    }

    /// Reads the configuration again and goes by it; one with mistakes changes nothing. Both are told in the log.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with all mistakes; what the store says.
    pub(crate) async fn reconfigure(&mut self, who: &str) -> Result<Reconfigured> {
        tracing::info!(who, file = %self.file.display(), "reads the configuration again");
        let report = self.try_reconfigure().await;
        match &report {
            Ok(report) => {
                let changes = report.changes.len() as u64 + report.unlisted;
                tracing::info!(changes, "goes by the configuration as it is now");
                for sentence in &report.restart {
                    tracing::warn!("{sentence}");
                }
            }
            Err(error) => tracing::error!(%error, "goes by the configuration as it was"),
        }
        report
    }

    async fn try_reconfigure(&mut self) -> Result<Reconfigured> {
        let file = self.file.clone();
        let load = tokio::task::spawn_blocking(move || weir_config::load(&file));
        let loaded = load
            .await
            .map_err(|error| Error::internal(format!("the configuration cannot be read: {error}")))?;
        let config = loaded.map_err(|mistakes| invalid(&mistakes))?;
        let old = self.master.config();
        let change = self
            .listeners
            .change_to(&config.listeners, &config.secret_providers);
        let refused = |failure: Failure| invalid_configuration(failure.message().to_owned());
        let change = change.map_err(refused)?;
        let ports = self.ports.change_to(&config).await.map_err(refused)?;
        let policy = config.policy.clone();
        let mut report = Reconfigured::new(
            weir_config::describe(&old, "").changes_to(&weir_config::describe(&config, "")),
            self.fixed.differences(&config),
        );
        let done = self.master.reconfigure(config).await;
        done.map_err(|error| {
            tracing::error!(%error, "the store did not take the configuration");
            Error::unavailable("the store did not take the configuration; the master's log has the details")
        })?;
        self.door.set_policy(policy);
        self.listeners.make(change).await;
        let buildbot = self.master.workers().buildbot();
        report.restart.extend(self.ports.make(ports, &buildbot).await);
        Ok(report)
    }
}

impl Fixed {
    /// What `config` has otherwise, a sentence for each.
    fn differences(&self, config: &MasterConfig) -> Vec<String> {
        let Self {
            listen,
            tls,
            title,
            sign_in,
        } = self;
        let mut differ = vec![];
        let mut stays = |what: &str, differs: bool| {
            if differs {
                differ.push(format!("{what} stays as it is until the master is started again"));
            }
        };
        stays(
            "the address to serve at (`listen`)",
            listen.is_some_and(|it| it != config.listen),
        );
        stays("which certificate is served with (`tls_…`)", *tls != config.tls);
        stays("the title of displays", *title != config.title);
        stays(
            "whether displays offer to sign in with a password",
            *sign_in != config.policy.has_passwords(),
        );
        differ
    }
}

fn invalid(mistakes: &ConfigErrors) -> Error {
    invalid_configuration(mistakes.to_string())
}

fn invalid_configuration(mut why: String) -> Error {
    if why.len() > LONGEST_MISTAKES {
        why.truncate(why.floor_char_boundary(LONGEST_MISTAKES));
        why.push_str("\n… and more; `weir check` shows all of them");
    }
    Error::InvalidInput {
        fields: [("configuration".to_owned(), why)].into(),
    }
}
