//! A status API in memory that does what a test tells it, and a server for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::service::Routes;
use weir_status_api::*;
use weir_status_grpc::{Admit, GrpcStatus, Options, ServeOptions, routes, routes_admitting, serve_with};

pub(crate) const DEADLINE: Duration = Duration::from_secs(8);

/// What the API does from now on.
#[derive(Clone, Debug, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Every call fails so, and every watch after the events that there are.
    Fails(Error),
    /// Every call panics, and every watch after the events that there are.
    Panics,
    /// No call is ever answered; watches go on.
    Hangs,
    /// Watches give events without end, as fast as they are taken.
    Floods,
}

#[derive(Default)]
struct State {
    mood: Mood,
    events: Vec<Event>,
}

pub(crate) struct Scripted {
    state: watch::Sender<State>,
    /// Events up to this one are no longer kept.
    pub(crate) oldest: Cursor,
    pub(crate) lists: Mutex<Vec<List>>,
    pub(crate) commands: Mutex<Vec<(Caller, Command)>>,
    pub(crate) open_watches: Arc<AtomicUsize>,
    pub(crate) events_given: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn new() -> Arc<Self> {
        Self::forgetting(Cursor::ZERO)
    }

    /// One that has forgotten the events up to `oldest`.
    pub(crate) fn forgetting(oldest: Cursor) -> Arc<Self> {
        let events = (1..=oldest.0).map(event).collect();
        Arc::new(Self {
            state: watch::Sender::new(State {
                mood: Mood::Well,
                events,
            }),
            oldest,
            lists: Mutex::default(),
            commands: Mutex::default(),
            open_watches: Arc::default(),
            events_given: Arc::default(),
        })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.send_modify(|state| state.mood = mood);
    }

    /// Makes one more event.
    pub(crate) fn commit(&self) -> Cursor {
        let mut cursor = Cursor::ZERO;
        self.state.send_modify(|state| {
            let event = event(state.events.len() as i64 + 1);
            cursor = event.cursor;
            state.events.push(event);
        });
        cursor
    }

    pub(crate) fn open_watches(&self) -> usize {
        self.open_watches.load(Ordering::SeqCst)
    }

    pub(crate) fn events_given(&self) -> usize {
        self.events_given.load(Ordering::SeqCst)
    }

    fn cursor(&self) -> Cursor {
        Cursor(self.state.borrow().events.len() as i64)
    }

    async fn mood(&self) -> Result<()> {
        let mood = self.state.borrow().mood.clone();
        match mood {
            Mood::Well | Mood::Floods => Ok(()),
            Mood::Fails(error) => Err(error),
            Mood::Panics => panic!("as the test told it"),
            Mood::Hangs => std::future::pending().await,
        }
    }

    async fn at<T>(&self, value: T) -> Result<At<T>> {
        self.mood().await?;
        Ok(At {
            value,
            cursor: self.cursor(),
        })
    }
}

pub(crate) fn build(id: i64) -> Build {
    Build {
        id: BuildId(id),
        number: id,
        builder: BuilderId(1),
        request: BuildRequestId(id),
        worker: WorkerId(1),
        master: MasterId(1),
        started_at: Timestamp(1_700_000_000_123_456),
        complete_at: None,
        locks_duration_s: 0,
        results: Some(Results::Success),
        state: "build successful".to_owned(),
        properties: properties(),
    }
}

pub(crate) fn properties() -> Properties {
    let value = json!({"most": i64::MAX, "third": 1.0 / 3.0, "nothing": null});
    Properties::from([("odd".to_owned(), Property::new(value, "Change"))])
}

/// As many bytes, all there are.
pub(crate) fn data(bytes: i64) -> Vec<u8> {
    (0..bytes).map(|at| at as u8).collect()
}

/// A grid of as many empty revisions and one cell for each.
pub(crate) fn grid(revisions: u32) -> Grid {
    let revision = |at: u32| GridRevision {
        source_stamps: vec![],
        submitted_at: Timestamp(i64::from(at)),
    };
    let cell = |row: u32| Cell {
        row,
        builder: BuilderId(1),
        builds: vec![],
        waiting: vec![BuildRequestId(i64::from(row) + 1)],
    };
    Grid {
        builders: vec![],
        revisions: (0..revisions).map(revision).collect(),
        cells: (0..revisions).map(cell).collect(),
    }
}

pub(crate) fn event(cursor: i64) -> Event {
    Event {
        cursor: Cursor(cursor),
        at: Timestamp(-1),
        verb: Verb::Finished,
        entity: build(cursor).into_entity(),
    }
}

#[async_trait]
impl Read for Scripted {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        match key {
            Key::Build(BuildKey::Id(id)) => self.at(build(id.0).into_entity()).await,
            other => Err(Error::not_found(other)),
        }
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        let limit = list.clone().into_parts().limit.unwrap_or(DEFAULT_LIMIT);
        self.lists.lock().unwrap().push(list);
        let At { value, cursor } = self.at(limit).await?;
        Ok(Page {
            items: (1..=i64::from(value)).map(|id| build(id).into_entity()).collect(),
            cursor,
            next: Some(PageToken("behind".to_owned())),
        })
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.at(LogChunk {
            log: LogId(5),
            first_line: first,
            content: format!("o{limit} lines of {log}\n"),
            times: vec![LineTime {
                line: first,
                at: Timestamp(7),
            }],
        })
        .await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        let next = search.first + 1;
        let hit = LogHit {
            line: search.first,
            stream: Some('e'),
            text: format!("{search:?} in {log}"),
            text_start: 7,
            ranges: vec![HitRange { begin: 8, end: 9 }],
        };
        self.at(LogHits {
            log: LogId(5),
            hits: vec![hit],
            next,
            complete: false,
        })
        .await
    }

    async fn properties(&self, _of: PropertiesOf) -> Result<At<Properties>> {
        self.at(properties()).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        match build {
            BuildKey::Id(BuildId(bytes)) => self.at(data(bytes)).await,
            BuildKey::Number(..) => Err(Error::not_found(Key::BuildData(build, name))),
        }
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        match query {
            ViewQuery::Grid(query) => self.at(View::Grid(grid(query.revisions))).await,
            _ => Err(Error::NotSupported {
                operation: "this view".to_owned(),
                implementer: "the test".to_owned(),
            }),
        }
    }
}

