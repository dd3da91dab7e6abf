//! Streams that nobody reads, and streams that begin where nothing is kept any more: each harms itself alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::sync::Arc;

use futures::StreamExt;
use site::{SOON, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_status_api::{Cursor, Entity, Error, EventStream, Signal, Start, SystemClock, TopicFilter, Watch};
use weir_status_db::{Database, Options, Store, Transition};

const CONFIG: &str = r#"
master(anonymous_control = True)
worker(name = "w1", token_file = "w1.token")
builder(name = "idle", workers = ["w1"], steps = [shell(name = "true", command = "true")])
force(name = "force", builders = ["idle"])
"#;

/// Streams of each kind that are left unread.
const UNREAD: usize = 30;
/// Forces, and how many bytes each has: all together far more than sockets hold.
const FORCES: usize = 200;
const BYTES: usize = 32 * 1024;
/// What a mark begins with; its number follows.
const MARK: &str = "force number ";

async fn force(site: &Site, number: usize) {
    let reason = format!("{MARK}{number:05} {}", "x".repeat(BYTES));
    let params = serde_json::json!({"reason": reason});
    let body =
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "force", "params": params}).to_string();
    let length = body.len();
    let request = format!(
        "POST /api/v2/forceschedulers/force HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let answer = site.ask(&request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.300}");
}

