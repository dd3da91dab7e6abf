//! Answers that are shared: kept while they stay true, and made once for all who ask at the same time.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use weir_status_api::{Cursor, Error, Result, StatusApi};

use crate::answer::Reader;
use crate::depends::Depends;
use crate::fresh::{self, Fresh, Moment};
use crate::kept::Kept;
use crate::options::Options;

/// What an entry takes beside its bytes.
const OVERHEAD: usize = 512;
/// How long an answer is given again that changes without an event.
const AGE: Duration = Duration::from_secs(1);
/// The part of all room that one answer may take.
const LARGEST: usize = 8;

/// An answer that was made, and how long it stays true.
pub(crate) struct Made {
    pub(crate) kept: Arc<Kept>,
    /// The oldest cursor of its parts, and what can change it. None if that is not known.
    pub(crate) truth: Option<(Cursor, Depends)>,
}

/// An answer to be sent, and the cursor at which it is true.
pub(crate) type Given = (Arc<Kept>, Option<Cursor>);

struct Entry {
    kept: Arc<Kept>,
    since: Cursor,
    depends: Depends,
    generation: u64,
    /// When the read of it began.
    begun: Instant,
    used: u64,
}

/// Path with query, and form.
type Key = (Box<str>, Reader);
type Lands = watch::Sender<Option<Result<Arc<Made>>>>;

/// An answer that is being made.
#[derive(Clone)]
struct Flight {
    begun: Moment,
    landed: watch::Receiver<Option<Result<Arc<Made>>>>,
}

enum Boarded {
    Passenger(Flight),
    Pilot(Flight, Lands),
}

#[derive(Default)]
struct State {
    entries: HashMap<Box<str>, [Option<Entry>; Reader::COUNT]>,
    bytes: usize,
    /// Counts uses, to tell which is the longest ago.
    uses: u64,
    flights: HashMap<Key, Flight>,
    hits: u64,
    made: u64,
}

/// What is kept, and how often it served.
pub(crate) struct Tally {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    /// Answers given that were kept.
    pub(crate) hits: u64,
    /// Answers made to be shared.
    pub(crate) made: u64,
}

/// The answers to readers without a credential, by path with query and form.
pub(crate) struct Shared {
    pub(crate) fresh: Arc<Fresh>,
    state: Mutex<State>,
    most_bytes: usize,
    watching: OnceLock<()>,
}

impl Shared {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            fresh: Arc::new(Fresh::new(options.present.clone())),
            state: Mutex::default(),
            most_bytes: options.kept_bytes,
            watching: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tally(&self) -> Tally {
        let state = self.lock();
        Tally {
            entries: state.entries.values().flatten().flatten().count(),
            bytes: state.bytes,
            hits: state.hits,
            made: state.made,
        }
    }

    /// The kept answer, if it is still true.
    pub(crate) fn kept(&self, path: &str, reader: Reader) -> Option<Given> {
        let mut state = self.lock();
        state.uses += 1;
        let uses = state.uses;
        let entry = state.entries.get_mut(path)?[reader as usize].as_mut()?;
        if entry.depends.ages() && entry.begun.elapsed() > AGE {
            return None;
        }
        let until = self
            .fresh
            .still_true(entry.generation, entry.since, entry.depends)?;
        entry.used = uses;
        let kept = Arc::clone(&entry.kept);
        state.hits += 1;
        drop(state);
        // What never changes has no cursor.
        let cursor = kept.cursor.map(|at| at.max(until));
        if let Some(cursor) = cursor {
            self.fresh.told(cursor);
        }
        Some((kept, cursor))
    }

    /// The answer that `make` gives, or one that somebody else is waiting for already and that is new enough.
    pub(crate) async fn made<F>(
        self: &Arc<Self>,
        path: &str,
        reader: Reader,
        api: &Arc<dyn StatusApi>,
        make: impl FnOnce() -> F,
    ) -> Result<Given>
    where
        F: Future<Output = Result<Made>> + Send + 'static,
    {
        self.watch(api);
        let asked = self.fresh.now();
        let key: Key = (path.into(), reader);
        if let Some(flight) = self.join(&key, asked) {
            let landed = land(flight.landed).await;
            if new_enough(flight.begun, asked, landed.as_deref()) {
                return landed.map(|made| self.give(&made));
            }
        }
        let flight = match self.board(&key, asked) {
            Boarded::Passenger(flight) => flight,
            Boarded::Pilot(flight, lands) => {
                self.depart(key, flight.begun, lands, make());
                flight
            }
        };
        let made = land(flight.landed).await?;
        Ok(self.give(&made))
    }

    /// Takes note that the answer is given.
    pub(crate) fn give(&self, made: &Made) -> Given {
        if let Some(cursor) = made.kept.cursor {
            self.fresh.told(cursor);
        }
        (Arc::clone(&made.kept), made.kept.cursor)
    }

    /// A flight under way, whose answer may turn out to be new enough.
    fn join(&self, key: &Key, asked: Moment) -> Option<Flight> {
        let state = self.lock();
        let flight = state.flights.get(key)?;
        (flight.begun.commands == asked.commands).then(|| flight.clone())
    }

