//! Buildbot's own workers, unmodified, over either of their protocols.
//!
//! A worker's connection is carried by a [`transport`]; a [`line`](mod@line) makes messages of it. It begins with a [`login`] and a
//! [`greeting`]; from then on a [`player`] plays one of Weir's own workers for the master: it takes the same messages from
//! the worker's slot, and says the same of its commands. So nothing else in the master knows which workers are which.
//!
//! What such a worker cannot: its commands end with its connection, so that they are lost with it, and with the master.

mod command;
mod connection;
mod greeting;
mod lanes;
mod leftovers;
mod line;
mod login;
mod msgpack;
mod pb;
mod place;
mod player;
mod teller;
mod translate;
mod transport;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tracing::{debug, info, warn};
use weir_buildbot_wire::worker::{Protocol, ToWorker};
use weir_worker_protocol::v1::{FromWorker, Goodbye, from_worker::Message};

use connection::{Connection, Parted};
use greeting::Guest;
use lanes::Lanes;
use login::{Known, LoggedIn, Who};
use msgpack::MsgpackLine;
use pb::PbLine;
use player::Player;
use transport::Transport;

use super::manager::Shared;
use super::session::{self, Visitor, Ways};
use super::slot::{Begun, End, Presence, Slot};

/// How long a worker may take to tell of itself.
const GREETING: Duration = Duration::from_secs(60);
/// How many messages may wait for the master to take them.
const WAITING: usize = 64;
/// Buildbot's words to a worker that there is already.
const DUPLICATE: &str = "rejecting duplicate worker";

/// Lets Buildbot's workers in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Buildbot {
    shared: Arc<Shared>,
}

