//! Cases: what events tell, and that reads and events fit together.

use std::sync::Arc;

use super::bustle::bustle;
use super::check::{events_until, must_be_dense, newest, patiently, watch};
use super::scene::Scene;
use super::stage::Stage;
use super::story::{BARE, LINUX, Story, setup};
use super::world::World;
use crate::{
    Build, BuildRequest, Change, Clock, Cursor, Entity, Event, Log, Page, Query, ReadExt, Resource, Start,
    StatusApi, Step, TopicFilter,
};

/// Every event there is.
pub(super) async fn all_events(api: &dyn StatusApi) -> Vec<Arc<Event>> {
    let until = newest(api).await;
    let mut stream = watch(api, &TopicFilter::all(), Start::After(Cursor::ZERO)).await;
    let events = events_until(&mut stream, Cursor::ZERO, until).await;
    must_be_dense(&events, Cursor::ZERO, until);
    events
}

pub(super) async fn times_never_go_back(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let events = all_events(&*story.scene.api).await;
    let now = stage.writer().clock().now();
    let times: Vec<_> = events.iter().map(|event| event.at).collect();
    assert!(times.is_sorted(), "the times of events go back: {times:?}");
    assert!(times.iter().all(|at| *at <= now), "an event is of the future");
}

pub(super) async fn events_carry_the_state(stage: &dyn Stage) {
    let Story { mut scene, .. } = Story::tell(stage).await;
    let mut less = setup();
    less.builders.retain(|builder| builder.name != BARE);
    less.workers.retain(|worker| worker != "Spare");
    less.schedulers.retain(|scheduler| scheduler != "On push");
    scene.configure(less).await;
    let mut folded = World::default();
    for event in all_events(&*scene.api).await {
        folded.apply(&event);
        let carried = match &event.entity {
            Entity::Build(build) => &build.properties,
            Entity::BuildRequest(request) => &request.properties,
            _ => continue,
        };
        assert!(
            carried.is_empty(),
            "event {} carries properties: {carried:?}",
            event.cursor
        );
    }
    folded.must_equal("what events tell", &scene.world.as_told(), "what was written");
    let (read, _) = World::read(&*scene.api).await;
    folded.must_equal("what events tell", &read.as_told(), "what is read");
}

/// Pages read while writers run.
#[derive(Default)]
struct Snapshots {
    builds: Vec<Page<Build>>,
    requests: Vec<Page<BuildRequest>>,
    steps: Vec<Page<Step>>,
    logs: Vec<Page<Log>>,
    changes: Vec<Page<Change>>,
}

impl Snapshots {
    async fn take(&mut self, api: &dyn StatusApi) {
        async fn page<R: Resource>(api: &dyn StatusApi) -> Page<R> {
            patiently("a page", async || api.page(Query::<R>::new().limit(1000)).await).await
        }
        self.builds.push(page(api).await);
        self.requests.push(page(api).await);
        self.steps.push(page(api).await);
        self.logs.push(page(api).await);
        self.changes.push(page(api).await);
    }

    fn must_be_true(&self, events: &[Arc<Event>]) {
        pages_must_be_true(&self.builds, events);
        pages_must_be_true(&self.requests, events);
        pages_must_be_true(&self.steps, events);
        pages_must_be_true(&self.logs, events);
        pages_must_be_true(&self.changes, events);
    }
}

fn pages_must_be_true<R: Resource + PartialEq + std::fmt::Debug>(pages: &[Page<R>], events: &[Arc<Event>]) {
    let mut world = World::default();
    let mut events = events.iter().peekable();
    let mut before = Cursor::ZERO;
    for page in pages {
        assert!(
            page.cursor >= before,
            "a later read is true at {}, an earlier one at {before}",
            page.cursor
        );
        before = page.cursor;
        while let Some(event) = events.next_if(|event| event.cursor <= page.cursor) {
            world.apply(event);
        }
        let told = world.all::<R>();
        assert_eq!(
            page.items,
            told,
            "{:?} read at cursor {} (left) is not what events up to it tell (right)",
            R::KIND,
            page.cursor
        );
    }
}

pub(super) async fn reads_are_true_at_their_cursor(stage: &dyn Stage) {
    let scene = Scene::new(stage, setup()).await;
    let (api, writer) = (&*scene.api, scene.writer);
    let mut snapshots = Snapshots::default();
    {
        let writers = bustle(writer, &scene.ids, 4, 6);
        tokio::pin!(writers);
        loop {
            // Neither is cut short: the writers go on while a snapshot is taken.
            let taken = snapshots.take(api);
            tokio::pin!(taken);
            let ended = tokio::select! {
                () = &mut writers => { taken.await; true }
                () = &mut taken => false,
            };
            if ended {
                break;
            }
        }
    }
    snapshots.take(api).await;
    snapshots.must_be_true(&all_events(api).await);

    // Whoever was answered reads what they wrote.
    let before = newest(api).await;
    let linux = scene.builder(LINUX);
    let new = super::NewBuildset {
        sources: vec![super::scene::source()],
        builders: vec![linux],
        ..super::NewBuildset::default()
    };
    let (_, requests) = writer.add_buildset(new).await;
    let key = crate::Key::BuildRequest(requests[&linux]);
    let got = api
        .one::<BuildRequest>(key)
        .await
        .expect("what was written is read at once");
    assert!(
        got.cursor > before,
        "the answer takes account of what was written"
    );
}
