//! A webhook with its runner and bookmarks in files: what is delivered when things go wrong.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use weir_listeners::{FileBookmarks, Outlet, Webhook, WebhookOptions};
use weir_status_api::{Cursor, Event, Runner, RunnerOptions, Start};
use weir_testbed::eventually;

use crate::support::{Events, Server, build_finished};

/// Runs a webhook `chat` from the first event on.
fn run(url: String, events: &Arc<Events>, folder: &Path) -> JoinHandle<()> {
    let webhook = Webhook::new("chat".to_owned(), WebhookOptions::to(url), &Outlet::open()).unwrap();
    let options = RunnerOptions {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        at_once: 1,
        start: Start::After(Cursor::ZERO),
        ..RunnerOptions::default()
    };
    let bookmarks = Arc::new(FileBookmarks::open(folder).unwrap());
    let runner = Runner::new(Arc::new(webhook), events.clone(), bookmarks, options);
    tokio::spawn(async move { runner.run().await })
}

/// Ends a runner, and waits until it has let go of its folder.
async fn end(runner: JoinHandle<()>) {
    runner.abort();
    assert!(runner.await.unwrap_err().is_cancelled());
}

/// Waits until the bookmark of `chat` is at `cursor`.
async fn bookmark_at(folder: &Path, cursor: i64) {
    let path = folder.join("chat.cursor");
    let what = format!("the bookmark is at {cursor}");
    eventually(&what, Duration::from_secs(10), async || {
        std::fs::read_to_string(&path).unwrap_or_default().trim() == cursor.to_string()
    })
    .await;
}

#[tokio::test]
async fn what_the_server_cannot_take_now_is_delivered_again_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start([503, 429, 200]).await;
    let events = Events::new();
    events.add(build_finished(1));
    // Of the same build.
    events.add(Event {
        cursor: Cursor(2),
        ..build_finished(1)
    });
    let runner = run(server.url(), &events, folder.path());
    for expected in ["chat-1", "chat-1", "chat-1", "chat-2"] {
        assert_eq!(server.delivery().await, expected);
    }
    bookmark_at(folder.path(), 2).await;
    assert!(!folder.path().join("chat.parked.jsonl").exists());
    end(runner).await;
}

#[tokio::test]
async fn what_the_server_refuses_is_parked_and_the_next_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start([400, 200]).await;
    let events = Events::new();
    events.add(build_finished(1));
    events.add(build_finished(2));
    let runner = run(server.url(), &events, folder.path());
    assert_eq!(server.delivery().await, "chat-1");
    assert_eq!(server.delivery().await, "chat-2");
    bookmark_at(folder.path(), 2).await;
    let parked = std::fs::read_to_string(folder.path().join("chat.parked.jsonl")).unwrap();
    let parked: Vec<serde_json::Value> = parked
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0]["cursor"], 1);
    assert_eq!(parked[0]["topics"][0], "builds/1/finished");
    assert_eq!(parked[0]["why"], "the answer is 400 Bad Request: said 400");
    let event = serde_json::to_value(build_finished(1)).unwrap();
    assert_eq!(parked[0]["event"], event);
    end(runner).await;
}

#[tokio::test]
async fn a_restart_goes_on_after_the_last_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start([]).await;
    let events = Events::new();
    events.add(build_finished(1));
    events.add(build_finished(2));
    let first = run(server.url(), &events, folder.path());
    assert_eq!(server.delivery().await, "chat-1");
    assert_eq!(server.delivery().await, "chat-2");
    bookmark_at(folder.path(), 2).await;
    end(first).await;
    events.add(build_finished(3));
    let second = run(server.url(), &events, folder.path());
    assert_eq!(server.delivery().await, "chat-3");
    end(second).await;
}
