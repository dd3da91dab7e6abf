//! Cases: watches.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::time::timeout;

use super::bustle::bustle;
use super::check::{
    Collected, DEADLINE, events_until, filter, must_be_dense, newest, next_event, next_signal, refusal, watch,
};
use super::scene::Scene;
use super::stage::{SetupIds, Stage, Writer};
use super::story::{Story, setup};
use super::world::World;
use crate::{Cursor, Error, Event, EventStream, Signal, Start, StatusApi, TopicFilter};

/// Runs writers, and tells the cursor after their last event.
async fn write_and_tell(stage: &dyn Stage, ids: &SetupIds, rounds: usize, end: &Sender<Option<Cursor>>) {
    bustle(stage.writer(), ids, 4, rounds).await;
    end.send_replace(Some(newest(&*stage.api()).await));
}

/// Collects until the cursor that will be told.
pub(super) async fn collect(
    stream: &mut EventStream,
    from: Cursor,
    end: &mut Receiver<Option<Cursor>>,
) -> Collected {
    let mut collected = Collected::after(from);
    loop {
        let known = *end.borrow_and_update();
        if let Some(until) = known {
            while collected.cursor < until {
                collected.take(next_signal(stream).await);
            }
            return collected;
        }
        tokio::select! {
            signal = next_signal(stream) => collected.take(signal),
            changed = end.changed() => changed.expect("the writers tell when they end"),
        }
    }
}

/// Reads in the middle of everything, watches from there, and gives the state at the end.
async fn read_then_watch(api: Arc<dyn StatusApi>, skip: usize, mut end: Receiver<Option<Cursor>>) -> World {
    let all = TopicFilter::all();
    let mut early = watch(&*api, &all, Start::After(Cursor::ZERO)).await;
    for _ in 0..skip {
        next_event(&mut early).await;
    }
    drop(early);
    // A read of many lists is of many moments; from the first one's cursor on, events set it right.
    let from = newest(&*api).await;
    let (mut world, _) = World::read(&*api).await;
    let mut stream = watch(&*api, &all, Start::After(from)).await;
    let collected = collect(&mut stream, from, &mut end).await;
    must_be_dense(&collected.events, from, collected.cursor);
    collected.events.iter().for_each(|event| world.apply(event));
    world
}

pub(super) async fn no_gap_and_no_duplicate_while_writers_run(stage: &dyn Stage) {
    let scene = Scene::new(stage, setup()).await;
    let (tell, end) = channel(None);
    let readers = (0..8).map(|number| read_then_watch(stage.api(), number * 25, end.clone()));
    let (worlds, ()) = tokio::join!(join_all(readers), write_and_tell(stage, &scene.ids, 6, &tell));
    let (read, _) = World::read(&*scene.api).await;
    for world in worlds {
        world.must_equal("a read and the events after its cursor", &read, "the last read");
    }
}

/// Filters of many shapes, made for a scene.
fn filters(scene: &Scene<'_>) -> Vec<TopicFilter> {
    let builder = scene.builder(super::story::LINUX);
    let worker = scene.worker("w1");
    vec![
        TopicFilter::all(),
        filter(&["builds/*/*"]),
        filter(&["builds/*/finished"]),
        filter(&["builds/*/new", "builds/*/finished", "buildrequests/*/complete"]),
        filter(&[&format!("builders/{builder}/builds/*/*")]),
        filter(&[&format!("workers/{worker}/builds/*/new")]),
        // An event that several patterns match comes once.
        filter(&[
            "builds/*/*",
            "builders/*/builds/*/*",
            "workers/*/builds/*/*",
            "**",
        ]),
        filter(&["*/*/*"]),
        filter(&["steps/*/logs/*/append", "logs/*/finished"]),
        filter(&["builds/*/properties/*"]),
        filter(&["builds/*"]),
        filter(&["changes/*/new"]),
        filter(&["control/**"]),
        filter(&["buildsets/*/builders/*/buildrequests/*/*"]),
    ]
}

pub(super) async fn many_watchers_with_many_filters(stage: &dyn Stage) {
    let scene = Scene::new(stage, setup()).await;
    let from = newest(&*scene.api).await;
    let filters = filters(&scene);
    let (tell, end) = channel(None);
    let watchers = (0..42).map(|number| {
        let (api, mut end) = (stage.api(), end.clone());
        let filter = filters[number % filters.len()].clone();
        async move {
            let mut stream = watch(&*api, &filter, Start::After(from)).await;
            (filter, collect(&mut stream, from, &mut end).await)
        }
    });
    let (watched, ()) = tokio::join!(join_all(watchers), write_and_tell(stage, &scene.ids, 4, &tell));
    let until = newest(&*scene.api).await;
    let mut stream = watch(&*scene.api, &TopicFilter::all(), Start::After(from)).await;
    let all = events_until(&mut stream, from, until).await;
    must_be_dense(&all, from, until);
    for (filter, collected) in watched {
        let expected: Vec<&Arc<Event>> = all
            .iter()
            .filter(|event| filter.matching(event).is_some())
            .collect();
        let got: Vec<&Arc<Event>> = collected.events.iter().collect();
        assert_eq!(
            got, expected,
            "the events of {filter:?} (left) are not those that match (right)"
        );
    }
}

/// One event, which disables the scheduler `nightly`.
async fn one_event(scene: &Scene<'_>, enabled: bool) {
    scene
        .writer
        .enable_scheduler(scene.ids.schedulers["nightly"], enabled)
        .await;
}

