//! Streams of a caller whose token ends.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::StatusCode;
use futures::stream;
use serde_json::json;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite;
use weir_status_api::conformance::Stage;
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogHits, LogKey,
    LogSearch, Outcome, Page, Properties, PropertiesOf, Read, Result, Start, StatusApi, TopicFilter, View,
    ViewQuery, Watch,
};

use crate::scene::{Gateway, Scene};
use crate::sockets::{Client, serve};

/// An API as somebody sees it whose token is good until it is revoked.
struct Revocable {
    api: Arc<dyn StatusApi>,
    revoked: watch::Receiver<bool>,
}

fn refusal() -> Error {
    Error::Unauthenticated {
        why: "the token was revoked".to_owned(),
    }
}

impl Revocable {
    fn check(&self) -> Result<&dyn StatusApi> {
        match *self.revoked.borrow() {
            true => Err(refusal()),
            false => Ok(&*self.api),
        }
    }
}

#[async_trait]
impl Read for Revocable {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.check()?.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.check()?.list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.check()?.log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.check()?.search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.check()?.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.check()?.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.check()?.view(query).await
    }
}

#[async_trait]
impl Watch for Revocable {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let events = self.check()?.watch(filter, start).await?;
        let mut revoked = self.revoked.clone();
        let end = stream::once(async move {
            drop(revoked.wait_for(|revoked| *revoked).await);
            Err(refusal())
        });
        Ok(Box::pin(stream::select(events, end)))
    }
}

#[async_trait]
impl Control for Revocable {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.check()?.control(caller, command).await
    }
}

#[tokio::test]
async fn a_socket_ends_with_its_callers_token() {
    let scene = Scene::new().await;
    let (revoke, revoked) = watch::channel(false);
    let gateway = Gateway::over(Arc::new(Revocable {
        api: scene.stage.api(),
        revoked,
    }));
    let address = serve(&gateway).await;
    let mut weir = Client::connect(address).await;
    let start = json!({"cmd": "startConsuming", "path": "builds/*/*", "_id": 1, "bookmarks": true});
    assert_eq!(weir.ask(start).await["code"], 200);
    let mut buildbot = Client::connect(address).await;
    buildbot.start("builds/*/*").await;
    revoke.send(true).unwrap();
    let mut told = weir.next().await;
    while told["bookmark"] == true {
        told = weir.next().await;
    }
    assert_eq!(
        (&told["code"], &told["_id"]),
        (&json!(401), &json!(null)),
        "{told}"
    );
    let farewell = (4401, "not signed in: the token was revoked".to_owned());
    assert_eq!(weir.farewell().await, farewell);
    // One that does not know of such frames sees none.
    assert_eq!(buildbot.farewell().await, farewell);
    match Client::try_connect(address).await {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), StatusCode::FORBIDDEN),
        _ => panic!("a socket was opened for nobody"),
    }
    assert_eq!(
        gateway.get("/sse/builds/*/*").await.status,
        StatusCode::UNAUTHORIZED
    );
}
