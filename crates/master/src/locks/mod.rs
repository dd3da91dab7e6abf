//! Locks: what builds and steps hold while they run, and who waits for it.
//!
//! They are memory of the master, derived from what runs on it: nothing of them is stored. What goes on after a restart
//! [takes its locks back](Locks::take_back) before anything new begins.
//!
//! # Order
//! Whoever must wait has a place in one row, in the order in which they came. A set of locks is had at once or not at
//! all: nobody holds a part of it while waiting for the rest. Who waits *reserves* the locks it wants, so that those
//! behind it do not overtake it for ever: an exclusive access is not starved by counting ones.
//!
//! # Why nobody waits for ever
//! A build holds its builder's locks while its steps wait for theirs. The configuration refuses builders by which such
//! waits could go round in a circle. Reservations must not close a circle either: a lock that is free, and reserved by
//! somebody who waits for another one, may be taken by a step whose build holds locks already, since the other may be
//! waiting for just that build.

mod hold;
mod row;
mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use weir_config::{LockAccess, LockConfig};

pub(crate) use hold::{Held, Holder};
pub(crate) use row::Pass;
pub(crate) use table::{Table, Ticket};
use table::{Waiter, Want, table_of};

/// The locks of a master.
pub(crate) struct Locks {
    table: Mutex<Table>,
    /// A build that waits for locks may have them now.
    builds_may_start: Notify,
}

/// What comes of asking for locks.
pub(crate) enum Taken {
    /// They are held.
    Now(Held),
    /// Somebody else has one of them.
    Later(Waiting),
}

/// Locks that can never be had as asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Never {
    /// The build holds it itself.
    #[error("lock {0} is held by the build itself")]
    OwnBuild(String),
    /// The configuration has none of that name.
    #[error("there is no lock {0}")]
    Unknown(String),
}

impl Locks {
    /// The locks of a configuration, all free.
    pub(crate) fn new(locks: &[LockConfig]) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::new(table_of(locks)),
            builds_may_start: Notify::new(),
        })
    }

    /// Takes all of `accesses` for a step of `holder`, a build on the worker that holds `of_build` already, or waits
    /// for them.
    ///
    /// # Errors
    /// If they can never be had.
    pub(crate) fn take(
        self: &Arc<Self>,
        holder: &Arc<Holder>,
        accesses: &[LockAccess],
        of_build: &[LockAccess],
        worker: &str,
    ) -> Result<Taken, Never> {
        let mut table = self.table();
        let wants = table.wants_of_step(accesses, worker)?;
        if let Some(own) = accesses
            .iter()
            .find(|it| of_build.iter().any(|own| own.lock == it.lock))
        {
            return Err(Never::OwnBuild(own.lock.clone()));
        }
        let holds_more = !of_build.is_empty();
        if table.can_have(&wants, None, holds_more) {
            let hold = table.hold(holder, wants);
            return Ok(Taken::Now(Held::new(self, hold)));
        }
        let (grant, granted) = oneshot::channel();
        let ticket = table.stand(Waiter {
            holder: Arc::clone(holder),
            wants,
            holds_more,
            grant: Some(grant),
        });
        Ok(Taken::Later(Waiting {
            locks: Arc::clone(self),
            ticket,
            granted,
        }))
    }

    /// Gives what goes on after a restart the locks that it held before, whoever has them.
    pub(crate) fn take_back(
        self: &Arc<Self>,
        holder: &Arc<Holder>,
        accesses: &[LockAccess],
        worker: &str,
    ) -> Held {
        let mut table = self.table();
        // A lock that is not configured any more is nobody's concern.
        let known = accesses
            .iter()
            .filter_map(|it| table.want_of_step(it, worker).ok())
            .collect::<Vec<Want>>();
        let hold = table.hold(holder, known);
        Held::new(self, hold)
    }

    /// Goes by the locks of another configuration from now on, for those who wait too. What is held stays held.
    pub(crate) fn reconfigure(self: &Arc<Self>, locks: &[LockConfig]) {
        let mut table = self.table();
        table.configure(locks);
        self.settle(&mut table);
    }

    /// Learns of the locks of an earlier configuration, by which builds go on: those of the same name stay as they are.
    pub(crate) fn learn(&self, locks: &[LockConfig]) {
        self.table().learn(locks);
    }

    /// What the one at the place in the row waits for, for people: `lock db, held by tests/12`.
    pub(crate) fn what(&self, place: Ticket) -> String {
        self.table().what(place)
    }

    /// Begins to start builds: all that waited until now may ask anew, in their order.
    pub(crate) fn pass(self: &Arc<Self>) -> Pass<'_> {
        Pass::new(self, self.table())
    }

    /// Waits until a build that could not have its locks may have them.
    pub(crate) async fn builds_may_start(&self) {
        self.builds_may_start.notified().await;
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two of its changes, so that a panic elsewhere leaves it usable.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(self: &Arc<Self>, hold: u64) {
        let mut table = self.table();
        table.release(hold);
        self.settle(&mut table);
    }

    /// As [`Self::give`], after something was let go of.
    fn settle(self: &Arc<Self>, table: &mut Table) {
        self.give(table);
        if table.has_builds_waiting() {
            self.builds_may_start.notify_one();
        }
    }

    /// Gives the steps that wait what they can have now.
    fn give(self: &Arc<Self>, table: &mut Table) {
        for (grant, hold) in table.settle() {
            // Who waits leaves the row before it stops listening, and that takes this table.
            let _ = grant.send(Held::new(self, hold));
        }
    }
}

/// A place in the row.
pub(crate) struct Waiting {
    locks: Arc<Locks>,
    ticket: Ticket,
    granted: oneshot::Receiver<Held>,
}

impl Waiting {
    /// Waits for the locks.
    pub(crate) async fn granted(&mut self) -> Option<Held> {
        (&mut self.granted).await.ok()
    }

    /// What is waited for, for people: `waiting for lock db, held by tests/12`.
    pub(crate) fn why(&self) -> String {
        format!("waiting for {}", self.locks.what(self.ticket))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut table = self.locks.table();
        if table.leave(self.ticket) {
            self.locks.settle(&mut table);
        }
    }
}

#[cfg(test)]
mod tests;
