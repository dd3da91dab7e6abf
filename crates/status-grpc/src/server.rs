//! The server: any implementation of the status API behind the gRPC service.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures::{FutureExt, Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use weir_status_api::{
    Access, At, Caller, Cursor, Error, EventStream, List, ListParts, Page, Result, Start, StatusApi,
    TopicFilter,
};

use crate::convert::{Field, Wire, take};
use crate::status::to_status;
use crate::v1;
use crate::v1::status_service_server::StatusService;

/// Serves what `access` opens to each caller, until `stop`.
pub(crate) struct Server {
    pub(crate) access: Arc<dyn Access>,
    pub(crate) stop: CancellationToken,
}

impl Server {
    /// The API as whoever sent this may see it.
    fn open(&self, metadata: &MetadataMap) -> Result<Arc<dyn StatusApi>> {
        Ok(self.access.open(&caller(metadata)?))
    }
}

/// Waits for `work`; a panic in it is an error like any other and ends nothing but this call.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the server met a bug while it answered")))
}

/// The status that tells of what `method` failed with; the server's own faults go into its log.
fn failed(method: &str, error: Error) -> Status {
    if matches!(error, Error::Internal { .. }) {
        tracing::error!(method, %error, "a call of the status API failed");
    } else {
        tracing::debug!(method, %error, "a call of the status API was refused");
    }
    to_status(error)
}

async fn answer<T>(
    method: &str,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<Response<T>, Status> {
    guarded(work)
        .await
        .map(Response::new)
        .map_err(|error| failed(method, error))
}

/// A part of a request.
fn part<T: Field>(name: &str, proto: T::Proto) -> Result<T> {
    take(name, proto).map_err(|error| error.in_request())
}

/// Who calls, by the token presented. A name would be no proof.
fn caller(metadata: &MetadataMap) -> Result<Caller> {
    let Some(value) = metadata.get("authorization") else {
        return Ok(Caller::anonymous());
    };
    match value.to_str().ok().and_then(|text| text.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Caller::bearer(token.trim())),
        _ => Err(Error::Unauthenticated {
            why: "`authorization` must be `Bearer` and a token".to_owned(),
        }),
    }
}

#[tonic::async_trait]
impl StatusService for Server {
    async fn get(&self, request: Request<v1::GetRequest>) -> Result<Response<v1::GetResponse>, Status> {
        let api = self.open(request.metadata());
        let v1::GetRequest { key } = request.into_inner();
        answer("Get", async {
            let At { value, cursor } = api?.get(part("key", key)?).await?;
            Ok(v1::GetResponse {
                entity: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Result<Response<v1::ListResponse>, Status> {
        let api = self.open(request.metadata());
        let v1::ListRequest { query } = request.into_inner();
        answer("List", async {
            let parts: ListParts = part("query", query)?;
            let Page { items, cursor, next } = api?.list(List::from_parts(parts)?).await?;
            Ok(v1::ListResponse {
                items: items.put(),
                cursor: cursor.0,
                next: next.put(),
            })
        })
        .await
    }

    async fn get_log_content(
        &self,
        request: Request<v1::GetLogContentRequest>,
    ) -> Result<Response<v1::GetLogContentResponse>, Status> {
        let api = self.open(request.metadata());
        let v1::GetLogContentRequest { log, first, limit } = request.into_inner();
        answer("GetLogContent", async {
            let At { value, cursor } = api?.log_content(part("log", log)?, first, limit).await?;
            Ok(v1::GetLogContentResponse {
                chunk: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn get_properties(
        &self,
        request: Request<v1::GetPropertiesRequest>,
    ) -> Result<Response<v1::GetPropertiesResponse>, Status> {
        let api = self.open(request.metadata());
        let v1::GetPropertiesRequest { of } = request.into_inner();
        answer("GetProperties", async {
            let At { value, cursor } = api?.properties(part("of", of)?).await?;
            Ok(v1::GetPropertiesResponse {
                properties: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::WatchResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let api = self.open(request.metadata());
        let v1::WatchRequest { patterns, after } = request.into_inner();
        answer("Watch", async {
            let filter = TopicFilter::parse_all(patterns.iter().map(String::as_str))?;
            let start = after.map_or(Start::Now, |cursor| Start::After(Cursor(cursor)));
            let events = api?.watch(filter, start).await?;
            Ok(responses(events, self.stop.clone()).boxed())
        })
        .await
    }

    async fn control(
        &self,
        request: Request<v1::ControlRequest>,
    ) -> Result<Response<v1::ControlResponse>, Status> {
        let caller = caller(request.metadata());
        let v1::ControlRequest { command } = request.into_inner();
        answer("Control", async {
            let caller = caller?;
            let api = self.access.open(&caller);
            let outcome = api.control(&caller, part("command", command)?).await?;
            Ok(v1::ControlResponse {
                outcome: outcome.put(),
            })
        })
        .await
    }
}

/// The signals of a watch as they go out, until the server stops. Nothing is fetched before the connection has
/// room for it; when the client goes, this is dropped and `events` with it.
fn responses(
    mut events: EventStream,
    stop: CancellationToken,
) -> impl Stream<Item = Result<v1::WatchResponse, Status>> + Send {
    async_stream::stream! {
        loop {
            let signal = tokio::select! {
                biased;
                () = stop.cancelled() => Err(Error::unavailable("the server is stopping")),
                next = guarded(async { events.next().await.transpose() }) => match next.transpose() {
                    Some(signal) => signal,
                    None => break,
                },
            };
            let last = signal.is_err();
            yield signal.map(Wire::into_proto).map_err(|error| failed("Watch", error));
            if last {
                break;
            }
        }
    }
}
