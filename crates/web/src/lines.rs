//! Open event streams by the id that their handshake told, so that other requests can change what they carry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;
use weir_status_api::{Caller, Result, TopicPattern};

use crate::feed::{MAX_SUBSCRIPTIONS, Subscription, too_many};

/// All open streams.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<HashMap<Uuid, Arc<Line>>>>);

/// What one stream shall carry.
pub(crate) struct Line {
    /// Who opened it. To anybody else it does not exist, though they know its id.
    caller: Caller,
    wanted: Mutex<Vec<Subscription>>,
    changed: Notify,
}

/// That a stream is open; it can be found until this is dropped.
pub(crate) struct Opened {
    lines: Lines,
    pub(crate) id: Uuid,
    pub(crate) line: Arc<Line>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    pub(crate) fn open(&self, caller: Caller, wanted: Vec<Subscription>) -> Opened {
        let (id, line) = (Uuid::new_v4(), Arc::new(Line::new(caller, wanted)));
        lock(&self.0).insert(id, Arc::clone(&line));
        Opened {
            lines: self.clone(),
            id,
            line,
        }
    }

    /// The stream that `caller` opened under that id.
    pub(crate) fn find(&self, id: &str, caller: &Caller) -> Option<Arc<Line>> {
        let id = Uuid::try_parse(id).ok()?;
        let line = lock(&self.0).get(&id).cloned();
        line.filter(|it| it.caller == *caller)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        lock(&self.lines.0).remove(&self.id);
    }
}

impl Line {
    fn new(caller: Caller, wanted: Vec<Subscription>) -> Self {
        Self {
            caller,
            wanted: Mutex::new(wanted),
            changed: Notify::new(),
        }
    }

    /// Adds a subscription; one to the same pattern stays as it is.
    ///
    /// # Errors
    /// If there would be too many.
    pub(crate) fn add(&self, new: Subscription) -> Result<()> {
        let mut wanted = lock(&self.wanted);
        if wanted.iter().any(|it| it.pattern == new.pattern) {
            return Ok(());
        }
        if wanted.len() >= MAX_SUBSCRIPTIONS {
            return Err(too_many());
        }
        wanted.push(new);
        drop(wanted);
        self.changed.notify_one();
        Ok(())
    }

    /// Ends a subscription; false if there is none.
    pub(crate) fn remove(&self, pattern: &TopicPattern) -> bool {
        let mut wanted = lock(&self.wanted);
        let before = wanted.len();
        wanted.retain(|it| it.pattern != *pattern);
        let found = wanted.len() < before;
        drop(wanted);
        self.changed.notify_one();
        found
    }

    /// What the stream shall carry, once that has changed.
    pub(crate) async fn changed(&self) -> Vec<Subscription> {
        self.changed.notified().await;
        lock(&self.wanted).clone()
    }
}
