//! A status API that holds what it was told of, and the events of it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use tokio::sync::watch;
use weir_listeners::Outlet;
use weir_status_api::{
    At, Build, BuildField, BuildId, BuildKey, BuildRequest, BuildRequestField, BuildRequestId, Builder,
    BuilderId, BuilderKey, Buildset, BuildsetId, Caller, Command, ConfiguredOn, Control, Cursor, Entity,
    Error, Event, EventStream, Filter, Key, List, LogChunk, LogHits, LogKey, LogSearch, MasterId, Outcome,
    Page, Properties, PropertiesOf, Property, Read, Result, Results, Signal, SourceStamp, SourceStampId,
    Start, Step, StepField, StepId, Timestamp, TopicFilter, Value, Verb, View, ViewQuery, Watch, Worker,
    WorkerId, WorkerInfo, WorkerKey,
};

/// When the first second of a test's time is.
pub(super) const BEGINNING: i64 = 1_700_000_000;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(BEGINNING + second)
}

/// A builder of that id and name.
pub(super) fn builder(id: i64, name: &str) -> Builder {
    Builder {
        id: BuilderId(id),
        name: name.to_owned(),
        masters: vec![MasterId(1)],
        description: None,
        description_format: None,
        project: None,
        tags: vec![],
    }
}

/// A worker of that id, configured and connected.
pub(super) fn worker(id: i64, name: &str) -> Worker {
    Worker {
        id: WorkerId(id),
        name: name.to_owned(),
        configured_on: vec![ConfiguredOn {
            master: MasterId(1),
            builder: BuilderId(1),
        }],
        connected_to: vec![MasterId(1)],
        info: WorkerInfo::default(),
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        absence: None,
    }
}

/// A request of that id, submitted at the first second, of buildset 1 and for builder 1.
pub(super) fn request(id: i64) -> BuildRequest {
    BuildRequest {
        id: BuildRequestId(id),
        buildset: BuildsetId(1),
        builder: BuilderId(1),
        priority: 0,
        claimed_at: None,
        claimed_by: None,
        complete_at: None,
        results: None,
        submitted_at: at(0),
        waited_for: false,
        waiting_for: None,
        properties: Properties::new(),
    }
}

/// A build of that id, of builder 1 on worker 1 for request 1, which runs since second 10.
pub(super) fn build(id: i64) -> Build {
    Build {
        id: BuildId(id),
        number: id,
        builder: BuilderId(1),
        request: BuildRequestId(1),
        worker: WorkerId(1),
        master: MasterId(1),
        started_at: at(10),
        complete_at: None,
        locks_duration_s: 0,
        results: None,
        state: "running".to_owned(),
        properties: Properties::new(),
    }
}

/// The same when it has ended at second 70.
pub(super) fn ended(build: Build, results: Results) -> Build {
    Build {
        complete_at: Some(at(70)),
        results: Some(results),
        state: format!("build {results}"),
        ..build
    }
}

/// A step of that build, with its number as its id, which ran from second 20 to 50.
pub(super) fn step(build: i64, number: i64, name: &str, results: Results) -> Step {
    Step {
        id: StepId(100 * build + number),
        number,
        name: name.to_owned(),
        build: BuildId(build),
        started_at: Some(at(20)),
        locks_acquired_at: Some(at(22)),
        complete_at: Some(at(50)),
        results: Some(results),
        state: format!("{name} {results}"),
        urls: vec![],
        hidden: false,
    }
}

/// Buildset 1, of a revision on the branch `main`.
pub(super) fn buildset() -> Buildset {
    Buildset {
        id: BuildsetId(1),
        external_id: None,
        reason: "scheduler".to_owned(),
        rebuilt_build: None,
        submitted_at: at(0),
        complete_at: None,
        results: None,
        source_stamps: vec![SourceStamp {
            id: SourceStampId(1),
            revision: Some("c0ffee".to_owned()),
            branch: Some("main".to_owned()),
            repository: "https://example.org/weir.git".to_owned(),
            project: "weir".to_owned(),
            codebase: String::new(),
            created_at: at(0),
            patch: None,
        }],
        parent_build: None,
        parent_relationship: None,
    }
}

