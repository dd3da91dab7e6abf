//! How many reads are under way at once, and how much of their answers is not taken yet. Beyond that a few wait a little, and the rest is told to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use weir_status_api::{Error, Result};

use crate::credential::Credential;
use crate::options::Options;

/// How long a read waits for its turn.
pub(crate) const WAIT: Duration = Duration::from_secs(2);
/// How many reads wait for each one that may be under way.
const WAITING: usize = 64;
/// What is smaller than this, a connection can hold as it likes.
const SMALL: usize = 64 << 10;
/// In what sizes room for bytes is given.
const UNIT: usize = 1 << 10;

/// Who asks, as far as a gateway knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody without any credential.
    Anonymous,
    /// Somebody who presents one; whose it is, is found out beneath.
    Known,
}

impl Class {
    /// Whether the request has a credential, of whatever kind.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        // Cookies of other programs at this address are no credential.
        match Credential::of(headers) {
            Credential::Nothing => Self::Anonymous,
            _ => Self::Known,
        }
    }
}

/// The rooms of all classes.
#[derive(Debug)]
pub(crate) struct Rooms {
    anonymous: Room,
    known: Room,
}

impl Rooms {
    pub(crate) fn new(options: &Options) -> Self {
        let bytes = options.answer_bytes;
        Self {
            // Kept answers are among them.
            anonymous: Room::new(options.anonymous_reads, options.kept_bytes.saturating_add(bytes)),
            known: Room::new(options.known_reads, bytes),
        }
    }

    /// How many requests found no room.
    pub(crate) fn shed(&self) -> u64 {
        let shed = |room: &Room| room.shed.load(Ordering::Relaxed);
        shed(&self.anonymous) + shed(&self.known)
    }

    pub(crate) fn of(&self, class: Class) -> &Room {
        match class {
            Class::Anonymous => &self.anonymous,
            Class::Known => &self.known,
        }
    }
}

/// The room for the reads of one class of callers, so that none takes that of another.
#[derive(Debug)]
pub(crate) struct Room {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// In [`UNIT`]s: what large answers may have together.
    bytes: Arc<Semaphore>,
    units: u32,
    shed: AtomicU64,
}

/// That there is room. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not looked at")] OwnedSemaphorePermit);

impl Room {
    /// Room for so many reads at once, and for so many bytes of large answers that are being sent.
    fn new(reads: usize, bytes: usize) -> Self {
        let reads = reads.max(1);
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            turns: Arc::new(Semaphore::new(reads)),
            waiting: AtomicUsize::new(0),
            most_waiting: reads.saturating_mul(WAITING),
            bytes: Arc::new(Semaphore::new(units as usize)),
            units,
            shed: AtomicU64::new(0),
        }
    }

    /// Waits a little for a turn.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there is none.
    pub(crate) async fn turn(&self) -> Result<Turn> {
        self.turn_within(WAIT).await
    }

    /// Waits that long for a turn.
    ///
    /// # Errors
    /// As [`Room::turn`].
    pub(crate) async fn turn_within(&self, wait: Duration) -> Result<Turn> {
        if let Ok(permit) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(Turn(permit));
        }
        let _waits = Waits::begin(self)?;
        match tokio::time::timeout(wait, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn(permit)),
            _ => Err(self.busy()),
        }
    }
}

impl Room {
    /// The bytes of an answer, once there is room for them. They count until the last client that they are sent to
    /// has taken them, or is gone.
    ///
    /// # Errors
    /// As [`Room::turn`].
    pub(crate) async fn hold(&self, mut body: Vec<u8>, wait: Duration) -> Result<Bytes> {
        // It was written piece by piece, into twice as much as it needs at the worst.
        body.shrink_to_fit();
        if body.len() < SMALL {
            return Ok(Bytes::from(body));
        }
        let units = u32::try_from(body.len().div_ceil(UNIT)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.bytes).acquire_many_owned(units.min(self.units));
        match tokio::time::timeout(wait, room).await {
            Ok(Ok(permit)) => Ok(Bytes::from_owner(Held {
                body,
                _permit: permit,
            })),
            _ => Err(self.busy()),
        }
    }
}

impl Room {
    fn busy(&self) -> Error {
        self.shed.fetch_add(1, Ordering::Relaxed);
        Error::unavailable("too many reads are under way; ask again in a second")
    }
}

struct Held {
    body: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(room: &'a Room) -> Result<Self> {
        let waits = Self(&room.waiting);
        match room.waiting.fetch_add(1, Ordering::Relaxed) < room.most_waiting {
            true => Ok(waits),
            false => Err(room.busy()),
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
