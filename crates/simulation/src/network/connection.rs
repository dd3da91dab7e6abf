//! One connection: bytes both ways, in order, each some time on its way.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::transport::server::Connected;

use super::{HostId, Network};
use crate::{here, trace};

/// How many bytes one direction holds; who writes more waits.
const ROOM: usize = 64 * 1024;

/// Both directions.
pub(super) struct Connection {
    ways: [Way; 2],
    is_broken: bool,
}

/// One direction.
struct Way {
    from: HostId,
    to: HostId,
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// When the last of them is due.
    last_due: Duration,
    /// Nothing comes after them: when that is known at the other end.
    ends_at: Option<Duration>,
    /// The reader is gone: when that is known at the writer's end.
    unread_from: Option<Duration>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

struct Piece {
    due: Duration,
    bytes: Vec<u8>,
    taken: usize,
}

impl Way {
    fn new(from: HostId, to: HostId) -> Self {
        Self {
            from,
            to,
            pieces: VecDeque::new(),
            bytes: 0,
            last_due: Duration::ZERO,
            ends_at: None,
            unread_from: None,
            reader: None,
            writer: None,
        }
    }

    fn wake_both(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

/// One end of a connection.
pub(crate) struct Stream {
    network: Network,
    connection: Arc<Mutex<Connection>>,
    /// Which way it reads; it writes the other.
    reads: usize,
    alarm: Option<Pin<Box<Sleep>>>,
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both ends learn at once that it is broken, and what was on its way is lost.
pub(super) fn break_off(connection: &Mutex<Connection>) {
    let mut connection = lock(connection);
    connection.is_broken = true;
    for way in &mut connection.ways {
        way.pieces.clear();
        way.wake_both();
    }
}

impl Stream {
    /// The ends of a new connection: that of `from` and that of `to`.
    pub(super) fn pair(network: &Network, from: HostId, to: HostId) -> (Self, Self) {
        let connection = Arc::new(Mutex::new(Connection {
            ways: [Way::new(from, to), Way::new(to, from)],
            is_broken: false,
        }));
        let end = |reads| Self {
            network: network.clone(),
            connection: Arc::clone(&connection),
            reads,
            alarm: None,
        };
        (end(1), end(0))
    }

    pub(super) fn downgrade(&self) -> Weak<Mutex<Connection>> {
        Arc::downgrade(&self.connection)
    }

    /// What can be read now, or from when on something can be.
    fn read_now(
        &self,
        context: &Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Result<io::Result<()>, Option<Duration>> {
        let mut connection = lock(&self.connection);
        if connection.is_broken {
            return Ok(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let way = &mut connection.ways[self.reads];
        way.reader = Some(context.waker().clone());
        let due = way.pieces.front().map(|it| it.due).or(way.ends_at);
        let Some(due) = due else {
            return Err(None);
        };
        let due = due.max(self.network.stalled_until(way.from, way.to));
        if due > here::now() {
            return Err(Some(due));
        }
        let Some(piece) = way.pieces.front_mut() else {
            return Ok(Ok(()));
        };
        let rest = &piece.bytes[piece.taken..];
        let count = rest.len().min(buffer.remaining());
        here::act();
        trace::bytes(&rest[..count]);
        trace::bytes(&here::now().as_micros().to_le_bytes());
        buffer.put_slice(&rest[..count]);
        piece.taken += count;
        way.bytes -= count;
        if piece.taken == piece.bytes.len() {
            way.pieces.pop_front();
        }
        if let Some(writer) = way.writer.take() {
            writer.wake();
        }
        Ok(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let due = match self.read_now(context, buffer) {
                Ok(done) => return Poll::Ready(done),
                Err(due) => due,
            };
            let Some(due) = due else {
                self.alarm = None;
                return Poll::Pending;
            };
            let wait = due.saturating_sub(here::now());
            let mut alarm = Box::pin(sleep_until(Instant::now() + wait));
            let rang = alarm.as_mut().poll(context);
            self.alarm = Some(alarm);
            ready!(rang);
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut connection = lock(&self.connection);
        if connection.is_broken {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let way = &mut connection.ways[1 - self.reads];
        let now = here::now();
        if way.ends_at.is_some() || way.unread_from.is_some_and(|from| from <= now) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if way.bytes >= ROOM {
            way.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let bytes = &bytes[..bytes.len().min(ROOM - way.bytes)];
        let due = self.network.arrival(way.from, way.to).max(way.last_due);
        way.last_due = due;
        way.bytes += bytes.len();
        way.pieces.push_back(Piece {
            due,
            bytes: bytes.to_vec(),
            taken: 0,
        });
        if let Some(reader) = way.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut connection = lock(&self.connection);
        end(&self.network, &mut connection.ways[1 - self.reads]);
        Poll::Ready(Ok(()))
    }
}

/// Nothing more is written.
fn end(network: &Network, way: &mut Way) {
    if way.ends_at.is_none() {
        way.ends_at = Some(network.arrival(way.from, way.to).max(way.last_due));
        way.wake_both();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut connection = lock(&self.connection);
        let (reads, writes) = (self.reads, 1 - self.reads);
        if self.network.is_dark(connection.ways[writes].from) {
            return;
        }
        end(&self.network, &mut connection.ways[writes]);
        let way = &mut connection.ways[reads];
        way.unread_from = Some(self.network.arrival(way.to, way.from));
        way.wake_both();
    }
}

impl Connected for Stream {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}
