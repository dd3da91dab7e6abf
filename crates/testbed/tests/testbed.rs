//! That what the tests of all other crates rely on does what it says.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use weir_testbed::{GitRepository, Link, Postgres, Process, eventually};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn eventually_waits_and_names_what_did_not_come() {
    let mut left = 3;
    let found = eventually("the third check", SOON, async || {
        left -= 1;
        (left == 0).then_some("here")
    });
    assert_eq!(found.await, "here");
    let never = tokio::spawn(eventually("the moon", Duration::from_millis(20), async || false));
    let message = *never
        .await
        .unwrap_err()
        .into_panic()
        .downcast::<String>()
        .unwrap();
    assert!(message.contains("the moon"), "{message}");
}

/// A server that sends back what it gets.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await.ok();
            });
        }
    });
    address
}

async fn echoes(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 4];
    stream.write_all(b"ping").await.is_ok()
        && stream.read_exact(&mut answer).await.is_ok()
        && &answer == b"ping"
}

#[tokio::test]
async fn a_link_forwards_is_cut_refuses_and_heals() {
    let link = Link::to(echo().await).await.unwrap();
    let mut first = TcpStream::connect(link.address()).await.unwrap();
    assert!(echoes(&mut first).await);
    assert_eq!(link.bytes(), 8);

    link.cut();
    let error = first.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let mut second = TcpStream::connect(link.address()).await.unwrap();
    assert!(echoes(&mut second).await, "a cut link takes new connections");

    link.refuse();
    assert!(!echoes(&mut second).await);
    let mut third = TcpStream::connect(link.address()).await.unwrap();
    assert!(!echoes(&mut third).await, "a refusing link takes nothing");

    link.heal();
    let mut fourth = TcpStream::connect(link.address()).await.unwrap();
    assert!(echoes(&mut fourth).await);
}

#[tokio::test]
async fn a_dropped_link_resets_its_connections() {
    let link = Link::to(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(link.address()).await.unwrap();
    assert!(echoes(&mut stream).await);
    drop(link);
    assert!(stream.read(&mut [0; 1]).await.is_err());
}

#[tokio::test]
async fn a_process_is_heard_and_ended() {
    let script = "echo ready; echo no >&2; exec sleep 1000";
    let mut process = Process::start("sh", ["-c", script]);
    assert_eq!(process.line(SOON, |line| line.starts_with("rea")).await, "ready");
    process.line(SOON, |line| line == "no").await;
    process.terminate();
    assert!(!process.ended(SOON).await.success());
    assert_eq!(process.id(), None);
}

#[tokio::test]
async fn a_process_that_ends_early_shows_what_it_said() {
    let task = tokio::spawn(async {
        let mut process = Process::start("sh", ["-c", "echo it hurts >&2; exit 3"]);
        process.line(SOON, |line| line == "ready").await
    });
    let message = *task.await.unwrap_err().into_panic().downcast::<String>().unwrap();
    assert!(message.contains("it hurts") && message.contains('3'), "{message}");
}

#[test]
fn a_git_repository_has_authors_and_branches() {
    let dir = tempfile::tempdir().unwrap();
    let repository = GitRepository::new(dir.path().join("source"));
    let first = repository.commit("Ada <ada@example.org>", &[("src/a.c", "int a;\n")], "Add a");
    repository.switch("topic");
    let second = repository.commit("Eva <eva@example.org>", &[("b.c", "int b;\n")], "Add b");
    assert_ne!(first, second);
    let log = repository.git(&["log", "--format=%an %s", "main..topic"]);
    assert_eq!(log, "Eva Add b");
    repository.switch("main");
    assert_eq!(repository.git(&["rev-parse", "HEAD"]), first);
}

fn psql(url: &str, sql: &str) -> String {
    let output = Command::new("psql")
        .args([
            url,
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn postgres_gives_databases_and_goes_even_in_a_panic() {
    let server = Postgres::start().unwrap();
    let (one, two) = (server.url(), server.url());
    psql(&one, "create table only_here (id int)");
    let tables = "select count(*) from information_schema.tables where table_name = 'only_here'";
    assert_eq!(
        (psql(&one, tables), psql(&two, tables)),
        ("1".to_owned(), "0".to_owned())
    );
    assert_eq!(psql(&one, "show fsync"), "off");

    let data = psql(&one, "show data_directory");
    assert!(std::path::Path::new(&data).exists());
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let _server = server;
        std::panic::resume_unwind(Box::new("the test failed"));
    }));
    assert!(panicked.is_err());
    assert!(!std::path::Path::new(&data).exists());
    let gone = Command::new("psql")
        .args([&one, "--command", "select 1"])
        .output()
        .unwrap();
    assert!(!gone.status.success());
}
