//! Lets go what is too old, at the start and then in intervals.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use weir_config::RetentionConfig;
use weir_status_db::{Retention, Store};

/// Between the end of a round and the next.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Runs until `stop`; a failure is reported, and the next round tries again.
pub(crate) async fn run(store: Store, config: RetentionConfig, stop: CancellationToken) {
    let retention = Retention {
        builds: config.builds,
        builds_per_builder: config.builds_per_builder,
        least_per_builder: config.least_per_builder,
        logs: config.logs,
        changes: config.changes,
        events: config.events,
    };
    let rounds = async {
        loop {
            match store.retain(&retention).await {
                Ok(gone) if gone.is_nothing() => tracing::debug!("nothing is too old"),
                Ok(gone) => tracing::info!(
                    builds = gone.builds,
                    requests = gone.requests,
                    logs = gone.logs,
                    changes = gone.changes,
                    events = gone.events,
                    log_bytes = gone.log_bytes,
                    longest_step_ms = gone.longest_step.as_millis(),
                    "deleted what is too old"
                ),
                Err(error) => tracing::error!(%error, "deleting what is too old failed, trying again later"),
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    // Whatever step is under way is a transaction of its own, so that a round can end anywhere.
    tokio::select! {
        () = rounds => {}
        () = stop.cancelled() => {}
    }
}
