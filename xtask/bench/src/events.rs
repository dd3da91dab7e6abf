//! Audiences: many clients at once that listen to a server's events, over WebSocket or server-sent events.
//!
//! They speak plain TCP and look no closer at an event than they must, so that they take little of the machine.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Result;
use crate::frames::{client_frame, take_event, take_frame};

/// How long a listener may take until it listens.
const READY: Duration = Duration::from_secs(60);
/// Listeners that are on their way at a time.
const AT_ONCE: usize = 50;
/// Listeners that come from one address: Weir bounds how many may. The loopback has many addresses.
const FROM_ONE: usize = 1000;
/// Events that wait to be counted; then listeners wait too.
const WAITING: usize = 1 << 16;

/// How events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// `/ws`.
    WebSocket,
    /// `/sse/listen/…`.
    ServerSent,
}

impl Transport {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::WebSocket, Self::ServerSent];
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebSocket => "WebSocket",
            Self::ServerSent => "SSE",
        })
    }
}

/// An event, as one listener heard it.
#[derive(Debug)]
pub(crate) struct Heard {
    /// The listener's number.
    pub(crate) who: usize,
    /// When its bytes had come.
    pub(crate) at: Instant,
    /// Its topic, e.g. `builds/7/finished`.
    pub(crate) topic: String,
    /// When the resource was complete, in microseconds since the Unix epoch, if the server tells so exactly.
    pub(crate) complete_us: Option<i64>,
}

/// Listeners to the same events; they leave when this is dropped.
pub(crate) struct Audience {
    heard: mpsc::Receiver<Heard>,
    _listeners: JoinSet<()>,
}

impl Audience {
    /// Lets `size` listeners listen to the topics that match `pattern`; none if the server does not speak the
    /// transport.
    pub(crate) async fn gather(
        base: &str,
        transport: Transport,
        pattern: &str,
        size: usize,
    ) -> Result<Option<Self>> {
        let (sender, heard) = mpsc::channel(WAITING);
        let mut listeners = JoinSet::new();
        let mut opened = stream::iter(0..size)
            .map(async |who| {
                let from = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + (who / FROM_ONE) as u32);
                let opened = tokio::time::timeout(READY, open(base, transport, pattern, from)).await;
                let opened = opened.map_err(|_| "a listener is not served in time".to_owned())?;
                Ok::<_, String>((who, opened.map_err(|error| format!("{transport}: {error}"))?))
            })
            .buffer_unordered(AT_ONCE);
        while let Some((who, listener)) = opened.try_next().await? {
            let Some(listener) = listener else {
                return Ok(None);
            };
            listeners.spawn(listener.listen(who, sender.clone()));
        }
        drop(opened);
        // A server may say that it listens a moment before it does.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(Some(Self {
            heard,
            _listeners: listeners,
        }))
    }

    /// One listener, over whatever the server speaks.
    pub(crate) async fn one(base: &str, pattern: &str) -> Result<Self> {
        for transport in Transport::ALL {
            if let Some(audience) = Self::gather(base, transport, pattern, 1).await? {
                return Ok(audience);
            }
        }
        Err("the server tells no events".to_owned())
    }

    /// The next event that any of them hears; none if all have been cut off.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }
}

/// A connection that listens.
struct Listener {
    stream: TcpStream,
    transport: Transport,
    buffer: BytesMut,
}

/// Connects from an address, and waits until the server has said that it will tell the events.
async fn open(
    base: &str,
    transport: Transport,
    pattern: &str,
    from: Ipv4Addr,
) -> io::Result<Option<Listener>> {
    let host = base.trim_start_matches("http://");
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let address = host.parse().map_err(io::Error::other)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut listener = Listener {
        stream,
        transport,
        buffer: BytesMut::new(),
    };
    let head = match transport {
        Transport::WebSocket => format!(
            "GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {base}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: d2VpciB3ZWlyIHdlaXIgIQ==\r\n\r\n"
        ),
        // In version 1.0 of HTTP the answer is the plain stream, not cut into chunks.
        Transport::ServerSent => {
            format!("GET /sse/listen/{pattern} HTTP/1.0\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n")
        }
    };
    listener.stream.write_all(head.as_bytes()).await?;
    let answer = listener.head().await?;
    if !listener.is_spoken(&answer)? {
        return Ok(None);
    }
    match transport {
        Transport::WebSocket => listener.subscribe(pattern).await?,
        // The handshake.
        Transport::ServerSent => drop(listener.message().await?),
    }
    Ok(Some(listener))
}

