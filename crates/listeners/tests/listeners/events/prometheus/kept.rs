//! What was counted is kept, and counted on from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weir_listeners::{FileBookmarks, Outlet, Prometheus, PrometheusOptions};
use weir_status_api::{Bookmarks, Builder, Cursor, Desk, Event, Listener as _, Place, Results, Verb};

use super::super::world::{World, build, builder, ended, printing, step};
use super::{Running, has, served};

#[tokio::test]
async fn no_event_counts_twice_and_none_is_missed_over_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let first = Running::start(served(), &Outlet::open(), &world, folder.path());
    first.told().await;
    let end = |id| world.tell(Verb::Finished, ended(build(id), Results::Success));
    let mut events = vec![];
    for id in 1..=3 {
        world.tell(Verb::Started, build(id));
        events.push(end(id));
        first.tell(&world, &events[events.len() - 1]).await;
    }
    let builds = |count| format!("weir_builds_total{{builder=\"tests\",results=\"success\"}} {count}");
    has(&first.told().await, &[&builds(3)]);
    // Nothing of that is kept yet.
    first.kill().await;
    events.push(end(4));
    let second = Running::start(served(), &Outlet::open(), &world, folder.path());
    has(&second.told().await, &[&builds(4)]);
    for event in &events {
        second.tell(&world, event).await;
    }
    has(&second.told().await, &[&builds(4)]);
    second.tell(&world, &end(5)).await;
    has(&second.told().await, &[&builds(5)]);
    second.kill().await;
    // What was kept is gone on with though its events are no longer kept.
    world.forget_events(Cursor(7));
    let third = Running::start(served(), &Outlet::open(), &world, folder.path());
    has(&third.told().await, &[&builds(5)]);
    third.kill().await;
}

#[tokio::test]
async fn steps_count_for_their_builder_again_though_their_build_has_ended_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.tell(Verb::Started, build(1));
    let first = Running::start(served(), &Outlet::open(), &world, folder.path());
    first.told().await;
    for number in 0..2 {
        let event = world.tell(Verb::Finished, step(1, number, "test", Results::Success));
        first.tell(&world, &event).await;
    }
    let steps = "weir_steps_total{builder=\"tests\",results=\"success\"} 2";
    has(&first.told().await, &[steps]);
    first.kill().await;
    world.tell(Verb::Finished, ended(build(1), Results::Success));
    let second = Running::start(served(), &Outlet::open(), &world, folder.path());
    let running = "weir_builds_running{builder=\"tests\"} 0";
    has(&second.told().await, &[steps, running]);
    second.kill().await;
}

#[tokio::test]
async fn builds_count_for_their_builder_though_it_is_no_longer_configured() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let first = Running::start(served(), &Outlet::open(), &world, folder.path());
    first.told().await;
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    first.tell(&world, &event).await;
    let builds = "weir_builds_total{builder=\"tests\",results=\"success\"} 1";
    has(&first.told().await, &[builds]);
    first.kill().await;
    let gone = Builder {
        masters: vec![],
        ..builder(1, "tests")
    };
    world.tell(Verb::Update, gone);
    let second = Running::start(served(), &Outlet::open(), &world, folder.path());
    let text = second.told().await;
    has(&text, &[builds]);
    assert!(!text.contains("weir_builds_running{"), "{text}");
    second.kill().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_is_kept_every_half_minute() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let (outlet, _) = printing();
    let running = Running::start(served(), &outlet, &world, folder.path());
    for id in 1..=2 {
        let event = world.tell(Verb::Finished, ended(build(id), Results::Success));
        running.tell(&world, &event).await;
        tokio::time::sleep(Duration::from_secs(31)).await;
    }
    running.kill().await;
    let bookmarks = FileBookmarks::open(folder.path()).unwrap();
    let kept = bookmarks.state("metrics").await.unwrap().unwrap();
    assert_eq!(kept["cursor"], 2, "{kept}");
}