/// An outlet that notes what it prints, and what it printed.
pub(super) fn printing() -> (Outlet, Arc<Mutex<Vec<String>>>) {
    let printed = Arc::new(Mutex::new(vec![]));
    let print = Arc::clone(&printed);
    let outlet = Outlet::printing(move |text| print.lock().unwrap().push(text.to_owned()));
    (outlet, printed)
}

#[derive(Default)]
struct State {
    builders: Vec<Builder>,
    workers: Vec<Worker>,
    builds: Vec<Build>,
    requests: Vec<BuildRequest>,
    buildsets: Vec<Buildset>,
    steps: Vec<Step>,
    properties: Properties,
    events: Vec<Arc<Event>>,
    /// What came up to this is no longer kept.
    oldest: Cursor,
}

/// The API. What it is told of happens at the second of the event's cursor.
pub(super) struct World(watch::Sender<State>);

impl World {
    /// One with builder 1, `tests`, worker 1, `w1`, and buildset 1.
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            builders: vec![builder(1, "tests")],
            workers: vec![worker(1, "w1")],
            buildsets: vec![buildset()],
            ..State::default()
        };
        Arc::new(Self(watch::Sender::new(state)))
    }

    /// It happens.
    pub(super) fn tell(&self, verb: Verb, entity: impl Into<Entity>) -> Arc<Event> {
        let entity = entity.into();
        let mut told = None;
        self.0.send_modify(|state| {
            let cursor = Cursor(i64::try_from(state.events.len()).unwrap() + 1);
            state.put(entity.clone());
            let event = Arc::new(Event {
                cursor,
                at: at(cursor.0),
                verb,
                entity,
            });
            state.events.push(Arc::clone(&event));
            told = Some(event);
        });
        told.unwrap()
    }

    /// It is there, without an event.
    pub(super) fn put(&self, entity: impl Into<Entity>) {
        self.0.send_modify(|state| state.put(entity.into()));
    }

    /// All builds have this property.
    pub(super) fn set(&self, name: &str, value: impl Into<serde_json::Value>) {
        let property = Property::new(value, "test");
        self.0
            .send_modify(|state| drop(state.properties.insert(name.to_owned(), property)));
    }

    /// Events up to this one are no longer kept.
    pub(super) fn forget_events(&self, oldest: Cursor) {
        self.0.send_modify(|state| state.oldest = oldest);
    }
}

fn put<T>(all: &mut Vec<T>, new: T, same: impl Fn(&T, &T) -> bool) {
    all.retain(|it| !same(it, &new));
    all.push(new);
}

impl State {
    fn put(&mut self, entity: Entity) {
        match entity {
            Entity::Builder(it) => put(&mut self.builders, it, |a, b| a.id == b.id),
            Entity::Worker(it) => put(&mut self.workers, it, |a, b| a.id == b.id),
            Entity::Build(it) => put(&mut self.builds, it, |a, b| a.id == b.id),
            Entity::BuildRequest(it) => put(&mut self.requests, it, |a, b| a.id == b.id),
            Entity::Buildset(it) => put(&mut self.buildsets, it, |a, b| a.id == b.id),
            Entity::Step(it) => put(&mut self.steps, it, |a, b| a.id == b.id),
            other => panic!("{other:?} is not held here"),
        }
    }

    fn newest(&self) -> Cursor {
        self.events.last().map_or(Cursor::ZERO, |it| it.cursor)
    }

    fn get(&self, key: &Key) -> Option<Entity> {
        fn found<T: Clone + Into<Entity>>(all: &[T], wanted: impl Fn(&T) -> bool) -> Option<Entity> {
            all.iter().find(|it| wanted(it)).cloned().map(Into::into)
        }
        match key {
            Key::Builder(BuilderKey::Id(id)) => found(&self.builders, |it| it.id == *id),
            Key::Worker(WorkerKey::Id(id)) => found(&self.workers, |it| it.id == *id),
            Key::Build(BuildKey::Id(id)) => found(&self.builds, |it| it.id == *id),
            Key::BuildRequest(id) => found(&self.requests, |it| it.id == *id),
            Key::Buildset(id) => found(&self.buildsets, |it| it.id == *id),
            other => panic!("{other} is not asked for here"),
        }
    }

