//! The ports at which Buildbot's workers are let in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weir_config::{ChangeSource, MasterConfig, WorkerPort};
use weir_master::workers::Buildbot;
use weir_tls::{Identity, TlsAcceptor};

use crate::failure::Failure;
use crate::stall::Patient;
use crate::{handshake, server};

/// The port over the perspective broker, by Buildbot's custom.
const PB: u16 = 9989;
/// How long a worker may take none of what is sent to it. One that packs a large folder does nothing else meanwhile.
const STALL: Duration = Duration::from_secs(10 * 60);
/// After how many seconds of silence the system asks whether a worker's machine is there.
const KEEPALIVE: u32 = 60;
/// Connections at a time for each port; more wait to be accepted.
const MOST_CONNECTIONS: usize = 5_000;

/// Where Buildbot's workers are let in, from the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Addresses {
    /// Where to let Buildbot's workers in over PB, in place of the configuration's `buildbot_pb`.
    #[arg(long, value_name = "ADDRESS")]
    buildbot_pb: Option<SocketAddr>,
    /// Where to let Buildbot's workers in over msgpack, in place of the configuration's `buildbot_msgpack`.
    #[arg(long, value_name = "ADDRESS")]
    buildbot_msgpack: Option<SocketAddr>,
}

/// How workers speak at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Pb,
    Msgpack,
}

impl Protocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Pb => "PB",
            Self::Msgpack => "msgpack",
        }
    }

    /// The argument of `master(…)` that says where.
    const fn argument(self) -> &'static str {
        match self {
            Self::Pb => "buildbot_pb",
            Self::Msgpack => "buildbot_msgpack",
        }
    }
}

/// The ports of a master, as its configuration has them.
pub(crate) struct Ports {
    given: Addresses,
    /// Where the master itself serves.
    listen: SocketAddr,
    identity: Option<Arc<Identity>>,
    stop: CancellationToken,
    open: Vec<Open>,
}

/// A port that is bound.
#[derive(Clone)]
struct Bound {
    protocol: Protocol,
    port: WorkerPort,
    listener: Arc<TcpListener>,
}

/// A port at which workers are let in.
struct Open {
    bound: Bound,
    stop: CancellationToken,
    door: JoinHandle<()>,
}

/// The ports of another configuration.
pub(crate) struct Change {
    /// Those that are bound.
    bound: Vec<Bound>,
    /// Those whose number is taken by one that is open and goes: 127.0.0.1:9989 by 0.0.0.0:9989, or the other way.
    after_others: Vec<(Protocol, WorkerPort)>,
}

impl Addresses {
    /// The ports of the configuration, or those given here, for a master that serves at `listen`.
    fn wanted(&self, config: &MasterConfig, listen: SocketAddr) -> Vec<(Protocol, WorkerPort)> {
        let given = |address: Option<SocketAddr>| address.map(|it| vec![plain(it)]);
        let pb = given(self.buildbot_pb).or_else(|| config.buildbot_pb.clone());
        let pb = pb.unwrap_or_else(|| usual(config, listen).into_iter().collect());
        let msgpack = given(self.buildbot_msgpack).unwrap_or_else(|| config.buildbot_msgpack.clone());
        let pb = pb.into_iter().map(|it| (Protocol::Pb, it));
        let msgpack = msgpack.into_iter().map(|it| (Protocol::Msgpack, it));
        pb.chain(msgpack).collect()
    }
}

const fn plain(address: SocketAddr) -> WorkerPort {
    WorkerPort { address, tls: false }
}

/// Buildbot's usual port, where some worker may be one of Buildbot's, or programs tell of changes: with TLS if it needs that
/// there.
fn usual(config: &MasterConfig, listen: SocketAddr) -> Option<WorkerPort> {
    let may_be_plain = listen.ip().is_loopback() || config.plain_text_beyond_loopback;
    let is_for_workers = config.workers.iter().any(|it| it.has_password);
    let is_told = |it: &ChangeSource| matches!(it, ChangeSource::Pb(_));
    let is_wanted = is_for_workers || config.change_sources.iter().any(is_told);
    is_wanted.then(|| WorkerPort {
        address: SocketAddr::new(listen.ip(), PB),
        tls: !may_be_plain,
    })
}

/// Refuses what the configuration would refuse, for addresses of the command line.
fn check(port: WorkerPort, config: &MasterConfig) -> Result<(), Failure> {
    if port.tls || port.address.ip().is_loopback() || config.plain_text_beyond_loopback {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} can be reached from other machines, and what Buildbot's workers send there is not encrypted; write \
         `buildbot_pb = \"tls:{}\"` in `master(…)`, or set `plain_text_beyond_loopback = True` there",
        port.address, port.address
    )))
}

