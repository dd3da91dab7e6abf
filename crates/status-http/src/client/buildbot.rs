//! Watches of a Buildbot master: it numbers no events, tells nothing twice, and never says that it is quiet.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use weir_status_api::{
    Build, BuildField, BuildId, Change, ChangeField, ChangeId, Clock, Cursor, Entity, Error, Event,
    EventStream, Key, Query, ReadExt, Result, Signal, Start, SystemClock, TopicFilter, Verb,
};

use super::HttpStatus;
use super::http::unreachable;
use super::sse::{SseEvent, SseParser};
use crate::v2;

/// Kinds of which Buildbot tells events, each with two words behind it.
const KINDS: [&str; 14] = [
    "builds",
    "steps",
    "logs",
    "buildrequests",
    "buildsets",
    "changes",
    "workers",
    "builders",
    "schedulers",
    "masters",
    "projects",
    "codebases",
    "branches",
    "test_result_sets",
];

/// How many builds or changes are looked through for what was missed.
const MOST_MISSED: u32 = 1_000;

/// How many watches are remembered, each of another filter.
const MOST_PLACES: usize = 64;

/// What is known of the watches of a Buildbot master.
#[derive(Debug, Default)]
pub(super) struct Watches {
    /// Where they were when they ended, by their filters.
    places: Mutex<HashMap<String, Seen>>,
    /// The number of the event that was told last.
    told: AtomicI64,
}

/// What a watch knew when it ended.
#[derive(Clone, Debug)]
struct Seen {
    newest_build: BuildId,
    open_builds: BTreeSet<BuildId>,
    newest_change: ChangeId,
}

impl Seen {
    /// Of a master that has built nothing.
    const fn nothing() -> Self {
        Self {
            newest_build: BuildId(0),
            open_builds: BTreeSet::new(),
            newest_change: ChangeId(0),
        }
    }

    /// Takes in what was told; gives whether it tells something that has to be known.
    fn take(&mut self, entity: &Entity) -> bool {
        match entity {
            Entity::Build(build) => {
                self.newest_build = self.newest_build.max(build.id);
                match build.complete_at {
                    Some(_) => self.open_builds.remove(&build.id),
                    None => self.open_builds.insert(build.id),
                };
            }
            Entity::Change(change) => self.newest_change = self.newest_change.max(change.id),
            _ => return false,
        }
        true
    }
}

impl Watches {
    fn place(&self, filter: &TopicFilter) -> Option<Seen> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&name(filter)).cloned()
    }

    fn keep(&self, filter: &TopicFilter, seen: Seen) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST_PLACES {
            places.clear();
        }
        places.insert(name(filter), seen);
    }

    /// An event that is told now. Its number is its time in microseconds, or the next one that is free: those who tell
    /// events apart by it can, also after they have begun anew.
    fn event(&self, verb: Verb, entity: Entity) -> Event {
        let at = SystemClock.now();
        let number = |last: i64| Some(at.0.max(last.saturating_add(1)));
        let last = self
            .told
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, number);
        let cursor = Cursor(last.ok().and_then(number).unwrap_or(at.0));
        Event {
            cursor,
            at,
            verb,
            entity,
        }
    }
}

fn name(filter: &TopicFilter) -> String {
    let patterns: Vec<String> = filter.patterns().iter().map(ToString::to_string).collect();
    patterns.join(" ")
}

/// An open stream of events.
struct Stream {
    response: Response,
    parser: SseParser,
    /// What came with something else.
    waiting: Vec<SseEvent>,
    /// The stream's own name, by which topics are added to it.
    id: String,
}

impl HttpStatus {
    /// Whether the server is a Buildbot master: its answers have no cursor.
    pub(super) async fn is_buildbot(&self) -> Result<bool> {
        if let Some(known) = self.is_buildbot.get() {
            return Ok(*known);
        }
        let found = self.read("masters", "limit=1").await?.cursor.is_none();
        Ok(*self.is_buildbot.get_or_init(|| found))
    }

    /// What happens from now on. A watch that begins after a cursor, whichever that is, tells also what was missed since a
    /// watch of the same filter ended here: builds that began or ended meanwhile, and changes.
    pub(super) async fn watch_buildbot(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let mut stream = self.open_stream().await?;
        for topic in topics(&filter) {
            self.ask_stream("add", &stream.id, &topic).await?;
        }
        let before = match start {
            Start::Now => None,
            Start::After(_) => self.watches.place(&filter),
        };
        let (missed, mut seen) = self.look(before).await?;
        self.watches.keep(&filter, seen.clone());
        let this = self.clone();
        Ok(Box::pin(async_stream::try_stream! {
            for event in missed {
                if filter.matching(&event).is_some() {
                    yield Signal::Event(Arc::new(event));
                }
            }
            yield Signal::Bookmark(Cursor::ZERO);
            loop {
                for told in this.next_of(&mut stream).await? {
                    let Some((verb, entity)) = read(&told)? else { continue };
                    let event = this.watches.event(verb, entity);
                    if seen.take(&event.entity) {
                        this.watches.keep(&filter, seen.clone());
                    }
                    if filter.matching(&event).is_some() {
                        yield Signal::Event(Arc::new(event));
                    }
                }
            }
        }))
    }

