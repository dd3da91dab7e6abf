//! A status API that gives events it is told, and a server that a webhook posts to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use futures::{StreamExt as _, stream};
use tokio::sync::{mpsc, watch};
use weir_status_api::{
    At, Build, BuildId, BuildKey, BuildRequestId, BuilderId, Caller, Command, Control, Cursor, Entity, Error,
    Event, EventStream, Key, List, LogChunk, LogHits, LogKey, LogSearch, MasterId, Outcome, Page, Properties,
    PropertiesOf, Read, Result, Results, Signal, Start, Timestamp, TopicFilter, Verb, View, ViewQuery, Watch,
    WorkerId,
};

/// The end of build `number`, as event `number`.
pub(crate) fn build_finished(number: i64) -> Event {
    let build = Build {
        id: BuildId(number),
        number,
        builder: BuilderId(2),
        request: BuildRequestId(3),
        worker: WorkerId(4),
        master: MasterId(1),
        started_at: Timestamp::from_secs(1_700_000_000),
        complete_at: Some(Timestamp::from_secs(1_700_000_060)),
        locks_duration_s: 0,
        results: Some(Results::Success),
        state: "build successful".to_owned(),
        properties: Properties::new(),
    };
    Event {
        cursor: Cursor(number),
        at: Timestamp::from_secs(1_700_000_060),
        verb: Verb::Finished,
        entity: Entity::Build(build),
    }
}

/// A status API that has nothing but events.
pub(crate) struct Events(watch::Sender<Vec<Arc<Event>>>);

impl Events {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(vec![])))
    }

    pub(crate) fn add(&self, event: Event) {
        self.0.send_modify(|events| events.push(Arc::new(event)));
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
impl Watch for Events {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let start = match start {
            Start::Now => self.0.borrow().len(),
            Start::After(cursor) => {
                let events = self.0.borrow();
                events.iter().filter(|it| it.cursor <= cursor).count()
            }
        };
        let state = (self.0.subscribe(), start);
        let events = stream::unfold(state, |(mut events, next)| async move {
            let ready = events.wait_for(|it| it.len() > next).await.ok()?;
            let event = ready[next].clone();
            drop(ready);
            Some((event, (events, next + 1)))
        });
        Ok(events
            .filter(move |it| std::future::ready(filter.matching(it).is_some()))
            .map(|it| Ok(Signal::Event(it)))
            .boxed())
    }
}

#[async_trait]
impl Control for Events {
    async fn control(&self, _: &Caller, _: Command) -> Result<Outcome> {
        none()
    }
}

/// What was posted.
pub(crate) struct Post {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Post {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

struct Answers {
    given: Mutex<VecDeque<u16>>,
    posts: mpsc::Sender<Post>,
}

/// A server that notes what is posted to it, and answers with the statuses it was given, then with 200.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    posts: mpsc::Receiver<Post>,
}

impl Server {
    pub(crate) async fn start(answers: impl Into<VecDeque<u16>>) -> Self {
        let (sender, posts) = mpsc::channel(64);
        let state = Arc::new(Answers {
            given: Mutex::new(answers.into()),
            posts: sender,
        });
        let app = axum::Router::new()
            .route("/hook", axum::routing::post(answer))
            .with_state(state);
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(socket, app).await });
        Self { address, posts }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next post.
    pub(crate) async fn post(&mut self) -> Post {
        let post = tokio::time::timeout(Duration::from_secs(10), self.posts.recv()).await;
        post.expect("nothing was posted for 10 s")
            .expect("the server has ended")
    }

    /// Whether nothing more was posted up to now.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.posts.try_recv().is_err()
    }

    /// The delivery that the next post says it is.
    pub(crate) async fn delivery(&mut self) -> String {
        self.post().await.header("x-weir-delivery").to_owned()
    }
}

async fn answer(
    State(answers): State<Arc<Answers>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let status = answers.given.lock().unwrap().pop_front().unwrap_or(200);
    answers.posts.send(Post { headers, body }).await.unwrap();
    (StatusCode::from_u16(status).unwrap(), format!("said {status}\n"))
}
