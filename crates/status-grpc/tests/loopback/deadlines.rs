//! Deadlines that come with calls.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use weir_status_api::*;
use weir_status_grpc::{Options, SERVICE_NAME, routes};
use weir_testbed::eventually;

use crate::scripted::{DEADLINE, Mood, Scripted, Served, client};

/// `GetRequest` for build 1, and `WatchRequest` for everything.
const GET: &[u8] = &[0x0a, 0x04, 0x1a, 0x02, 0x08, 0x01];
const WATCH: &[u8] = &[0x0a, 0x02, b'*', b'*'];

/// Calls `method` of a server of `api` without any connection, and gives the headers or trailers that tell the status.
async fn status_of(api: &Arc<Scripted>, method: &str, message: &[u8], timeout: &str) -> HeaderMap {
    let access = Arc::new(OpenToAll(Arc::clone(api) as _));
    let router = routes(access, CancellationToken::new()).into_axum_router();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let frame = [&[0], length.as_slice(), message].concat();
    let request = Request::post(format!("/{SERVICE_NAME}/{method}"))
        .header("content-type", "application/grpc")
        .header("grpc-timeout", timeout)
        .body(Body::from(frame))
        .unwrap();
    let answer = async {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        if parts.headers.contains_key("grpc-status") {
            return parts.headers;
        }
        let body = body.collect().await.unwrap();
        body.trailers().expect("a stream ends with its status").clone()
    };
    tokio::time::timeout(DEADLINE, answer)
        .await
        .expect("an end in time")
}

const DEADLINE_EXCEEDED: &str = "4";

#[tokio::test]
async fn a_server_gives_up_what_its_client_waits_for_no_longer() {
    let api = Scripted::new();
    api.set(Mood::Hangs);
    let status = status_of(&api, "Get", GET, "50m").await;
    assert_eq!(status["grpc-status"], DEADLINE_EXCEEDED);
    api.set(Mood::Well);
    let status = status_of(&api, "Get", GET, "99999999S").await;
    assert_eq!(status["grpc-status"], "0");
}

#[tokio::test]
async fn a_watch_ends_at_its_deadline() {
    let api = Scripted::new();
    let status = status_of(&api, "Watch", WATCH, "50m").await;
    assert_eq!(status["grpc-status"], DEADLINE_EXCEEDED);
    assert_eq!(api.open_watches(), 0);
}

#[tokio::test]
async fn a_clients_watch_outlives_the_deadline_of_its_calls() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let call_deadline = Duration::from_millis(200);
    let hasty = Options {
        call_deadline,
        ..Options::default()
    };
    let client = client(server.address, hasty);
    let mut events = client
        .watch(TopicFilter::all(), Start::After(Cursor::ZERO))
        .await
        .unwrap();
    api.set(Mood::Hangs);
    // A call that is given up meanwhile shows that the deadline has passed.
    let error = client.get(Key::Build(BuildId(1).into())).await.unwrap_err();
    assert_eq!(error, Error::unavailable("no answer within 200ms"));
    let cursor = api.commit();
    assert_eq!(crate::scripted::next_event(&mut events).await, Ok(cursor));
    drop(events);
    eventually("no watch is open", DEADLINE, async || api.open_watches() == 0).await;
}
