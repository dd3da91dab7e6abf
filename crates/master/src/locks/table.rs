//! Who holds which lock, and who waits for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::oneshot;
use weir_config::{LockAccess, LockConfig, LockMode, LockScope};

use super::{Held, Holder, Never};

/// Holders that are named to people who wait.
const NAMED: usize = 3;

/// A place in the row; the lower goes first.
pub(crate) type Ticket = u64;

/// One lock: that of the master, or of one worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    name: String,
    worker: Option<String>,
}

/// One lock that is wanted or held, and how.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    key: Key,
    mode: LockMode,
    /// How often it can be held.
    most: u32,
}

/// How much of a lock is held or reserved.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    exclusive: u32,
    counting: u32,
}

impl Tally {
    fn add(&mut self, mode: LockMode) {
        match mode {
            LockMode::Exclusive => self.exclusive += 1,
            LockMode::Counting(count) => self.counting += count,
        }
    }

    fn remove(&mut self, mode: LockMode) {
        match mode {
            LockMode::Exclusive => self.exclusive = self.exclusive.saturating_sub(1),
            LockMode::Counting(count) => self.counting = self.counting.saturating_sub(count),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            exclusive: self.exclusive + other.exclusive,
            counting: self.counting.saturating_add(other.counting),
        }
    }

    fn leaves(self, want: &Want) -> bool {
        match want.mode {
            LockMode::Exclusive => self.exclusive == 0 && self.counting == 0,
            LockMode::Counting(count) => {
                self.exclusive == 0 && self.counting.saturating_add(count) <= want.most
            }
        }
    }

    fn is_zero(self) -> bool {
        self.exclusive == 0 && self.counting == 0
    }
}

/// What those further ahead in the row have reserved.
#[derive(Debug, Default)]
struct Reserved {
    /// Of locks that they must wait for.
    needed: HashMap<Key, Tally>,
    /// Of locks that they could have, if they had the others.
    spare: HashMap<Key, Tally>,
}

/// Somebody in the row.
pub(crate) struct Waiter {
    pub(crate) holder: Arc<Holder>,
    pub(crate) wants: Vec<Want>,
    /// It is a step of a build that holds locks while it waits.
    pub(crate) holds_more: bool,
    /// Where its locks are given to it; a build asks for them itself.
    pub(crate) grant: Option<oneshot::Sender<Held>>,
}

/// Who holds which lock, and who waits for it.
pub(crate) struct Table {
    configured: HashMap<String, LockConfig>,
    tallies: HashMap<Key, Tally>,
    holds: HashMap<u64, (Arc<Holder>, Vec<Want>)>,
    row: BTreeMap<Ticket, Waiter>,
    /// The next ticket, and the next hold.
    next: u64,
}

pub(super) fn table_of(locks: &[LockConfig]) -> Table {
    Table {
        configured: locks.iter().map(|it| (it.name.clone(), it.clone())).collect(),
        tallies: HashMap::new(),
        holds: HashMap::new(),
        row: BTreeMap::new(),
        next: 0,
    }
}

/// How often a lock can be held for the sake of somebody who asks for it so. Their build may have begun when it could be
/// held more often: whoever asks for more than there is by now has all of it.
fn most_for(most: u32, mode: LockMode) -> u32 {
    match mode {
        LockMode::Counting(asked) => most.max(asked),
        LockMode::Exclusive => most,
    }
}

impl Table {
    /// Other locks are configured. Those that are not any more stay, for builds that were begun with them.
    pub(crate) fn configure(&mut self, locks: &[LockConfig]) {
        let new = locks.iter().map(|it| (it.name.clone(), it.clone()));
        self.configured.extend(new);
        for want in self.row.values_mut().flat_map(|it| &mut it.wants) {
            if let Some(lock) = self.configured.get(&want.key.name) {
                let most = lock.count_on(want.key.worker.as_deref().unwrap_or_default());
                want.most = most_for(most, want.mode);
            }
        }
    }

    /// Knows locks of an earlier configuration too.
    pub(crate) fn learn(&mut self, locks: &[LockConfig]) {
        for lock in locks {
            self.configured
                .entry(lock.name.clone())
                .or_insert_with(|| lock.clone());
        }
    }

    /// What `accesses` means for a build that shall begin on the worker; none if it cannot have them there.
    pub(crate) fn wants_of_build(&self, accesses: &[LockAccess], worker: &str) -> Option<Vec<Want>> {
        let wants = self.wants_of_step(accesses, worker).ok()?;
        let can = |(want, access): (&Want, &LockAccess)| match access.mode {
            LockMode::Counting(asked) => {
                let lock = self.configured.get(&want.key.name);
                lock.is_some_and(|it| asked <= it.count_on(worker))
            }
            LockMode::Exclusive => true,
        };
        wants.iter().zip(accesses).all(can).then_some(wants)
    }

    /// What `accesses` means for a step of a build on the worker.
    pub(crate) fn wants_of_step(&self, accesses: &[LockAccess], worker: &str) -> Result<Vec<Want>, Never> {
        accesses.iter().map(|it| self.want_of_step(it, worker)).collect()
    }

    pub(crate) fn want_of_step(&self, access: &LockAccess, worker: &str) -> Result<Want, Never> {
        let Some(lock) = self.configured.get(&access.lock) else {
            return Err(Never::Unknown(access.lock.clone()));
        };
        Ok(Want {
            key: Key {
                name: lock.name.clone(),
                worker: (lock.scope == LockScope::Worker).then(|| worker.to_owned()),
            },
            mode: access.mode,
            most: most_for(lock.count_on(worker), access.mode),
        })
    }

