//! The gRPC service: lets workers in.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};
use tracing::warn;

use weir_worker_protocol::MAX_MESSAGE;
use weir_worker_protocol::v1::worker_server::{Worker, WorkerServer};
use weir_worker_protocol::v1::{FromWorker, Hello, ToWorker, from_worker::Message};

use super::manager::Shared;
use super::refusals::Secret;
use super::session::{self, Visitor, Ways};
use super::slot::{Begun, Outgoing, Slot};

/// The gRPC service that workers connect to, ready to be mounted.
pub type WorkerService = WorkerServer<Service>;

/// How much a worker may tell of itself: in facts, and in bytes for each text.
const MOST_FACTS: usize = 100;
const LONGEST_FACT: usize = 4096;

/// What answers the workers' calls.
#[derive(Clone, Debug)]
pub struct Service {
    shared: Arc<Shared>,
}

impl Service {
    pub(super) fn mount(shared: Arc<Shared>) -> WorkerService {
        WorkerServer::new(Self { shared }).max_decoding_message_size(MAX_MESSAGE)
    }

    /// The greeting of somebody who is a worker.
    async fn identify(
        &self,
        peer: Option<SocketAddr>,
        token: Option<&str>,
        inbound: &mut Streaming<FromWorker>,
    ) -> Result<Hello, Status> {
        let patience = self.shared.settings.hello_timeout;
        let first = timeout(patience, inbound.message())
            .await
            .map_err(|_| Status::deadline_exceeded("the worker's greeting did not come in time"))??;
        let Some(Message::Hello(hello)) = first.and_then(|it| it.message) else {
            return Err(Status::invalid_argument("the first message is no greeting"));
        };
        let admitted = self.shared.admit(&hello.name, token.unwrap_or_default());
        if let Err(denied) = admitted {
            let name: String = hello.name.chars().take(100).collect();
            warn!(worker = ?name, ?peer, "a worker may not connect: {denied}");
            let address = peer.map(|it| it.ip());
            self.shared.denied(&hello.name, address, Secret::Token, denied);
            return Err(session::denied());
        }
        if let Err(status) = check(&hello) {
            self.shared.refused(&hello.name, status.message().to_owned());
            return Err(status);
        }
        Ok(hello)
    }
}

#[tonic::async_trait]
impl Worker for Service {
    type SessionStream = Pin<Box<dyn Stream<Item = Result<ToWorker, Status>> + Send>>;

    async fn session(
        &self,
        request: Request<Streaming<FromWorker>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        if self.shared.stopping.is_cancelled() {
            return Err(Status::unavailable("the master is shutting down"));
        }
        let peer = request.remote_addr();
        let token = bearer(&request).map(str::to_owned);
        let mut inbound = request.into_inner();
        let hello = self.identify(peer, token.as_deref(), &mut inbound).await?;
        let slot = self.shared.slot(&hello.name);
        let (answer, answered) = oneshot::channel();
        let visitor = Visitor {
            hello,
            token: token.unwrap_or_default(),
            inbound: Box::pin(inbound),
            ways: Ways {
                heartbeat_interval: self.shared.settings.heartbeat_interval,
                heartbeat_deadline: self.shared.settings.heartbeat_deadline,
                resumes: true,
            },
        };
        self.shared.tasks.spawn(session::run(
            Arc::clone(&self.shared),
            Arc::clone(&slot),
            visitor,
            answer,
        ));
        let begun = answered
            .await
            .map_err(|_| Status::internal("the session could not begin"))??;
        Ok(Response::new(Box::pin(outbound(slot, begun))))
    }
}

fn bearer<T>(request: &Request<T>) -> Option<&str> {
    request
        .metadata()
        .get("authorization")?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

fn check(hello: &Hello) -> Result<(), Status> {
    let texts = [
        &hello.version,
        &hello.instance,
        &hello.admin,
        &hello.host,
        &hello.access_uri,
    ];
    let facts = hello.facts.iter().flat_map(|(name, value)| [name, value]);
    if hello.facts.len() > MOST_FACTS || texts.into_iter().chain(facts).any(|it| it.len() > LONGEST_FACT) {
        return Err(Status::invalid_argument("the greeting is too long"));
    }
    if hello.instance.is_empty() {
        return Err(Status::invalid_argument("the greeting has no instance"));
    }
    Ok(())
}

/// What the master sends in a session: whatever the slot has.
fn outbound(slot: Arc<Slot>, begun: Begun) -> impl Stream<Item = Result<ToWorker, Status>> + Send {
    async_stream::stream! {
        loop {
            match slot.next_outgoing(begun.number) {
                Outgoing::Send(message) => yield Ok(ToWorker { message: Some(message) }),
                Outgoing::Wait => begun.wake.notified().await,
                Outgoing::End(status) => {
                    if let Some(status) = status {
                        yield Err(status);
                    }
                    break;
                }
            }
        }
    }
}
