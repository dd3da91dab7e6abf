//! The port that Prometheus reads from.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::tally::Tally;

/// The media type of Prometheus' text format.
pub(super) const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is served; none until it is known.
pub(super) type Shared = Arc<Mutex<Option<Tally>>>;

/// Serves `/metrics`, and says so through `served`, until that fails.
///
/// # Errors
/// If the address cannot be listened on.
pub(super) async fn serve(
    address: SocketAddr,
    tally: Shared,
    served: &watch::Sender<Option<SocketAddr>>,
) -> io::Result<()> {
    let socket = TcpListener::bind(address).await?;
    served.send_replace(Some(socket.local_addr()?));
    let app = Router::new().route("/metrics", get(metrics)).with_state(tally);
    axum::serve(socket, app).await
}

async fn metrics(State(tally): State<Shared>) -> Response {
    let text = tally
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .map(Tally::exposition);
    match text {
        // The connection is not kept: it would outlive this listener, and go on to tell what it knew.
        Some(text) => ([(CONTENT_TYPE, TEXT_FORMAT), (CONNECTION, "close")], text).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
