//! How a build that runs is told to end.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;
use weir_status_api::Results;

/// Told once; the first reason stays.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    token: CancellationToken,
    why: OnceLock<(Results, String)>,
}

impl Stop {
    /// Somebody wants the build to end: it ends as cancelled.
    pub(crate) fn cancel(&self, reason: &str) {
        self.tell(Results::Cancelled, reason);
    }

    /// The build cannot go on here: it ends as retry, and its request is built again.
    pub(crate) fn lose(&self, reason: &str) {
        self.tell(Results::Retry, reason);
    }

    fn tell(&self, results: Results, reason: &str) {
        // A second reason changes nothing.
        let _ = self.why.set((results, reason.to_owned()));
        self.token.cancel();
    }

    /// How the build is to end and why; none while nobody said so.
    pub(crate) fn told(&self) -> Option<&(Results, String)> {
        self.why.get()
    }

    /// Waits until somebody says so.
    pub(crate) async fn wait(&self) {
        self.token.cancelled().await;
    }
}
