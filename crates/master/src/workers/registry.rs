//! Who is told of workers that come and go.

use async_trait::async_trait;
use weir_status_api::WorkerInfo;

/// Stores which workers are connected. For each worker the calls come one after the other, `connected` and
/// `disconnected` in turn.
#[async_trait]
pub trait WorkerRegistry: Send + Sync {
    /// The worker `name` wants to connect; it is connected once this is answered. `process` is the name of its process,
    /// which no other has.
    ///
    /// # Errors
    /// Why it cannot connect now, in a sentence for its log. It will try again.
    async fn connected(&self, name: &str, info: WorkerInfo, process: &str) -> Result<(), String>;

    /// The worker `name`, which is connected, wants to end once its builds have.
    ///
    /// # Errors
    /// Why that could not be stored.
    async fn wants_to_leave(&self, name: &str) -> Result<(), String>;

    /// The worker `name` is gone, because `why`.
    ///
    /// # Errors
    /// Why that could not be stored. The call is repeated, unless the master is shutting down.
    async fn disconnected(&self, name: &str, why: &str) -> Result<(), String>;

    /// Somebody who says to be the worker `name` was refused, because `why`. Comes at any time, also while the worker is
    /// connected.
    ///
    /// # Errors
    /// Why that could not be stored. The call is not repeated: whoever was refused tries again.
    async fn refused(&self, name: &str, why: &str) -> Result<(), String>;
}
