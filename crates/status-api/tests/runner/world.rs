//! Events that tests add, places that tests look into, and a destination that does as it is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use weir_status_api::{
    Again, At, Bookmarks, Build, BuildId, BuildKey, BuildRequestId, BuilderId, Caller, Command, Control,
    Cursor, Desk, Entity, Error, Event, EventStream, Hold, Key, List, Listener, ListenerError, LogChunk,
    LogHits, LogKey, LogSearch, MasterId, Outcome, Page, Place, Properties, PropertiesOf, Read, Result,
    Runner, RunnerOptions, Signal, Standing, Start, StatusApi, Timestamp, TopicFilter, Turn, Verb, View,
    ViewQuery, Watch, WorkerId,
};

/// The options of most tests.
pub(crate) fn options() -> RunnerOptions {
    RunnerOptions {
        start: Start::After(Cursor::ZERO),
        ..RunnerOptions::default()
    }
}

/// A status API that has nothing but events: event `n` is about build `builds[n]`.
#[derive(Clone)]
pub(crate) struct Events {
    all: Arc<watch::Sender<Vec<Arc<Event>>>>,
    cuts: Arc<watch::Sender<()>>,
    /// A watch can begin after this event at the earliest.
    oldest: Arc<Mutex<Cursor>>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            all: Arc::new(watch::Sender::new(vec![])),
            cuts: Arc::new(watch::Sender::new(())),
            oldest: Arc::default(),
        }
    }

    /// Adds an event of that build.
    pub(crate) fn add(&self, build: i64) {
        self.all.send_modify(|events| {
            let cursor = Cursor(events.len() as i64 + 1);
            events.push(Arc::new(event(cursor, build)));
        });
    }

    /// Breaks the streams of all who watch now.
    pub(crate) fn cut(&self) {
        self.cuts.send_replace(());
    }

    /// Keeps the events up to this one no longer.
    pub(crate) fn expire(&self, oldest: i64) {
        *self.oldest.lock().unwrap() = Cursor(oldest);
    }

    pub(crate) fn add_all(&self, builds: impl IntoIterator<Item = i64>) {
        builds.into_iter().for_each(|it| self.add(it));
    }
}

pub(crate) fn event(cursor: Cursor, build: i64) -> Event {
    Event {
        cursor,
        at: Timestamp::from_secs(1_700_000_000),
        verb: Verb::Updated,
        entity: Entity::Build(Build {
            id: BuildId(build),
            number: build,
            builder: BuilderId(1),
            request: BuildRequestId(build),
            worker: WorkerId(1),
            master: MasterId(1),
            started_at: Timestamp::from_secs(1_700_000_000),
            complete_at: None,
            locks_duration_s: 0,
            results: None,
            state: String::new(),
            properties: Properties::new(),
        }),
    }
}

fn none<T>() -> Result<T> {
    Err(Error::internal("only events are here"))
}

#[async_trait]
impl Read for Events {
    async fn get(&self, _: Key) -> Result<At<Entity>> {
        none()
    }
    async fn list(&self, _: List) -> Result<Page<Entity>> {
        none()
    }
    async fn log_content(&self, _: LogKey, _: i64, _: u32) -> Result<At<LogChunk>> {
        none()
    }
    async fn search_log(&self, _: LogKey, _: LogSearch) -> Result<At<LogHits>> {
        none()
    }
    async fn properties(&self, _: PropertiesOf) -> Result<At<Properties>> {
        none()
    }
    async fn build_data(&self, _: BuildKey, _: String) -> Result<At<Vec<u8>>> {
        none()
    }
    async fn view(&self, _: ViewQuery) -> Result<At<View>> {
        none()
    }
}

#[async_trait]
impl Control for Events {
    async fn control(&self, _: &Caller, _: Command) -> Result<Outcome> {
        none()
    }
}

#[async_trait]
impl Watch for Events {
    async fn watch(&self, _: TopicFilter, start: Start) -> Result<EventStream> {
        let Start::After(cursor) = start else {
            return none();
        };
        let oldest = *self.oldest.lock().unwrap();
        if cursor < oldest {
            return Err(Error::CursorExpired { oldest });
        }
        let next = usize::try_from(cursor.0).map_err(Error::internal)?;
        let state = (self.all.subscribe(), self.cuts.subscribe(), next);
        let events = stream::unfold(state, |(mut events, mut cuts, next)| async move {
            let event = tokio::select! {
                biased;
                _ = cuts.changed() => return None,
                event = events.wait_for(|it| it.len() > next) => event.ok()?[next].clone(),
            };
            Some((Ok(Signal::Event(event)), (events, cuts, next + 1)))
        });
        Ok(events.boxed())
    }
}