impl Listener {
    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The head of the answer.
    async fn head(&mut self) -> io::Result<String> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if let Some(end) = self.buffer.windows(END.len()).position(|it| it == END) {
                let head = self.buffer.split_to(end + END.len());
                return Ok(String::from_utf8_lossy(&head).into_owned());
            }
            self.more().await?;
        }
    }

    /// Whether the server speaks the transport; an error if it does, but not now.
    fn is_spoken(&self, head: &str) -> io::Result<bool> {
        let status = head.split(' ').nth(1).unwrap_or_default();
        match (self.transport, status) {
            (_, "429" | "503") => Err(io::Error::other(format!("the server refuses ({status})"))),
            (Transport::WebSocket, status) => Ok(status == "101"),
            (Transport::ServerSent, status) => {
                Ok(status == "200" && head.to_ascii_lowercase().contains("text/event-stream"))
            }
        }
    }

    async fn subscribe(&mut self, pattern: &str) -> io::Result<()> {
        let ask = json!({"cmd": "startConsuming", "path": pattern, "_id": 1}).to_string();
        self.stream.write_all(&client_frame(1, ask.as_bytes())).await?;
        loop {
            let message = self.message().await?;
            let answer: Value = serde_json::from_slice(&message).unwrap_or_default();
            if answer["_id"] == 1 {
                return match answer["code"].as_i64() {
                    Some(200) => Ok(()),
                    _ => Err(io::Error::other(format!("the server refuses: {answer}"))),
                };
            }
        }
    }

    /// The next message.
    async fn message(&mut self) -> io::Result<Bytes> {
        loop {
            match self.transport {
                Transport::ServerSent => {
                    if let Some(event) = take_event(&mut self.buffer) {
                        return Ok(event);
                    }
                }
                Transport::WebSocket => match take_frame(&mut self.buffer) {
                    Some(frame) if frame.opcode == 1 => return Ok(frame.payload),
                    Some(frame) if frame.opcode == 8 => return Err(io::ErrorKind::ConnectionAborted.into()),
                    Some(frame) if frame.opcode == 9 => {
                        self.stream.write_all(&client_frame(10, &frame.payload)).await?;
                        continue;
                    }
                    Some(_) => continue,
                    None => {}
                },
            }
            self.more().await?;
        }
    }

    /// Tells what it hears until nobody wants to know, or the server ends.
    async fn listen(mut self, who: usize, told: mpsc::Sender<Heard>) {
        while let Ok(message) = self.message().await {
            let at = Instant::now();
            let Some((topic, complete_us)) = understand(self.transport, &message) else {
                continue;
            };
            let heard = Heard {
                who,
                at,
                topic,
                complete_us,
            };
            if told.send(heard).await.is_err() {
                return;
            }
        }
    }
}

/// The topic of an event, and when its resource was complete: `{"k":"builds/7/finished","m":{…}}` or
/// `data: {"key":["builds","7","finished"],"message":{…}}`.
fn understand(transport: Transport, message: &[u8]) -> Option<(String, Option<i64>)> {
    let text = std::str::from_utf8(message).ok()?;
    let name = match transport {
        Transport::WebSocket => "\"k\":",
        Transport::ServerSent => "\"key\":",
    };
    let topic = match value_behind(text, name)? {
        Value::String(topic) => topic,
        Value::Array(words) => words
            .iter()
            .map(Value::as_str)
            .collect::<Option<Vec<_>>>()?
            .join("/"),
        _ => return None,
    };
    let complete = value_behind(text, "\"complete_at_us\":");
    Some((topic, complete.and_then(|it| it.as_i64())))
}

/// The JSON value behind the first `name`.
fn value_behind(text: &str, name: &str) -> Option<Value> {
    let (_, rest) = text.split_once(name)?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_understood_as_either_server_writes_them() {
        let finished = Some(("builds/7/finished".to_owned(), None));
        let buildbot = br#"{"k": "builds/7/finished", "m": {"buildid": 7, "complete_at": 12}}"#;
        assert_eq!(understand(Transport::WebSocket, buildbot), finished);
        let buildbot =
            b"event: event\ndata: {\"key\": [\"builds\", \"7\", \"finished\"], \"message\": {}}\n\n";
        assert_eq!(understand(Transport::ServerSent, buildbot), finished);
        let weir = b"data: {\"at_us\":5,\"key\":[\"builds\",\"7\",\"finished\"],\"message\":{\"complete_at_us\":4}}\n\n";
        let exact = Some(("builds/7/finished".to_owned(), Some(4)));
        assert_eq!(understand(Transport::ServerSent, weir), exact);
        assert_eq!(
            understand(Transport::ServerSent, b"event: bookmark\ndata: {}\n\n"),
            None
        );
    }
}