pub(super) async fn now_is_now(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    for round in 0..10 {
        let before = newest(&*scene.api).await;
        let mut all = watch(&*scene.api, &TopicFilter::all(), Start::Now).await;
        let mut some = watch(&*scene.api, &filter(&["schedulers/*/updated"]), Start::Now).await;
        one_event(&scene, round % 2 == 0).await;
        let first = Cursor(before.0 + 1);
        assert_eq!(
            next_event(&mut all).await.cursor,
            first,
            "a watch from now begins with the next event"
        );
        assert_eq!(
            next_event(&mut some).await.cursor,
            first,
            "a watch from now begins with the next event"
        );
    }
}

pub(super) async fn idle_watchers_get_bookmarks(stage: &dyn Stage) {
    let scene = Scene::new(stage, setup()).await;
    let before = newest(&*scene.api).await;
    let mut idle = watch(&*scene.api, &filter(&["changes/*/new"]), Start::Now).await;
    match next_signal(&mut idle).await {
        Signal::Bookmark(cursor) => assert_eq!(cursor, before, "a watch that has all tells so by a bookmark"),
        Signal::Event(event) => panic!("event {event:?} does not match the filter"),
    }
    bustle(stage.writer(), &scene.ids, 2, 1).await;
    let until = newest(&*scene.api).await;
    let mut reached = Cursor::ZERO;
    while reached < until {
        match next_signal(&mut idle).await {
            Signal::Bookmark(cursor) => reached = cursor,
            Signal::Event(event) => panic!("event {event:?} does not match the filter"),
        }
    }
    assert!(
        reached <= newest(&*scene.api).await,
        "a bookmark is not of the future"
    );
    let mut resumed = watch(&*scene.api, &TopicFilter::all(), Start::After(reached)).await;
    one_event(&scene, false).await;
    assert_eq!(
        next_event(&mut resumed).await.cursor,
        Cursor(reached.0 + 1),
        "a watch resumes from a bookmark"
    );
}

/// Events of some size, several writers at once, until there are more than buffers hold.
async fn write_much(writer: &dyn Writer, story: &Story<'_>) {
    let text = "x".repeat(6000);
    let writes = (0..8).map(async |number| {
        for round in 0..60 {
            let state = format!("{number} {round} {text}");
            writer.set_build_state(story.running, &state).await;
        }
    });
    join_all(writes).await;
}

pub(super) async fn a_slow_reader_loses_nothing_and_blocks_nobody(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let api = &*story.scene.api;
    let from = newest(api).await;
    let all = TopicFilter::all();
    let mut slow = watch(api, &all, Start::After(from)).await;
    let mut quick = watch(api, &all, Start::After(from)).await;
    let wrote = timeout(DEADLINE, write_much(stage.writer(), &story)).await;
    assert!(wrote.is_ok(), "a reader that does not read stops the writers");
    let until = newest(api).await;
    let events = events_until(&mut quick, from, until).await;
    must_be_dense(&events, from, until);
    let late = events_until(&mut slow, from, until).await;
    must_be_dense(&late, from, until);
    assert_eq!(late, events, "a slow reader gets what a quick one got");
}

pub(super) async fn expired_cursors_are_told(stage: &dyn Stage) {
    if !stage.abilities().expire_events {
        return;
    }
    let scene = Scene::new(stage, setup()).await;
    let api = &*scene.api;
    bustle(stage.writer(), &scene.ids, 2, 2).await;
    let oldest = newest(api).await;
    let old = watch(api, &TopicFilter::all(), Start::After(Cursor::ZERO)).await;
    bustle(stage.writer(), &scene.ids, 2, 2).await;
    let until = newest(api).await;
    stage.writer().expire_events(oldest).await;
    for cursor in [Cursor::ZERO, Cursor(1), Cursor(oldest.0 - 1)] {
        let error = refusal(api, Start::After(cursor)).await;
        assert_eq!(
            error,
            Error::CursorExpired { oldest },
            "a watch after {cursor} cannot be whole"
        );
    }
    let mut stream = watch(api, &TopicFilter::all(), Start::After(oldest)).await;
    let events = events_until(&mut stream, oldest, until).await;
    must_be_dense(&events, oldest, until);
    whole_or_told(old, until).await;
}

/// What a stream gives whose events expire before they are read: all of them, or the error after the last.
async fn whole_or_told(mut stream: EventStream, until: Cursor) {
    let mut collected = Collected::after(Cursor::ZERO);
    while collected.cursor < until {
        match timeout(DEADLINE, stream.next()).await {
            Ok(Some(Ok(signal))) => collected.take(signal),
            Ok(Some(Err(Error::CursorExpired { .. }))) => break,
            other => panic!("events that expired are told, not {other:?}"),
        }
    }
    must_be_dense(&collected.events, Cursor::ZERO, collected.cursor);
}

pub(super) async fn future_cursors_are_refused(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let newest = newest(&*scene.api).await;
    for ahead in [1, 1000, i64::MAX - newest.0] {
        let error = refusal(&*scene.api, Start::After(Cursor(newest.0 + ahead))).await;
        assert!(
            matches!(error, Error::InvalidQuery { .. }),
            "a cursor that is {ahead} in the future is refused, not with {error:?}"
        );
    }
    let mut stream = watch(&*scene.api, &TopicFilter::all(), Start::After(newest)).await;
    one_event(&scene, true).await;
    assert_eq!(
        next_event(&mut stream).await.cursor,
        Cursor(newest.0 + 1),
        "the newest cursor is not of the future"
    );
}
