//! How fresh a kept answer is: one watch of everything tells what has changed since.
//!
//! An answer may be given again if nothing that it depends on has changed up to a cursor, and that cursor is not
//! before anything that is known to have happened: by what was answered or told before, by commands that were
//! carried out here, or by whoever runs the status API. The watch lags a little behind; until it has come up to
//! what is known, nothing kept is given.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use weir_status_api::{
    Cursor, Error, EventStream, Kind, List, ListParts, Result, Signal, Start, StatusApi, TopicFilter, Verb,
};

use crate::answer::in_time;
use crate::depends::{Depends, SLOTS, slot_of};
use crate::options::Present;

/// After this long a silence the status API is asked whether there was nothing to tell.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a read of the watch may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before a lost watch is begun again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of the events so far.
pub(crate) struct Fresh {
    /// Odd while the watch runs; another number for each time that it begins or ends.
    generation: AtomicU64,
    /// The last event of each kind.
    last: [AtomicI64; SLOTS],
    /// How far the watch is.
    seen: AtomicI64,
    /// The newest cursor that anybody was told.
    known: AtomicI64,
    /// How many commands were carried out, and how many of them a read has taken account of for certain.
    commands: AtomicU64,
    settled: AtomicU64,
    /// The newest event, if it is known without asking.
    present: Option<Present>,
    /// How the watch is, for those who wait for it.
    watching: watch::Sender<Watching>,
}

/// How the watch is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Watching {
    /// It has not begun yet.
    Begins,
    /// It runs.
    Runs,
    /// It is lost, or cannot begin, and will be begun again.
    Lost(String),
    /// Those without a credential may not watch, so that nothing is kept for them.
    Refused,
}

/// What is known at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) generation: u64,
    pub(crate) commands: u64,
    /// Nothing older than this may be answered.
    pub(crate) floor: Cursor,
}

impl Fresh {
    pub(crate) fn new(present: Option<Present>) -> Self {
        Self {
            generation: AtomicU64::new(0),
            last: std::array::from_fn(|_| AtomicI64::new(0)),
            seen: AtomicI64::new(0),
            known: AtomicI64::new(0),
            commands: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            present,
            watching: watch::Sender::new(Watching::Begins),
        }
    }

    /// How the watch is, once it has begun or could not.
    pub(crate) async fn watching(&self) -> Watching {
        let mut watching = self.watching.subscribe();
        let begun = watching.wait_for(|it| *it != Watching::Begins).await;
        // Its sender is here.
        begun.map_or(Watching::Begins, |it| it.clone())
    }

    /// The API that sees every event, if there is one.
    pub(crate) fn all(&self) -> Option<&Arc<dyn StatusApi>> {
        self.present.as_ref()?.all()
    }

    pub(crate) fn now(&self) -> Moment {
        Moment {
            generation: self.generation.load(SeqCst),
            commands: self.commands.load(SeqCst),
            floor: self.floor(),
        }
    }

    fn floor(&self) -> Cursor {
        let known = Cursor(self.known.load(SeqCst));
        let present = self.present.as_ref().map_or(known, Present::cursor);
        known.max(present)
    }

    /// Somebody was told what was true at `cursor`.
    pub(crate) fn told(&self, cursor: Cursor) {
        if self.known.load(SeqCst) < cursor.0 {
            self.known.fetch_max(cursor.0, SeqCst);
        }
    }

    /// A read that began at `begun` was true at `cursor`.
    pub(crate) fn read(&self, begun: Moment, cursor: Cursor) {
        self.told(cursor);
        if self.settled.load(SeqCst) < begun.commands {
            self.settled.fetch_max(begun.commands, SeqCst);
        }
    }

