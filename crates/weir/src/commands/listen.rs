//! `weir listen`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use weir_listeners::{FileBookmarks, Outlet};
use weir_status_api::{Runner, RunnerOptions};

use super::check::broken;
use crate::failure::Failure;
use crate::upstream::Upstream;
use crate::{listeners, log, signals};

/// Runs listeners for a master elsewhere.
#[derive(Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    upstream: Upstream,
    /// The listeners: a file with `webhook(…)` and the like.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the listeners' places in the events are kept.
    #[arg(long, default_value = "weir-listeners", value_name = "DIR")]
    data: PathBuf,
}

impl Listen {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        let stop = signals::ending()?;
        let configs = weir_config::load_listeners(&self.config).map_err(broken)?;
        let bookmarks = Arc::new(FileBookmarks::open(&self.data).map_err(Failure::new)?);
        let api = self.upstream.connect()?;
        let mut runners = tokio::task::JoinSet::new();
        for listener in listeners::make(&configs, &Outlet::open())? {
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
