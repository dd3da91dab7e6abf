use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::watch;
use weir_status_api::Cursor;
use weir_status_api::conformance::Stage;
use weir_web::Options;

use crate::scene::{Gateway, Scene};

/// An open event stream, one event at a time.
struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    async fn open(gateway: &Gateway, path: &str) -> Self {
        let response = gateway
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event without the line ends behind it; none at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return Some(event);
            }
            let piece = tokio::time::timeout(Duration::from_secs(5), self.body.next()).await;
            let piece = piece.expect("something within the deadline")?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// The next one that is an event: its id and its data.
    async fn event(&mut self) -> (i64, Value) {
        loop {
            let text = self.next().await.expect("the stream goes on");
            let Some(rest) = text.strip_prefix("event: event\nid: ") else {
                continue;
            };
            let (id, data) = rest.split_once("\ndata: ").unwrap();
            return (id.parse().unwrap(), serde_json::from_str(data).unwrap());
        }
    }
}

async fn cursor(gateway: &Gateway) -> i64 {
    gateway
        .get("/api/v2/builds")
        .await
        .header("x-weir-cursor")
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_stream_begins_with_a_handshake_and_resumes() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let since = cursor(&gateway).await;
    let mut events = Events::open(
        &gateway,
        &format!("/sse/listen?path=builds/*/*&path=logs/*/*&since={since}"),
    )
    .await;
    let handshake = events.next().await.unwrap();
    let id = handshake.strip_prefix("event: handshake\ndata: ").unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{handshake}");
    scene.stage.writer().set_build_state(scene.build, "one").await;
    scene.stage.writer().append_log(scene.log, "otwo\n").await;
    let (first, data) = events.event().await;
    assert_eq!(data["key"], serde_json::json!(["builds", "1", "update"]));
    assert_eq!(data["message"]["state_string"], "one");
    let (_, data) = events.event().await;
    assert_eq!(data["key"], serde_json::json!(["logs", "1", "append"]));
    assert_eq!(data["message"]["num_lines"], 4);
    // The same again after the first, as a browser asks when it lost the connection.
    let request = Request::get(format!("/sse/listen/logs/*/*?since={since}")).header("last-event-id", first);
    let response = gateway.send(request.body(Body::empty()).unwrap()).await;
    let mut events = Events {
        body: response.into_body().into_data_stream(),
        text: String::new(),
    };
    assert_eq!(events.event().await.1["key"][2], "append");
}

#[tokio::test]
async fn one_event_goes_out_once_under_the_first_pattern() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let since = cursor(&gateway).await;
    let query = "path=builders/*/builds/*/*&path=workers/*/builds/*/*";
    let mut events = Events::open(&gateway, &format!("/sse/listen?{query}&since={since}")).await;
    scene.stage.writer().set_build_state(scene.build, "one").await;
    scene.stage.writer().set_build_state(scene.build, "two").await;
    for state in ["one", "two"] {
        let (_, data) = events.event().await;
        assert_eq!(
            data["key"],
            serde_json::json!(["builders", "1", "builds", "1", "update"])
        );
        assert_eq!(data["message"]["state_string"], state);
    }
}

#[tokio::test]
async fn silence_is_ended_by_bookmarks() {
    let scene = Scene::new().await;
    let gateway = scene.gateway(Options {
        heartbeat: Duration::from_millis(20),
        ..Options::default()
    });
    let since = cursor(&gateway).await;
    let mut events = Events::open(&gateway, &format!("/sse/changes/*/*?since={since}")).await;
    events.next().await;
    let bookmark = format!("event: bookmark\nid: {since}\ndata: {{}}");
    assert_eq!(events.next().await, Some(bookmark.clone()));
    assert_eq!(events.next().await, Some(bookmark));
}

#[tokio::test]
async fn an_expired_cursor_is_gone() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let now = Cursor(cursor(&gateway).await);
    scene.stage.writer().expire_events(now).await;
    let answer = gateway.get("/sse/listen?path=**&since=1").await;
    assert_eq!(answer.status, StatusCode::GONE);
    assert_eq!(answer.json()["code"], "cursor_expired");
    for bad in [
        "/sse/listen",
        "/sse/listen?path=builds//x",
        "/sse/listen?path=**&since=x",
        "/sse/listen?path=**&x=1",
    ] {
        assert_eq!(gateway.get(bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(
        gateway.get("/sse/add/some-uuid/builds/*/*").await.status,
        StatusCode::NOT_IMPLEMENTED
    );
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_server() {
    let scene = Scene::new().await;
    let (close, closing) = watch::channel(false);
    let gateway = scene.gateway(Options {
        max_streams: 1,
        closing: Some(closing),
        ..Options::default()
    });
    let mut events = Events::open(&gateway, "/sse/builds/*/*").await;
    assert!(events.next().await.is_some());
    let refused = gateway.get("/sse/builds/*/*").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    close.send(true).unwrap();
    while events.next().await.is_some() {}
    drop(events);
    Events::open(&gateway, "/sse/builds/*/*").await;
}
