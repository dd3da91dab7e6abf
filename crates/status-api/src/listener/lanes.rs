//! Deliveries that wait: in order within their lanes, the lanes by turns.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::Lane;
use crate::{Cursor, Event};

/// A delivery that is to be made.
pub(super) struct Delivery {
    pub(super) event: Arc<Event>,
    /// The dead letter that it is, if it was parked before.
    pub(super) letter: Option<i64>,
    pub(super) trials: Trials,
}

/// What a delivery has behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Trials {
    /// How often it has failed.
    pub(super) failures: u32,
    /// How often it has failed since the destination took others.
    pub(super) alone: u32,
    /// How many others the destination had taken when this failed.
    pub(super) taken: Option<u64>,
    /// When it was tried first.
    pub(super) since: Option<Instant>,
    /// What came of it, taken or refused for good, if that is to be kept yet: it is not tried again.
    pub(super) outcome: Option<Result<(), String>>,
}

impl Delivery {
    /// What tells it from all others of its listener.
    pub(super) fn key(&self) -> (Cursor, Option<i64>) {
        (self.event.cursor, self.letter)
    }
}

/// The lanes that anything is in.
#[derive(Default)]
pub(super) struct Lanes {
    /// A lane whose first delivery is out or pauses is here too, until that is done.
    lanes: HashMap<Lane, VecDeque<Delivery>>,
    ready: VecDeque<Lane>,
    /// Lanes whose first delivery failed, by the time at which it is tried again, and a number that makes them differ.
    pausing: BTreeMap<(Instant, u64), Lane>,
    pauses: u64,
}

impl Lanes {
    /// Puts a delivery into its lane: behind all others, but a dead letter before what never was one. It is older, and
    /// must not wait for what waits for it to make room.
    pub(super) fn push(&mut self, lane: Lane, delivery: Delivery) {
        let Some(queue) = self.lanes.get_mut(&lane) else {
            self.lanes.insert(lane.clone(), VecDeque::from([delivery]));
            self.ready.push_back(lane);
            return;
        };
        let others = match delivery.letter {
            Some(_) => queue.iter().take_while(|it| it.letter.is_some()).count(),
            None => queue.len(),
        };
        queue.insert(others, delivery);
    }

    /// Takes out the next delivery of those `wanted`; its lane waits until it is [done](Self::done) or
    /// [pauses](Self::pause).
    pub(super) fn next(&mut self, wanted: impl Fn(&Delivery) -> bool) -> Option<(Lane, Delivery)> {
        let first = |lane: &Lane| self.lanes.get(lane).and_then(VecDeque::front);
        let place = self.ready.iter().position(|it| first(it).is_some_and(&wanted))?;
        let lane = self.ready.remove(place)?;
        let delivery = self.lanes.get_mut(&lane)?.pop_front()?;
        Some((lane, delivery))
    }

    /// The delivery of the lane that was out is done.
    pub(super) fn done(&mut self, lane: Lane) {
        if self.lanes.get(&lane).is_some_and(|it| !it.is_empty()) {
            self.ready.push_back(lane);
        } else {
            self.lanes.remove(&lane);
        }
    }

    /// The delivery of the lane that was out is to be tried again, and not before `until`.
    pub(super) fn pause(&mut self, lane: Lane, delivery: Delivery, until: Instant) {
        self.lanes.entry(lane.clone()).or_default().push_front(delivery);
        self.pauses += 1;
        self.pausing.insert((until, self.pauses), lane);
    }

    /// All that wait and were tried before.
    pub(super) fn tried(&self) -> impl Iterator<Item = &Delivery> {
        let all = self.lanes.values().flatten();
        all.filter(|it| it.trials.since.is_some())
    }

    /// When the next pause ends.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.pausing.first_key_value().map(|((at, _), _)| *at)
    }

    /// Lets those go on whose pause has ended.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(first) = self.pausing.first_entry().filter(|it| it.key().0 <= now) {
            self.ready.push_back(first.remove());
        }
    }

    /// Lets the first delivery that pauses and is one of `wanted` go on now, changed.
    pub(super) fn hasten(&mut self, wanted: impl Fn(&Delivery) -> bool, change: impl FnOnce(&mut Delivery)) {
        let first = |lane: &Lane| self.lanes.get(lane).and_then(VecDeque::front);
        let found = self
            .pausing
            .iter()
            .find(|(_, lane)| first(lane).is_some_and(&wanted));
        let Some(lane) = found
            .map(|(key, _)| *key)
            .and_then(|key| self.pausing.remove(&key))
        else {
            return;
        };
        if let Some(delivery) = self.lanes.get_mut(&lane).and_then(VecDeque::front_mut) {
            change(delivery);
        }
        self.ready.push_back(lane);
    }
}
