//! `weir listen`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::task::JoinSet;
use weir_listeners::Outlet;
use weir_status_api::{Bookmarks, Cursor, Runner, RunnerOptions, Start};

use super::check::broken;
use super::dead_letters::Wish;
use crate::failure::Failure;
use crate::listeners::{NoPlaces, made, places, runner_options};
use crate::upstream::Upstream;
use crate::{log, signals};

/// Runs listeners for a master elsewhere, or has some deliver again.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Listen {
    #[command(subcommand)]
    wish: Option<Wish>,
    #[command(flatten)]
    upstream: Upstream,
    /// The listeners: a file with `webhook(…)`, `mail(…)` and the like.
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// Keeps the listeners' places in the events in a folder of this machine, and not with the master.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where listeners begin that have no place yet: after the event of this number, and not with what comes now.
    #[arg(long, value_name = "CURSOR", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
    /// Prints what would be sent, and sends and keeps nothing.
    #[arg(long, conflicts_with = "data")]
    dry_run: bool,
}

impl Listen {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if let Some(wish) = self.wish {
            return wish.run().await;
        }
        let Some(config) = self.config else {
            return Err(Failure::usage("write --config FILE"));
        };
        log::init();
        let stop = signals::ending()?;
        let configs = weir_config::load_listeners(&config).map_err(broken)?;
        let outlet = match self.dry_run {
            true => Outlet::printing(|what| println!("{}\n", what.trim_end())),
            false => Outlet::open(),
        };
        let listeners = made(&configs, &outlet)?;
        let bookmarks: Arc<dyn Bookmarks> = match listeners.first() {
            Some(first) if !self.dry_run => {
                places(&self.upstream, self.data.as_deref(), first.name(), first.kind()).await?
            }
            _ => Arc::new(NoPlaces),
        };
        let api = self.upstream.connect()?;
        let mut runners = JoinSet::new();
        for (config, listener) in configs.iter().zip(listeners) {
            let options = RunnerOptions {
                start: self.from.map_or(Start::Now, |it| Start::After(Cursor(it))),
                ..runner_options(&config.terms)
            };
            let runner = Runner::new(listener, Arc::clone(&api), Arc::clone(&bookmarks), options);
            let stopped = stop.clone().cancelled_owned();
            runners.spawn(async move { runner.run_until(stopped).await });
        }
        tracing::info!(listeners = configs.len(), "listening");
        while let Some(ended) = runners.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a listener ended by a fault");
            }
        }
        Ok(())
    }
}
