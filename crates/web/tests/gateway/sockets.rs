//! `/ws` over real connections.

mod limits;

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use weir_status_api::Cursor;
use weir_status_api::conformance::Stage;
use weir_testbed::Link;
use weir_web::Options;

use crate::scene::{Gateway, Scene};

const DEADLINE: Duration = Duration::from_secs(8);

/// A client.
pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.unwrap()
    }

    pub(crate) async fn try_connect(address: SocketAddr) -> Result<Self, Error> {
        let (socket, _) = connect_async(format!("ws://{address}/ws")).await?;
        Ok(Self(socket))
    }

    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn message(&mut self) -> Result<Message, Error> {
        let message = tokio::time::timeout(DEADLINE, self.0.next()).await;
        message
            .expect("a message in time")
            .unwrap_or(Err(Error::ConnectionClosed))
    }

    /// The next frame with JSON; none if the connection is lost.
    pub(crate) async fn try_next(&mut self) -> Option<Value> {
        loop {
            match self.message().await.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Value {
        self.try_next().await.expect("the connection lasts")
    }

    /// Sends a command, and gives the answer to it, which is the next frame.
    pub(crate) async fn ask(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.next().await
    }

    pub(crate) async fn start(&mut self, path: &str) {
        let frame = json!({"cmd": "startConsuming", "path": path, "_id": path});
        let ok = json!({"msg": "OK", "code": 200, "_id": path});
        assert_eq!(self.ask(frame).await, ok);
    }

    /// How the server ends the connection.
    pub(crate) async fn farewell(&mut self) -> (u16, String) {
        loop {
            match self.message().await {
                Ok(Message::Close(Some(CloseFrame { code, reason }))) => {
                    return (code.into(), reason.to_string());
                }
                Ok(_) => {}
                Err(error) => panic!("no farewell: {error}"),
            }
        }
    }
}

pub(crate) async fn serve(gateway: &Gateway) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = gateway.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn commands_are_answered_in_buildbots_words() {
    let address = serve(&Scene::new().await.open()).await;
    let mut client = Client::connect(address).await;
    let start = json!({"cmd": "startConsuming", "path": "builds/*/*", "_id": 1});
    let stop = json!({"cmd": "stopConsuming", "path": "builds/*/*", "_id": 2});
    for (frame, answer) in [
        (start.clone(), json!({"msg": "OK", "code": 200, "_id": 1})),
        (start, json!({"msg": "OK", "code": 200, "_id": 1})),
        (stop.clone(), json!({"msg": "OK", "code": 200, "_id": 2})),
        (
            stop,
            json!({"error": "path was not consumed 'builds/*/*'", "code": 400, "_id": 2}),
        ),
        (
            json!({"cmd": "ping", "_id": "p"}),
            json!({"msg": "pong", "code": 200, "_id": "p"}),
        ),
        (
            json!({"cmd": "ping"}),
            json!({"error": "no '_id' or 'type' in websocket frame", "code": 400, "_id": null}),
        ),
        (
            json!({"cmd": "x", "_id": 3}),
            json!({"error": "no such command type 'x'", "code": 404, "_id": 3}),
        ),
    ] {
        assert_eq!(client.ask(frame).await, answer);
    }
    for number in 0..100 {
        client.start(&format!("builds/{number}/*")).await;
    }
    let over = client
        .ask(json!({"cmd": "startConsuming", "path": "builds/100/*", "_id": 4}))
        .await;
    assert_eq!((&over["code"], &over["_id"]), (&json!(400), &json!(4)), "{over}");
}

#[tokio::test]
async fn an_event_comes_once_for_each_subscription() {
    let scene = Scene::new().await;
    let address = serve(&scene.gateway(Options {
        heartbeat: Duration::from_millis(5),
        ..Options::default()
    }))
    .await;
    let mut client = Client::connect(address).await;
    for path in [
        "builds/*/*",
        "builders/1/builds/*/*",
        "builds/*/*",
        "builds/*",
        "logs/*/append",
    ] {
        client.start(path).await;
    }
    let writer = scene.stage.writer();
    for state in ["one", "two"] {
        writer.set_build_state(scene.build, state).await;
        let mut keys = vec![];
        for _ in 0..2 {
            let frame = client.next().await;
            assert_eq!(frame["m"]["state_string"], state, "{frame}");
            assert!(frame["cursor"].is_i64() && frame["at_us"].is_i64() && frame.get("code").is_none());
            keys.push(frame["k"].clone());
        }
        assert_eq!(keys, ["builds/1/update", "builders/1/builds/1/update"]);
    }
    let stop = json!({"cmd": "stopConsuming", "path": "builds/*/*", "_id": 1});
    assert_eq!(client.ask(stop).await["code"], 200);
    writer.set_build_state(scene.build, "three").await;
    writer.append_log(scene.log, "ofour\n").await;
    // A client of Buildbot sees nothing that Buildbot does not send: no bookmark is in between.
    assert_eq!(client.next().await["k"], "builders/1/builds/1/update");
    let frame = client.next().await;
    assert_eq!(
        (&frame["k"], &frame["m"]["num_lines"]),
        (&json!("logs/1/append"), &json!(4))
    );
}

#[tokio::test]
async fn a_lost_connection_resumes_without_gap_or_duplicate() {
    let scene = Scene::new().await;
    let link = Link::to(serve(&scene.open()).await).await.unwrap();
    let first = scene.stage.api();
    let writer = scene.stage.writer();
    let begun =
        weir_status_api::ReadExt::page(&*first, weir_status_api::Query::<weir_status_api::Build>::new());
    let begun = begun.await.unwrap().cursor.0;
    let writing = async {
        for number in 0..300 {
            writer.set_build_state(scene.build, &number.to_string()).await;
            if number % 50 == 49 {
                link.cut();
            }
            tokio::task::yield_now().await;
        }
    };
    let reading = async {
        let (mut last, mut states) = (begun, vec![]);
        'connect: loop {
            let Ok(mut client) = Client::try_connect(link.address()).await else {
                continue;
            };
            let start = json!({"cmd": "startConsuming", "path": "builds/1/*", "_id": 1, "since": last});
            if client.0.send(Message::text(start.to_string())).await.is_err() {
                continue;
            }
            while let Some(frame) = client.try_next().await {
                last = frame["cursor"].as_i64().unwrap();
                if let Some(state) = frame["m"]["state_string"].as_str() {
                    states.push(state.to_owned());
                }
                if states.len() == 300 {
                    break 'connect states;
                }
            }
        }
    };
    let ((), states) = tokio::join!(writing, reading);
    let expected: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    assert_eq!(states, expected);
}

