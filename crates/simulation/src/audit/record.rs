//! All that the store has, read again when every host is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;
use weir_status_api::{
    Build, BuildRequest, Buildset, Change, Cursor, Entity, Event, Key, Log, LogKey, MAX_LIMIT, Query, Read,
    ReadExt, Resource, Signal, Start, Step, TopicFilter, Verb, Watch, Worker,
};
use weir_status_db::{Database, Options, Store};

use crate::site::{Site, data};
use crate::world::World;

/// What is in the store.
pub(crate) struct Record {
    /// All events.
    pub(crate) events: Vec<Arc<Event>>,
    /// All of each kind, the oldest first.
    pub(crate) changes: Vec<Change>,
    pub(crate) buildsets: Vec<Buildset>,
    pub(crate) requests: Vec<BuildRequest>,
    pub(crate) builds: Vec<Build>,
    pub(crate) steps: Vec<Step>,
    /// Logs with their contents.
    pub(crate) logs: Vec<(Log, String)>,
    pub(crate) workers: Vec<Worker>,
}

impl Record {
    /// Reads the store of the site.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(world: &mut World, site: &Site) -> Result<Self, String> {
        let clock = site.shared.clock.clone();
        world.aside(async move {
            let store = Store::open(Options {
                database: Database::Sqlite,
                data_dir: data().join("data"),
                clock,
            });
            let store = store.await.map_err(|error| error.to_string())?;
            read(&store).await.map_err(|error| error.to_string())
        })
    }

    /// Events are numbered without a hole, and put over each other they give what is read.
    ///
    /// # Errors
    /// If it is not so.
    pub(crate) fn check_events(&self) -> Result<(), String> {
        let mut folded: BTreeMap<String, &Entity> = BTreeMap::new();
        for (number, event) in (1..).zip(&self.events) {
            if event.cursor != Cursor(number) {
                return Err(format!("event {} has the number {}", number, event.cursor));
            }
            if let Some(key) = key(&event.entity) {
                match event.verb {
                    Verb::Deleted => folded.remove(&key.to_string()),
                    _ => folded.insert(key.to_string(), &event.entity),
                };
            }
        }
        let read = entities(&self.changes)
            .chain(entities(&self.buildsets))
            .chain(entities(&self.requests))
            .chain(entities(&self.builds))
            .chain(entities(&self.steps))
            .chain(entities(&self.workers))
            .chain(self.logs.iter().map(|(log, _)| log.clone().into_entity()));
        for entity in read {
            let Some(key) = key(&entity).map(|it| it.to_string()) else {
                continue;
            };
            match folded.remove(&key) {
                Some(told) if told_of(told) == entity => {}
                told => {
                    return Err(format!("{key} is {entity:?}, but the events tell of {told:?}"));
                }
            }
        }
        match folded.into_keys().next() {
            Some(key) => Err(format!("the events tell of {key}, which is not there")),
            None => Ok(()),
        }
    }
}

/// What a read gives of what an event tells: of workers, an absence is told only.
fn told_of(entity: &Entity) -> Entity {
    let mut entity = entity.clone();
    if let Entity::Worker(worker) = &mut entity {
        worker.absence = None;
    }
    entity
}

fn entities<R: Resource>(of: &[R]) -> impl Iterator<Item = Entity> {
    of.iter().map(|it| it.clone().into_entity())
}

/// The key of what is read at the end.
fn key(entity: &Entity) -> Option<Key> {
    Some(match entity {
        Entity::Change(it) => Key::Change(it.id),
        Entity::Buildset(it) => Key::Buildset(it.id),
        Entity::BuildRequest(it) => Key::BuildRequest(it.id),
        Entity::Build(it) => Key::Build(it.id.into()),
        Entity::Step(it) => Key::Step(it.id.into()),
        Entity::Log(it) => Key::Log(it.id.into()),
        Entity::Worker(it) => Key::Worker(it.id.into()),
        _ => return None,
    })
}

async fn read(store: &Store) -> weir_status_api::Result<Record> {
    let mut logs = Vec::new();
    for log in all::<Log>(store).await? {
        let content = content(store, &log).await?;
        logs.push((log, content));
    }
    Ok(Record {
        events: events(store).await?,
        changes: all(store).await?,
        buildsets: all(store).await?,
        requests: all(store).await?,
        builds: all(store).await?,
        steps: all(store).await?,
        workers: all(store).await?,
        logs,
    })
}

async fn events(store: &Store) -> weir_status_api::Result<Vec<Arc<Event>>> {
    let newest = store.newest();
    let mut watch = store
        .watch(TopicFilter::all(), Start::After(Cursor::ZERO))
        .await?;
    let mut events = Vec::new();
    while events.last().is_none_or(|it: &Arc<Event>| it.cursor < newest) {
        let next = timeout(Duration::from_secs(60), watch.next()).await;
        match next.ok().flatten().transpose()? {
            Some(Signal::Event(event)) => events.push(event),
            Some(Signal::Bookmark(_)) => {}
            None => break,
        }
    }
    Ok(events)
}

async fn all<R: Resource>(store: &Store) -> weir_status_api::Result<Vec<R>> {
    let (mut found, mut query) = (Vec::new(), Query::<R>::new().limit(MAX_LIMIT));
    loop {
        let page = store.page(query.clone()).await?;
        found.extend(page.items);
        match page.next {
            Some(next) => query = query.after(next),
            None => break,
        }
    }
    Ok(found)
}

async fn content(store: &Store, log: &Log) -> weir_status_api::Result<String> {
    let mut content = String::new();
    let mut first = 0;
    while first < log.num_lines {
        let chunk = store
            .log_content(LogKey::Id(log.id), first, MAX_LIMIT)
            .await?
            .value;
        let lines = chunk.content.lines().count();
        if lines == 0 {
            break;
        }
        first += i64::try_from(lines).unwrap_or(i64::MAX);
        content.push_str(&chunk.content);
    }
    Ok(content)
}
