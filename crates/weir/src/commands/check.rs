//! `weir check`.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;

/// Checks a configuration.
#[derive(Args)]
pub(crate) struct Check {
    /// The configuration.
    #[arg(default_value = "weir.star")]
    file: PathBuf,
    /// It holds listeners only, as for `weir listen`.
    #[arg(long)]
    listeners: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let summary = if self.listeners {
            let listeners = weir_config::load_listeners(&self.file).map_err(broken)?;
            count(listeners.len(), "listener")
        } else {
            let config = weir_config::load(&self.file).map_err(broken)?;
            [
                count(config.builders.len(), "builder"),
                count(config.workers.len(), "worker"),
                count(config.change_sources.len(), "change source"),
                count(config.schedulers.len(), "scheduler"),
                count(config.listeners.len(), "listener"),
            ]
            .join(", ")
        };
        println!("{} is right: {summary}", self.file.display());
        Ok(())
    }
}

/// All that is wrong with a configuration, printed as it is.
pub(crate) fn broken(errors: weir_config::ConfigErrors) -> Failure {
    eprintln!("{errors}");
    let number = errors.diagnostics().len();
    Failure::usage(format!("the configuration has {}", count(number, "error")))
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
