//! A site: a master, its workers, a gateway, listeners and people, each on a host of its own.

mod listener;
mod master;
mod people;
mod prober;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use hyper_util::rt::TokioIo;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::{Endpoint, Server};
use weir_status_api::TopicFilter;
use weir_status_grpc::{GrpcStatus, Options};
use weir_worker::{Dial, Link};

use crate::here::SetClock;
use crate::ledger::{Heard, Ledger};
use crate::network::{HostId, Network};
use crate::plan::Plan;
use crate::plant::Plant;
use crate::world::{Program, World};

/// How often a connection is asked for a sign of life, and how long it may take to give one: as the programs have it.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// The master's folder.
const DATA: &str = "master";

/// The master's host.
const MASTER: HostId = 0;

/// The gateway's host.
const GATEWAY: HostId = 1;

/// A site within a world.
pub(crate) struct Site {
    /// What outlives its hosts.
    pub(crate) shared: Arc<Shared>,
    /// The hosts of the workers.
    pub(crate) workers: Vec<HostId>,
    /// The hosts of the listeners.
    pub(crate) listeners: Vec<HostId>,
    /// The host of the people.
    pub(crate) people: HostId,
}

/// What the programs of a site share.
pub(crate) struct Shared {
    pub(crate) plan: Plan,
    /// What is planted, if something is.
    pub(crate) plant: Option<Plant>,
    pub(crate) network: Network,
    pub(crate) ledger: Ledger,
    /// The clock of the master's machine.
    pub(crate) clock: Arc<SetClock>,
}

impl Site {
    /// Builds the site of `plan`; all its hosts start.
    pub(crate) fn build(world: &mut World, plan: Plan, plant: Option<Plant>) -> Self {
        let shared = Arc::new(Shared {
            plan,
            plant,
            network: world.network().clone(),
            ledger: Ledger::default(),
            clock: Arc::default(),
        });
        let add = |world: &mut World, name: &str, program: fn(Arc<Shared>, HostId, u32) -> _| {
            let host = world.next_host();
            let shared = Arc::clone(&shared);
            let program: Program = Arc::new(move |life| program(Arc::clone(&shared), host, life));
            world.add(name, program)
        };
        add(world, "master", |shared, _, life| {
            Box::pin(master::run(shared, life))
        });
        add(world, "gateway", |shared, host, _| {
            Box::pin(gateway(shared, host))
        });
        let people = add(world, "people", |shared, host, _| {
            Box::pin(people::run(shared, host))
        });
        add(world, "prober", |shared, host, _| {
            Box::pin(prober::run(shared, host))
        });
        let names = shared.plan.workers.iter().map(|it| it.name.clone());
        let workers = names
            .map(|name| {
                let (host, shared) = (world.next_host(), Arc::clone(&shared));
                let named = name.clone();
                let program: Program =
                    Arc::new(move |life| Box::pin(worker(Arc::clone(&shared), host, named.clone(), life)));
                world.add(name, program)
            })
            .collect();
        let listeners = [
            ("all", MASTER, TopicFilter::all()),
            ("all-by-gateway", GATEWAY, TopicFilter::all()),
            (
                "ends",
                GATEWAY,
                wanted(["builds/*/finished", "buildrequests/*/complete"]),
            ),
        ]
        .map(|(name, upstream, filter)| {
            shared.ledger.open().listeners.insert(
                name.to_owned(),
                Heard {
                    filter,
                    place: None,
                    events: Vec::new(),
                },
            );
            let (host, shared) = (world.next_host(), Arc::clone(&shared));
            let program: Program = Arc::new(move |life| {
                Box::pin(listener::run(Arc::clone(&shared), host, upstream, name, life))
            });
            world.add(name, program)
        })
        .to_vec();
        Self {
            shared,
            workers,
            listeners,
            people,
        }
    }

    /// The master's host.
    pub(crate) const fn master(&self) -> HostId {
        MASTER
    }

    /// The gateway's host.
    pub(crate) const fn gateway(&self) -> HostId {
        GATEWAY
    }
}

/// The master's folder.
pub(crate) fn data() -> PathBuf {
    Path::new(DATA).to_owned()
}

fn wanted(patterns: [&str; 2]) -> TopicFilter {
    TopicFilter::parse_all(patterns).expect("these are patterns")
}

/// Serves the routes to whoever connects to the host; never ends by itself.
async fn serve(network: &Network, host: HostId, routes: Routes) -> Result<(), String> {
    let incoming = UnboundedReceiverStream::new(network.listen(host)).map(Ok::<_, io::Error>);
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .add_routes(routes)
        .serve_with_incoming(incoming)
        .await
        .map_err(|error| error.to_string())
}

/// The status API that `to` serves, as `from` reaches it.
fn status(network: &Network, from: HostId, to: HostId) -> Result<GrpcStatus, String> {
    let network = network.clone();
    let channel = Endpoint::from_static("http://simulated")
        .connect_timeout(Duration::from_secs(5))
        .http2_keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .keep_alive_while_idle(true)
        .connect_with_connector_lazy(tower::service_fn(move |_| {
            let network = network.clone();
            async move { network.connect(from, to).await.map(TokioIo::new) }
        }));
    GrpcStatus::over(channel, Options::default()).map_err(|error| error.to_string())
}

/// A gateway, as `weir web` is one.
async fn gateway(shared: Arc<Shared>, host: HostId) -> Result<(), String> {
    let upstream = status(&shared.network, host, MASTER)?;
    let routes = weir_status_grpc::routes(Arc::new(upstream), CancellationToken::new());
    serve(&shared.network, host, routes).await
}

/// A worker whose commands are made up.
async fn worker(shared: Arc<Shared>, host: HostId, name: String, life: u32) -> Result<(), String> {
    let instance = format!("{name}, life {life}");
    let mut options = weir_worker::Options::new("grpc://simulated", &name, &name, &name, instance);
    let simulation = shared.plan.simulation.clone();
    options.simulation = Some(
        shared
            .plant
            .map_or(simulation.clone(), |it| it.simulation(simulation)),
    );
    // So little that it is full now and then.
    options.journal_size = 256 * 1024;
    let network = shared.network.clone();
    options.dial = Some(Dial::new(move || {
        let network = network.clone();
        Box::pin(async move {
            let link: Box<dyn Link> = Box::new(network.connect(host, MASTER).await?);
            Ok(link)
        })
    }));
    weir_worker::run(options, CancellationToken::new())
        .await
        .map_err(|error| error.to_string())
}
