//! Simulated workers, many in one program.

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::task::JoinSet;

use super::worker::Worker;
use crate::Result;

/// How long a worker may take to be let in.
const READY: Duration = Duration::from_secs(120);
/// Workers that are on their way at a time. What is beyond the connections that a server lets wait is lost, and its worker
/// waits in vain, since the server is to speak first.
const AT_ONCE: usize = 40;

/// Workers at work; they leave when this is dropped.
pub(super) struct Fleet(JoinSet<String>);

impl Fleet {
    /// Lets workers of these names dial the loopback's `port`, and waits until all are let in.
    pub(super) async fn gather(port: u16, names: &[String], password: &str) -> Result<Self> {
        let mut workers = JoinSet::new();
        let mut let_in = stream::iter(names)
            .map(async |name| {
                let worker = tokio::time::timeout(READY, Worker::log_in(port, name, password)).await;
                worker.map_err(|_| format!("{name} is not let in after {} s", READY.as_secs()))?
            })
            .buffer_unordered(AT_ONCE);
        while let Some(worker) = let_in.try_next().await? {
            workers.spawn(worker.work());
        }
        drop(let_in);
        Ok(Self(workers))
    }

    /// Waits for the first worker that does not work any more, and gives why.
    pub(super) async fn failure(&mut self) -> String {
        match self.0.join_next().await {
            Some(Ok(why)) => why,
            Some(Err(error)) => format!("a simulated worker has ended: {error}"),
            // There are none.
            None => std::future::pending().await,
        }
    }
}
