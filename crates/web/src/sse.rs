//! Server-sent events: a feed as a stream of text.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::Stream;
use serde_json::json;
use tokio::sync::watch;
use weir_status_api::{Caller, Cursor, Error, Result, Signal, Start, StatusApi, TopicFilter, TopicPattern};
use weir_status_http::v2;

use crate::admission::Admitted;
use crate::answer::{self, in_time};
use crate::feed::{Feed, MAX_SUBSCRIPTIONS, Subscription, present, too_many};
use crate::lines::Opened;
use crate::{Shared, credential};

/// Opens a stream for `/sse/listen/<path>`, `/sse/<path>` and `/sse/listen?path=…`; changes one for
/// `/sse/add/<uuid>/<path>` and `/sse/remove/<uuid>/<path>`.
pub(crate) async fn serve(State(app): State<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let caller = credential::caller(&head.headers);
    let api = app.access.open(&caller);
    let path = head.uri.path();
    let path = path.strip_prefix("/sse/").unwrap_or(path);
    let (word, below) = path.split_once('/').unwrap_or((path, ""));
    let answer = match word {
        "add" | "remove" => change(&app, &*api, &caller, word == "add", below, &head).await,
        "listen" => open(&app, api, caller, below, &head).await,
        _ => open(&app, api, caller, path, &head).await,
    };
    answer.unwrap_or_else(|error| answer::error(&error))
}

async fn open(
    app: &Shared,
    api: Arc<dyn StatusApi>,
    caller: Caller,
    path: &str,
    head: &Parts,
) -> Result<Response> {
    let query = v2::pairs(head.uri.query().unwrap_or_default());
    let patterns = patterns(path, &query)?;
    let since = since(&head.headers, &query)?;
    let admitted = app.admit(head)?;
    let after = match since {
        Some(since) => since,
        None => present(app, &*api).await?,
    };
    let wanted: Vec<Subscription> = patterns
        .into_iter()
        .map(|pattern| Subscription { pattern, after })
        .collect();
    let mut feed = Feed::new(app, api, after);
    match since {
        Some(_) => feed.resume(wanted.clone()).await?,
        None => feed.add(wanted.clone()).await?,
    }
    let sender = Sender {
        app: Arc::clone(app),
        feed,
        opened: app.lines.open(caller, wanted),
        _admitted: admitted,
    };
    Ok(respond(sender.run()))
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

/// The different patterns: what stands in the path itself, and each `path=`.
fn patterns(path: &str, query: &[(String, String)]) -> Result<Vec<TopicPattern>> {
    let mut patterns = vec![];
    if !path.is_empty() {
        patterns.push(pattern(path)?);
    }
    for (name, value) in query {
        match name.as_str() {
            "path" => {
                let pattern = TopicPattern::parse(value)?;
                if !patterns.contains(&pattern) {
                    patterns.push(pattern);
                }
            }
            "since" => {}
            _ => return Err(Error::invalid(name, "unrecognized query parameter")),
        }
        if patterns.len() > MAX_SUBSCRIPTIONS {
            return Err(too_many());
        }
    }
    Ok(patterns)
}

fn pattern(path: &str) -> Result<TopicPattern> {
    let path = v2::decode_path(path).ok_or_else(|| Error::invalid("path", "is not UTF-8"))?;
    TopicPattern::parse(&path)
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

/// Adds a subscription to an open stream, or ends one; in Buildbot's words.
async fn change(
    app: &Shared,
    api: &dyn StatusApi,
    caller: &Caller,
    add: bool,
    below: &str,
    head: &Parts,
) -> Result<Response> {
    let (id, path) = below.split_once('/').unwrap_or((below, ""));
    if id.is_empty() {
        return Ok(plain(StatusCode::BAD_REQUEST, "need uuid"));
    }
    let Some(line) = app.lines.find(id, caller) else {
        return Ok(plain(StatusCode::BAD_REQUEST, "unknown uuid"));
    };
    let query = v2::pairs(head.uri.query().unwrap_or_default());
    if let Some((name, _)) = query.iter().find(|(name, _)| !add || name != "since") {
        return Err(Error::invalid(name, "unrecognized query parameter"));
    }
    let pattern = pattern(path)?;
    if !add {
        return Ok(match line.remove(&pattern) {
            true => plain(StatusCode::OK, "ok"),
            false => plain(StatusCode::NOT_FOUND, "consumer is not listening to this event"),
        });
    }
    let after = match since(&HeaderMap::new(), &query)? {
        Some(since) => {
            // A watch from there must be possible: it would end the stream, with all that it has.
            let filter = TopicFilter::parse_all([pattern.to_string().as_str()])?;
            drop(in_time(app.options.deadline, api.watch(filter, Start::After(since))).await?);
            since
        }
        None => present(app, api).await?,
    };
    line.add(Subscription { pattern, after })?;
    Ok(plain(StatusCode::OK, "ok"))
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, text).into_response()
}

/// Sends a feed. It reads an event when the client has taken the one before.
struct Sender {
    app: Shared,
    feed: Feed,
    opened: Opened,
    _admitted: Admitted,
}

impl Sender {
    fn run(mut self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        let mut closing = self.app.options.closing.clone();
        let heartbeat = self.app.options.heartbeat;
        async_stream::stream! {
            let id = self.opened.id.to_string();
            yield Ok(frame("handshake", Some(self.feed.place()), &id));
            loop {
                let signal = tokio::select! {
                    // What was removed shall not come any more.
                    biased;
                    () = closed(&mut closing) => break,
                    wanted = self.opened.line.changed() => {
                        match self.feed.turn_to(&wanted).await {
                            Ok(()) => continue,
                            Err(error) => Ok(Err(error)),
                        }
                    }
                    signal = tokio::time::timeout(heartbeat, self.feed.next()) => signal,
                };
                match signal {
                    Ok(Ok(signal)) => {
                        if let Some(frame) = self.tell(&signal).await {
                            yield Ok(frame);
                        }
                    }
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "an event stream ended");
                        yield Ok(frame("error", None, &v2::error_body(&error).to_string()));
                        break;
                    }
                    Err(_silence) => yield Ok(self.bookmark()),
                }
            }
        }
    }

    /// The event under the first of its topics that the client wants; none if it does not want it any more.
    async fn tell(&mut self, signal: &Signal) -> Option<Bytes> {
        let Signal::Event(event) = signal else {
            return Some(self.bookmark());
        };
        let framed = self.feed.framed(event).await;
        let topic = framed.matching_any(self.feed.wanting(event.cursor))?;
        Some(framed.sse(topic))
    }

    /// A bookmark; a comment while the place does not move because nothing is subscribed to.
    fn bookmark(&self) -> Bytes {
        match self.feed.is_idle() {
            true => Bytes::from_static(b": waiting\n\n"),
            false => frame("bookmark", Some(self.feed.place()), &json!({}).to_string()),
        }
    }
}

/// When the server stops.
pub(crate) async fn closed(closing: &mut Option<watch::Receiver<bool>>) {
    match closing {
        // An error means that nobody is left to say so: the server is gone.
        Some(closing) => drop(closing.wait_for(|closing| *closing).await),
        None => std::future::pending().await,
    }
}

/// One server-sent event. `data` has no line ends: it is JSON in one line, or an id.
pub(crate) fn frame(event: &str, id: Option<Cursor>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {event}\n{id}data: {data}\n\n"))
}
