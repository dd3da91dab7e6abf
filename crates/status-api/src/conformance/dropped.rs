//! Cases: connections that are cut in the middle. In-process nothing is cut, and they hold all the same.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::watch::{Receiver, channel};

use super::bustle::bustle;
use super::check::{Collected, DEADLINE, filter, must_be_dense, newest, watch};
use super::scene::Scene;
use super::stage::Stage;
use super::story::{Story, setup};
use super::world::World;
use crate::{Cursor, Event, Start, StatusApi, TopicFilter};

/// Watches, and takes it up again from the last cursor whenever it is cut.
async fn watch_through_cuts(
    api: Arc<dyn StatusApi>,
    filter: TopicFilter,
    from: Cursor,
    mut end: Receiver<Option<Cursor>>,
) -> Collected {
    let mut collected = Collected::after(from);
    loop {
        let mut stream = watch(&*api, &filter, Start::After(collected.cursor)).await;
        // While nobody knows the end, the stream is read until it is cut or the end is told.
        let known = *end.borrow_and_update();
        match known {
            Some(until) => collected.take_until(&mut stream, until).await,
            None => tokio::select! {
                () = collected.take_until(&mut stream, Cursor(i64::MAX)) => {}
                changed = end.changed() => changed.expect("the writers tell when they end"),
            },
        }
        if known.is_some_and(|until| collected.cursor >= until) {
            return collected;
        }
    }
}

pub(super) async fn watches_resume_where_they_were_cut(stage: &dyn Stage) {
    let scene = Scene::new(stage, setup()).await;
    let from = newest(&*scene.api).await;
    let (before, _) = World::read(&*scene.api).await;
    let (tell, end) = channel(None);
    let builds = filter(&["builds/*/*"]);
    let filters = [
        TopicFilter::all(),
        builds.clone(),
        TopicFilter::all(),
        builds,
        TopicFilter::all(),
    ];
    let watchers = filters
        .clone()
        .map(|filter| watch_through_cuts(stage.api(), filter, from, end.clone()));
    let write = async {
        for _ in 0..5 {
            bustle(stage.writer(), &scene.ids, 3, 1).await;
            let cut_in_the_middle = async {
                tokio::task::yield_now().await;
                stage.disconnect().await;
            };
            tokio::join!(bustle(stage.writer(), &scene.ids, 3, 1), cut_in_the_middle);
        }
        tell.send_replace(Some(newest(&*stage.api()).await));
    };
    let (watched, ()) = tokio::join!(join_all(watchers), write);
    let (read, until) = World::read(&*scene.api).await;
    let all = watched[0].events.clone();
    for (filter, collected) in filters.iter().zip(watched) {
        if *filter == TopicFilter::all() {
            must_be_dense(&collected.events, from, until);
        }
        let expected: Vec<&Arc<Event>> = all
            .iter()
            .filter(|event| filter.matching(event).is_some())
            .collect();
        let got: Vec<&Arc<Event>> = collected.events.iter().collect();
        assert_eq!(
            got, expected,
            "a watch of {filter:?} that was cut (left) misses or repeats events"
        );
    }
    let mut world = before;
    all.iter().for_each(|event| world.apply(event));
    world.must_equal("a read and the events after its cursor", &read, "the last read");
}

pub(super) async fn reads_work_after_a_cut(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    for _ in 0..5 {
        stage.disconnect().await;
        let (read, _) = World::read(&*scene.api).await;
        read.must_equal("what is read after a cut", &scene.world, "what was written");
    }
    let cut = async {
        for _ in 0..10 {
            stage.disconnect().await;
            tokio::task::yield_now().await;
        }
    };
    let both = async { tokio::join!(cut, World::read(&*scene.api)) };
    let ((), (read, _)) = tokio::time::timeout(DEADLINE, both)
        .await
        .expect("reads while cuts go on");
    read.must_equal("what is read between cuts", &scene.world, "what was written");
}
