//! The services as routes, and a server for them and whatever else shares their port.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::transport::Server as Transport;
use tonic_health::pb::health_server::HealthServer;
use weir_status_api::Access;

use crate::admit::{Admit, AdmitAll};
use crate::health::ApiHealth;
use crate::reflection::{WhenCalled, descriptors};
use crate::server::Server;
use crate::v1_server::access_service_server::{AccessServiceServer, SERVICE_NAME as ACCESS_SERVICE};
use crate::v1_server::status_service_server::{SERVICE_NAME as STATUS_SERVICE, StatusServiceServer};

/// The service's full name, `weir.status.v1.StatusService`.
pub const SERVICE_NAME: &str = STATUS_SERVICE;
/// The full name of the service for sessions and tokens, `weir.status.v1.AccessService`.
pub const ACCESS_SERVICE_NAME: &str = ACCESS_SERVICE;
/// The largest request that a server takes, in bytes; it refuses larger ones unread.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

const SOUND: &str = "descriptors that the compiler made are sound";
/// Calls and watches at a time on one connection.
const MAX_STREAMS: u32 = 1_000;
/// How many bytes of headers a request may have.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// How [`serve_with`] treats connections.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// How often an HTTP/2 connection is asked for a sign of life.
    pub keepalive_interval: Duration,
    /// How long it may take to give one.
    pub keepalive_deadline: Duration,
    /// How long requests under way may take to end after a stop.
    pub grace: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            keepalive_interval: Duration::from_secs(20),
            keepalive_deadline: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }
}

/// The status service over what `access` opens to each caller, the access service, health and reflection, as routes
/// for [`serve`] or to merge into an axum router ([`Routes::into_axum_router`]); they have no fallback of their own,
/// so a service that is not here is HTTP's 404, which gRPC's clients take for `UNIMPLEMENTED`. At `stop` health says so and watches end with
/// [`Error::Unavailable`](weir_status_api::Error::Unavailable), which lets a graceful shutdown end.
///
/// Who may see and do what is the business of `access`: a caller comes as
/// [`Caller::bearer`](weir_status_api::Caller::bearer) or anonymous.
pub fn routes(access: Arc<dyn Access>, stop: CancellationToken) -> Routes {
    routes_admitting(access, Arc::new(AdmitAll), stop)
}

/// As [`routes`], with `admit` to say which watches may go out.
pub fn routes_admitting(access: Arc<dyn Access>, admit: Arc<dyn Admit>, stop: CancellationToken) -> Routes {
    let health = HealthServer::new(ApiHealth {
        access: Arc::clone(&access),
        stop: stop.clone(),
    });
    let server = Server::new(access, admit, stop);
    macro_rules! bounded {
        ($service:ident) => {
            $service::new(server.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .accept_compressed(CompressionEncoding::Zstd)
                .accept_compressed(CompressionEncoding::Gzip)
                .send_compressed(CompressionEncoding::Zstd)
                .send_compressed(CompressionEncoding::Gzip)
        };
    }
    let mut routes = Routes::new(bounded!(StatusServiceServer))
        .add_service(bounded!(AccessServiceServer))
        .add_service(health)
        .add_service(WhenCalled::new(|| descriptors().build_v1().expect(SOUND)))
        .add_service(WhenCalled::new(|| descriptors().build_v1alpha().expect(SOUND)));
    let router = std::mem::take(routes.axum_router_mut());
    *routes.axum_router_mut() = router.reset_fallback();
    routes
}

/// Serves `routes` on `listener` over HTTP/2 and HTTP/1.1, with keepalive, until `stop`; then what is under way
/// has some seconds to end. Plain text: for loopback, or behind something that does TLS.
///
/// An axum router shares the port: `Routes::from(app.merge(routes(access, stop).into_axum_router()))`. Connections
/// are not upgraded, so WebSocket cannot be served here.
///
/// # Errors
/// If the transport fails. A connection that cannot be accepted is logged and ends nothing.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    serve_with(listener, routes, stop, ServeOptions::default()).await
}

/// As [`serve`], with all options.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    listener: TcpListener,
    routes: Routes,
    stop: CancellationToken,
    options: ServeOptions,
) -> Result<(), tonic::transport::Error> {
    let serving = Transport::builder()
        .accept_http1(true)
        .http2_keepalive_interval(Some(options.keepalive_interval))
        .http2_keepalive_timeout(Some(options.keepalive_deadline))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections(listener), stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(options.grace).await;
    };
    tokio::select! {
        ended = serving => ended,
        () = overdue => {
            tracing::warn!(grace = ?options.grace, "requests under way are given up");
            Ok(())
        }
    }
}

/// The connections as they come. One that fails, even for want of file descriptors, is not the end.
fn connections(listener: TcpListener) -> impl Stream<Item = Result<TcpStream, Infallible>> {
    async_stream::stream! {
        loop {
            match listener.accept().await {
                Ok((connection, _)) => {
                    if let Err(error) = connection.set_nodelay(true) {
                        tracing::debug!(%error, "a connection was gone at once");
                        continue;
                    }
                    yield Ok(connection);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}
