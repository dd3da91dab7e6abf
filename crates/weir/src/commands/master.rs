//! `weir master`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::task::JoinSet;
use weir_access::Guarded;
use weir_config::MasterConfig;
use weir_master::{Master as Running, Options};
use weir_status_api::{Access, Bookmarks, Runner, RunnerOptions, StatusApi, SystemClock};
use weir_status_db::Store;

use super::check::broken;
use crate::database::Storage;
use crate::failure::Failure;
use crate::hosts::{Hosts, Names};
use crate::readers::{Readers, Watches};
use crate::tls::Tls;
use crate::{assets, listeners, log, server, signals, tls};

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
    tls: Tls,
    #[command(flatten)]
    hosts: Hosts,
    #[command(flatten)]
    readers: Readers,
    /// Origins whose pages may use the API, e.g. `https://status.example`; may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
}

impl Master {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        let stop = signals::ending()?;
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
        // First the address and the store, which only one master can have: a second one must not touch anything.
        let listener = server::bind(address).await?;
        let address = listener.local_addr()?;
        let store = self.open().await?;
        let door = door(&store, &config)?;
        let sign_in = door.has_passwords();
        let access: Arc<dyn Access> = Arc::new(door);
        // Listeners are a part of the master, and are told everything.
        let api: Arc<dyn StatusApi> = Arc::new(store.clone());
        let mut listening = start_listeners(&config, &api, &store)?;
        let stop_serving = tokio_util::sync::CancellationToken::new();
        let serving = weir_web::Options {
            sign_in,
            over_tls: identity.is_some(),
            ..self.readers.master(store.clone())
        };
        let watches = Arc::new(Watches::beside(&serving));
        let web = assets::gateway(
            Arc::clone(&access),
            config.title.clone(),
            self.allow_origin.clone(),
            serving,
            stop_serving.clone(),
        );
        let options = Options {
            name: self.name(),
            config,
            store: store.clone(),
            cache: self.storage.data.join("cache"),
            steps: self.storage.data.join("steps"),
            clock: Arc::new(SystemClock),
        };
        let master = Running::start(options).await.map_err(Failure::new)?;
        let grpc = weir_status_grpc::routes_admitting(access, watches, stop_serving.clone())
            .add_service(master.workers().service())
            .into_axum_router();
        if let Some(identity) = &identity {
            tls::keep_renewed(Arc::clone(identity), stop_serving.clone())?;
        }
        let scheme = tls::scheme(identity.as_ref());
        let serving = tokio::spawn(server::serve(
            listener,
            server::join(web, Some(grpc), Names::of(address, &self.hosts)),
            identity,
            stop_serving.clone(),
        ));
        tracing::info!("the master serves {scheme}://{address}");
        stop.cancelled().await;
        // Workers and readers are served to the end, so that they learn of it.
        let stopped = master.stop().await.map_err(Failure::new);
        listening.shutdown().await;
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
        let host = nix::unistd::gethostname()
            .ok()
            .and_then(|it| it.into_string().ok())
            .unwrap_or_else(|| "localhost".to_owned());
        let folder = std::fs::canonicalize(&self.storage.data)
            .unwrap_or_else(|_| Path::new(&self.storage.data).to_owned());
        format!("{host}:{}", folder.display())
    }
}

/// Who may see and do what, as `config` has it.
fn door(store: &Store, config: &MasterConfig) -> Result<Guarded, Failure> {
    let (api, credentials) = (Arc::new(store.clone()), Arc::new(store.clone()));
    Ok(Guarded::new(
        api,
        credentials,
        Arc::new(SystemClock),
        config.policy.clone(),
    )?)
}

fn start_listeners(
    config: &MasterConfig,
    api: &Arc<dyn StatusApi>,
    store: &Store,
) -> Result<JoinSet<()>, Failure> {
    let bookmarks: Arc<dyn Bookmarks> = Arc::new(store.clone());
    let mut runners = JoinSet::new();
    for listener in listeners::make(&config.listeners)? {
        let runner = Runner::new(
            listener,
            Arc::clone(api),
            Arc::clone(&bookmarks),
            RunnerOptions::default(),
        );
        runners.spawn(async move { runner.run().await });
    }
    Ok(runners)
}
