//! Waiting for a store that cannot be reached, or takes nothing for a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_status_api::Error as ReadError;
use weir_status_db::{Applied, Error as StoreError, Store, Transition};

use crate::error::Result;

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(10);

/// How long a fault may last that could be the statement's own.
const DOUBTFUL: Duration = Duration::from_secs(60 * 60);

/// Waits longer from attempt to attempt. A database that is out of reach is waited for without an end: the build has
/// nothing better to do, and its worker holds what it says.
#[derive(Debug)]
pub(super) struct Patience {
    since: Instant,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            pause: Duration::from_millis(100),
        }
    }

    /// Whether to try again after this error of a write; waits before that.
    pub(super) async fn outlasts(&mut self, error: &StoreError) -> bool {
        let is_doubtful = !error.is_outage();
        if !error.is_temporary() || (is_doubtful && self.since.elapsed() > DOUBTFUL) {
            return false;
        }
        self.wait(error).await;
        true
    }

    async fn wait(&mut self, error: &(dyn std::error::Error + Sync)) {
        tracing::warn!(%error, "the store takes or gives nothing now; a build waits for it");
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
    }
}

/// What came of storing something.
pub(super) enum Stored<T> {
    /// The store's answer.
    Now(Vec<Applied>),
    /// An attempt whose answer was lost had stored it: this was found.
    Before(T),
}

/// Stores `transitions` in one transaction, as often as needed until the store takes them, and nothing twice: an attempt
/// that failed may have stored them all the same, which `found` tells from what is there then.
///
/// # Errors
/// What cannot be waited for: a conflict, for instance, if nothing is found.
pub(super) async fn store<T, F>(
    store: &Store,
    transitions: Vec<Transition>,
    found: impl Fn() -> F,
) -> Result<Stored<T>>
where
    F: Future<Output = Result<Option<T>>>,
{
    let mut patience = Patience::new();
    let mut is_doubtful = false;
    loop {
        let error = match store.apply_all(transitions.clone()).await {
            Ok(answer) => return Ok(Stored::Now(answer)),
            Err(error) => error,
        };
        // What an earlier attempt stored stands against a later one.
        let is_in_the_way = is_doubtful && matches!(error, StoreError::Conflict { .. });
        if !is_in_the_way && !patience.outlasts(&error).await {
            return Err(error.into());
        }
        match found().await? {
            Some(it) => return Ok(Stored::Before(it)),
            None if is_in_the_way => return Err(error.into()),
            None => is_doubtful = true,
        }
    }
}

/// Stores, as often as needed, what is the same when it is stored twice.
pub(super) async fn store_repeatable(to: &Store, transition: Transition) -> Result<()> {
    store(to, vec![transition], || async { Ok(None::<()>) }).await?;
    Ok(())
}

/// Reads, as often as needed until the store can be reached.
pub(super) async fn read<T, F>(mut read: impl FnMut() -> F) -> Result<T, ReadError>
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut patience = Patience::new();
    loop {
        match read().await {
            Err(error @ ReadError::Unavailable { .. }) => patience.wait(&error).await,
            other => return other,
        }
    }
}