impl Buildbot {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Serves one connection of a worker over the perspective broker, or of somebody who [tells](super::Tellers) of changes, to
    /// its end. The stream fails by itself if the other
    /// end takes nothing of what is sent.
    pub async fn serve_pb<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut transport = Transport::of_stream(stream);
        let logged_in = match login::over_pb(&self.shared, &mut transport, peer).await {
            Ok(Some(logged_in)) => logged_in,
            Ok(None) => return,
            Err(why) => return debug!(%peer, "a connection logged nobody in: {why}"),
        };
        let LoggedIn { who, broker, login } = logged_in;
        let known = match who {
            Who::Worker(known) => known,
            Who::Teller(teller) => {
                if let Err(why) = teller::serve(&teller, broker, &login, &mut transport).await {
                    warn!(user = teller.user, %peer, "somebody who tells of changes is gone: {why}");
                }
                return;
            }
        };
        match PbLine::new(broker, &login) {
            Ok(line) => {
                self.receive(known, Connection::new(Box::new(line), transport))
                    .await
            }
            Err(error) => {
                warn!(worker = known.name, "sent away: {error}");
                self.shared
                    .refused(&known.name, format!("it was sent away: {error}"));
            }
        }
    }

    /// Serves one connection of a worker over msgpack in a WebSocket, from its HTTP request to its end. The stream fails by
    /// itself if the other end takes nothing of what is sent.
    pub async fn serve_msgpack<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some((known, socket)) = login::over_msgpack(&self.shared, stream, peer).await {
            let transport = Transport::of_socket(socket);
            let connection = Connection::new(Box::new(MsgpackLine::new()), transport);
            self.receive(known, connection).await;
        }
    }

    /// Serves a worker that logged in.
    async fn receive(&self, known: Known, mut connection: Connection) {
        let slot = self.shared.slot(&known.name);
        if self.is_there(&slot).await {
            info!(worker = known.name, "sent away: it is connected already");
            if let Err(error) = connection.line.turn_away(DUPLICATE) {
                debug!(worker = known.name, "it is not told so: {error}");
            }
            return connection.part().await;
        }
        let greeting = timeout(GREETING, self.greet(&known.name, &mut connection));
        match greeting.await.unwrap_or(Err(Parted::Silent)) {
            Ok((guest, lanes)) => self.take_in(slot, known, guest, lanes, connection).await,
            Err(why) => {
                warn!(worker = known.name, "it did not tell of itself: {why}");
                let why = format!("it did not tell of itself: {why}");
                self.shared.refused(&known.name, why);
            }
        }
    }

    /// Whether the worker is connected already. That connection ends if it does not answer.
    async fn is_there(&self, slot: &Slot) -> bool {
        if !slot.is_connected() {
            return false;
        }
        let patience = self.shared.settings.duplicate_patience;
        let mut presence = slot.presence();
        let leaves = presence.wait_for(|it| !matches!(it, Presence::Connected(_)));
        let answers = tokio::select! {
            answers = slot.answers(patience) => answers,
            _ = leaves => false,
        };
        if !answers {
            let why = "it does not answer, and comes anew";
            slot.end(End {
                why: why.to_owned(),
                status: Some(Status::aborted(why)),
                may_resume: false,
            });
        }
        answers
    }

    /// What a worker tells of itself, and its builders.
    async fn greet(&self, name: &str, connection: &mut Connection) -> Result<(Guest, Lanes), Parted> {
        let guest = greeting::ask(connection, name).await?;
        let builders = self.shared.builders(name);
        let protocol = guest.abilities.protocol;
        if guest.removes_leftovers && protocol == Protocol::Msgpack {
            leftovers::remove(connection, &guest.abilities, &guest.home, &builders).await?;
        }
        let mut lanes = Lanes::of(protocol);
        lanes.configure(&builders);
        if let Some((edition, list)) = lanes.news() {
            match connection.ask(ToWorker::SetBuilderList(list)).await? {
                Ok(answer) => lanes.told(edition, answer)?,
                Err(failure) => return Err(Parted::Broke(failure.to_string())),
            }
        }
        Ok((guest, lanes))
    }

    /// Begins the worker's session, and serves it to its end.
    async fn take_in(
        &self,
        slot: Arc<Slot>,
        known: Known,
        guest: Guest,
        lanes: Lanes,
        mut connection: Connection,
    ) {
        let (to_master, said) = mpsc::channel(WAITING);
        let Guest {
            hello,
            abilities,
            home,
            ..
        } = guest;
        let settings = &self.shared.settings;
        let visitor = Visitor {
            hello,
            token: known.token,
            inbound: Box::pin(ReceiverStream::new(said).map(Ok)),
            ways: Ways {
                heartbeat_interval: settings.buildbot_heartbeat_interval,
                heartbeat_deadline: settings.buildbot_heartbeat_deadline,
                resumes: false,
            },
        };
        let begun = match self.begin(&slot, visitor).await {
            Ok(begun) => begun,
            Err(status) => {
                // Whoever comes too early just comes again.
                if status.code() == Code::AlreadyExists
                    && let Err(error) = connection.line.turn_away(DUPLICATE)
                {
                    debug!(worker = known.name, "it is not told so: {error}");
                }
                return connection.part().await;
            }
        };
        if let Err(error) = connection.line.welcome() {
            warn!(worker = known.name, "it cannot be let in: {error}");
        }
        let player = Player {
            shared: Arc::clone(&self.shared),
            slot,
            begun,
            to_master: to_master.clone(),
            connection,
            abilities,
            home,
            lanes,
            builders: self.shared.builders(&known.name),
            plays: BTreeMap::new(),
            parts: BTreeMap::new(),
            last_part: 0,
            questions: BTreeMap::new(),
            is_dismissed: false,
        };
        let (reason, connection) = player.play().await;
        let goodbye = Message::Goodbye(Goodbye { reason });
        let goodbye = FromWorker {
            message: Some(goodbye),
        };
        // A session that is over hears nothing any more.
        let _ = to_master.send(goodbye).await;
        connection.part().await;
    }

    /// Lets the worker in as any other.
    async fn begin(&self, slot: &Arc<Slot>, visitor: Visitor) -> Result<Begun, Status> {
        let (answer, answered) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        self.shared
            .tasks
            .spawn(session::run(shared, Arc::clone(slot), visitor, answer));
        answered
            .await
            .map_err(|_| Status::internal("the session could not begin"))?
    }
}
