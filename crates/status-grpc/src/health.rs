//! `grpc.health.v1`: serving means that the status API answers.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use weir_status_api::{Access, Caller, Error, List, Query};

use crate::call::guarded;
use crate::serve::{ACCESS_SERVICE_NAME, SERVICE_NAME};

/// How long the read may take by which the API is judged.
const READ_DEADLINE: Duration = Duration::from_secs(5);
/// How often a watched health is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

/// Tells whether the API answers, for as long as nobody says `stop`.
#[derive(Clone)]
pub(crate) struct ApiHealth {
    pub(crate) access: Arc<dyn Access>,
    pub(crate) stop: CancellationToken,
}

impl ApiHealth {
    async fn now(&self) -> ServingStatus {
        if self.stop.is_cancelled() {
            return ServingStatus::NotServing;
        }
        let api = self.access.open(&Caller::named("health"));
        let read = guarded(api.list(List::Master(Query::new().limit(1))));
        match tokio::time::timeout(READ_DEADLINE, read).await {
            // Whoever refuses what only a master's own programs may read does answer.
            Ok(Ok(_) | Err(Error::PermissionDenied { .. } | Error::Unauthenticated { .. })) => {
                ServingStatus::Serving
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the status API does not answer");
                ServingStatus::NotServing
            }
            Err(_) => {
                tracing::warn!(deadline = ?READ_DEADLINE, "the status API does not answer in time");
                ServingStatus::NotServing
            }
        }
    }
}

fn is_known(service: &str) -> bool {
    ["", SERVICE_NAME, ACCESS_SERVICE_NAME].contains(&service)
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl Health for ApiHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !is_known(&request.get_ref().service) {
            return Err(Status::not_found("there is no such service here"));
        }
        Ok(Response::new(response(self.now().await)))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let health = self.clone();
        let known = is_known(&request.get_ref().service);
        let changes = async_stream::stream! {
            let mut told = None;
            loop {
                let status = if known { health.now().await } else { ServingStatus::ServiceUnknown };
                if told.replace(status) != Some(status) {
                    yield Ok(response(status));
                }
                if health.stop.is_cancelled() {
                    break;
                }
                tokio::select! {
                    () = health.stop.cancelled() => {}
                    () = tokio::time::sleep(WATCH_INTERVAL) => {}
                }
            }
        };
        Ok(Response::new(changes.boxed()))
    }
}
