//! The limit: axum, saying "hello".

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::Result;

/// Serves "hello" at `port` of the loopback until the process is ended.
pub(crate) async fn serve(port: u16) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
    let router = Router::new().route("/", get(async || "hello"));
    axum::serve(listener, router)
        .await
        .map_err(|error| format!("cannot serve: {error}"))
}
