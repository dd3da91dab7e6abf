//! A status API that counts its reads, and whose watch can be held up or cut; and a gateway over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use futures::StreamExt;
use http::{HeaderMap, Request, StatusCode};
use tokio::sync::watch;
use tower::ServiceExt;
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Cursor, Entity, Error, EventStream, Key, List, LogChunk, LogHits,
    LogKey, LogSearch, OpenToAll, Outcome, Page, Properties, PropertiesOf, Read, Result, Start, StatusApi,
    TopicFilter, View, ViewQuery, Watch,
};
use weir_web::{Options, router};

/// How the watch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Free,
    /// Nothing comes through.
    Held,
    /// Streams end, and no new one can begin.
    Cut,
}

pub(crate) struct Counted {
    api: Arc<dyn StatusApi>,
    reads: AtomicUsize,
    pub(crate) flow: watch::Sender<Flow>,
}

impl Counted {
    pub(crate) fn over(api: Arc<dyn StatusApi>) -> Arc<Self> {
        Arc::new(Self {
            api,
            reads: AtomicUsize::new(0),
            flow: watch::Sender::new(Flow::Free),
        })
    }

    /// How many resources or lists were read so far; asking for the present cursor does not count.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn count(&self) {
        self.reads.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Read for Counted {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.count();
        self.api.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        let parts = list.into_parts();
        if parts.limit != Some(0) {
            self.count();
        }
        self.api.list(List::from_parts(parts)?).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.count();
        self.api.log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.count();
        self.api.search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.count();
        self.api.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.count();
        self.api.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.count();
        self.api.view(query).await
    }
}

#[async_trait]
impl Watch for Counted {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let (flow, mut ends) = (self.flow.subscribe(), self.flow.subscribe());
        let lost = || Error::unavailable("the watch was cut");
        if *flow.borrow() == Flow::Cut {
            return Err(lost());
        }
        let events = self.api.watch(filter, start).await?;
        let events = events.then(move |signal| {
            let mut flow = flow.clone();
            async move {
                let free = flow.wait_for(|flow| *flow != Flow::Held).await;
                match free.is_ok_and(|flow| *flow == Flow::Free) {
                    true => signal,
                    false => Err(lost()),
                }
            }
        });
        let cut = async move { ends.wait_for(|flow| *flow == Flow::Cut).await.is_ok() };
        Ok(Box::pin(events.take_until(Box::pin(cut))))
    }
}

#[async_trait]
impl Control for Counted {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.api.control(caller, command).await
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        let text = self.headers.get("x-weir-cursor")?.to_str().unwrap();
        Some(text.parse().unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Gateway(Router);

impl Gateway {
    pub(crate) fn over(api: Arc<dyn StatusApi>, options: Options) -> Self {
        Self(router(Arc::new(OpenToAll(api)), options))
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 1 << 24).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, accept: &str) -> Answer {
        let request = Request::get(format!("/api/v2/{path}")).header("accept", accept);
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, path: &str) -> Answer {
        self.get(path, "application/json").await
    }

    pub(crate) async fn command(&self, path: &str, method: &str, params: &str) -> Answer {
        let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let request = Request::post(format!("/api/v2/{path}")).header("content-type", "application/json");
        self.ask(request.body(Body::from(call)).unwrap()).await
    }
}
