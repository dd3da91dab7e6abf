//! Who is not let in, and whose connection ends.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::SinkExt;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use weir_status_api::conformance::Stage;
use weir_testbed::eventually;
use weir_web::{Admission, Options, Peer, StreamLimits};

use super::{Client, DEADLINE, serve};
use crate::scene::Scene;

/// A connection that is a WebSocket and from which nothing is read.
async fn deaf(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let upgrade = format!(
        "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let command = json!({"cmd": "startConsuming", "path": path, "_id": 1}).to_string();
    // A short masked text, by a mask that changes nothing.
    let mut frame = vec![0x81, 0x80 | u8::try_from(command.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(command.as_bytes());
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    stream.write_all(&frame).await.unwrap();
    stream
}

async fn is_dropped(heartbeat: Duration, events: usize) {
    let scene = Scene::new().await;
    let gateway = scene.gateway(Options {
        heartbeat,
        patience: Duration::from_millis(100),
        admission: Admission::new(StreamLimits {
            total: 1,
            ..StreamLimits::default()
        }),
        ..Options::default()
    });
    let client = deaf(serve(&gateway).await, "builds/*/*").await;
    let status = async || gateway.send_get("/sse/builds/*/*").await.status();
    eventually("the client has the only stream", DEADLINE, async || {
        status().await == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    let large = "x".repeat(100_000);
    for _ in 0..events {
        scene.stage.writer().set_build_state(scene.build, &large).await;
    }
    eventually("the client is dropped", DEADLINE, async || {
        status().await == StatusCode::OK
    })
    .await;
    drop(client);
}

#[tokio::test]
async fn a_client_that_gives_no_sign_of_life_is_dropped() {
    is_dropped(Duration::from_millis(20), 0).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    // No heartbeat comes meanwhile: the events alone fill what the connection holds.
    is_dropped(Duration::from_secs(600), 300).await;
}

#[tokio::test]
async fn sockets_end_with_the_server() {
    let (close, closing) = watch::channel(false);
    let scene = Scene::new().await;
    let gateway = scene.gateway(Options {
        closing: Some(closing),
        ..Options::default()
    });
    let mut client = Client::connect(serve(&gateway).await).await;
    client.start("builds/*/*").await;
    close.send(true).unwrap();
    assert_eq!(
        client.farewell().await,
        (1001, "the server is stopping".to_owned())
    );
    assert!(client.message().await.is_err(), "nothing comes behind a farewell");
}

#[tokio::test]
async fn another_sites_page_cannot_connect() {
    let address = serve(&Scene::new().await.open()).await;
    let from = async |origin: &str| {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match connect_async(request).await {
            Ok(_) => 101,
            Err(Error::Http(answer)) => answer.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(from("http://evil.example").await, 400);
    assert_eq!(from("null").await, 400);
    assert_eq!(from(&format!("http://{address}")).await, 101);
}

#[tokio::test]
async fn streams_of_all_kinds_count_together_for_an_address() {
    let scene = Scene::new().await;
    let gateway = scene.gateway(Options {
        admission: Admission::new(StreamLimits {
            per_address: 2,
            ..StreamLimits::default()
        }),
        ..Options::default()
    });
    let listen = async |from: Option<&str>| {
        let mut request = Request::get("/sse/builds/*/*").body(Body::empty()).unwrap();
        if let Some(from) = from {
            request.extensions_mut().insert(Peer(from.parse().unwrap()));
        }
        gateway.send(request).await
    };
    // Those whose address is not known share one; so do the sockets of this test's server.
    let address = serve(&gateway).await;
    let socket = Client::connect(address).await;
    let stream = listen(None).await;
    let refused = listen(None).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    match Client::try_connect(address).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS),
        _ => panic!("a third stream was admitted"),
    }
    let near = [
        listen(Some("192.0.2.1:1")).await,
        listen(Some("192.0.2.1:2")).await,
    ];
    assert_eq!(near.each_ref().map(|it| it.status()), [StatusCode::OK; 2]);
    assert_eq!(
        listen(Some("192.0.2.1:3")).await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(listen(Some("192.0.2.2:1")).await.status(), StatusCode::OK);
    drop((socket, stream));
    eventually("there is room again", DEADLINE, async || {
        listen(None).await.status() == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_or_no_message_ends_the_connection_with_a_reason() {
    let scene = Scene::new().await;
    let address = serve(&scene.open()).await;
    let mut client = Client::connect(address).await;
    client.0.send(Message::text("x".repeat(20 << 10))).await.unwrap();
    assert_eq!(client.farewell().await.0, 1009);
    // Bytes that are no frames at all.
    let mut stream = deaf(address, "builds/*/*").await;
    stream.write_all(&[0xff; 64]).await.unwrap();
    let mut client = Client::connect(address).await;
    client.start("builds/*/*").await;
    scene.stage.writer().set_build_state(scene.build, "one").await;
    assert_eq!(client.next().await["k"], "builds/1/update");
}
