//! Waiting for a store that cannot be reached, or takes nothing for a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_status_api::Error as ReadError;
use weir_status_db::Error as StoreError;

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
