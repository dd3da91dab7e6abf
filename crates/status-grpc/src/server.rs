//! The server: what an [`Access`] opens to each caller, behind the gRPC services.

mod access;
mod frame;
mod watch;

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use weir_status_api::{
    Access, At, Cursor, List, ListParts, Page, Result, Start, StatusApi, TopicFilter, ViewQuery,
};

use crate::admit::{Admit, Asking};
use crate::call::{Call, part, uncompressed};
use crate::convert::Field;
use crate::v1;
use crate::v1_server::status_service_server::StatusService;
pub(crate) use frame::Frame;
use frame::Frames;
use watch::Watched;

/// Serves what `access` opens to each caller, until `stop`.
#[derive(Clone)]
pub(crate) struct Server {
    access: Arc<dyn Access>,
    admit: Arc<dyn Admit>,
    stop: CancellationToken,
    /// The events as they go out, for all who watch.
    frames: Arc<Frames>,
}

impl Server {
    pub(crate) fn new(access: Arc<dyn Access>, admit: Arc<dyn Admit>, stop: CancellationToken) -> Self {
        Self {
            access,
            admit,
            stop,
            frames: Arc::default(),
        }
    }

    /// The API as whoever makes this call may see it.
    fn open(&self, call: &Call) -> Result<Arc<dyn StatusApi>> {
        Ok(self.access.open(&call.caller()?))
    }
}

#[tonic::async_trait]
impl StatusService for Server {
    async fn get(&self, request: Request<v1::GetRequest>) -> Result<Response<v1::GetResponse>, Status> {
        let call = Call::of("Get", &request);
        let v1::GetRequest { key } = request.into_inner();
        call.message(async {
            let At { value, cursor } = self.open(&call)?.get(part("key", key)?).await?;
            Ok(v1::GetResponse {
                entity: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Result<Response<v1::ListResponse>, Status> {
        let call = Call::of("List", &request);
        let v1::ListRequest { query } = request.into_inner();
        call.message(async {
            let parts: ListParts = part("query", query)?;
            let list = List::from_parts(parts)?;
            let Page { items, cursor, next } = self.open(&call)?.list(list).await?;
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
        let call = Call::of("GetLogContent", &request);
        let v1::GetLogContentRequest { log, first, limit } = request.into_inner();
        call.message(async {
            let log = part("log", log)?;
            let At { value, cursor } = self.open(&call)?.log_content(log, first, limit).await?;
            Ok(v1::GetLogContentResponse {
                chunk: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn search_log(
        &self,
        request: Request<v1::SearchLogRequest>,
    ) -> Result<Response<v1::SearchLogResponse>, Status> {
        let call = Call::of("SearchLog", &request);
        let v1::SearchLogRequest { log, search } = request.into_inner();
        call.message(async {
            let (log, search) = (part("log", log)?, part("search", search)?);
            let At { value, cursor } = self.open(&call)?.search_log(log, search).await?;
            Ok(v1::SearchLogResponse {
                hits: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn get_properties(
        &self,
        request: Request<v1::GetPropertiesRequest>,
    ) -> Result<Response<v1::GetPropertiesResponse>, Status> {
        let call = Call::of("GetProperties", &request);
        let v1::GetPropertiesRequest { of } = request.into_inner();
        call.message(async {
            let At { value, cursor } = self.open(&call)?.properties(part("of", of)?).await?;
            Ok(v1::GetPropertiesResponse {
                properties: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn get_build_data(
        &self,
        request: Request<v1::GetBuildDataRequest>,
    ) -> Result<Response<v1::GetBuildDataResponse>, Status> {
        let call = Call::of("GetBuildData", &request);
        let v1::GetBuildDataRequest { build, name } = request.into_inner();
        call.message(async {
            let build = part("build", build)?;
            let At { value, cursor } = self.open(&call)?.build_data(build, name).await?;
            Ok(v1::GetBuildDataResponse {
                value,
                cursor: cursor.0,
            })
        })
        .await
    }

    async fn get_view(
        &self,
        request: Request<v1::GetViewRequest>,
    ) -> Result<Response<v1::GetViewResponse>, Status> {
        let call = Call::of("GetView", &request);
        let v1::GetViewRequest { query } = request.into_inner();
        call.message(async {
            let query: ViewQuery = part("query", query)?;
            query.validate()?;
            let At { value, cursor } = self.open(&call)?.view(query).await?;
            Ok(v1::GetViewResponse {
                view: value.put(),
                cursor: cursor.0,
            })
        })
        .await
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<Frame, Status>> + Send>>;

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let call = Call::of("Watch", &request);
        let (metadata, extensions, v1::WatchRequest { patterns, after }) = request.into_parts();
        let headers = metadata.into_headers();
        let begin = async {
            let filter = TopicFilter::parse_all(patterns.iter().map(String::as_str))?;
            let start = after.map_or(Start::Now, |cursor| Start::After(Cursor(cursor)));
            let events = self.open(&call)?.watch(filter, start).await?;
            // Whoever presented a token that is nobody's has come no further.
            let asking = Asking {
                known: call.caller()?.token().is_some(),
                extensions: &extensions,
                headers: &headers,
            };
            let watched = Watched {
                deadline: call.deadline().map(|it| tokio::time::Instant::now() + it),
                events,
                admitted: self.admit.admit(asking)?,
                stop: self.stop.clone(),
                frames: Arc::clone(&self.frames),
            };
            Ok(watched.responses().boxed())
        };
        let mut response = call.answer(begin).await?;
        // What is encoded once for all cannot be compressed for some.
        uncompressed(&mut response);
        Ok(response)
    }

    async fn control(
        &self,
        request: Request<v1::ControlRequest>,
    ) -> Result<Response<v1::ControlResponse>, Status> {
        let call = Call::of("Control", &request);
        let v1::ControlRequest { command } = request.into_inner();
        call.message(async {
            let caller = call.caller()?;
            let command = part("command", command)?;
            let outcome = self.access.open(&caller).control(&caller, command).await?;
            Ok(v1::ControlResponse {
                outcome: outcome.put(),
            })
        })
        .await
    }
}