    /// Whether somebody at the place in the row (at its end if none) can have all of it now.
    pub(crate) fn can_have(&self, wants: &[Want], place: Option<Ticket>, holds_more: bool) -> bool {
        let reserved = self.reserved_before(place.unwrap_or(Ticket::MAX));
        wants.iter().all(|it| self.is_left(it, &reserved, holds_more))
    }

    fn is_left(&self, want: &Want, reserved: &Reserved, holds_more: bool) -> bool {
        let of = |tallies: &HashMap<Key, Tally>| tallies.get(&want.key).copied().unwrap_or_default();
        let taken = of(&self.tallies).and(of(&reserved.needed));
        let taken = if holds_more {
            taken
        } else {
            taken.and(of(&reserved.spare))
        };
        taken.leaves(want)
    }

    fn reserved_before(&self, place: Ticket) -> Reserved {
        let mut reserved = Reserved::default();
        for (_, waiter) in self.row.range(..place) {
            self.reserve(&waiter.wants, &mut reserved);
        }
        reserved
    }

    fn reserve(&self, wants: &[Want], reserved: &mut Reserved) {
        // With what others reserved needfully: a wait for that is a wait for those who hold the lock.
        let needed: Vec<bool> = wants.iter().map(|it| !self.is_left(it, reserved, true)).collect();
        for (want, needed) in wants.iter().zip(needed) {
            let tallies = if needed {
                &mut reserved.needed
            } else {
                &mut reserved.spare
            };
            tallies.entry(want.key.clone()).or_default().add(want.mode);
        }
    }

    /// Gives the locks to the holder, whoever has them; none if there are none.
    pub(crate) fn hold(&mut self, holder: &Arc<Holder>, wants: Vec<Want>) -> Option<u64> {
        if wants.is_empty() {
            return None;
        }
        for want in &wants {
            self.tallies.entry(want.key.clone()).or_default().add(want.mode);
        }
        let id = self.number();
        self.holds.insert(id, (Arc::clone(holder), wants));
        Some(id)
    }

    pub(crate) fn release(&mut self, hold: u64) {
        let Some((_, wants)) = self.holds.remove(&hold) else {
            return;
        };
        for want in wants {
            if let Some(tally) = self.tallies.get_mut(&want.key) {
                tally.remove(want.mode);
                if tally.is_zero() {
                    self.tallies.remove(&want.key);
                }
            }
        }
    }

    /// A place at the end of the row.
    pub(crate) fn stand(&mut self, waiter: Waiter) -> Ticket {
        let ticket = self.number();
        self.row.insert(ticket, waiter);
        ticket
    }

    /// A place that was given up before.
    pub(crate) fn stand_at(&mut self, ticket: Ticket, waiter: Waiter) {
        self.row.insert(ticket, waiter);
    }

    /// Whether there was somebody at the place, who has left now.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> bool {
        self.row.remove(&ticket).is_some()
    }

    /// The builds leave the row; gives their places.
    pub(crate) fn clear_builds(&mut self) -> BTreeSet<Ticket> {
        let builds: BTreeSet<Ticket> = self
            .row
            .iter()
            .filter(|(_, it)| it.grant.is_none())
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in &builds {
            self.row.remove(ticket);
        }
        builds
    }

    pub(crate) fn has_builds_waiting(&self) -> bool {
        self.row.values().any(|it| it.grant.is_none())
    }

    /// Gives the steps in the row, in their order, what they can have; each must be told.
    pub(crate) fn settle(&mut self) -> Vec<(oneshot::Sender<Held>, Option<u64>)> {
        let mut reserved = Reserved::default();
        let mut granted = vec![];
        let mut row = std::mem::take(&mut self.row);
        row.retain(|_, waiter| {
            let can = waiter
                .wants
                .iter()
                .all(|it| self.is_left(it, &reserved, waiter.holds_more));
            if can && let Some(grant) = waiter.grant.take() {
                let hold = self.hold(&waiter.holder, std::mem::take(&mut waiter.wants));
                granted.push((grant, hold));
                return false;
            }
            self.reserve(&waiter.wants, &mut reserved);
            true
        });
        self.row = row;
        granted
    }

    /// What the one at the place waits for, for people.
    pub(crate) fn what(&self, ticket: Ticket) -> String {
        let missing = self.row.get(&ticket).and_then(|waiter| {
            let reserved = self.reserved_before(ticket);
            let mut wants = waiter.wants.iter();
            let missing = wants.find(|it| !self.is_left(it, &reserved, waiter.holds_more));
            missing.or(waiter.wants.first())
        });
        let Some(missing) = missing else {
            return "locks".to_owned();
        };
        let mut holders: Vec<String> = self
            .holds
            .values()
            .filter(|(_, held)| held.iter().any(|it| it.key == missing.key))
            .map(|(holder, _)| holder.to_string())
            .collect();
        holders.sort();
        let more = holders.len().saturating_sub(NAMED);
        holders.truncate(NAMED);
        let (name, holders) = (&missing.key.name, holders.join(", "));
        match (holders.is_empty(), more) {
            (true, _) => format!("lock {name}, for which others wait"),
            (false, 0) => format!("lock {name}, held by {holders}"),
            (false, more) => format!("lock {name}, held by {holders} and {more} more"),
        }
    }

    /// Whether no lock is held more often than it can be.
    #[cfg(test)]
    pub(crate) fn is_within_bounds(&self) -> bool {
        self.tallies.iter().all(|(key, tally)| {
            let most = self.configured[&key.name].count_on(key.worker.as_deref().unwrap_or_default());
            tally.exclusive + tally.counting.min(1) <= 1 && tally.counting <= most
        })
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
