//! `weir master`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use weir_access::Guarded;
use weir_config::MasterConfig;
use weir_master::{Master as Running, Options};
use weir_status_api::{Access, SystemClock};
use weir_status_db::Store;

use super::check::broken;
use crate::buildbot_workers::{Addresses, Ports};
use crate::database::Storage;
use crate::failure::Failure;
use crate::hosts::{self, Hosts, Names};
use crate::listeners::Listeners;
use crate::pages::Pages;
use crate::process::Process;
use crate::readers::{Readers, Watches};
use crate::reconfigure::{Fixed, Reconfigurable};
use crate::tls::Tls;
use crate::{assets, log, server, signals, tls};

/// Runs a master.
#[derive(Args)]
pub(crate) struct Master {
    /// The configuration.
    #[arg(long, default_value = "weir.star", value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    storage: Storage,
    /// Where to serve, in place of the configuration's `listen`.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    buildbot_workers: Addresses,
    #[command(flatten)]
    tls: Tls,
    #[command(flatten)]
    hosts: Hosts,
    #[command(flatten)]
    readers: Readers,
    #[command(flatten)]
    pages: Pages,
    /// Origins whose pages may use the API, e.g. `https://status.example`; may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
}

impl Master {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        let stop = signals::ending()?;
        let mut hangups = signals::hangups()?;
        let config = weir_config::load(&self.config).map_err(broken)?;
        let address = self.listen.unwrap_or(config.listen);
        let identity = self.tls.clone().identity(config.tls.clone())?;
        let permission = "set `plain_text_beyond_loopback = True` in `master(…)`";
        tls::check(
            address,
            identity.as_ref(),
            config.plain_text_beyond_loopback,
            permission,
        )?;
        let pages = self.pages.buildbot()?;
        // First the address and the store, which only one master can have: a second one must not touch anything.
        let listener = server::bind(address).await?;
        let address = listener.local_addr()?;
        let stop_serving = tokio_util::sync::CancellationToken::new();
        let mut ports = Ports::new(
            self.buildbot_workers.clone(),
            address,
            identity.clone(),
            stop_serving.clone(),
        );
        let bound = ports.change_to(&config).await?;
        let store = self.open().await?;
        let (process, mut wishes) = Process::new(store.clone());
        let door = door(process, &store, &config)?;
        let fixed = Fixed {
            listen: self.listen.is_none().then_some(config.listen),
            tls: config.tls.clone(),
            title: config.title.clone(),
            sign_in: door.has_passwords(),
        };
        let access: Arc<dyn Access> = Arc::new(door.clone());
        // Listeners are a part of the master, and are told everything.
        let mut listeners = Listeners::new(
            Arc::new(store.clone()),
            Arc::new(store.bookmarks(format!("master {}", self.name()))),
        );
        let change = listeners.change_to(&config.listeners, &config.secret_providers)?;
        listeners.make(change).await;
        let serving = weir_web::Options {
            sign_in: fixed.sign_in,
            over_tls: identity.is_some(),
            ..self.readers.master(store.clone())
        };
        let watches = Arc::new(Watches::beside(&serving));
        let web = assets::gateway(
            Arc::clone(&access),
            config.title.clone(),
            self.allow_origin.clone(),
            serving,
            pages,
            stop_serving.clone(),
        );
        let options = Options {
            name: self.name(),
            config,
            store: store.clone(),
            cache: self.storage.data.join("cache"),
            steps: self.storage.data.join("steps"),
            files: self.storage.data.join("files"),
            clock: Arc::new(SystemClock),
        };
        let master = Running::start(options).await.map_err(Failure::new)?;
        let grpc = weir_status_grpc::routes_admitting(access, watches, stop_serving.clone())
            .add_service(master.workers().service())
            .into_axum_router();
        if let Some(identity) = &identity {
            tls::keep_renewed(Arc::clone(identity), stop_serving.clone())?;
        }
        ports.make(bound, &master.workers().buildbot()).await;
        let scheme = tls::scheme(identity.as_ref());
        let serving = tokio::spawn(server::serve(
            listener,
            server::join(web, Some(grpc), Names::of(address, &self.hosts)),
            identity,
            stop_serving.clone(),
        ));
        tracing::info!("the master serves {scheme}://{address}");
        let mut running = Reconfigurable {
            master,
            door,
            listeners,
            ports,
            file: self.config,
            fixed,
        };
        loop {
            let step = async {
                tokio::select! {
                    Some(wish) = wishes.recv() => running.grant(wish).await,
                    // It has told in the log what came of it.
                    Some(()) = hangups.recv() => drop(running.reconfigure("SIGHUP").await),
                }
            };
            tokio::select! {
                () = step => {}
                () = stop.cancelled() => break,
            }
        }
        // Workers and readers are served to the end, so that they learn of it.
        let stopped = running.master.stop().await.map_err(Failure::new);
        running.listeners.shutdown().await;
        stop_serving.cancel();
        let served = serving.await.map_err(Failure::new);
        store.close().await;
        stopped.and(served)
    }

    async fn open(&self) -> Result<Store, Failure> {
        let options = weir_status_db::Options {
            database: self.storage.database()?,
            data_dir: self.storage.data.clone(),
            clock: Arc::new(SystemClock),
        };
        Store::open(options).await.map_err(Failure::new)
    }

    fn name(&self) -> String {
        let host = hosts::own();
        let folder = std::fs::canonicalize(&self.storage.data)
            .unwrap_or_else(|_| Path::new(&self.storage.data).to_owned());
        format!("{host}:{}", folder.display())
    }
}

/// Who may see and do what, as `config` has it.
fn door(process: Process, store: &Store, config: &MasterConfig) -> Result<Guarded, Failure> {
    let (api, credentials) = (Arc::new(process), Arc::new(store.clone()));
    Ok(Guarded::new(
        api,
        credentials,
        Arc::new(SystemClock),
        config.policy.clone(),
    )?)
}