/// A stream after `head`, of which is read until `begun` is in it.
async fn stream(site: &Site, head: &str, first: &[u8], begun: &str) -> TcpStream {
    let mut stream = site.plain().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(first).await.unwrap();
    let mut read = String::new();
    while !read.contains(begun) {
        let mut bytes = [0; 1024];
        let count = tokio::time::timeout(SOON, stream.read(&mut bytes))
            .await
            .expect("it begins")
            .unwrap();
        assert!(count > 0, "it ended: {read}");
        read.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    stream
}

async fn server_sent_events(site: &Site, query: &str) -> TcpStream {
    let head = format!("GET /sse/buildsets/*/new{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream(site, &head, b"", "event: ").await
}

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A short text as a client's frame, masked by zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126, "it would need a longer head");
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

async fn web_socket(site: &Site) -> TcpStream {
    let start = frame(r#"{"cmd":"startConsuming","path":"buildsets/*/new","_id":1}"#);
    stream(site, UPGRADE, &start, r#""msg":"OK""#).await
}

async fn grpc(site: &Site) -> EventStream {
    let topics = TopicFilter::parse("buildsets/*/new").unwrap();
    site.api().watch(topics, Start::Now).await.unwrap()
}

/// The marks in what is read, until the last one.
async fn marks(mut stream: TcpStream) -> Vec<usize> {
    let (mut read, mut seen) = (vec![], vec![]);
    let mut bytes = vec![0; 1 << 16];
    while seen.last() != Some(&FORCES) {
        let count = tokio::time::timeout(SOON, stream.read(&mut bytes))
            .await
            .expect("it goes on")
            .unwrap();
        assert!(count > 0, "it ended after {seen:?}");
        read.extend_from_slice(&bytes[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let mut rest = text.as_str();
        while let Some(place) = rest
            .find(MARK)
            .filter(|place| rest.len() >= place + MARK.len() + 6)
        {
            rest = &rest[place + MARK.len()..];
            seen.push(rest[..5].parse().unwrap());
        }
        // What is left may hold the beginning of a mark.
        read = rest.as_bytes()[rest.len().saturating_sub(MARK.len() + 6)..].to_vec();
    }
    seen
}

async fn marks_of(mut events: EventStream) -> Vec<usize> {
    let mut seen = vec![];
    while seen.last() != Some(&FORCES) {
        let signal = tokio::time::timeout(SOON, events.next())
            .await
            .expect("it goes on");
        let Signal::Event(event) = signal.unwrap().unwrap() else {
            continue;
        };
        let Entity::Buildset(buildset) = &event.entity else {
            panic!("{event:?}")
        };
        let mark = buildset.reason.find(MARK).unwrap() + MARK.len();
        seen.push(buildset.reason[mark..][..5].parse().unwrap());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_nobody_reads_cost_little_and_lose_nothing() {
    let site = Site::start(CONFIG).await;
    let (mut events, mut sockets, mut watches) = (vec![], vec![], vec![]);
    for _ in 0..UNREAD {
        events.push(server_sent_events(&site, "").await);
        sockets.push(web_socket(&site).await);
        watches.push(grpc(&site).await);
    }
    let reader = tokio::spawn(marks_of(grpc(&site).await));
    let before = site.memory();
    for number in 1..=FORCES {
        force(&site, number).await;
    }
    let all: Vec<usize> = (1..=FORCES).collect();
    assert_eq!(reader.await.unwrap(), all, "who reads is told at once");
    site.is_served().await;
    let more = site.memory().saturating_sub(before) / 1024;
    let unread = 3 * UNREAD * FORCES * BYTES / (1 << 20);
    assert!(more < 150, "{more} MiB more; {unread} MiB are unread");
    // Whoever reads at last gets everything, from the store.
    let late = async { (marks(events.remove(0)).await, marks(sockets.remove(0)).await) };
    assert_eq!(late.await, (all.clone(), all.clone()));
    assert_eq!(marks_of(watches.remove(0)).await, all);
}

/// Has the stopped master forget what happened so far, and gives the cursor from which a watch can start.
async fn expire(site: &Site) -> Cursor {
    let options = Options {
        database: Database::Sqlite,
        data_dir: site.path("data"),
        clock: Arc::new(SystemClock),
    };
    let store = Store::open(options).await.unwrap();
    store
        .apply(Transition::ExpireEvents(store.newest()))
        .await
        .unwrap();
    let topics = TopicFilter::all();
    let start = Start::After(Cursor::ZERO);
    let error = match store.watch(topics, start).await {
        Err(error) => error,
        Ok(mut events) => events.next().await.unwrap().unwrap_err(),
    };
    store.close().await;
    match error {
        Error::CursorExpired { oldest } => oldest,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_from_what_is_forgotten_is_told_so_and_others_go_on() {
    let mut site = Site::start(CONFIG).await;
    site.master.terminate();
    site.master.ended(SOON).await;
    let oldest = expire(&site).await;
    site.restart().await;
    let mut other = grpc(&site).await;

    let gone = format!(r#""oldest":{oldest}"#);
    let answer = site.get("/sse/buildsets/*/new?since=0").await;
    assert!(answer.starts_with("HTTP/1.1 410"), "{answer}");
    assert!(answer.contains(&gone), "{answer}");
    let head = "GET /sse/buildsets/*/new HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\nConnection: close\r\n\r\n";
    let answer = site.ask(head).await;
    assert!(answer.starts_with("HTTP/1.1 410"), "{answer}");

    let start = frame(r#"{"cmd":"startConsuming","path":"buildsets/*/new","_id":1,"since":0}"#);
    let mut socket = stream(&site, UPGRADE, &start, &gone).await;
    // The same connection takes other commands.
    socket
        .write_all(&frame(r#"{"cmd":"ping","_id":2}"#))
        .await
        .unwrap();
    let mut answer = [0; 256];
    let count = tokio::time::timeout(SOON, socket.read(&mut answer))
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&answer[..count.unwrap()]).contains("pong"));

    let topics = TopicFilter::parse("buildsets/*/new").unwrap();
    let begun = site.api().watch(topics, Start::After(Cursor::ZERO)).await;
    let error = match begun {
        Err(error) => error,
        Ok(mut events) => tokio::time::timeout(SOON, events.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap_err(),
    };
    assert_eq!(error, Error::CursorExpired { oldest });

    // What the error names is where one can begin; and who was there before goes on.
    let topics = TopicFilter::parse("buildsets/*/new").unwrap();
    let mut again = site.api().watch(topics, Start::After(oldest)).await.unwrap();
    force(&site, 1).await;
    for events in [&mut other, &mut again] {
        let event = async {
            loop {
                if let Signal::Event(event) = events.next().await.unwrap().unwrap() {
                    break event;
                }
            }
        };
        let event = tokio::time::timeout(SOON, event).await.expect("the event comes");
        assert!(matches!(event.entity, Entity::Buildset(_)), "{event:?}");
    }
}
