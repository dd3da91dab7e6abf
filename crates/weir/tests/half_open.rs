//! Clients that say nothing, half of something, or take an answer slowly, and questions for far too much: each waits
//! alone, and the rest is served as before.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use site::Site;
use site::plain::QUICK;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use weir_status_api::{Builder, Query, ReadExt};

const CONFIG: &str = r#"
workers = [worker(name = "w1", token_file = "w1.token")]
# Enough for an answer that no socket holds.
[builder(name = "b%d" % number, description = "x" * 2000, workers = workers,
    steps = [shell(name = "work", command = "true")]) for number in range(2500)]
"#;

/// So many connections as can be had by this process, `wanted` at the most.
fn room_for(wanted: u64) -> u64 {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let room = wanted.min(hard.saturating_sub(200));
    assert!(room >= 600, "only {hard} files may be open at once");
    room
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hold_connections_harm_nobody() {
    let connections = room_for(10_000);
    let site = Site::start(CONFIG).await;
    site.is_served().await;
    let before = site.memory();
    let mut held = vec![];
    for number in 0..connections {
        let mut stream = site.plain().await;
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
    site.is_served().await;
    let holding = site.memory();
    let each = holding.saturating_sub(before) / connections;
    assert!(each < 16, "{each} KiB for each connection");

    // Each asks for another large answer, so that none is shared, and takes a few bytes of it.
    let mut slow = vec![];
    for number in 0..40 {
        let mut stream = site.plain().await;
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
    site.is_served().await;
    assert!(
        site.memory() < holding + 250 * 1024,
        "{} KiB, {holding} before",
        site.memory()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_for_millions_of_rows_has_a_bounded_answer() {
    let site = Site::start(CONFIG).await;
    for limit in ["10000000", "18446744073709551615"] {
        let answer = site
            .get(&format!("/api/v2/builders?limit={limit}&field=builderid"))
            .await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.200}");
        assert!(answer.contains(r#""total":2500"#), "{answer:.200}");
        let refused = site
            .get(&format!("/api/v2/builders?limit={limit}0&offset=-1"))
            .await;
        assert!(refused.starts_with("HTTP/1.1 400"), "{refused:.200}");
    }
    let builders = Query::<Builder>::new().limit(10_000_000);
    let page = tokio::time::timeout(QUICK, site.api().page(builders)).await;
    assert_eq!(page.expect("an answer comes").unwrap().items.len(), 2500);
}