#[tokio::test]
async fn another_path_can_begin_in_the_past_without_repeating_the_first() {
    let scene = Scene::new().await;
    let mut client = Client::connect(serve(&scene.open()).await).await;
    let writer = scene.stage.writer();
    let start = json!({"cmd": "startConsuming", "path": "logs/*/*", "_id": 1, "bookmarks": true});
    let since = client.ask(start).await["cursor"].as_i64().unwrap();
    writer.set_build_state(scene.build, "one").await;
    writer.append_log(scene.log, "ofour\n").await;
    loop {
        let frame = client.next().await;
        if frame["k"] == "logs/1/append" {
            break;
        }
        assert_eq!(frame["bookmark"], true, "{frame}");
    }
    let start = json!({"cmd": "startConsuming", "path": "builds/*/*", "_id": 2, "since": since});
    client.send(start).await;
    let mut answered = false;
    let mut seen = vec![];
    while seen.len() < 2 {
        let frame = client.next().await;
        match (&frame["_id"], &frame["k"]) {
            (Value::Number(_), _) => {
                assert_eq!(frame["cursor"], since, "{frame}");
                answered = true;
                writer.append_log(scene.log, "ofive\n").await;
            }
            (_, Value::String(key)) if answered => seen.push((key.clone(), frame["m"]["num_lines"].clone())),
            _ => assert_eq!(frame["bookmark"], true, "{frame}"),
        }
    }
    let expected = [("builds/1/update", Value::Null), ("logs/1/append", json!(5))];
    assert_eq!(seen, expected.map(|(key, lines)| (key.to_owned(), lines)));
}

