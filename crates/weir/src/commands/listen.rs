//! `weir listen`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use weir_listeners::Outlet;
use weir_status_api::{Bookmarks, Cursor, Start};

use super::check::broken;
use super::dead_letters::Wish;
use crate::failure::Failure;
use crate::listeners::{Listeners, NoPlaces, check, places};
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
        let mut hangups = signals::hangups()?;
        let configs = weir_config::load_listeners(&config).map_err(broken)?;
        // Before anything is asked of the master.
        check(&configs)?;
        let outlet = match self.dry_run {
            true => Outlet::printing(|what| println!("{}\n", what.trim_end())),
            false => Outlet::open(),
        };
        let bookmarks: Arc<dyn Bookmarks> = match configs.first() {
            Some(first) if !self.dry_run => {
                places(&self.upstream, self.data.as_deref(), &first.name, first.kind).await?
            }
            _ => Arc::new(NoPlaces),
        };
        let start = self.from.map_or(Start::Now, |it| Start::After(Cursor(it)));
        let mut listeners = Listeners::new(self.upstream.connect()?, bookmarks).by(outlet, start);
        let change = listeners.change_to(&configs, &[])?;
        listeners.make(change).await;
        tracing::info!(listeners = configs.len(), "listening");
        loop {
            tokio::select! {
                Some(()) = hangups.recv() => read_again(&config, &mut listeners).await,
                () = stop.cancelled() => break,
            }
        }
        listeners.shutdown().await;
        Ok(())
    }
}

/// Goes by the file of listeners as it is now; one with mistakes changes nothing.
async fn read_again(file: &Path, listeners: &mut Listeners) {
    tracing::info!(file = %file.display(), "reads the listeners again");
    let change = async {
        let path = file.to_owned();
        let loaded = tokio::task::spawn_blocking(move || weir_config::load_listeners(&path)).await;
        let configs = loaded.map_err(Failure::new)?.map_err(broken)?;
        listeners
            .change_to(&configs, &[])
            .map(|change| (change, configs.len()))
    };
    match change.await {
        Ok((change, number)) => {
            listeners.make(change).await;
            tracing::info!(listeners = number, "goes by the listeners as they are now");
        }
        Err(failure) => {
            let why = failure.message();
            tracing::error!(why, "goes by the listeners as they were");
        }
    }
}
