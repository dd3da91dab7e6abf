//! What everybody outside of the master saw and did, whatever became of their hosts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_status_api::{Cursor, Event, Outcome, Place, TopicFilter};

/// What is kept of the outside; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Entries>>);

/// What is in a [`Ledger`].
#[derive(Default)]
pub(crate) struct Entries {
    /// The listeners, by name.
    pub(crate) listeners: BTreeMap<String, Heard>,
    /// The forces, by their keys: what came of those that were answered.
    pub(crate) forces: BTreeMap<String, Option<Outcome>>,
    /// The revisions of the changes: whether the store took them.
    pub(crate) changes: BTreeMap<String, bool>,
    /// Whether people want nothing any more.
    pub(crate) people_are_done: bool,
    /// Which configuration the master's file has, from 0.
    pub(crate) version: usize,
    /// By which one the master goes.
    pub(crate) goes_by: usize,
    /// Whether the master's clock was set.
    pub(crate) has_clock_jumped: bool,
    /// Whether all is well again.
    pub(crate) is_calm: bool,
    /// Whether the master is idle, as it says.
    pub(crate) idle: Option<Cursor>,
}

/// What a listener heard.
pub(crate) struct Heard {
    /// What it wants.
    pub(crate) filter: TopicFilter,
    /// Its place.
    pub(crate) place: Option<Place>,
    /// What it was told, in order, and in which of its lives.
    pub(crate) events: Vec<(u32, Arc<Event>)>,
}

impl Ledger {
    /// Its entries, for a moment.
    pub(crate) fn open(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
