//! One port for everything: JSON, events, the web status, and gRPC.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, UpgradeableConnection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpConnectInfo;
use tower::ServiceExt;

use weir_tls::{Identity, TlsAcceptor};
use weir_web::{Hold, Peer};

use crate::descriptors;
use crate::endless::{self, WayOut};
use crate::failure::Failure;
use crate::handshake;
use crate::hosts::Names;
use crate::stall::Patient;

/// How long answers under way may take when the server ends; streams never end by themselves.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(30);
/// How long a client may take none of what is sent to it.
const STALL: Duration = Duration::from_secs(60);
/// How often an HTTP/2 client is asked for a sign of life, and how long it may take to give one.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));
/// Connections at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 20_000;
/// Calls and streams at a time on one connection.
const MOST_STREAMS: u32 = 1_000;
/// How large the head of a request may be, in bytes.
const LARGEST_HEAD: u32 = 64 * 1024;

/// Binds the address, for as many connections as the system allows.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    descriptors::raise_limit();
    TcpListener::bind(address).await.map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
            "; does another master run? --listen takes another address"
        } else {
            ""
        };
        Failure::new(format!("cannot listen on {address}: {error}{hint}"))
    })
}

/// Sends calls of gRPC to `grpc`, if there is one, and everything else to `web`; refuses what a page of another
/// site may have sent.
pub(crate) fn join(web: Router, grpc: Option<Router>, names: Names) -> Router {
    Router::new().fallback_service(tower::service_fn(move |request: Request<Body>| {
        let is_grpc = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
        // No page has business with gRPC, and what is no page cannot be led here by a name.
        let refused = if is_grpc {
            request.headers().contains_key(header::ORIGIN)
        } else {
            !names.know(&request)
        };
        let router = match &grpc {
            Some(grpc) if is_grpc => grpc.clone(),
            _ => web.clone(),
        };
        async move {
            if refused {
                return Ok(misdirected());
            }
            let answer = router.oneshot(request).await;
            Ok::<_, Infallible>(answer.unwrap_or_else(|never| match never {}))
        }
    }))
}

fn misdirected() -> Response {
    let why = "this name is not known here; --host makes it known\n";
    (StatusCode::MISDIRECTED_REQUEST, why).into_response()
}

/// Serves until `stop`, with TLS if there is a certificate; then answers under way have a little time to end.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Identity>>,
    stop: CancellationToken,
) {
    let server = Arc::new(Server {
        any: any(),
        http1: http1(),
        router,
        tls: tls.map(Identity::acceptor),
        stop: stop.clone(),
    });
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = stop.cancelled() => break,
        };
        let Some((stream, peer, permit)) = accepted else {
            return;
        };
        let guest = Guest {
            peer,
            hold: Hold::new(permit),
        };
        tokio::spawn(Arc::clone(&server).welcome(stream, guest));
    }
    drop(listener);
    // Those that were handed over, as WebSockets are, too.
    let all_gone = room.acquire_many(MOST_CONNECTIONS as u32);
    if tokio::time::timeout(FAREWELL, all_gone).await.is_err() {
        tracing::debug!("some streams were still open");
    }
}

/// What all connections share.
struct Server {
    /// For what may be of any version.
    any: auto::Builder<TokioExecutor>,
    /// For what is of version 1 for certain, which can be left for an answer without an end.
    http1: http1::Builder,
    router: Router,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
}

/// Whose connection it is, and what is kept as long as it, or what it became, is there.
struct Guest {
    peer: Peer,
    hold: Hold,
}