    fn list(&self, list: List) -> Vec<Entity> {
        fn kept<T: Clone + Into<Entity>>(all: &[T], wanted: impl Fn(&T) -> bool) -> Vec<Entity> {
            all.iter()
                .filter(|it| wanted(it))
                .cloned()
                .map(Into::into)
                .collect()
        }
        fn holds<F: Copy>(filters: &[Filter<F>], value: impl Fn(F) -> Value) -> bool {
            filters.iter().all(|it| it.values == [value(it.field)])
        }
        match list {
            List::Builder(_) => kept(&self.builders, |_| true),
            List::Worker(_) => kept(&self.workers, |_| true),
            List::Master(_) => vec![],
            List::Build(query) => kept(&self.builds, |it| {
                holds(&query.filters, |field| match field {
                    BuildField::Complete => it.complete_at.is_some().into(),
                    other => panic!("{other:?}"),
                })
            }),
            List::BuildRequest(query) => kept(&self.requests, |it| {
                holds(&query.filters, |field| match field {
                    BuildRequestField::Complete => it.complete_at.is_some().into(),
                    BuildRequestField::Claimed => it.claimed_at.is_some().into(),
                    other => panic!("{other:?}"),
                })
            }),
            List::Step(query) => kept(&self.steps, |it| {
                holds(&query.filters, |field| match field {
                    StepField::Build => it.build.0.into(),
                    other => panic!("{other:?}"),
                })
            }),
            other => panic!("{other:?} is not listed here"),
        }
    }
}

fn none<T>() -> Result<T> {
    Err(Error::internal("that is not here"))
}

#[async_trait]
impl Read for World {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        let state = self.0.borrow();
        let value = state.get(&key).ok_or_else(|| Error::not_found(&key))?;
        Ok(At {
            value,
            cursor: state.newest(),
        })
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        let state = self.0.borrow();
        Ok(Page {
            items: state.list(list),
            cursor: state.newest(),
            next: None,
        })
    }

    async fn log_content(&self, _: LogKey, _: i64, _: u32) -> Result<At<LogChunk>> {
        none()
    }

    async fn search_log(&self, _: LogKey, _: LogSearch) -> Result<At<LogHits>> {
        none()
    }

    async fn properties(&self, _: PropertiesOf) -> Result<At<Properties>> {
        let state = self.0.borrow();
        Ok(At {
            value: state.properties.clone(),
            cursor: state.newest(),
        })
    }

    async fn build_data(&self, _: BuildKey, _: String) -> Result<At<Vec<u8>>> {
        none()
    }

    async fn view(&self, _: ViewQuery) -> Result<At<View>> {
        none()
    }
}

#[async_trait]
impl Watch for World {
    /// What matches of what is there, a bookmark, and what comes.
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let newest = self.0.borrow().newest();
        let after = match start {
            Start::Now => newest,
            Start::After(cursor) => cursor,
        };
        let oldest = self.0.borrow().oldest;
        if after < oldest {
            return Err(Error::CursorExpired { oldest });
        }
        if after > newest {
            return Err(Error::invalid("cursor", "is in the future"));
        }
        let next = usize::try_from(after.0).unwrap();
        let state = (self.0.subscribe(), next, false);
        let signals = stream::unfold(state, |(mut world, next, told)| async move {
            let caught_up = world.borrow().events.len() <= next;
            if caught_up && !told {
                let cursor = Cursor(i64::try_from(next).unwrap());
                return Some((Signal::Bookmark(cursor), (world, next, true)));
            }
            let ready = world.wait_for(|it| it.events.len() > next).await.ok()?;
            let event = Arc::clone(&ready.events[next]);
            drop(ready);
            Some((Signal::Event(event), (world, next + 1, told)))
        });
        Ok(signals
            .filter(move |it| {
                std::future::ready(match it {
                    Signal::Event(event) => filter.matching(event).is_some(),
                    Signal::Bookmark(_) => true,
                })
            })
            .map(Ok)
            .boxed())
    }
}

#[async_trait]
impl Control for World {
    async fn control(&self, _: &Caller, _: Command) -> Result<Outcome> {
        none()
    }
}
