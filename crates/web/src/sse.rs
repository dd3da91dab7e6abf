//! Server-sent events: a watch as a stream of text.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};
use weir_status_api::{
    Cursor, Entity, Error, Event, EventStream, Master, MasterId, Result, Signal, Start, StatusApi,
    TopicFilter,
};
use weir_status_http::v2;

use crate::Shared;
use crate::answer::{self, in_time};
use crate::reads::fill_master;

/// How long a stream waits for what it can do without: to be told that it cannot resume, a scheduler's master.
const FIRST: Duration = Duration::from_millis(100);

/// Opens a stream for `/sse/listen/<path>`, `/sse/<path>` and `/sse/listen?path=…`.
pub(crate) async fn serve(State(app): State<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    match open(&app, &head).await {
        Ok(stream) => respond(stream),
        Err(error) => answer::error(&error),
    }
}

fn respond(stream: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Some proxies gather an answer before they pass it on, unless told not to.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    response
}

async fn open(app: &Shared, head: &Parts) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + use<>> {
    let path = head.uri.path();
    let query = v2::pairs(head.uri.query().unwrap_or_default());
    let filter = filter(path.strip_prefix("/sse/").unwrap_or(path), &query)?;
    let since = since(&head.headers, &query)?;
    let permit = Arc::clone(&app.streams)
        .try_acquire_owned()
        .map_err(|_| Error::unavailable("too many event streams are open"))?;
    let start = since.map_or(Start::Now, Start::After);
    let api = app.open(&head.headers);
    let events = in_time(app.options.deadline, api.watch(filter.clone(), start)).await?;
    let mut events = events.fuse();
    let first = first_signal(&mut events, since).await?;
    let events = Box::pin(stream::iter(first.map(Ok)).chain(events));
    let feed = Feed {
        app: Arc::clone(app),
        api,
        filter,
        last: since,
        masters: BTreeMap::new(),
        _permit: permit,
    };
    Ok(feed.run(events))
}

/// What the stream gives at once, if it does. Some implementations tell only within the stream that a cursor is
/// no good, and a browser understands a status better than an event.
async fn first_signal(
    events: &mut stream::Fuse<EventStream>,
    since: Option<Cursor>,
) -> Result<Option<Signal>> {
    if since.is_none() {
        return Ok(None);
    }
    match tokio::time::timeout(FIRST, events.next()).await {
        Ok(first) => first.transpose(),
        Err(_quiet) => Ok(None),
    }
}

/// The patterns: each `path=`, and what follows in the path itself.
fn filter(path: &str, query: &[(String, String)]) -> Result<TopicFilter> {
    let below = match path.split_once('/') {
        Some(("listen", below)) => below,
        None if path == "listen" => "",
        Some(("add" | "remove", _)) => {
            return Err(Error::NotSupported {
                operation: "changing the paths of an open event stream".to_owned(),
                implementer: "this server: open another one, with `since=`".to_owned(),
            });
        }
        _ => path,
    };
    let below = v2::decode_path(below).ok_or_else(|| Error::invalid("path", "is not UTF-8"))?;
    let mut patterns: Vec<&str> = vec![];
    if !below.is_empty() {
        patterns.push(&below);
    }
    for (name, value) in query {
        match name.as_str() {
            "path" => patterns.push(value),
            "since" => {}
            _ => return Err(Error::invalid(name, "unrecognized query parameter")),
        }
    }
    TopicFilter::parse_all(patterns)
}

/// The cursor after which the client wants events: `Last-Event-ID`, which a browser sends when it connects
/// again to the same address, else `since=`.
fn since(headers: &HeaderMap, query: &[(String, String)]) -> Result<Option<Cursor>> {
    let parse = |name: &str, text: &str| {
        let cursor = text.parse::<Cursor>().ok().filter(|cursor| cursor.0 >= 0);
        cursor.ok_or_else(|| Error::invalid(name, format!("`{text}` is no cursor")))
    };
    if let Some(id) = headers.get("last-event-id") {
        let text = id.to_str().unwrap_or_default();
        return parse("Last-Event-ID", text).map(Some);
    }
    let since = query.iter().rev().find(|(name, _)| name == "since");
    since.map(|(name, text)| parse(name, text)).transpose()
}

/// An open event stream. It reads an event when the client has taken the one before.
struct Feed {
    app: Shared,
    api: Arc<dyn StatusApi>,
    filter: TopicFilter,
    /// Up to where the client has everything.
    last: Option<Cursor>,
    /// The masters that schedulers' events named, for their messages.
    masters: BTreeMap<MasterId, Master>,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    fn run(
        mut self,
        mut events: EventStream,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let mut closing = self.app.options.closing.clone();
        async_stream::stream! {
            yield Ok(frame("handshake", None, &uuid::Uuid::new_v4().to_string()));
            loop {
                let heartbeat = self.app.options.heartbeat;
                let signal = tokio::select! {
                    signal = tokio::time::timeout(heartbeat, events.next()) => signal,
                    () = closed(&mut closing) => break,
                };
                match signal {
                    Ok(Some(Ok(signal))) => yield Ok(self.tell(&signal).await),
                    Ok(Some(Err(error))) => {
                        tracing::debug!(%error, "an event stream ended");
                        yield Ok(frame("error", None, &v2::error_body(&error).to_string()));
                        break;
                    }
                    Ok(None) => break,
                    Err(_silence) => yield Ok(self.heartbeat()),
                }
            }
        }
    }

    async fn tell(&mut self, signal: &Signal) -> Bytes {
        self.last = Some(signal.cursor());
        self.app.shared.fresh.told(signal.cursor());
        match signal {
            Signal::Event(event) => match self.message(event).await {
                Some(data) => frame("event", self.last, &data.to_string()),
                None => self.heartbeat(),
            },
            Signal::Bookmark(_) => self.heartbeat(),
        }
    }

    /// The event under the first of its topics that the client asked for.
    async fn message(&mut self, event: &Event) -> Option<Value> {
        let topic = self.filter.matching(event)?;
        let mut message = v2::to_json(&event.entity);
        if let Entity::Scheduler(scheduler) = &event.entity {
            let fill = fill_master(&*self.api, scheduler.master, &mut message, &mut self.masters);
            // Without an answer in time the message has the master's id alone.
            let _late = tokio::time::timeout(FIRST, fill).await;
        }
        Some(v2::event_to_json(event, &topic, message))
    }

    /// A bookmark; a comment if there is no cursor yet.
    fn heartbeat(&self) -> Bytes {
        match self.last {
            Some(_) => frame("bookmark", self.last, &json!({}).to_string()),
            None => Bytes::from_static(b": waiting\n\n"),
        }
    }
}

/// When the server stops.
async fn closed(closing: &mut Option<watch::Receiver<bool>>) {
    match closing {
        // An error means that nobody is left to say so: the server is gone.
        Some(closing) => drop(closing.wait_for(|closing| *closing).await),
        None => std::future::pending().await,
    }
}

/// One server-sent event. `data` has no line ends: it is JSON in one line, or an id.
fn frame(event: &str, id: Option<Cursor>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {event}\n{id}data: {data}\n\n"))
}
