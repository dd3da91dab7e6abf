//! Builds that wait for their builder's locks.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};

use weir_config::LockAccess;

use super::table::{Table, Ticket, Waiter};
use super::{Held, Holder, Locks};

/// One look at what can start. The builds that waited until now have given up their places, and those that ask and
/// must wait take them again in the order in which they ask, which is the order of priority and age: the earliest gets
/// the first of the places.
pub(crate) struct Pass<'l> {
    locks: &'l Arc<Locks>,
    table: MutexGuard<'l, Table>,
    places: BTreeSet<Ticket>,
    /// Whether a build had a place, and with it a reservation.
    had_places: bool,
}

impl<'l> Pass<'l> {
    pub(super) fn new(locks: &'l Arc<Locks>, mut table: MutexGuard<'l, Table>) -> Self {
        let places = table.clear_builds();
        Self {
            locks,
            table,
            had_places: !places.is_empty(),
            places,
        }
    }

    /// Takes the builder's locks for a build on the worker, if all can be had. What this gives must not be dropped
    /// before the pass is over.
    pub(crate) fn take(
        &mut self,
        holder: &Arc<Holder>,
        accesses: &[LockAccess],
        worker: &str,
    ) -> Option<Held> {
        if accesses.is_empty() {
            return Some(Held::nothing());
        }
        let wants = self.table.wants_of_build(accesses, worker)?;
        let place = self.places.first().copied();
        let can = self.table.can_have(&wants, place, false);
        can.then(|| Held::new(self.locks, self.table.hold(holder, wants)))
    }

    /// Waits for the builder's locks on the worker; gives its place in the row until the next pass. None if it need not
    /// wait, or cannot have them there at all.
    pub(crate) fn wait(
        &mut self,
        holder: &Arc<Holder>,
        accesses: &[LockAccess],
        worker: &str,
    ) -> Option<Ticket> {
        let wants = self.table.wants_of_build(accesses, worker)?;
        if self.table.can_have(&wants, self.places.first().copied(), false) {
            return None;
        }
        let waiter = Waiter {
            holder: Arc::clone(holder),
            wants,
            holds_more: false,
            grant: None,
        };
        Some(match self.places.pop_first() {
            Some(place) => {
                self.table.stand_at(place, waiter);
                place
            }
            None => self.table.stand(waiter),
        })
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Those who did not ask again, or ask for another worker, do not reserve any more what they did.
        if self.had_places {
            self.locks.give(&mut self.table);
        }
    }
}
