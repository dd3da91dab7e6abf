//! Open build requests in the order in which they are to be built.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use weir_status_api::{BuildRequest, BuildRequestId, BuilderId, Timestamp};

/// A request's place: higher priority first, then the older, then the lower id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    priority: Reverse<i32>,
    /// When it came.
    pub(super) submitted_at: Timestamp,
    /// The request.
    pub(super) id: BuildRequestId,
}

impl Place {
    /// The request's priority.
    pub(super) fn priority(&self) -> i32 {
        self.priority.0
    }
}

/// The open requests that nobody has claimed, by builder: a mirror of the store's rows.
#[derive(Debug, Default)]
pub(super) struct Queue {
    by_builder: HashMap<BuilderId, BTreeSet<Place>>,
    places: HashMap<BuildRequestId, (BuilderId, Place)>,
}

impl Queue {
    /// Takes account of the request as it is now.
    pub(super) fn update(&mut self, request: &BuildRequest) {
        self.remove(request.id);
        if request.claimed_at.is_some() || request.complete_at.is_some() {
            return;
        }
        let place = Place {
            priority: Reverse(request.priority),
            submitted_at: request.submitted_at,
            id: request.id,
        };
        self.places.insert(request.id, (request.builder, place));
        self.by_builder.entry(request.builder).or_default().insert(place);
    }

    /// Takes out a request.
    pub(super) fn remove(&mut self, id: BuildRequestId) {
        let Some((builder, place)) = self.places.remove(&id) else {
            return;
        };
        if let Some(places) = self.by_builder.get_mut(&builder) {
            places.remove(&place);
            if places.is_empty() {
                self.by_builder.remove(&builder);
            }
        }
    }

    /// Whether the request is open, and nobody has it.
    pub(super) fn has(&self, request: BuildRequestId) -> bool {
        self.places.contains_key(&request)
    }

    /// The builder's first requests, in their order.
    pub(super) fn firsts(&self, builder: BuilderId, most: usize) -> Vec<BuildRequestId> {
        let places = self.by_builder.get(&builder).into_iter().flatten();
        places.take(most).map(|it| it.id).collect()
    }

    /// The builder's open requests that are older than this one, the newest first.
    pub(super) fn older(&self, builder: BuilderId, than: BuildRequestId, most: usize) -> Vec<BuildRequestId> {
        let places = self.by_builder.get(&builder).into_iter().flatten();
        let mut older: Vec<_> = places.map(|it| it.id).filter(|it| *it < than).collect();
        older.sort_by_key(|it| Reverse(*it));
        older.truncate(most);
        older
    }

    /// How many open requests the builder has.
    pub(super) fn count(&self, builder: BuilderId) -> usize {
        self.by_builder.get(&builder).map_or(0, BTreeSet::len)
    }

    /// The builders that have open requests.
    pub(super) fn builders(&self) -> impl Iterator<Item = BuilderId> {
        self.by_builder.keys().copied()
    }

    /// The place of the builder's first request.
    pub(super) fn first_of(&self, builder: BuilderId) -> Option<Place> {
        self.by_builder.get(&builder)?.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: i64, builder: i64, priority: i32, submitted_at: i64) -> BuildRequest {
        BuildRequest {
            id: BuildRequestId(id),
            buildset: weir_status_api::BuildsetId(1),
            builder: BuilderId(builder),
            priority,
            claimed_at: None,
            claimed_by: None,
            complete_at: None,
            results: None,
            submitted_at: Timestamp(submitted_at),
            waited_for: false,
            waiting_for: None,
            properties: Default::default(),
        }
    }

    /// The first request of each builder, in their order.
    fn order(queue: &Queue) -> Vec<i64> {
        let mut heads: Vec<Place> = (1..=3).filter_map(|it| queue.first_of(BuilderId(it))).collect();
        heads.sort();
        heads.iter().map(|place| place.id.0).collect()
    }

    #[test]
    fn priority_goes_before_age() {
        let mut queue = Queue::default();
        queue.update(&request(1, 1, 0, 10));
        queue.update(&request(2, 2, 0, 5));
        queue.update(&request(3, 3, 9, 20));
        queue.update(&request(4, 1, 1, 30));
        assert_eq!(order(&queue), [3, 4, 2]);
        queue.remove(BuildRequestId(4));
        assert_eq!(order(&queue), [3, 2, 1]);
    }

    #[test]
    fn a_claimed_request_leaves_and_comes_back() {
        let mut queue = Queue::default();
        let open = request(1, 1, 0, 10);
        queue.update(&open);
        let claimed = BuildRequest {
            claimed_at: Some(Timestamp(11)),
            ..open.clone()
        };
        queue.update(&claimed);
        assert!(order(&queue).is_empty());
        queue.update(&open);
        assert_eq!(order(&queue), [1]);
    }
}