    /// A flight that has begun since `asked`, or a new one.
    fn board(&self, key: &Key, asked: Moment) -> Boarded {
        let mut state = self.lock();
        if let Some(flight) = state.flights.get(key)
            && flight.begun.commands >= asked.commands
            && flight.begun.floor >= asked.floor
        {
            return Boarded::Passenger(flight.clone());
        }
        let (lands, landed) = watch::channel(None);
        let flight = Flight {
            begun: self.fresh.now(),
            landed,
        };
        state.flights.insert(key.clone(), flight.clone());
        state.made += 1;
        Boarded::Pilot(flight, lands)
    }

    /// Makes the answer, also if whoever asked for it goes away meanwhile: others may have joined.
    fn depart<F>(self: &Arc<Self>, key: Key, begun: Moment, lands: Lands, make: F)
    where
        F: Future<Output = Result<Made>> + Send + 'static,
    {
        let shared = Arc::clone(self);
        let at = Instant::now();
        tokio::spawn(async move {
            // Forgets the flight also if it crashes.
            let ends = Ends {
                shared: &shared,
                key: &key,
                lands: &lands,
            };
            let made = make.await.map(Arc::new);
            if let Ok(made) = &made {
                if let Some(cursor) = made.kept.cursor {
                    shared.fresh.read(begun, cursor);
                }
                shared.keep(&key, made, begun.generation, at);
            }
            // Who asks from now on asks after its end, and may know of more.
            drop(ends);
            // Nobody may be left who waits.
            let _ = lands.send(Some(made));
        });
    }

    fn keep(&self, (path, reader): &Key, made: &Made, generation: u64, begun: Instant) {
        let Some((since, depends)) = made.truth else {
            return;
        };
        let size = size(path, &made.kept);
        if size > self.most_bytes / LARGEST {
            return;
        }
        let mut state = self.lock();
        state.uses += 1;
        let entry = Entry {
            kept: Arc::clone(&made.kept),
            since,
            depends,
            generation,
            begun,
            used: state.uses,
        };
        let forms = state.entries.entry(path.clone()).or_default();
        let before = forms[*reader as usize].replace(entry);
        let before = before.map_or(0, |it| self::size(path, &it.kept));
        state.bytes = state.bytes + size - before;
        state.evict(self.most_bytes);
    }

    /// Begins to watch what happens, when there is first something to keep.
    pub(crate) fn watch(&self, api: &Arc<dyn StatusApi>) {
        if self.most_bytes > 0 {
            self.watching.get_or_init(|| {
                let api = self.fresh.all().unwrap_or(api);
                tokio::spawn(fresh::follow(Arc::downgrade(&self.fresh), Arc::clone(api)));
            });
        }
    }
}

/// Whether the end of a flight that began at `begun` is an answer to somebody who asked at `asked`.
fn new_enough(begun: Moment, asked: Moment, landed: Result<&Made, &Error>) -> bool {
    if begun.commands != asked.commands {
        return false;
    }
    // Nothing had happened meanwhile, as far as anybody knew.
    if begun.floor >= asked.floor {
        return true;
    }
    let since = landed.ok().and_then(|made| made.truth).map(|(since, _)| since);
    since.is_some_and(|since| since >= asked.floor)
}

async fn land(mut landed: watch::Receiver<Option<Result<Arc<Made>>>>) -> Result<Arc<Made>> {
    match landed.wait_for(Option::is_some).await {
        Ok(made) => made.clone().unwrap_or_else(|| Err(lost())),
        Err(_) => Err(lost()),
    }
}

fn lost() -> Error {
    Error::internal("an answer was not finished")
}

/// The end of a flight.
struct Ends<'a> {
    shared: &'a Shared,
    key: &'a Key,
    lands: &'a Lands,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        // A newer one may have taken its place.
        let own = state.flights.get(self.key);
        if own.is_some_and(|own| self.lands.subscribe().same_channel(&own.landed)) {
            state.flights.remove(self.key);
        }
    }
}

fn size(path: &str, kept: &Kept) -> usize {
    // Packed bytes are few against it.
    path.len() + kept.len() + kept.len() / 4 + OVERHEAD
}

impl State {
    /// Takes out what was not used for the longest time, until the rest has `most_bytes`.
    fn evict(&mut self, most_bytes: usize) {
        if self.bytes <= most_bytes {
            return;
        }
        let mut uses: Vec<(u64, usize)> = vec![];
        for (path, forms) in &self.entries {
            uses.extend(forms.iter().flatten().map(|it| (it.used, size(path, &it.kept))));
        }
        uses.sort_unstable();
        // A little more than needed, so that the next one does not look through all of them again.
        let enough = most_bytes - most_bytes / 16;
        let (mut left, mut last) = (self.bytes, 0);
        for (used, size) in uses {
            if left <= enough {
                break;
            }
            (left, last) = (left - size, used);
        }
        self.entries.retain(|_, forms| {
            for form in forms.iter_mut() {
                form.take_if(|it| it.used <= last);
            }
            forms.iter().any(Option::is_some)
        });
        self.bytes = left;
    }
}