    /// What happened since `before`, as events, and what there is now.
    async fn look(&self, before: Option<Seen>) -> Result<(Vec<Event>, Seen)> {
        let newest = |limit| Query::<Build>::new().descending(BuildField::Id).limit(limit);
        let limit = if before.is_some() { MOST_MISSED } else { 1 };
        let mut builds = self.page(newest(limit)).await?.items;
        builds.reverse();
        let open = Query::<Build>::new()
            .eq(BuildField::Complete, false)
            .limit(MOST_MISSED);
        let mut changes = self
            .page(Query::<Change>::new().descending(ChangeField::Id).limit(limit))
            .await?
            .items;
        changes.sort_by_key(|it| it.id);
        let mut events = vec![];
        let told = |verb, entity| self.watches.event(verb, entity);
        if let Some(before) = &before {
            for build in &before.open_builds {
                match self.one::<Build>(Key::Build((*build).into())).await {
                    Ok(at) if at.value.complete_at.is_some() => {
                        events.push(told(Verb::Finished, Entity::Build(at.value)))
                    }
                    // It runs on, or it was thrown away.
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            for change in changes.iter().filter(|it| it.id > before.newest_change) {
                events.push(told(Verb::New, Entity::Change(change.clone())));
            }
            for build in builds.iter().filter(|it| it.id > before.newest_build) {
                events.push(told(Verb::New, Entity::Build(build.clone())));
                if build.complete_at.is_some() {
                    events.push(told(Verb::Finished, Entity::Build(build.clone())));
                }
            }
        }
        let mut seen = before.unwrap_or_else(Seen::nothing);
        seen.open_builds = self
            .page(open)
            .await?
            .items
            .iter()
            .filter(|it: &&Build| it.complete_at.is_none())
            .map(|it| it.id)
            .collect();
        seen.newest_build = builds
            .last()
            .map_or(seen.newest_build, |it: &Build| it.id.max(seen.newest_build));
        seen.newest_change = changes
            .last()
            .map_or(seen.newest_change, |it: &Change| it.id.max(seen.newest_change));
        Ok((events, seen))
    }

    /// Opens a stream without any topic; it tells its name first.
    async fn open_stream(&self) -> Result<Stream> {
        let request = self.authorized(self.client.get(format!("{}sse/listen", self.base)));
        let request = request.header("accept", "text/event-stream").send();
        let opened = tokio::time::timeout(self.options.timeout, async {
            let response = request.await.map_err(unreachable)?;
            if !response.status().is_success() {
                return Err(self.refused(response).await?);
            }
            let mut stream = Stream {
                response,
                parser: SseParser::default(),
                waiting: vec![],
                id: String::new(),
            };
            while stream.id.is_empty() {
                let events = self.events_of(&mut stream, self.options.timeout).await?;
                for event in events.unwrap_or_default() {
                    match event.event.as_str() {
                        "handshake" => stream.id = event.data,
                        _ => stream.waiting.push(event),
                    }
                }
            }
            Ok(stream)
        });
        let late = || Error::unavailable("the server did not open the event stream in time");
        opened.await.map_err(|_| late())?
    }

    /// The next events. While there are none, the server is asked now and then whether it still has the stream: it says
    /// nothing of its own accord.
    async fn next_of(&self, stream: &mut Stream) -> Result<Vec<SseEvent>> {
        if !stream.waiting.is_empty() {
            return Ok(std::mem::take(&mut stream.waiting));
        }
        loop {
            match self.events_of(stream, self.options.silence).await? {
                Some(events) => return Ok(events),
                None => self.ask_stream("remove", &stream.id, "nothing").await?,
            }
        }
    }

    /// What comes next; none if nothing did for so long.
    async fn events_of(&self, stream: &mut Stream, silence: Duration) -> Result<Option<Vec<SseEvent>>> {
        let Ok(piece) = tokio::time::timeout(silence, stream.response.chunk()).await else {
            return Ok(None);
        };
        let piece = piece.map_err(unreachable)?;
        let piece = piece.ok_or_else(|| Error::unavailable("the event stream ended"))?;
        let events = stream.parser.push(&piece, self.options.max_answer);
        let events = events.map_err(|_| Error::internal("an event of the server has too many bytes"))?;
        Ok(Some(events))
    }

    /// Asks something of an open stream. Buildbot 4.3 does it and ends its answer in an error page, so that the status
    /// tells only whether it knows the stream.
    async fn ask_stream(&self, what: &str, stream: &str, topic: &str) -> Result<()> {
        let request = self
            .client
            .get(format!("{}sse/{what}/{stream}/{topic}", self.base));
        let response = self.begin(request).await?;
        match response.status().as_u16() {
            400 => Err(Error::unavailable("the server has forgotten the event stream")),
            401 | 403 => Err(self.refused(response).await?),
            _ => Ok(()),
        }
    }
}

/// The topics to follow, each of a whole kind: what a filter says beyond that is looked at here.
fn topics(filter: &TopicFilter) -> BTreeSet<String> {
    let patterns = filter.patterns().iter().map(ToString::to_string);
    let topics = patterns.flat_map(|pattern| {
        let words: Vec<&str> = pattern.split('/').rev().collect();
        match words.as_slice() {
            ["**"] | [_, _, "*", ..] => KINDS.iter().map(|kind| format!("{kind}/*/*")).collect(),
            [_, "properties", ..] => vec!["builds/*/properties/*".to_owned()],
            [_, _, kind, ..] if KINDS.contains(kind) => vec![format!("{kind}/*/*")],
            // Of nothing else does it tell.
            _ => vec![],
        }
    });
    topics.collect()
}

/// What the event tells; none for what this version does not know, and for what Buildbot tells in part only: builders and
/// masters that come and go.
fn read(told: &SseEvent) -> Result<Option<(Verb, Entity)>> {
    if told.event != "event" {
        return Ok(None);
    }
    let data: Value = serde_json::from_str(&told.data)
        .map_err(|error| Error::internal(format!("an event of the server is no JSON: {error}")))?;
    let event = v2::event_from_json(Cursor::ZERO, &data).ok().flatten();
    Ok(event.map(|event| (event.verb, event.entity)))
}