/// What is kept, outside of all runners.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) places: HashMap<String, Place>,
    /// Parked events by their ids: why, and whether they are wanted again.
    pub(crate) letters: BTreeMap<i64, (Event, String, bool)>,
    /// How many may be parked; as many as come if none.
    pub(crate) room: Option<usize>,
    pub(crate) standings: Vec<Standing>,
    /// Who holds, and until when.
    pub(crate) hold: Option<(String, Instant)>,
    /// How long it takes to tell what was wanted again when that was asked.
    pub(crate) look: Duration,
    /// Events up to this one cannot be parked: they are no longer kept.
    pub(crate) oldest: Cursor,
    /// A runner that reaches nothing.
    pub(crate) away: Option<String>,
    /// What the next saves are answered with.
    pub(crate) failures: Vec<Error>,
}

/// Bookmarks in memory, as a runner called `holder` has them. To write takes some milliseconds.
#[derive(Clone)]
pub(crate) struct Memory {
    kept: Arc<Mutex<Kept>>,
    holder: String,
    lease: Option<Duration>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            kept: Arc::default(),
            holder: "one".to_owned(),
            lease: None,
        }
    }

    /// The same for another runner; whoever has them holds for so long.
    pub(crate) fn of(&self, holder: &str, lease: Duration) -> Self {
        Self {
            kept: Arc::clone(&self.kept),
            holder: holder.to_owned(),
            lease: Some(lease),
        }
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    fn reach(&self) -> Result<()> {
        match self.kept().away.as_ref() == Some(&self.holder) {
            true => Err(Error::unavailable("nothing is reached")),
            false => Ok(()),
        }
    }

    pub(crate) fn place(&self) -> Place {
        self.kept().places.get("it").cloned().unwrap_or_default()
    }

    /// Why events are parked.
    pub(crate) fn parked(&self) -> BTreeMap<i64, String> {
        self.kept()
            .letters
            .iter()
            .map(|(id, it)| (*id, it.1.clone()))
            .collect()
    }
}

#[async_trait]
impl Bookmarks for Memory {
    async fn load(&self, listener: &str) -> Result<Option<Place>> {
        Ok(self.kept().places.get(listener).cloned())
    }

    async fn save(&self, listener: &str, place: &Place) -> Result<()> {
        sleep(Duration::from_millis(3)).await;
        self.reach()?;
        let mut kept = self.kept();
        if let Some(error) = kept.failures.pop() {
            return Err(error);
        }
        let other = kept.hold.as_ref().filter(|(who, _)| *who != self.holder);
        if let Some((who, _)) = other.filter(|_| self.lease.is_some()) {
            return Err(Error::Conflict { why: who.clone() });
        }
        kept.places.insert(listener.to_owned(), place.clone());
        Ok(())
    }

    async fn park(&self, _: &str, event: &Event, why: &str) -> Result<()> {
        let letter = (event.clone(), why.to_owned(), false);
        let mut kept = self.kept();
        let is_known = kept.letters.contains_key(&event.cursor.0);
        if !is_known && kept.room.is_some_and(|it| kept.letters.len() >= it) {
            let why = "the box is full".to_owned();
            return Err(Error::TooMany { why });
        }
        if !is_known && event.cursor <= kept.oldest {
            return Err(Error::CursorExpired { oldest: kept.oldest });
        }
        kept.letters.insert(event.cursor.0, letter);
        Ok(())
    }

    async fn hold(&self, _: &str, _: &str) -> Result<Hold> {
        let Some(lease) = self.lease else {
            return Ok(Hold::Ours(Duration::MAX));
        };
        self.reach()?;
        let mut kept = self.kept();
        match &kept.hold {
            Some((who, until)) if *who != self.holder && *until > Instant::now() => {
                Ok(Hold::Theirs(who.clone()))
            }
            _ => {
                kept.hold = Some((self.holder.clone(), Instant::now() + lease));
                Ok(Hold::Ours(lease))
            }
        }
    }

    async fn release(&self, _: &str) -> Result<()> {
        self.kept().hold.take_if(|it| it.0 == self.holder);
        Ok(())
    }

    async fn note(&self, _: &str, standing: &Standing) -> Result<()> {
        self.kept().standings.push(standing.clone());
        Ok(())
    }

    async fn asked_again(&self, _: &str) -> Result<Vec<Again>> {
        let (look, wanted) = {
            let kept = self.kept();
            let wanted = kept.letters.iter().filter(|(_, it)| it.2);
            let wanted = wanted.map(|(id, it)| Again {
                id: *id,
                event: it.0.clone(),
            });
            (kept.look, wanted.collect())
        };
        sleep(look).await;
        Ok(wanted)
    }

    async fn unpark(&self, _: &str, id: i64) -> Result<()> {
        self.kept().letters.remove(&id);
        Ok(())
    }
}

type Answer = dyn Fn(i64, i64, u32) -> Said + Send + Sync;

/// What a destination says to a delivery.
pub(crate) enum Said {
    Takes,
    After(Duration, std::result::Result<(), ListenerError>),
    Panics,
}

