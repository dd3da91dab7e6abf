//! How far a listener is: what is done, what is not.

use std::collections::BTreeSet;

use super::{MAX_DONE, Place};
use crate::Cursor;

/// From a place on: which events are open, and which are done beyond the first of those.
pub(super) struct Progress {
    /// The newest event that came, or bookmark.
    seen: Cursor,
    open: BTreeSet<Cursor>,
    done: BTreeSet<Cursor>,
}

impl Progress {
    pub(super) fn from(place: &Place) -> Self {
        Self {
            seen: place.after,
            open: BTreeSet::new(),
            done: place.done.iter().copied().collect(),
        }
    }

    /// An event has come. Whether it is to be delivered: not if it was done before.
    pub(super) fn open(&mut self, event: Cursor) -> bool {
        self.seen = event;
        !self.done.contains(&event) && self.open.insert(event)
    }

    /// Nothing up to `cursor` is missing.
    pub(super) fn see(&mut self, cursor: Cursor) {
        self.seen = self.seen.max(cursor);
    }

    /// The event is delivered or parked.
    pub(super) fn done(&mut self, event: Cursor) {
        if self.open.remove(&event) {
            self.done.insert(event);
        }
        match self.open.first() {
            Some(first) => self.done = self.done.split_off(first),
            None => self.done.retain(|it| *it > self.seen),
        }
    }

    /// Whether another event may come.
    pub(super) fn has_room(&self) -> bool {
        self.open.len() + self.done.len() < MAX_DONE
    }

    /// The first event that is not done.
    pub(super) fn first_open(&self) -> Option<Cursor> {
        self.open.first().copied()
    }

    /// Where that is.
    pub(super) fn place(&self) -> Place {
        let after = self.open.first().map_or(self.seen, |first| Cursor(first.0 - 1));
        let done = self.done.iter().copied().filter(|it| *it > after).collect();
        Place { after, done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_beyond_the_first_open_is_kept_and_not_done_again() {
        let mut progress = Progress::from(&Place::after(Cursor(10)));
        for event in [11, 13, 14, 20] {
            assert!(progress.open(Cursor(event)));
        }
        progress.done(Cursor(14));
        progress.done(Cursor(20));
        let place = progress.place();
        assert_eq!(
            (place.after, &*place.done),
            (Cursor(10), &[Cursor(14), Cursor(20)][..])
        );
        progress.done(Cursor(11));
        assert_eq!(progress.place().after, Cursor(12));

        // After a restart from there.
        let mut again = Progress::from(&progress.place());
        assert!(again.open(Cursor(13)));
        assert!(!again.open(Cursor(14)));
        assert!(!again.open(Cursor(20)));
        assert!(again.open(Cursor(21)));
        again.done(Cursor(13));
        assert_eq!(again.place(), Place::after(Cursor(20)));
        again.done(Cursor(21));
        again.see(Cursor(30));
        assert_eq!(again.place(), Place::after(Cursor(30)));
    }
}
