//! How much all journals of a worker may take.

use std::sync::Mutex;

use tracing::{info, warn};

use crate::hold::lock;

/// The room for the journals of all commands, in bytes.
#[derive(Debug)]
pub(crate) struct Space {
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    is_full: bool,
}

impl Space {
    /// Room for `limit` bytes.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    /// How much there is in all.
    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Takes room; false, and nothing is taken, if there is too little.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let mut state = lock(&self.state);
        let used = state.used.saturating_add(bytes);
        let fits = used <= self.limit;
        if fits {
            state.used = used;
        } else if !std::mem::replace(&mut state.is_full, true) {
            warn!(
                "the journal is full ({} bytes): commands wait until the master has stored more of what they said",
                self.limit
            );
        }
        fits
    }

    /// Gives room back.
    pub(super) fn give_back(&self, bytes: u64) {
        let mut state = lock(&self.state);
        state.used = state.used.saturating_sub(bytes);
        // Told once it has emptied somewhat, so that one at its limit does not fill the worker's log.
        if state.is_full && state.used <= self.limit / 2 {
            state.is_full = false;
            info!("the journal has room again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let space = Space::new(100);
        assert!(space.take(60));
        assert!(!space.take(41));
        assert!(space.take(40));
        space.give_back(1);
        assert!(space.take(1));
        assert!(!space.take(1));
    }
}
