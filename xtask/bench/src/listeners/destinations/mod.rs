//! The destinations: each notes what comes, and is away or fails when it is told to.

mod files;
mod http;
mod smtp;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weir_status_api::{Clock, SystemClock};

use super::kinds::Kind;
use crate::Result;
use files::Files;

/// What a destination does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Takes it.
    Well,
    /// Refuses it for now.
    Down,
    /// Does not answer.
    Hangs,
    /// Takes it, and its answer is lost.
    Mute,
}

/// One delivery that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// By what it is known, and known again.
    pub(super) id: String,
    /// When it came, microseconds since 1970; none if nobody looked.
    pub(super) at: Option<i64>,
}

/// What came to each, in the order in which it came.
pub(super) type Came = BTreeMap<Kind, Vec<Delivery>>;

/// Where the destinations are.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    /// The URL beneath which each destination of HTTP has its name.
    pub(super) web: String,
    /// The relay of mails.
    pub(super) mail: String,
}

/// All destinations.
pub(super) struct Destinations {
    addresses: Addresses,
    book: Book,
    files: Files,
}

impl Destinations {
    /// Starts them, on ports of the loopback, and with files in `folder`.
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let book = Book::default();
        let addresses = Addresses {
            web: http::start(book.clone()).await?,
            mail: smtp::start(book.clone()).await?,
        };
        Ok(Self {
            addresses,
            book,
            files: Files::new(folder)?,
        })
    }

    /// Where they are.
    pub(super) const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Lets a destination be of that mood. A file is always well.
    pub(super) fn set(&self, kind: Kind, mood: Mood) -> Result<()> {
        match kind {
            Kind::LogFile => Ok(()),
            Kind::Program => self.files.set(mood),
            _ => {
                self.book.open().entry(kind).or_default().mood = Some(mood);
                Ok(())
            }
        }
    }

    /// Notes from now on when lines come into the log file, until what is given back is dropped.
    pub(super) fn look_at_lines(&self) -> files::Look {
        self.files.look()
    }

    /// Leaves half a line at the end of the log file, as a machine can that dies while it writes.
    pub(super) fn tear(&self) -> Result<()> {
        self.files.tear()
    }

    /// What came to those of `kinds`.
    pub(super) fn came(&self, kinds: &[Kind]) -> Result<Came> {
        let mut came = Came::new();
        for kind in kinds {
            let deliveries = match kind {
                Kind::LogFile => self.files.lines()?,
                Kind::Program => self.files.told()?,
                _ => self.book.open().entry(*kind).or_default().came.clone(),
            };
            came.insert(*kind, deliveries);
        }
        Ok(came)
    }

    /// How many answers of a destination were lost.
    pub(super) fn lost(&self, kind: Kind) -> Result<usize> {
        match kind {
            Kind::Program => self.files.lost(),
            _ => Ok(self.book.open().get(&kind).map_or(0, |it| it.lost)),
        }
    }

    /// How much came from the crowd.
    pub(super) fn told_by_crowd(&self) -> usize {
        *self.book.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Destination {
    mood: Option<Mood>,
    came: Vec<Delivery>,
    /// How many answers were lost.
    lost: usize,
}

/// What the destinations note that are in this process.
#[derive(Clone, Default)]
struct Book {
    all: Arc<Mutex<BTreeMap<Kind, Destination>>>,
    crowd: Arc<Mutex<usize>>,
}

impl Book {
    fn open(&self) -> MutexGuard<'_, BTreeMap<Kind, Destination>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what came, unless the destination refuses it: what to answer.
    fn take(&self, kind: Kind, id: String) -> Mood {
        let at = Some(SystemClock.now().0);
        let mut all = self.open();
        let destination = all.entry(kind).or_default();
        let mood = destination.mood.unwrap_or(Mood::Well);
        if matches!(mood, Mood::Well | Mood::Mute) {
            destination.came.push(Delivery { id, at });
        }
        destination.lost += usize::from(mood == Mood::Mute);
        mood
    }

    /// Notes that something came from the crowd.
    fn count(&self) {
        *self.crowd.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn mood(&self, kind: Kind) -> Mood {
        self.open().entry(kind).or_default().mood.unwrap_or(Mood::Well)
    }

    /// Waits for as long as the destination hangs.
    async fn hang(&self, kind: Kind) {
        while self.mood(kind) == Mood::Hangs {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
