//! The status API over gRPC (`weir.status.v1`): [`GrpcStatus`] is the client, which implements the traits
//! of [`weir_status_api`]; [`routes`] serves what an [`Access`](weir_status_api::Access) opens to each caller.
//!
//! ```no_run
//! # async fn example(access: std::sync::Arc<dyn weir_status_api::Access>) -> Result<(), Box<dyn std::error::Error>> {
//! use weir_status_api::{Build, Query, ReadExt};
//! use weir_status_grpc::{GrpcStatus, routes, serve};
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9989").await?;
//! let stop = tokio_util::sync::CancellationToken::new();
//! tokio::spawn(serve(listener, routes(access, stop.clone()), stop.clone()));
//!
//! let remote = GrpcStatus::connect("grpc://127.0.0.1:9989", None)?;
//! let builds = remote.page(Query::<Build>::new().limit(10)).await?;
//! # Ok(()) }
//! ```
//!
//! # Goals
//! - A caller cannot tell the client from the implementation that the server wraps: the same answers,
//!   the same errors, field by field.
//! - Whoever is cut off learns of it: keepalive on both sides, deadlines on every call.
//! - One slow or dead peer costs a bounded amount of memory.
//!
//! # Non-goals
//! - No permission is decided here: a token is handed on as it came.
//! - No retries: [`Error::Unavailable`](weir_status_api::Error::Unavailable) tells the caller, who knows
//!   whether to try again, and a watch resumes from its last cursor.

mod admit;
mod call;
mod client;
mod convert;
mod health;
mod reflection;
mod serve;
mod server;
mod status;

#[expect(
    unreachable_pub,
    clippy::large_enum_variant,
    clippy::doc_markdown,
    reason = "generated; the documentation is that of the proto files"
)]
mod v1 {
    tonic::include_proto!("weir.status.v1");
}

#[expect(
    unreachable_pub,
    clippy::doc_markdown,
    reason = "generated, as the messages are"
)]
mod v1_server {
    include!(concat!(env!("OUT_DIR"), "/services/weir.status.v1.rs"));
}

pub use admit::{Admit, Asking};
pub use client::{GrpcStatus, Options};
pub use serve::{
    ACCESS_SERVICE_NAME, MAX_REQUEST_BYTES, SERVICE_NAME, ServeOptions, routes, routes_admitting, serve,
    serve_with,
};
pub use weir_tls::Ca;