#[tokio::test]
async fn where_events_were_lost_it_counts_on() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let first = Running::start(served(), &Outlet::open(), &world, folder.path());
    first.told().await;
    first.kill().await;
    for id in 1..=4 {
        world.tell(Verb::Finished, ended(build(id), Results::Success));
    }
    world.forget_events(Cursor(3));
    let second = Running::start(served(), &Outlet::open(), &world, folder.path());
    let text = second.told().await;
    has(
        &text,
        &["weir_builds_total{builder=\"tests\",results=\"success\"} 1"],
    );
    second.kill().await;
    // A history that was made anew begins at another place.
    let world = World::new();
    let third = Running::start(served(), &Outlet::open(), &world, folder.path());
    third.told().await;
    let end = world.tell(Verb::Finished, ended(build(9), Results::Success));
    third.tell(&world, &end).await;
    has(
        &third.told().await,
        &["weir_builds_total{builder=\"tests\",results=\"success\"} 2"],
    );
}

#[tokio::test]
async fn histograms_of_other_buckets_begin_anew_and_counters_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let first = Running::start(served(), &Outlet::open(), &world, folder.path());
    first.told().await;
    first.kill().await;
    world.tell(Verb::Finished, ended(build(1), Results::Success));
    let second = Running::start(served(), &Outlet::open(), &world, folder.path());
    second.told().await;
    second.kill().await;
    let other = PrometheusOptions {
        buckets: vec![5.0, 50.0],
        ..served()
    };
    let third = Running::start(other, &Outlet::open(), &world, folder.path());
    let text = third.told().await;
    has(
        &text,
        &["weir_builds_total{builder=\"tests\",results=\"success\"} 1"],
    );
    assert!(!text.contains("weir_build_duration_seconds_bucket"), "{text}");
    let end = world.tell(Verb::Finished, ended(build(2), Results::Success));
    third.tell(&world, &end).await;
    has(
        &third.told().await,
        &["weir_build_duration_seconds_bucket{builder=\"tests\",le=\"50\"} 0"],
    );
}

#[tokio::test]
async fn before_it_knows_what_was_counted_an_event_has_to_wait() {
    tokio::time::pause();
    let world = World::new();
    let metrics = Prometheus::new("metrics".to_owned(), served(), &Outlet::open()).unwrap();
    let event = world.tell(Verb::Started, build(1));
    let answer = metrics.on_event(&event, world.as_ref()).await;
    assert!(
        matches!(answer, Err(weir_status_api::ListenerError::Later(_))),
        "{answer:?}"
    );
    assert_eq!(metrics.exposition(), None);
}

#[tokio::test]
async fn counts_that_cannot_be_read_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let bookmarks = FileBookmarks::open(folder.path()).unwrap();
    let nonsense = serde_json::json!({"cursor": "x"});
    bookmarks.keep_state("metrics", &nonsense).await.unwrap();
    drop(bookmarks);
    let running = Running::start(served(), &Outlet::open(), &world, folder.path());
    has(&running.told().await, &["weir_event_cursor 0"]);
}

/// Bookmarks that keep nothing.
struct Forgetful;

#[async_trait]
impl Bookmarks for Forgetful {
    async fn load(&self, _: &str) -> weir_status_api::Result<Option<Place>> {
        Ok(None)
    }

    async fn save(&self, _: &str, _: &Place) -> weir_status_api::Result<()> {
        Ok(())
    }

    async fn park(&self, _: &str, _: &Event, _: &str) -> weir_status_api::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn where_nothing_can_be_kept_it_counts_all_the_same() {
    let world = World::new();
    let metrics = Arc::new(Prometheus::new("metrics".to_owned(), served(), &Outlet::open()).unwrap());
    let desk = Desk::new("metrics", Arc::clone(&world) as _, Arc::new(Forgetful));
    let attending = Arc::clone(&metrics);
    let task = tokio::spawn(async move { attending.attend(desk).await });
    let running = Running { metrics, task };
    has(&running.told().await, &["weir_event_cursor 0"]);
    running.kill().await;
}