impl Server {
    /// Serves a connection to its end.
    async fn welcome(self: Arc<Self>, stream: TcpStream, guest: Guest) {
        let Some(acceptor) = &self.tls else {
            let beginning = tokio::select! {
                beginning = tokio::time::timeout(HEAD, first_word(&stream)) => beginning,
                () = self.stop.cancelled() => return,
            };
            let Ok(Ok(may_be_http2)) = beginning else {
                return;
            };
            return self
                .converse(Patient::new(stream, STALL), may_be_http2, guest)
                .await;
        };
        let secured = tokio::select! {
            secured = handshake::secure(stream, acceptor, STALL) => secured,
            () = self.stop.cancelled() => return,
        };
        match secured {
            Ok(stream) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.converse(stream, is_http2, guest).await;
            }
            Err(error) => tracing::debug!(%error, "a connection has no TLS"),
        }
    }

    async fn converse<S>(&self, stream: S, may_be_http2: bool, guest: Guest)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let begun = CancellationToken::new();
        let Guest { peer, hold } = guest;
        let (way_out, mut endless) = WayOut::new();
        let way_out = (!may_be_http2).then_some(way_out);
        let service = noting(self.router.clone(), peer, hold.clone(), begun.clone(), way_out);
        let service = TowerToHyperService::new(service);
        let stream = TokioIo::new(stream);
        let ended = if may_be_http2 {
            let connection = self
                .any
                .serve_connection_with_upgrades(stream, service)
                .into_owned();
            // In a place of its own, since it is large and few are of this kind.
            Box::pin(to_its_end(
                connection,
                |it| it.graceful_shutdown(),
                &begun,
                &self.stop,
            ))
            .await
        } else {
            let mut connection = self.http1.serve_connection(stream, service).with_upgrades();
            let leave = |it: Pin<&mut &mut UpgradeableConnection<_, _>>| {
                Pin::new(&mut **it.get_mut()).graceful_shutdown();
            };
            tokio::select! {
                ended = to_its_end(&mut connection, leave, &begun, &self.stop) => {
                    ended.map_err(Into::into)
                }
                Ok(response) = &mut endless => {
                    if let Some(parts) = connection.into_parts() {
                        // A task of its own, for this one has grown.
                        tokio::spawn(see_off(parts.io.into_inner(), response, hold));
                    }
                    return;
                }
            }
        };
        // A client that goes away is no fault of ours.
        if let Err(error) = ended {
            tracing::debug!(error, "a connection ended early");
        }
        drop(hold);
    }
}

/// Sends the last answer of a connection.
async fn see_off<S: AsyncRead + AsyncWrite + Unpin>(stream: S, response: Response, hold: Hold) {
    if let Err(error) = endless::send(stream, response).await {
        tracing::debug!(%error, "a stream of events ended early");
    }
    drop(hold);
}

/// `router`, which notes the first request, is told who asks and what to keep as long as they stay, and whose first
/// answer goes the way out if it has no end.
fn noting(
    router: Router,
    peer: Peer,
    hold: Hold,
    begun: CancellationToken,
    way_out: Option<WayOut>,
) -> impl tower::Service<
    Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send,
> + Clone {
    tower::service_fn(move |mut request: Request<Incoming>| {
        begun.cancel();
        request.extensions_mut().insert(peer);
        // The same for what is asked over gRPC.
        request.extensions_mut().insert(TcpConnectInfo {
            local_addr: None,
            remote_addr: Some(peer.0),
        });
        request.extensions_mut().insert(hold.clone());
        let way_out = way_out.as_ref().and_then(|it| it.open(&request));
        let version = request.version();
        let answer = router.clone().oneshot(request);
        async move { endless::lead(answer.await?, version, way_out).await }
    })
}

fn any() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(LARGEST_HEAD);
    builder
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD as usize);
    builder
}

/// Whether what a client sends first may be of HTTP/2, as far as it has come; nothing of it is taken.
async fn first_word(stream: &TcpStream) -> io::Result<bool> {
    const HTTP2: &[u8] = b"PRI ";
    let mut first = [0; HTTP2.len()];
    let came = stream.peek(&mut first).await?;
    Ok(HTTP2.starts_with(&first[..came]))
}

/// Lets a connection go on until it ends or, once `stop` says so, `leave` makes it end.
async fn to_its_end<C, E>(
    connection: C,
    leave: fn(Pin<&mut C>),
    begun: &CancellationToken,
    stop: &CancellationToken,
) -> Result<(), E>
where
    C: Future<Output = Result<(), E>>,
{
    tokio::pin!(connection);
    let silence = async {
        tokio::select! {
            () = begun.cancelled() => std::future::pending().await,
            () = tokio::time::sleep(HEAD) => {}
        }
    };
    tokio::select! {
        ended = &mut connection => return ended,
        // Before its first request nothing else drops a client that says nothing.
        () = silence => return Ok(()),
        () = stop.cancelled() => leave(connection.as_mut()),
    }
    connection.await
}

/// The next connection, when there is room for one. None if there never will be.
pub(crate) async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers must not wait for more; if it cannot be set, they are only slower.
                let _ = stream.set_nodelay(true);
                return Some((stream, Peer(peer), permit));
            }
            Err(error) => {
                // Out of file descriptors, most likely: some will be given back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
