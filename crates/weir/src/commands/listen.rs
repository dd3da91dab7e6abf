//! `weir listen`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use weir_listeners::FileBookmarks;
use weir_status_api::{Runner, RunnerOptions};

use super::check::broken;
use super::dead_letters::Wish;
use crate::failure::Failure;
use crate::upstream::Upstream;
use crate::{listeners, log, signals};

/// Runs listeners for a master elsewhere, or has some deliver again.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Listen {
    #[command(subcommand)]
    wish: Option<Wish>,
    #[command(flatten)]
    upstream: Upstream,
    /// The listeners: a file with `webhook(…)` and the like.
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// Where the listeners' places in the events are kept.
    #[arg(long, default_value = "weir-listeners", value_name = "DIR")]
    data: PathBuf,
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
        let bookmarks = Arc::new(FileBookmarks::open(&self.data).map_err(Failure::new)?);
        let api = self.upstream.connect()?;
        let mut runners = tokio::task::JoinSet::new();
        for listener in listeners::make(&configs)? {
            let bookmarks = Arc::clone(&bookmarks) as _;
            let runner = Runner::new(listener, Arc::clone(&api), bookmarks, RunnerOptions::default());
            runners.spawn(async move { runner.run().await });
        }
        tracing::info!(listeners = configs.len(), "listening");
        stop.cancelled().await;
        runners.shutdown().await;
        Ok(())
    }
}
