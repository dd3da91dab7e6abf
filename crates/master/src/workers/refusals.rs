//! Why workers may not come, told to the registry.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::time::sleep;
use tracing::warn;

use super::account::Denied;
use super::lock;
use super::manager::Shared;

/// The workers that were refused a short while ago.
///
/// Of each worker something is told at the most once in [`Settings::refusal_interval`](super::Settings::refusal_interval),
/// so that whoever knows no token makes the store write no more often than that.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// What is to be told next of each, if there is anything.
    told: Mutex<HashMap<String, Option<String>>>,
}

/// What a worker presents.
#[derive(Clone, Copy, Debug)]
pub(super) enum Secret {
    /// One of ours: a token.
    Token,
    /// One of Buildbot's: a password.
    Password,
}

impl Refusals {
    /// The worker is there: what is not told of it yet is no news any more.
    pub(super) fn forget(&self, name: &str) {
        if let Some(next) = lock(&self.told).get_mut(name) {
            *next = None;
        }
    }

    /// Gives back what can be told at once; the rest is kept for [`Self::next`].
    fn add(&self, name: &str, why: String) -> Option<String> {
        match lock(&self.told).entry(name.to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(None);
                Some(why)
            }
            Entry::Occupied(mut entry) => {
                entry.insert(Some(why));
                None
            }
        }
    }

    /// What is to be told now that the time is over; if there is nothing, the worker is forgotten.
    fn next(&self, name: &str) -> Option<String> {
        let mut told = lock(&self.told);
        let next = told.get_mut(name)?.take();
        if next.is_none() {
            told.remove(name);
        }
        next
    }
}

impl Shared {
    /// Tells the registry that somebody at `peer` may not be the worker `name`; of a name that is not configured nothing is
    /// told. Does not wait for that.
    pub(super) fn denied(self: &Arc<Self>, name: &str, peer: Option<IpAddr>, secret: Secret, denied: Denied) {
        let secret = match secret {
            Secret::Token => "token",
            Secret::Password => "password",
        };
        let from = peer.map_or_else(String::new, |it| format!(" from {}", it.to_canonical()));
        match denied {
            Denied::UnknownWorker => {}
            Denied::WrongToken => {
                self.refused(name, format!("a connection{from} presented the wrong {secret}"))
            }
        }
    }

    /// Tells the registry why the configured worker `name` was refused, unless it is connected. Does not wait for that.
    pub(super) fn refused(self: &Arc<Self>, name: &str, why: String) {
        let is_connected = self.existing_slot(name).is_some_and(|it| it.is_connected());
        if is_connected || self.stopping.is_cancelled() {
            return;
        }
        if let Some(why) = self.refusals.add(name, why) {
            self.tasks.spawn(tell(Arc::clone(self), name.to_owned(), why));
        }
    }
}

/// Tells the registry of a worker's refusals until there are no more.
async fn tell(shared: Arc<Shared>, name: String, mut why: String) {
    loop {
        if let Err(error) = shared.registry.refused(&name, &why).await {
            warn!(worker = name, "cannot store that the worker was refused: {error}");
        }
        tokio::select! {
            () = sleep(shared.settings.refusal_interval) => {}
            () = shared.stopping.cancelled() => {}
        }
        match shared.refusals.next(&name) {
            Some(next) => why = next,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_refusal_is_told_next_unless_the_worker_came() {
        let refusals = Refusals::default();
        let add = |why: &str| refusals.add("w1", why.to_owned());
        assert_eq!(add("first").as_deref(), Some("first"));
        assert_eq!((add("second"), add("third")), (None, None));
        assert_eq!(refusals.next("w1").as_deref(), Some("third"));
        assert_eq!(add("fourth"), None);
        refusals.forget("w1");
        assert_eq!(refusals.next("w1"), None);
        assert_eq!(add("fifth").as_deref(), Some("fifth"));
    }
}