#[tokio::test]
async fn an_expired_cursor_is_an_answer_and_harms_no_other_path() {
    let scene = Scene::new().await;
    let mut client = Client::connect(serve(&scene.open()).await).await;
    client.start("builds/*/*").await;
    scene.stage.writer().expire_events(Cursor(5)).await;
    let start = |since: i64| json!({"cmd": "startConsuming", "path": "logs/*/*", "_id": 7, "since": since});
    let answer = client.ask(start(1)).await;
    assert_eq!(
        (&answer["code"], &answer["oldest"], &answer["_id"]),
        (&json!(410), &json!(5), &json!(7)),
        "{answer}"
    );
    assert_eq!(client.ask(start(1_000_000)).await["code"], 400);
    scene.stage.writer().set_build_state(scene.build, "one").await;
    assert_eq!(client.next().await["k"], "builds/1/update");
}

#[tokio::test]
async fn bookmarks_come_to_those_who_ask() {
    let scene = Scene::new().await;
    let address = serve(&scene.gateway(Options {
        heartbeat: Duration::from_millis(10),
        ..Options::default()
    }))
    .await;
    let mut client = Client::connect(address).await;
    let start = json!({"cmd": "startConsuming", "path": "changes/*/*", "_id": 1, "bookmarks": true});
    let begun = client.ask(start).await["cursor"].as_i64().unwrap();
    scene.stage.writer().set_build_state(scene.build, "one").await;
    let mut cursor = begun;
    while cursor == begun {
        let frame = client.next().await;
        assert_eq!(frame["bookmark"], true, "{frame}");
        cursor = frame["cursor"].as_i64().unwrap();
    }
    assert_eq!(cursor, begun + 1);
}

/// Something that a client may send: whatever it is, it is answered.
fn frames() -> impl Strategy<Value = Message> {
    let value = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z*/]{0,12}".prop_map(Value::from),
        Just(json!("builds/*/*")),
        Just(json!(["builds", {"x": []}])),
    ];
    let name = prop_oneof![
        Just("_id".to_owned()),
        Just("type".to_owned()),
        Just("path".to_owned()),
        Just("since".to_owned()),
        Just("bookmarks".to_owned()),
        "[a-z]{1,5}".prop_map(String::from),
    ];
    let command = prop_oneof![
        Just("startConsuming"),
        Just("stopConsuming"),
        Just("ping"),
        Just("nothing")
    ];
    let object = (command, proptest::collection::btree_map(name, value, 0..5)).prop_map(|(command, rest)| {
        let mut frame = json!(rest);
        frame["cmd"] = json!(command);
        Message::text(frame.to_string())
    });
    prop_oneof![
        6 => object,
        1 => ".{0,40}".prop_map(Message::text),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Message::binary),
        1 => (0..3_000usize).prop_map(|depth| Message::text("[".repeat(depth))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_is_answered() {
    let address = serve(&Scene::new().await.open()).await;
    let runtime = tokio::runtime::Handle::current();
    let tried = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config::with_cases(40));
        runner.run(&proptest::collection::vec(frames(), 1..12), |frames| {
            runtime.block_on(async {
                let mut client = Client::connect(address).await;
                for frame in frames {
                    client.0.send(frame).await.unwrap();
                    loop {
                        let answer = client.next().await;
                        if answer.get("bookmark").is_some() || answer.get("k").is_some() {
                            continue;
                        }
                        let code = answer["code"].as_u64().unwrap_or_default();
                        prop_assert!([200, 400, 404, 410].contains(&code), "{answer}");
                        break;
                    }
                }
                let pong = client.ask(json!({"cmd": "ping", "_id": 1})).await;
                prop_assert!(pong["msg"] == "pong" || pong.get("k").is_some(), "{pong}");
                Ok(())
            })
        })
    });
    tried.await.unwrap().unwrap();
}
