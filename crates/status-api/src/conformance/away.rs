//! Cases: why a worker is not connected.

use std::sync::Arc;

use super::check::{events_until, must_be_dense, newest, watch};
use super::scene::Scene;
use super::stage::Stage;
use super::story::setup;
use crate::{Cursor, Entity, Event, Key, Start, TopicFilter, Worker, WorkerInfo};

const WORKER: &str = "w1";
const BROKE: &str = "the connection broke: é, 100%";
const REFUSED: &str = "a connection from 192.0.2.5 presented the wrong token";

/// What happens to the worker, each time with the world as it must be then.
struct Door<'a> {
    scene: Scene<'a>,
}

impl<'a> Door<'a> {
    async fn new(stage: &'a dyn Stage) -> Self {
        let scene = Scene::new(stage, setup()).await;
        let door = Self { scene };
        door.must_tell(None).await;
        door
    }

    async fn connect(&mut self) -> Vec<Arc<Event>> {
        let before = newest(&*self.scene.api).await;
        self.scene.connect(WORKER, WorkerInfo::default()).await;
        self.since(before).await
    }

    async fn disconnect(&mut self, why: &str) -> Vec<Arc<Event>> {
        let before = newest(&*self.scene.api).await;
        self.scene.disconnect(WORKER, why).await;
        self.since(before).await
    }

    async fn refuse(&mut self, why: &str) -> Vec<Arc<Event>> {
        let before = newest(&*self.scene.api).await;
        self.scene.refuse(WORKER, why).await;
        self.since(before).await
    }

    async fn since(&self, before: Cursor) -> Vec<Arc<Event>> {
        let api = &*self.scene.api;
        let until = newest(api).await;
        if until == before {
            return vec![];
        }
        let mut stream = watch(api, &TopicFilter::all(), Start::After(before)).await;
        let events = events_until(&mut stream, before, until).await;
        must_be_dense(&events, before, until);
        events
    }

    /// Reads and lists give the reason.
    async fn must_tell(&self, why: Option<&str>) {
        let key = Key::Worker(self.scene.worker(WORKER).into());
        let read: Worker = self.scene.look(key).await;
        assert_eq!(read.away_reason.as_deref(), why, "{read:?}");
        assert_eq!(read, self.scene.world.one(read.id.0));
    }

    /// There is one event, which has the worker with that reason.
    fn must_be_told(&self, events: &[Arc<Event>], verb: &str, why: Option<&str>) {
        let [event] = events else {
            panic!("one event tells of it, there are {events:?}")
        };
        let topic = format!("workers/{}/{verb}", self.scene.worker(WORKER));
        assert!(
            event.topics().iter().any(|it| it.to_string() == topic),
            "it is {topic}, not {event:?}"
        );
        let Entity::Worker(worker) = &event.entity else {
            panic!("it is of the worker, not {event:?}")
        };
        assert_eq!(worker.away_reason.as_deref(), why, "{event:?}");
    }
}

pub(super) async fn how_the_last_connection_ended(stage: &dyn Stage) {
    let mut door = Door::new(stage).await;
    door.connect().await;
    let told = door.disconnect(BROKE).await;
    door.must_be_told(&told, "disconnected", Some(BROKE));
    door.must_tell(Some(BROKE)).await;
    // Nobody leaves twice.
    let told = door.disconnect("the master is shutting down").await;
    assert!(told.is_empty(), "nothing happens, but {told:?}");
    door.must_tell(Some(BROKE)).await;
}

pub(super) async fn why_the_last_attempt_was_refused(stage: &dyn Stage) {
    let mut door = Door::new(stage).await;
    let told = door.refuse(REFUSED).await;
    door.must_be_told(&told, "state_updated", Some(REFUSED));
    door.must_tell(Some(REFUSED)).await;
    // Workers try again every few seconds.
    let told = door.refuse(REFUSED).await;
    assert!(told.is_empty(), "the same again is no news, but {told:?}");
    let other = "a connection from 192.0.2.6 presented the wrong token";
    let told = door.refuse(other).await;
    door.must_be_told(&told, "state_updated", Some(other));
    door.connect().await;
    door.disconnect(BROKE).await;
    let told = door.refuse(REFUSED).await;
    door.must_be_told(&told, "state_updated", Some(REFUSED));
    door.must_tell(Some(REFUSED)).await;
}

pub(super) async fn a_connected_worker_has_no_reason(stage: &dyn Stage) {
    let mut door = Door::new(stage).await;
    door.refuse(REFUSED).await;
    let told = door.connect().await;
    door.must_be_told(&told, "connected", None);
    door.must_tell(None).await;
    let told = door.refuse(REFUSED).await;
    assert!(
        told.is_empty(),
        "the one that is there is not touched, but {told:?}"
    );
    door.must_tell(None).await;
    door.disconnect(BROKE).await;
    let told = door.connect().await;
    door.must_be_told(&told, "connected", None);
    door.must_tell(None).await;
}
