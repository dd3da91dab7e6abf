//! How a worker says who it is.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};
use tracing::{debug, warn};
use weir_buildbot_wire::pb::{Broker, Event, Login};
use weir_buildbot_wire::{Failure, Limits};

use super::connection::Parted;
use super::transport::Transport;
use crate::workers::account::Denied;
use crate::workers::manager::Shared;
use crate::workers::refusals::Secret;
use crate::workers::tellers::Teller;

/// Who somebody is that may come in.
pub(super) struct Known {
    pub(super) name: String,
    /// The token that they know.
    pub(super) token: String,
}

/// Who may log in over the perspective broker.
pub(super) enum Who {
    Worker(Known),
    Teller(Teller),
}

/// Somebody who logged in over the perspective broker.
pub(super) struct LoggedIn {
    pub(super) who: Who,
    pub(super) broker: Broker,
    pub(super) login: Login,
}

/// Waits for a login; none if it is refused.
///
/// # Errors
/// Why there is none.
pub(super) async fn over_pb(
    shared: &Arc<Shared>,
    transport: &mut Transport,
    peer: SocketAddr,
) -> Result<Option<LoggedIn>, Parted> {
    let mut broker = Broker::server(uuid::Uuid::new_v4().into_bytes());
    let patience = shared.settings.hello_timeout;
    let login = timeout(patience, login(&mut broker, transport));
    let login = login.await.map_err(|_| Parted::Silent)??;
    let credentials = &login.credentials;
    let name = String::from_utf8_lossy(&credentials.name).into_owned();
    let proves = |token: &str| credentials.are_of(token.as_bytes());
    let who = match shared.tellers.find(&name) {
        Some(teller) if proves(&teller.password) => Some(Who::Teller(teller)),
        Some(_) => {
            warn!(user = name, %peer, "somebody who says to tell of changes has a wrong password");
            None
        }
        None => match shared.admit_proven(&name, proves) {
            Ok(token) => Some(Who::Worker(Known { name, token })),
            Err(denied) => {
                refused(shared, &name, peer, denied);
                None
            }
        },
    };
    match who {
        Some(who) => {
            broker.admit()?;
            Ok(Some(LoggedIn { who, broker, login }))
        }
        None => {
            broker.fail(login.call, Failure::unauthorized_login())?;
            send(&mut broker, transport).await?;
            // It tries again by itself; until then it holds the connection, or closes it.
            let _ = timeout(patience, async {
                while let Some(Ok(_)) = transport.incoming.next().await {}
            })
            .await;
            Ok(None)
        }
    }
}

async fn login(broker: &mut Broker, transport: &mut Transport) -> Result<Login, Parted> {
    loop {
        while let Some(event) = broker.poll()? {
            if let Event::Login(login) = event {
                return Ok(login);
            }
        }
        send(broker, transport).await?;
        match transport.incoming.next().await {
            Some(Ok(bytes)) => broker.receive(&bytes),
            Some(Err(error)) => return Err(Parted::Broke(error.to_string())),
            None => return Err(Parted::Closed),
        }
    }
}

/// Sends what the broker has to say.
pub(super) async fn send(broker: &mut Broker, transport: &mut Transport) -> Result<(), Parted> {
    let bytes = broker.transmit();
    if bytes.is_empty() {
        return Ok(());
    }
    let sent = transport.outgoing.send(bytes.into()).await;
    sent.map_err(|_| Parted::Closed)
}

/// Opens a WebSocket for a worker whose name and password stand in its request; none if there is no such worker.
pub(super) async fn over_msgpack<S>(
    shared: &Arc<Shared>,
    stream: S,
    peer: SocketAddr,
) -> Option<(Known, WebSocketStream<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut known = None;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(Limits::OF_WORKER.message))
        .max_frame_size(Some(Limits::OF_WORKER.message));
    #[expect(clippy::result_large_err, reason = "the form of the library that calls it")]
    let judge = |request: &Request, response: Response| {
        let (name, token) = credentials(request)?;
        match shared.admit(&name, &token) {
            Ok(()) => {
                known = Some(Known { name, token });
                Ok(response)
            }
            Err(denied) => {
                refused(shared, &name, peer, denied);
                Err(refusal(StatusCode::UNAUTHORIZED))
            }
        }
    };
    let opening = accept_hdr_async_with_config(stream, judge, Some(limits));
    match timeout(shared.settings.hello_timeout, opening).await {
        Ok(Ok(socket)) => Some((known?, socket)),
        Ok(Err(error)) => {
            debug!(%peer, %error, "no worker over a WebSocket");
            None
        }
        Err(_) => {
            debug!(%peer, "a connection said nothing");
            None
        }
    }
}

/// The name and the password of a request (RFC 7617).
#[expect(clippy::result_large_err, reason = "the form of the library that calls it")]
fn credentials(request: &Request) -> Result<(String, String), ErrorResponse> {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.ok_or_else(|| refusal(StatusCode::UNAUTHORIZED))?;
    let read = || {
        let (scheme, encoded) = given.to_str().ok()?.split_once(' ')?;
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (name, password) = text.split_once(':').filter(|_| is_basic)?;
        Some((name.to_owned(), password.to_owned()))
    };
    read().ok_or_else(|| refusal(StatusCode::BAD_REQUEST))
}

fn refusal(status: StatusCode) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = status;
    if status == StatusCode::UNAUTHORIZED {
        let basic = header::HeaderValue::from_static("Basic realm=\"workers\"");
        refusal.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    }
    refusal
}

fn refused(shared: &Arc<Shared>, name: &str, peer: SocketAddr, denied: Denied) {
    let shown: String = name.chars().take(100).collect();
    warn!(worker = ?shown, %peer, "a Buildbot worker may not connect: {denied}");
    shared.denied(name, Some(peer.ip()), Secret::Password, denied);
}