/// What came to a destination.
#[derive(Default)]
pub(crate) struct Came {
    /// Each try: when, of which event, of which build.
    pub(crate) tries: Vec<(Instant, i64, i64)>,
    /// What it took, in order: the event, its build.
    pub(crate) taken: Vec<(i64, i64)>,
    /// How many tries were in it at once at the most.
    pub(crate) most: usize,
    now: usize,
    /// Whether somebody attends to it.
    pub(crate) attends: bool,
}

impl Came {
    /// How often each event was taken.
    pub(crate) fn times(&self) -> BTreeMap<i64, usize> {
        let mut times = BTreeMap::new();
        self.taken
            .iter()
            .for_each(|(event, _)| *times.entry(*event).or_default() += 1);
        times
    }

    /// Panics unless the first deliveries of each build's events are in their order.
    pub(crate) fn assert_in_order(&self) {
        let mut newest: HashMap<i64, i64> = HashMap::new();
        let mut seen = BTreeSet::new();
        for (event, build) in self.taken.iter().filter(|it| seen.insert(it.0)) {
            let before = newest.insert(*build, *event);
            assert!(
                before < Some(*event),
                "{event} of build {build} came after {before:?}"
            );
        }
    }
}

/// A listener `it` whose destination answers by a function of event, build and how often it was tried.
#[derive(Clone)]
pub(crate) struct Destination {
    came: Arc<Mutex<Came>>,
    answer: Arc<Answer>,
    quiet: Arc<dyn Fn(i64) -> bool + Send + Sync>,
}

impl Destination {
    pub(crate) fn new(answer: impl Fn(i64, i64, u32) -> Said + Send + Sync + 'static) -> Self {
        Self {
            came: Arc::default(),
            answer: Arc::new(answer),
            quiet: Arc::new(|_| false),
        }
    }

    /// The same, which is not told of these events.
    pub(crate) fn quiet(mut self, quiet: impl Fn(i64) -> bool + Send + Sync + 'static) -> Self {
        self.quiet = Arc::new(quiet);
        self
    }

    pub(crate) fn came(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap()
    }
}

/// Notes that a try has ended, however it does.
struct Inside(Destination);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.came().now -= 1;
    }
}

/// Notes that nobody attends any more.
struct Attending(Destination);

impl Drop for Attending {
    fn drop(&mut self) {
        if let Ok(mut came) = self.0.came.lock() {
            came.attends = false;
        }
    }
}

#[async_trait]
impl Listener for Destination {
    fn name(&self) -> &str {
        "it"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse_all(["builds/*/*"]).unwrap()
    }

    async fn attend(&self, desk: Desk) {
        self.came().attends = true;
        let _attending = Attending(self.clone());
        drop(desk);
        std::future::pending().await
    }

    async fn hear(
        &self,
        event: &Event,
        api: &dyn StatusApi,
        turn: &Turn,
    ) -> std::result::Result<(), ListenerError> {
        if (self.quiet)(event.cursor.0) {
            return Ok(());
        }
        turn.come().await;
        self.on_event(event, api).await
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> std::result::Result<(), ListenerError> {
        let Entity::Build(build) = &event.entity else {
            panic!("only builds are here");
        };
        let (number, build) = (event.cursor.0, build.id.0);
        let inside = Inside(self.clone());
        let tries = {
            let mut came = self.came();
            came.now += 1;
            came.most = came.most.max(came.now);
            came.tries.push((Instant::now(), number, build));
            came.tries.iter().filter(|it| it.1 == number).count()
        };
        let (long, outcome) = match (self.answer)(number, build, u32::try_from(tries).unwrap()) {
            Said::Takes => (Duration::from_millis(5), Ok(())),
            Said::After(long, outcome) => (long, outcome),
            Said::Panics => panic!("it cannot"),
        };
        sleep(long).await;
        if outcome.is_ok() {
            self.came().taken.push((number, build));
        }
        drop(inside);
        outcome
    }
}

pub(crate) fn later() -> Said {
    Said::After(
        Duration::from_millis(5),
        Err(ListenerError::Later("it is down".to_owned())),
    )
}

pub(crate) fn run(
    destination: &Destination,
    events: &Events,
    memory: &Memory,
    options: RunnerOptions,
) -> JoinHandle<()> {
    let runner = Runner::new(
        Arc::new(destination.clone()),
        Arc::new(events.clone()),
        Arc::new(memory.clone()),
        options,
    );
    tokio::spawn(async move { runner.run().await })
}

/// Waits, in the test's own time, until something is so.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(20);
    while !so() {
        assert!(
            begun.elapsed() < Duration::from_secs(7 * 24 * 3600),
            "not within a week: {what}"
        );
        sleep(pause).await;
        pause = (pause * 21 / 20).min(Duration::from_secs(10));
    }
}
