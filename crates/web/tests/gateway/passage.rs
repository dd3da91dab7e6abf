//! A gateway that hands on the JSON of a site.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::json;
use tokio::sync::watch;
use weir_status_api::conformance::Stage;
use weir_status_api::{
    Build, Caller, Command, Control, Entity, Error, Query, ReadExt, Signal, Start, TopicFilter, Watch,
};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_web::{Options, Passage};

use crate::auth::{self, cookie, form};
use crate::scene::{Gateway, Scene};
use crate::sockets::{Client, serve};

const SOON: Duration = Duration::from_secs(20);

/// A gateway before `site`, with more of what it is to be.
async fn before(site: &Gateway, options: Options) -> Gateway {
    let base = format!("http://{}", serve(site).await);
    let access = Arc::new(HttpStatus::new(&base, HttpOptions::default()).unwrap());
    let options = Options {
        passage: Some(Passage::new(&base, None).unwrap()),
        ..options
    };
    Gateway::to(access, options)
}

async fn client_of(gateway: &Gateway) -> HttpStatus {
    HttpStatus::new(
        &format!("http://{}", serve(gateway).await),
        HttpOptions::default(),
    )
    .unwrap()
}

#[tokio::test]
async fn clients_read_watch_and_control_through_it() {
    let scene = Scene::new().await;
    let gateway = before(&scene.open(), Options::default()).await;
    let client = client_of(&gateway).await;
    let builds = client.page(Query::<Build>::new()).await.unwrap();
    assert_eq!(builds.items[0].id, scene.build);
    let filter = TopicFilter::all();
    let mut events = client.watch(filter, Start::After(builds.cursor)).await.unwrap();
    let pause = Command::PauseWorker {
        worker: "w".into(),
        reason: None,
    };
    client.control(&Caller::anonymous(), pause).await.unwrap();
    let step = scene.stage.writer().add_step(scene.build, "test").await;
    let told = tokio::time::timeout(SOON, async {
        loop {
            let Signal::Event(event) = events.next().await.unwrap().unwrap() else {
                continue;
            };
            if let Entity::Step(told) = &event.entity {
                break told.id;
            }
        }
    });
    assert_eq!(told.await.unwrap(), step);
    // What is for other programs is the gateway's own.
    assert_eq!(gateway.get("/ready").await.status, StatusCode::OK);
    let badge = gateway.get("/badges/linux%2Fx86.svg").await;
    assert!(badge.body.contains("<svg"), "{badge:?}");
}

#[tokio::test]
async fn sockets_go_on_through_it_until_it_ends() {
    let scene = Scene::new().await;
    let (close, closing) = watch::channel(false);
    let options = Options {
        closing: Some(closing),
        ..Options::default()
    };
    let gateway = before(&scene.open(), options).await;
    let mut client = Client::connect(serve(&gateway).await).await;
    client.start("steps/*/*").await;
    scene.stage.writer().add_step(scene.build, "test").await;
    let told = client.next().await;
    assert_eq!(told["m"]["name"], "test", "{told}");
    close.send(true).unwrap();
    assert!(client.try_next().await.is_none());
}

#[tokio::test]
async fn people_sign_in_at_the_site_through_it() {
    let scene = Scene::new().await;
    let gateway = before(&auth::gateway(&scene, None), Options::default()).await;
    let answer = gateway
        .ask(form("/auth/login", "username=ada&password=correct+horse"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let config = |gateway: Gateway, cookie: String| async move {
        let request = Request::get("/config").header("cookie", cookie);
        gateway.ask(request.body(Body::empty()).unwrap()).await.json()
    };
    let cookie = cookie(&answer).to_owned();
    let known = config(gateway.clone(), cookie.clone()).await;
    assert_eq!(known["user"]["username"], json!("ada"));
    // A page of the gateway's own is none of another site, which the site behind could not know.
    let pause = |origin: &str| {
        Request::post("/api/v2/workers/w")
            .header("content-type", "application/json")
            .header("host", "status.example")
            .header("origin", origin)
            .header("cookie", &cookie)
            .body(Body::from(
                json!({"jsonrpc": "2.0", "id": 1, "method": "pause", "params": {}}).to_string(),
            ))
            .unwrap()
    };
    let own = gateway.ask(pause("https://status.example")).await;
    assert_eq!(own.status, StatusCode::OK, "{own:?}");
    let forged = gateway.ask(pause("https://other.example")).await;
    assert!(forged.status.is_client_error(), "{forged:?}");
}

#[tokio::test]
async fn a_site_that_is_gone_is_told_of() {
    let base = "http://127.0.0.1:1";
    let options = Options {
        passage: Some(Passage::new(base, None).unwrap()),
        ..Options::default()
    };
    let access = HttpStatus::new(base, HttpOptions::default()).unwrap();
    let gateway = Gateway::to(Arc::new(access), options);
    let answer = gateway.get("/api/v2/builds").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer.body.contains("the site does not answer"),
        "{}",
        answer.body
    );
    assert_eq!(gateway.get("/health").await.status, StatusCode::OK);
    let client = client_of(&gateway).await;
    let read = client.page(Query::<Build>::new()).await;
    assert!(matches!(read, Err(Error::Unavailable { .. })), "{read:?}");
}
