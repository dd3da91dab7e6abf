//! One port for everything: JSON, events, the web status, and gRPC.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::failure::Failure;

/// How long answers under way may take when the server ends; streams never end by themselves.
const FAREWELL: Duration = Duration::from_secs(2);

/// Binds the address.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
            "; is another master running? `listen` in `master(…)` sets another port"
        } else {
            ""
        };
        Failure::new(format!("cannot listen on {address}: {error}{hint}"))
    })
}

/// Sends calls of gRPC to `grpc` and everything else to `web`.
pub(crate) fn join(web: Router, grpc: Router) -> Router {
    Router::new().fallback_service(tower::service_fn(move |request: Request<Body>| {
        let is_grpc = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
        let router = if is_grpc { grpc.clone() } else { web.clone() };
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    }))
}

/// Serves until `stop`.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> Result<(), Failure> {
    let ending = stop.clone();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move { ending.cancelled().await });
    let farewell = async {
        stop.cancelled().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = async { server.await } => served.map_err(|error| Failure::new(format!("serving ended: {error}"))),
        () = farewell => Ok(()),
    }
}