    /// A command is about to be carried out. When that is dropped, the command has or has not happened; only a
    /// read that begins after it takes account of it for certain.
    pub(crate) fn command(&self) -> impl Drop + use<'_> {
        struct Ended<'a>(&'a AtomicU64);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        Ended(&self.commands)
    }

    /// The newest cursor at which an answer is still true that was true at `since`. None if that is not known, or
    /// too old.
    pub(crate) fn still_true(&self, generation: u64, since: Cursor, depends: Depends) -> Option<Cursor> {
        let runs = |now: u64| now == generation && now % 2 == 1;
        if !runs(self.generation.load(SeqCst)) || self.settled.load(SeqCst) < self.commands.load(SeqCst) {
            return None;
        }
        let floor = self.floor();
        // An event's kind is noted before the watch counts as being so far: whatever is newer than `seen` does no
        // harm, and nothing up to it can be missed.
        let until = Cursor(self.seen.load(SeqCst)).max(since);
        let changed = depends.slots().any(|slot| self.last[slot].load(SeqCst) > since.0);
        let holds = until >= floor && !changed && runs(self.generation.load(SeqCst));
        holds.then_some(until)
    }

    fn begin(&self, at: Cursor) {
        for last in &self.last {
            last.store(at.0, SeqCst);
        }
        self.seen.store(at.0, SeqCst);
        self.generation.fetch_add(1, SeqCst);
        self.watching.send_replace(Watching::Runs);
    }

    fn end(&self) {
        self.generation.fetch_add(1, SeqCst);
        let why = "the watch was lost a moment ago".to_owned();
        self.watching.send_replace(Watching::Lost(why));
    }

    fn failed(&self, error: &Error) {
        let refused = matches!(
            error,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
        );
        self.watching.send_replace(match refused {
            true => Watching::Refused,
            false => Watching::Lost(error.to_string()),
        });
    }

    fn note(&self, signal: &Signal) {
        if let Signal::Event(event) = signal {
            // With what is no longer kept goes all that belongs to it, of which no event tells.
            let all = (event.verb == Verb::Deleted).then_some(0..SLOTS);
            for slot in all.into_iter().flatten().chain(slot_of(&event.entity)) {
                self.last[slot].store(event.cursor.0, SeqCst);
            }
        }
        self.seen.store(signal.cursor().0, SeqCst);
    }
}

/// Watches until nobody is left who wants to know.
pub(crate) async fn follow(fresh: Weak<Fresh>, api: Arc<dyn StatusApi>) {
    while fresh.strong_count() > 0 {
        match begin(&fresh, &api).await {
            Ok(Some(events)) => {
                until_lost(&fresh, &api, events).await;
                let Some(fresh) = fresh.upgrade() else { return };
                fresh.end();
            }
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "the watch for kept answers cannot begin");
                let Some(fresh) = fresh.upgrade() else { return };
                fresh.failed(&error);
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn begin(fresh: &Weak<Fresh>, api: &Arc<dyn StatusApi>) -> Result<Option<EventStream>> {
    let Some(before) = fresh.upgrade().map(|it| it.known.load(SeqCst)) else {
        return Ok(None);
    };
    let at = newest(api).await?;
    let events = in_time(PATIENCE, api.watch(TopicFilter::all(), Start::After(at))).await?;
    let Some(fresh) = fresh.upgrade() else {
        return Ok(None);
    };
    // Behind what was told before: the history is another one, and its cursors begin anew.
    if at.0 < before {
        let _changed_meanwhile = fresh.known.compare_exchange(before, at.0, SeqCst, SeqCst);
    }
    fresh.begin(at);
    Ok(Some(events))
}

async fn until_lost(fresh: &Weak<Fresh>, api: &Arc<dyn StatusApi>, mut events: EventStream) {
    let mut behind = false;
    loop {
        let signal = tokio::time::timeout(SILENCE, events.next()).await;
        let Some(fresh) = fresh.upgrade() else { return };
        match signal {
            Ok(Some(Ok(signal))) => {
                fresh.note(&signal);
                behind = false;
            }
            Ok(ended) => {
                let error = ended.and_then(Result::err);
                tracing::debug!(?error, "the watch for kept answers is lost");
                return;
            }
            Err(_silence) => {
                let seen = Cursor(fresh.seen.load(SeqCst));
                drop(fresh);
                match newest(api).await {
                    Ok(newest) if newest == seen => behind = false,
                    // What happened just now may still come.
                    Ok(newest) if newest > seen && !behind => behind = true,
                    answer => {
                        tracing::debug!(?answer, seen = seen.0, "the watch for kept answers is silent");
                        return;
                    }
                }
            }
        }
    }
}

/// The present cursor.
async fn newest(api: &Arc<dyn StatusApi>) -> Result<Cursor, Error> {
    let mut parts = ListParts::new(Kind::Master);
    parts.limit = Some(0);
    let list = List::from_parts(parts)?;
    Ok(in_time(PATIENCE, api.list(list)).await?.cursor)
}
