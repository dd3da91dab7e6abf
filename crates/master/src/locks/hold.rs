//! What is held, and by whom.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::Locks;

/// A build that holds locks or waits for them.
#[derive(Debug)]
pub(crate) struct Holder {
    builder: String,
    number: OnceLock<i64>,
}

impl Holder {
    /// A build of the builder, whose number is not known yet.
    pub(crate) fn new(builder: &str) -> Arc<Self> {
        Arc::new(Self {
            builder: builder.to_owned(),
            number: OnceLock::new(),
        })
    }

    /// The build has a number; its first one stays.
    pub(crate) fn set_number(&self, number: i64) {
        let _ = self.number.set(number);
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number.get() {
            Some(number) => write!(f, "{}/{number}", self.builder),
            None => write!(f, "{}", self.builder),
        }
    }
}

/// Locks that are held until this is dropped.
#[must_use = "locks are held as long as this is kept"]
pub(crate) struct Held {
    /// None if there is nothing to let go of.
    of: Option<(Arc<Locks>, u64)>,
}

impl Held {
    /// No locks.
    pub(crate) fn nothing() -> Self {
        Self { of: None }
    }

    pub(super) fn new(locks: &Arc<Locks>, hold: Option<u64>) -> Self {
        Self {
            of: hold.map(|hold| (Arc::clone(locks), hold)),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((locks, hold)) = self.of.take() {
            locks.release(hold);
        }
    }
}
