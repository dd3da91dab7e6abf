//! `/ws`: events over a WebSocket, as Buildbot's clients speak it.
//!
//! One task has the socket. While it sends it reads nothing, so that a client which does not read soon cannot ask
//! either; and a client from which no sign of life comes is dropped.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, SinkExt};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite;
use weir_status_api::{Cursor, Error, Result, Signal, TopicPattern};
use weir_status_http::v2::{
    self, SocketCommand, SocketFrame, socket_bookmark, socket_error, socket_not_consumed, socket_ok,
    socket_pong,
};

use crate::admission::Admitted;
use crate::answer;
use crate::feed::{Feed, Subscription, present};
use crate::sse::closed;
use crate::{Shared, credential};

/// How much is read at once. Commands are short.
const READ: usize = 2 << 10;
/// How many events go out in one write, if so many wait.
const BATCH: usize = 64;
/// How long the client may take to return a farewell.
const FAREWELL: Duration = Duration::from_secs(1);
/// Closes by an error have its HTTP status behind this.
const CLOSED_BY_ERROR: u16 = 4000;
/// How long the reason of a close may be, in bytes.
const LONGEST_REASON: usize = 123;

/// What a server puts into a request's extensions to be kept as long as its connection is in use, also when it
/// was handed over and the server itself sees no more of it. The last clone's end tells the server.
#[derive(Clone)]
pub struct Hold(#[expect(dead_code, reason = "it is there to be dropped")] Arc<dyn Any + Send + Sync>);

impl Hold {
    /// Keeps `it`.
    pub fn new(it: impl Any + Send + Sync) -> Self {
        Self(Arc::new(it))
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}

/// Opens a socket.
pub(crate) async fn serve(State(app): State<Shared>, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    match open(&app, &head).await {
        Ok(connection) => {
            let most = app.options.max_frame;
            upgrade
                .max_message_size(most)
                .max_frame_size(most)
                .read_buffer_size(READ)
                .on_upgrade(move |socket| connection.run(socket))
        }
        Err(error) => {
            let mut refused = answer::error(&error);
            if matches!(error, Error::Unauthenticated { .. }) {
                // Buildbot's answer to a session that is no good.
                *refused.status_mut() = StatusCode::FORBIDDEN;
            }
            refused
        }
    }
}

async fn open(app: &Shared, head: &Parts) -> Result<Box<Connection>> {
    let admitted = app.admit(head)?;
    let api = app.access.open(&credential::caller(&head.headers));
    // Also the question whether the caller may read at all.
    let place = present(app, &*api).await?;
    Ok(Box::new(Connection {
        feed: Feed::new(app, api, place),
        app: Arc::clone(app),
        reads_cursors: false,
        _admitted: admitted,
        _hold: head.extensions.get().cloned(),
    }))
}

/// One client.
struct Connection {
    app: Shared,
    feed: Feed,
    /// Whether the client knows of cursors: Buildbot's do not, and get nothing that they do not know.
    reads_cursors: bool,
    _admitted: Admitted,
    _hold: Option<Hold>,
}

/// Why the talk ended.
enum End {
    /// There is nobody to talk to any more.
    Gone,
    /// The server ends it.
    Close(u16, Cow<'static, str>),
    /// The events ended.
    Failed(Error),
}

impl Connection {
    async fn run(mut self: Box<Self>, mut socket: WebSocket) {
        let end = match self.talk(&mut socket).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let (code, reason) = match end {
            End::Gone => return,
            End::Close(code, reason) => (code, reason),
            End::Failed(error) => {
                tracing::debug!(%error, "a socket's events ended");
                if self.reads_cursors {
                    let text = socket_error(&error, &Value::Null);
                    drop(self.send(&mut socket, Message::text(text)).await);
                }
                (CLOSED_BY_ERROR + v2::status(&error), error.to_string().into())
            }
        };
        drop(timeout(FAREWELL, farewell(&mut socket, code, &reason)).await);
    }

    async fn talk(&mut self, socket: &mut WebSocket) -> Result<std::convert::Infallible, End> {
        let mut closing = self.app.options.closing.clone();
        let every = self.app.options.heartbeat;
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                message = socket.recv() => {
                    heard = Instant::now();
                    self.hear(socket, message).await?;
                }
                signal = self.feed.next() => self.tell(socket, signal.map_err(End::Failed)?).await?,
                _ = heartbeat.tick() => self.beat(socket, heard).await?,
                () = closed(&mut closing) => {
                    return Err(End::Close(close_code::AWAY, "the server is stopping".into()));
                }
            }
        }
    }

    async fn hear(
        &mut self,
        socket: &mut WebSocket,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), End> {
        let answer = match message {
            Some(Ok(Message::Text(text))) => self.answer(text.as_bytes()).await,
            Some(Ok(Message::Binary(bytes))) => self.answer(&bytes).await,
            // Pings are answered by the protocol itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
            Some(Err(error)) => return Err(broken(error)),
        };
        self.send(socket, Message::text(answer)).await
    }

    /// Carries out a command, and gives the answer.
    async fn answer(&mut self, frame: &[u8]) -> String {
        let SocketFrame { id, command } = match SocketFrame::parse(frame) {
            Ok(frame) => frame,
            Err(refusal) => return refusal,
        };
        match command {
            SocketCommand::Ping => socket_pong(&id),
            SocketCommand::Stop { pattern } => match self.feed.remove(&pattern) {
                true => socket_ok(&id, None),
                false => socket_not_consumed(&pattern, &id),
            },
            SocketCommand::Start {
                pattern,
                since,
                bookmarks,
            } => match self.start(pattern, since).await {
                Ok(place) => {
                    self.reads_cursors |= bookmarks || since.is_some();
                    socket_ok(&id, self.reads_cursors.then_some(place))
                }
                Err(error) => {
                    if matches!(error, Error::Internal { .. }) {
                        tracing::error!(%error, "a subscription failed by the server's fault");
                    }
                    socket_error(&error, &id)
                }
            },
        }
    }

    /// Subscribes; gives the cursor up to where the client then has everything that it wants.
    async fn start(&mut self, pattern: TopicPattern, since: Option<Cursor>) -> Result<Cursor> {
        if !self.feed.has(&pattern) {
            match since {
                Some(after) => self.feed.resume(vec![Subscription { pattern, after }]).await?,
                None => {
                    let after = self.feed.now().await?;
                    self.feed.add(vec![Subscription { pattern, after }]).await?;
                }
            }
        }
        Ok(self.feed.place())
    }

    /// Sends what `signal` tells, and what else waits, in one write.
    async fn tell(&mut self, socket: &mut WebSocket, signal: Signal) -> Result<(), End> {
        let patience = self.app.options.patience;
        in_time(patience, self.put(socket, &signal)).await?;
        for _ in 1..BATCH {
            let Some(next) = self.feed.next().now_or_never() else {
                break;
            };
            let next = next.map_err(End::Failed)?;
            in_time(patience, self.put(socket, &next)).await?;
        }
        let flushed = async { socket.flush().await.map_err(|_| End::Gone) };
        in_time(patience, flushed).await
    }

    /// Sends the event once for each subscription that it matches.
    async fn put(&mut self, socket: &mut WebSocket, signal: &Signal) -> Result<(), End> {
        match signal {
            Signal::Event(event) => {
                let framed = self.feed.framed(event).await;
                let topics = self
                    .feed
                    .wanting(event.cursor)
                    .filter_map(|it| framed.matching(it));
                for topic in topics {
                    let frame = Message::Text(framed.socket(topic));
                    socket.feed(frame).await.map_err(|_| End::Gone)?;
                }
                Ok(())
            }
            Signal::Bookmark(cursor) if self.reads_cursors => {
                let frame = Message::text(socket_bookmark(*cursor));
                socket.feed(frame).await.map_err(|_| End::Gone)
            }
            Signal::Bookmark(_) => Ok(()),
        }
    }

    /// Asks for a sign of life; ends with a client that gave none for too long.
    async fn beat(&mut self, socket: &mut WebSocket, heard: Instant) -> Result<(), End> {
        if heard.elapsed() > self.app.options.patience {
            return Err(End::Close(close_code::POLICY, "no pong came".into()));
        }
        if self.reads_cursors && !self.feed.is_idle() {
            let bookmark = socket_bookmark(self.feed.place());
            self.send(socket, Message::text(bookmark)).await?;
        }
        self.send(socket, Message::Ping(bytes::Bytes::new())).await
    }

    async fn send(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        let work = async { socket.send(message).await.map_err(|_| End::Gone) };
        in_time(self.app.options.patience, work).await
    }
}

/// Sending, unless the client takes nothing for too long. Then there is no room for a farewell either.
async fn in_time(patience: Duration, work: impl Future<Output = Result<(), End>>) -> Result<(), End> {
    timeout(patience, work).await.unwrap_or(Err(End::Gone))
}

/// What came is no WebSocket message, or too large a one; or nothing will come any more.
fn broken(error: axum::Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(why)) => End::Close(close_code::SIZE, why.to_string().into()),
        Some(tungstenite::Error::Utf8(why)) => End::Close(close_code::INVALID, why.clone().into()),
        Some(tungstenite::Error::Protocol(why)) => End::Close(close_code::PROTOCOL, why.to_string().into()),
        _ => End::Gone,
    }
}

/// Says why the talk ends, and waits for the client to say the same.
async fn farewell(socket: &mut WebSocket, code: u16, reason: &str) {
    let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
    let close = CloseFrame {
        code,
        reason: Utf8Bytes::from(reason),
    };
    if socket.send(Message::Close(Some(close))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}
