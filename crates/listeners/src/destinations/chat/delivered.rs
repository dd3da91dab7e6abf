//! Which places have a report already.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use weir_status_api::{ListenerError, MAX_DONE};

/// Of how many reports it is remembered: of all that can be open at once, if there are some for each event.
const REMEMBERED: usize = 4 * MAX_DONE;

/// What of the last reports went where, for a destination with several places: if one place does not take a report now,
/// the others do not get it twice. It is forgotten with the process.
#[derive(Debug, Default)]
pub(super) struct Delivered(Mutex<VecDeque<(String, HashSet<String>)>>);

impl Delivered {
    /// Sends the report of that delivery id to each place that does not have it, whatever becomes of it at others. Only
    /// where the service says when to come again, all wait until then.
    ///
    /// # Errors
    /// The last error after which it can be tried again; else, when all others have it, that of a place which will never
    /// take it.
    pub(super) async fn to_each<'p, F: Future<Output = Result<(), ListenerError>>>(
        &self,
        delivery: &str,
        places: impl IntoIterator<Item = &'p str>,
        send: impl Fn(&'p str) -> F,
    ) -> Result<(), ListenerError> {
        let (mut later, mut never) = (None, None);
        for place in places {
            if self.has(delivery, place) {
                continue;
            }
            match send(place).await {
                Ok(()) => self.note(delivery, place),
                Err(ListenerError::Never(why)) => never = Some(format!("{place}: {why}")),
                Err(ListenerError::Later(why)) => later = Some(why),
                Err(after @ ListenerError::After(..)) => return Err(after),
            }
        }
        match (later, never) {
            (Some(why), _) => Err(ListenerError::Later(why)),
            (None, Some(why)) => Err(ListenerError::Never(why)),
            (None, None) => Ok(()),
        }
    }

    fn has(&self, delivery: &str, place: &str) -> bool {
        let delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What comes again is mostly one of the last.
        let mut latest = delivered.iter().rev();
        latest.any(|(id, places)| id == delivery && places.contains(place))
    }

    fn note(&self, delivery: &str, place: &str) {
        let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) = delivered.iter_mut().rev().find(|(id, _)| id == delivery) {
            places.insert(place.to_owned());
            return;
        }
        if delivered.len() == REMEMBERED {
            delivered.pop_front();
        }
        delivered.push_back((delivery.to_owned(), HashSet::from([place.to_owned()])));
    }
}