#[async_trait]
impl Watch for Scripted {
    async fn watch(&self, _filter: TopicFilter, start: Start) -> Result<EventStream> {
        let begin = match start {
            Start::Now => self.cursor(),
            Start::After(cursor) if cursor < self.oldest => {
                return Err(Error::CursorExpired { oldest: self.oldest });
            }
            Start::After(cursor) => cursor,
        };
        let mut changes = self.state.subscribe();
        let given = Arc::clone(&self.events_given);
        let open = Open::count(&self.open_watches);
        Ok(async_stream::stream! {
            let _open = open;
            let mut next = usize::try_from(begin.0).unwrap();
            loop {
                let (event, mood) = {
                    let state = changes.borrow_and_update();
                    (state.events.get(next).cloned(), state.mood.clone())
                };
                next += 1;
                match (event, mood) {
                    (None, Mood::Floods) => {
                        given.fetch_add(1, Ordering::SeqCst);
                        yield Ok(Signal::Event(Arc::new(event_of_64_kib(next as i64))));
                    }
                    (Some(event), _) => yield Ok(Signal::Event(Arc::new(event))),
                    (None, Mood::Fails(error)) => yield Err(error),
                    (None, Mood::Panics) => panic!("as the test told it"),
                    (None, Mood::Well | Mood::Hangs) => {
                        next -= 1;
                        yield Ok(Signal::Bookmark(Cursor(next as i64)));
                        if changes.changed().await.is_err() {
                            break;
                        }
                    }
                }
            }
        }
        .boxed())
    }
}

fn event_of_64_kib(cursor: i64) -> Event {
    let mut build = build(cursor);
    build.state = "x".repeat(64 * 1024);
    Event {
        entity: build.into_entity(),
        ..event(cursor)
    }
}

/// Counts what is open for as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn count(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Control for Scripted {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.mood().await?;
        self.commands.lock().unwrap().push((caller.clone(), command));
        Ok(Outcome::Buildset {
            buildset: BuildsetId(3),
            requests: BTreeMap::from([(BuilderId(1), BuildRequestId(7))]),
        })
    }
}

/// A server of a scripted API; it stops when this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<Result<(), tonic::transport::Error>>,
    _stop_at_end: DropGuard,
}

impl Served {
    pub(crate) async fn start(api: &Arc<Scripted>) -> Self {
        Self::with_options(api, ServeOptions::default()).await
    }

    pub(crate) async fn with_options(api: &Arc<Scripted>, options: ServeOptions) -> Self {
        Self::serve(Arc::new(OpenToAll(Arc::clone(api) as _)), options).await
    }

    pub(crate) async fn of(access: Arc<dyn Access>) -> Self {
        Self::serve(access, ServeOptions::default()).await
    }

    async fn serve(access: Arc<dyn Access>, options: ServeOptions) -> Self {
        Self::routes(options, |stop| routes(access, stop)).await
    }

    pub(crate) async fn admitting(access: Arc<dyn Access>, admit: Arc<dyn Admit>) -> Self {
        Self::routes(ServeOptions::default(), |stop| {
            routes_admitting(access, admit, stop)
        })
        .await
    }

    async fn routes(options: ServeOptions, routes: impl FnOnce(CancellationToken) -> Routes) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let routes = routes(stop.clone());
        Self {
            address,
            ended: tokio::spawn(serve_with(listener, routes, stop.clone(), options)),
            _stop_at_end: stop.clone().drop_guard(),
            stop,
        }
    }

    pub(crate) fn client(&self) -> GrpcStatus {
        client(self.address, Options::default())
    }
}

pub(crate) fn client(address: SocketAddr, options: Options) -> GrpcStatus {
    GrpcStatus::with_options(&format!("grpc://{address}"), options).unwrap()
}

/// The next signal of a watch, which must come in time.
pub(crate) async fn next(events: &mut EventStream) -> Option<Result<Signal>> {
    tokio::time::timeout(DEADLINE, events.next())
        .await
        .expect("a signal in time")
}

/// The next event's cursor, past bookmarks.
pub(crate) async fn next_event(events: &mut EventStream) -> Result<Cursor> {
    loop {
        match next(events).await.expect("a watch has no end of its own")? {
            Signal::Event(event) => return Ok(event.cursor),
            Signal::Bookmark(_) => {}
        }
    }
}

/// The error that ends the watch; it must be the last item.
pub(crate) async fn last_error(events: &mut EventStream) -> Error {
    loop {
        match next(events).await.expect("an error comes before the end") {
            Ok(_) => {}
            Err(error) => {
                assert!(
                    events.next().now_or_never().flatten().is_none(),
                    "an error is the last item"
                );
                return error;
            }
        }
    }
}
