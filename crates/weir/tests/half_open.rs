//! Clients that say nothing, half of something, or take an answer slowly, and questions for far too much: each waits
//! alone, and the rest is served as before.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::time::{Duration, Instant};

use site::Site;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONFIG: &str = r#"
workers = [worker(name = "w1", token_file = "w1.token")]
# Enough for an answer that no socket holds.
[builder(name = "b%d" % number, description = "x" * 2000, workers = workers,
    steps = [shell(name = "work", command = "true")]) for number in range(2500)]
"#;

/// How long an answer may take on a busy machine while others hold connections.
const QUICK: Duration = Duration::from_secs(10);

async fn connect(site: &Site) -> TcpStream {
    TcpStream::connect(site.url.trim_start_matches("http://"))
        .await
        .unwrap()
}

/// The answer to a request on a connection of its own.
async fn get(site: &Site, path: &str) -> String {
    let mut stream = connect(site).await;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(QUICK, read)
        .await
        .expect("an answer comes")
        .unwrap();
    answer
}

async fn is_served(site: &Site) {
    let begun = Instant::now();
    for path in ["/api/v2/builders/1", "/api/v2/masters", "/health"] {
        let answer = get(site, path).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer:.200}");
    }
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
}

/// Memory of the master that belongs to it alone, in KiB.
fn memory(site: &Site) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.master.id().unwrap())).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hold_connections_harm_nobody() {
    let site = Site::start(CONFIG).await;
    is_served(&site).await;
    let before = memory(&site);
    let mut held = vec![];
    for number in 0..600 {
        let mut stream = connect(&site).await;
        match number % 3 {
            0 => {}
            1 => stream
                .write_all(b"GET /api/v2/builders HTTP/1.1\r\nHost: loc")
                .await
                .unwrap(),
            // The first bytes of HTTP/2.
            _ => stream.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap(),
        }
        held.push(stream);
    }
    is_served(&site).await;
    let each = memory(&site).saturating_sub(before) / 600;
    assert!(each < 64, "{each} KiB for each connection");

    // Each asks for another large answer, so that none is shared, and takes a few bytes of it.
    let mut slow = vec![];
    for number in 0..40 {
        let mut stream = connect(&site).await;
        let path = format!("/api/v2/builders?builderid__gt={number}");
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let mut taken = 0;
    for stream in &mut slow {
        let mut byte = [0; 12];
        if let Ok(Ok(_)) = tokio::time::timeout(QUICK, stream.read_exact(&mut byte)).await {
            taken += usize::from(&byte == b"HTTP/1.1 200");
        }
    }
    assert!(taken > 0, "some get what they ask for");
    assert!(
        taken < slow.len(),
        "and the rest is refused: all together they would hold 200 MB"
    );
    is_served(&site).await;
    assert!(
        memory(&site) < before + 250 * 1024,
        "{} KiB, {before} before",
        memory(&site)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_for_millions_of_rows_has_a_bounded_answer() {
    let site = Site::start(CONFIG).await;
    for limit in ["10000000", "18446744073709551615"] {
        let answer = get(&site, &format!("/api/v2/builders?limit={limit}&field=builderid")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.200}");
        assert!(answer.contains(r#""total":2500"#), "{answer:.200}");
        let refused = get(&site, &format!("/api/v2/builders?limit={limit}0&offset=-1")).await;
        assert!(refused.starts_with("HTTP/1.1 400"), "{refused:.200}");
    }
}
