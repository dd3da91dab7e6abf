//! How many reads are under way at once. Beyond that a few wait a little, and the rest is told to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use weir_status_api::{Error, Result};

/// How long a read waits for its turn.
const WAIT: Duration = Duration::from_secs(2);
/// How many reads wait for each one that may be under way.
const WAITING: usize = 64;

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
        match headers.contains_key(AUTHORIZATION) || headers.contains_key(COOKIE) {
            true => Self::Known,
            false => Self::Anonymous,
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
    /// Room for so many reads of each class at once.
    pub(crate) fn new(anonymous: usize, known: usize) -> Self {
        Self {
            anonymous: Room::new(anonymous),
            known: Room::new(known),
        }
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
}

/// That there is room. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not looked at")] OwnedSemaphorePermit);

impl Room {
    /// Room for so many reads at once.
    pub(crate) fn new(reads: usize) -> Self {
        let reads = reads.max(1);
        Self {
            turns: Arc::new(Semaphore::new(reads)),
            waiting: AtomicUsize::new(0),
            most_waiting: reads.saturating_mul(WAITING),
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
            _ => Err(busy()),
        }
    }
}

struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(room: &'a Room) -> Result<Self> {
        let waits = Self(&room.waiting);
        match room.waiting.fetch_add(1, Ordering::Relaxed) < room.most_waiting {
            true => Ok(waits),
            false => Err(busy()),
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn busy() -> Error {
    Error::unavailable("too many reads are under way; ask again in a second")
}
