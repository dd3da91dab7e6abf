use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::watch;
use weir_status_api::Cursor;
use weir_status_api::conformance::Stage;
use weir_web::{Admission, Options, StreamLimits};

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
    let id = handshake.strip_prefix(&format!("event: handshake\nid: {since}\ndata: "));
    let id = id.unwrap_or_else(|| panic!("{handshake}"));
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
        "/sse/listen?path=builds//x",
        "/sse/listen?path=**&since=x",
        "/sse/listen?path=**&x=1",
    ] {
        assert_eq!(gateway.get(bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_server() {
    let scene = Scene::new().await;
    let (close, closing) = watch::channel(false);
    let gateway = scene.gateway(Options {
        admission: Admission::new(StreamLimits {
            total: 1,
            ..StreamLimits::default()
        }),
        closing: Some(closing),
        ..Options::default()
    });
    let mut events = Events::open(&gateway, "/sse/builds/*/*").await;
    assert!(events.next().await.is_some());
    let refused = gateway.get("/sse/builds/*/*").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["code"], "unavailable");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    close.send(true).unwrap();
    while events.next().await.is_some() {}
    drop(events);
    Events::open(&gateway, "/sse/builds/*/*").await;
}

/// The id that a stream's handshake tells.
async fn handshake(events: &mut Events) -> String {
    let text = events.next().await.unwrap();
    text.split_once("\ndata: ").unwrap().1.to_owned()
}

#[tokio::test]
async fn subscriptions_of_an_open_stream_come_and_go() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let writer = scene.stage.writer();
    let mut events = Events::open(&gateway, "/sse/listen").await;
    let id = handshake(&mut events).await;
    writer.set_build_state(scene.build, "before").await;
    let change = async |what: &str, path: &str| {
        let answer = gateway.get(&format!("/sse/{what}/{id}/{path}")).await;
        (answer.status.as_u16(), answer.body)
    };
    assert_eq!(change("add", "builds/*/update").await, (200, "ok".to_owned()));
    writer.set_build_state(scene.build, "one").await;
    assert_eq!(events.event().await.1["message"]["state_string"], "one");
    // The place of the stream is kept, whatever is added: no event is lost, and none comes twice.
    let mut expected = vec![];
    for number in 0..20 {
        let state = format!("state {number}");
        writer.set_build_state(scene.build, &state).await;
        assert_eq!(change("add", &format!("logs/{number}/*")).await.0, 200);
        expected.push(state);
    }
    for state in expected {
        assert_eq!(events.event().await.1["message"]["state_string"], state);
    }
    assert_eq!(change("remove", "builds/*/update").await, (200, "ok".to_owned()));
    let gone = (404, "consumer is not listening to this event".to_owned());
    assert_eq!(change("remove", "builds/*/update").await, gone);
    writer.set_build_state(scene.build, "unseen").await;
    writer.append_log(scene.log, "ofour\n").await;
    assert_eq!(events.event().await.1["key"][2], "append");
    for number in 0..100 {
        change("add", &format!("steps/{number}/*")).await;
    }
    let (status, body) = change("add", "steps/100/*").await;
    assert_eq!(status, 400, "{body}");
    drop(events);
    assert_eq!(
        change("add", "builds/*/*").await,
        (400, "unknown uuid".to_owned())
    );
}

#[tokio::test]
async fn a_subscription_can_begin_in_the_past() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let writer = scene.stage.writer();
    let since = cursor(&gateway).await;
    writer.set_build_state(scene.build, "one").await;
    writer.append_log(scene.log, "ofour\n").await;
    let mut events = Events::open(&gateway, &format!("/sse/logs/*/*?since={since}")).await;
    let id = handshake(&mut events).await;
    assert_eq!(events.event().await.1["key"][0], "logs");
    let add = |since: i64| format!("/sse/add/{id}/builds/*/*?since={since}");
    assert_eq!(gateway.get(&add(since)).await.status, StatusCode::OK);
    // The log's event does not come again.
    assert_eq!(events.event().await.1["message"]["state_string"], "one");
    writer.set_build_state(scene.build, "two").await;
    assert_eq!(events.event().await.1["message"]["state_string"], "two");
    let refused = gateway.get(&add(since + 1_000)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
}

#[tokio::test]
async fn a_stream_is_changed_by_who_opened_it_only() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let mut events = Events::open(&gateway, "/sse/listen").await;
    let id = handshake(&mut events).await;
    let request = Request::get(format!("/sse/add/{id}/builds/*/*")).header("authorization", "Bearer another");
    let answer = gateway.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (400, "unknown uuid")
    );
    for path in ["/sse/add", "/sse/add/", "/sse/remove"] {
        let answer = gateway.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (400, "need uuid"),
            "{path}"
        );
    }
    assert_eq!(gateway.get("/sse/add/x/builds").await.body, "unknown uuid");
    let bad = gateway.get(&format!("/sse/add/{id}/builds//x")).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}
