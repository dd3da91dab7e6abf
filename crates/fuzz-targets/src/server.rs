//! A master in memory, with one build, for targets that ask whole servers.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use weir_status_api::OpenToAll;
use weir_status_api::conformance::Stage;

use crate::scene::Scene;

/// The most of an answer that is read, in bytes.
const READ: usize = 1 << 24;

/// Requests after which a master is made anew: commands add to it.
const AGE: u32 = 2_000;

/// A server over a master that nobody else asks.
pub(crate) struct Server {
    runtime: Runtime,
    make: fn(&Scene) -> Router,
    master: RefCell<Option<(Scene, Router, u32)>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Empty for a stream, which has no end.
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// The JSON gateway.
    pub(crate) fn gateway() -> Self {
        Self::over(|scene| scene.gateway(weir_web::Options::default()).router())
    }

    /// The services of gRPC.
    pub(crate) fn grpc() -> Self {
        Self::over(|scene| {
            let access = Arc::new(OpenToAll(scene.stage.api()));
            weir_status_grpc::routes(access, CancellationToken::new()).into_axum_router()
        })
    }

    fn over(make: fn(&Scene) -> Router) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        Self {
            runtime,
            make,
            master: RefCell::default(),
        }
    }

    /// The answer to a request.
    pub(crate) fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let (scene, router, age) = match self.master.take() {
                Some(master) if master.2 < AGE => master,
                _ => {
                    let scene = Scene::with_outcomes().await;
                    let router = (self.make)(&scene);
                    (scene, router, 0)
                }
            };
            let answer: Result<Response, Infallible> = router.clone().oneshot(request).await;
            self.master.replace(Some((scene, router, age + 1)));
            let Ok(answer) = answer;
            let (head, body) = answer.into_parts();
            let of = head.headers.get("content-type");
            let endless = of.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
            let body = match endless {
                true => vec![],
                false => to_bytes(body, READ).await.expect("an answer ends").into(),
            };
            Answer {
                status: head.status,
                headers: head.headers,
                body,
            }
        })
    }
}
