//! Which places have a report already.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Of how many reports it is remembered.
const REMEMBERED: usize = 100;

/// What of the last reports went where, for a destination with several places whose service cannot tell a message that
/// it has from a new one: if one place does not take a report now, the others do not get it twice. It is forgotten with
/// the process.
#[derive(Debug, Default)]
pub(super) struct Delivered(Mutex<VecDeque<(String, HashSet<String>)>>);

impl Delivered {
    /// Whether `place` has the report of that delivery id.
    pub(super) fn has(&self, delivery: &str, place: &str) -> bool {
        let delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        delivered
            .iter()
            .any(|(id, places)| id == delivery && places.contains(place))
    }

    /// Notes that it has.
    pub(super) fn note(&self, delivery: &str, place: &str) {
        let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) = delivered.iter_mut().find(|(id, _)| id == delivery) {
            places.insert(place.to_owned());
            return;
        }
        if delivered.len() == REMEMBERED {
            delivered.pop_front();
        }
        delivered.push_back((delivery.to_owned(), HashSet::from([place.to_owned()])));
    }
}