impl Ports {
    /// None yet, for a master that serves at `listen` until `stop`.
    pub(crate) const fn new(
        given: Addresses,
        listen: SocketAddr,
        identity: Option<Arc<Identity>>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            given,
            listen,
            identity,
            stop,
            open: vec![],
        }
    }

    /// Binds what `config` has beyond the ports that are open.
    ///
    /// # Errors
    /// If an address cannot be had, or may not be served as it would have to be.
    pub(crate) async fn change_to(&self, config: &MasterConfig) -> Result<Change, Failure> {
        let mut open: Vec<&Bound> = self.open.iter().map(|it| &it.bound).collect();
        let (mut bound, mut missing) = (vec![], vec![]);
        for (protocol, port) in self.given.wanted(config, self.listen) {
            check(port, config)?;
            if port.tls && self.identity.is_none() {
                return Err(Failure::usage(format!(
                    "Buildbot's workers are to be let in at {port}, and there is no certificate; add \
                     tls_certificate and tls_key to `master(…)`"
                )));
            }
            // One that is spoken to in another way from now on is at the same address.
            let same = |it: &&Bound| it.protocol == protocol && it.port == port;
            let there = |it: &&Bound| it.port.address == port.address && port.address.port() != 0;
            let place = open.iter().position(same).or_else(|| open.iter().position(there));
            match place.map(|place| open.swap_remove(place)) {
                Some(open) => bound.push(Bound {
                    protocol,
                    port,
                    listener: Arc::clone(&open.listener),
                }),
                None => missing.push((protocol, port)),
            }
        }
        let mut after_others = vec![];
        for (protocol, port) in missing {
            let goes = |it: &&Bound| it.port.address.port() == port.address.port();
            match Bound::new(protocol, port).await {
                Ok(new) => bound.push(new),
                Err(_) if open.iter().any(goes) => after_others.push((protocol, port)),
                Err(failure) => return Err(failure),
            }
        }
        Ok(Change { bound, after_others })
    }

    /// Lets workers in at these ports and no others. Who is connected stays so. Gives what could not be had after all, a
    /// sentence for each.
    pub(crate) async fn make(&mut self, change: Change, buildbot: &Buildbot) -> Vec<String> {
        let mut before = std::mem::take(&mut self.open);
        for bound in change.bound {
            let is_it = |it: &Open| {
                Arc::ptr_eq(&it.bound.listener, &bound.listener)
                    && (it.bound.protocol, it.bound.port) == (bound.protocol, bound.port)
            };
            let open = match before.iter().position(is_it) {
                Some(place) => before.swap_remove(place),
                None => self.open(bound, buildbot),
            };
            self.open.push(open);
        }
        for closed in before {
            let Bound { protocol, port, .. } = closed.bound;
            closed.stop.cancel();
            // With it goes the socket.
            if let Err(error) = closed.door.await {
                tracing::error!(%error, "the port {port} had a fault");
            }
            tracing::info!(
                "no worker of Buildbot is let in at {port} ({}) any more",
                protocol.name()
            );
        }
        let mut failed = vec![];
        for (protocol, port) in change.after_others {
            match Bound::new(protocol, port).await {
                Ok(bound) => self.open.push(self.open(bound, buildbot)),
                Err(failure) => failed.push(failure.message().to_owned()),
            }
        }
        failed
    }

    /// Lets workers in at that port.
    fn open(&self, bound: Bound, buildbot: &Buildbot) -> Open {
        let Bound { protocol, port, .. } = bound;
        let with_tls = if port.tls { ", TLS" } else { "" };
        let address = bound.listener.local_addr().unwrap_or(port.address);
        tracing::info!(
            "Buildbot's workers are let in at {address} ({}{with_tls})",
            protocol.name()
        );
        let stop = self.stop.child_token();
        let identity = self.identity.as_ref().filter(|_| port.tls);
        let door = Door {
            protocol,
            buildbot: buildbot.clone(),
            tls: identity.map(|it| Arc::clone(it).acceptor()),
            stop: stop.clone(),
        };
        let door = tokio::spawn(Arc::new(door).open(Arc::clone(&bound.listener)));
        Open { bound, stop, door }
    }
}

impl Bound {
    async fn new(protocol: Protocol, port: WorkerPort) -> Result<Self, Failure> {
        let listener = TcpListener::bind(port.address).await.map_err(|error| {
            Failure::new(format!(
                "cannot let Buildbot's workers in at {}: {error}; `{}` in `master(…)` takes another address",
                port.address,
                protocol.argument()
            ))
        })?;
        Ok(Self {
            protocol,
            port,
            listener: Arc::new(listener),
        })
    }
}

/// One port.
struct Door {
    protocol: Protocol,
    buildbot: Buildbot,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
}

impl Door {
    async fn open(self: Arc<Self>, listener: Arc<TcpListener>) {
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let accepted = tokio::select! {
                accepted = server::accept(&listener, &room) => accepted,
                () = self.stop.cancelled() => return,
            };
            let Some((stream, peer, permit)) = accepted else {
                return;
            };
            tokio::spawn(Arc::clone(&self).welcome(stream, peer.0, permit));
        }
    }

    async fn welcome(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, _permit: OwnedSemaphorePermit) {
        // Without it a worker whose machine is gone is only found out later.
        if let Err(error) = setsockopt(&stream, sockopt::KeepAlive, &true)
            .and_then(|()| setsockopt(&stream, sockopt::TcpKeepIdle, &KEEPALIVE))
        {
            tracing::debug!(%error, "a worker's connection is not kept alive");
        }
        match &self.tls {
            None => self.serve(Patient::new(stream, STALL), peer).await,
            Some(acceptor) => match handshake::secure(stream, acceptor, STALL).await {
                Ok(stream) => self.serve(stream, peer).await,
                Err(error) => tracing::debug!(%error, "a worker's connection has no TLS"),
            },
        }
    }

    async fn serve<S>(&self, stream: S, peer: SocketAddr)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        match self.protocol {
            Protocol::Pb => self.buildbot.serve_pb(stream, peer).await,
            Protocol::Msgpack => self.buildbot.serve_msgpack(stream, peer).await,
        }
    }
}
