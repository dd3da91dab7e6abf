//! All that the store has, read again when every host is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;
use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, Buildset, Change, Cursor, Entity, Event, Log, LogId,
    LogKey, LogKind, MAX_LIMIT, Query, Read, ReadExt, Resource, Signal, Start, Step, StepId, TopicFilter,
    Watch, Worker,
};
use weir_status_db::{Database, Options, Store};

use crate::site::{Site, data};
use crate::world::World;

/// What is in the store.
pub(crate) struct Record {
    /// All events.
    pub(crate) events: Vec<Arc<Event>>,
    /// All of each kind that was not deleted, the oldest first.
    pub(crate) changes: Vec<Change>,
    pub(crate) buildsets: Vec<Buildset>,
    pub(crate) requests: Vec<BuildRequest>,
    pub(crate) builds: Vec<Build>,
    pub(crate) steps: Vec<Step>,
    pub(crate) logs: Vec<Log>,
    pub(crate) workers: Vec<Worker>,
    /// What the logs have whose content is kept.
    pub(crate) contents: BTreeMap<LogId, String>,
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

    /// What is open, the oldest first: requests, or else builds.
    pub(crate) fn open(&self) -> Option<String> {
        let request = self.requests.iter().find(|it| it.complete_at.is_none());
        let build = self.builds.iter().find(|it| it.complete_at.is_none());
        let (request, build) = (
            request.map(|it| format!("{it:?}")),
            build.map(|it| format!("{it:?}")),
        );
        request.or(build)
    }

    /// As if a step had never ended.
    pub(crate) fn forget_end_of_step(&mut self) {
        let Some(step) = self
            .steps
            .iter()
            .find(|it| it.started_at.is_some())
            .map(|it| it.id)
        else {
            return;
        };
        self.change_step(step, |it| (it.complete_at, it.results) = (None, None));
    }

    fn change_step(&mut self, step: StepId, change: impl Fn(&mut Step)) {
        self.steps.iter_mut().filter(|it| it.id == step).for_each(&change);
        for event in &mut self.events {
            if matches!(&event.entity, Entity::Step(it) if it.id == step)
                && let Entity::Step(it) = &mut Arc::make_mut(event).entity
            {
                change(it);
            }
        }
    }

    /// As if the second build had been one more for the request of the first.
    pub(crate) fn give_build_to_another_request(&mut self) {
        let ended: Vec<(BuildId, BuildRequestId)> =
            self.builds.iter().map(|it| (it.id, it.request)).collect();
        let [(_, request), (build, _), ..] = ended.as_slice() else {
            return;
        };
        let builds = self.builds.iter_mut().filter(|it| it.id == *build);
        builds.for_each(|it| it.request = *request);
        for event in &mut self.events {
            if matches!(&event.entity, Entity::Build(it) if it.id == *build)
                && let Entity::Build(it) = &mut Arc::make_mut(event).entity
            {
                it.request = *request;
            }
        }
    }
}

async fn read(store: &Store) -> weir_status_api::Result<Record> {
    let logs = all::<Log>(store).await?;
    let mut contents = BTreeMap::new();
    for log in logs.iter().filter(|it| it.kind != LogKind::Deleted) {
        contents.insert(log.id, content(store, log).await?);
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
        contents,
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
