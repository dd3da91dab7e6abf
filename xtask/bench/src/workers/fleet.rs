//! Simulated workers, many in one program.

use tokio::task::JoinSet;

use super::worker::Worker;

/// Workers at work; they leave when this is dropped.
pub(super) struct Fleet(JoinSet<String>);

impl Fleet {
    /// Lets workers of these names dial the loopback's `port`, all at once.
    pub(super) fn dial(port: u16, names: impl Iterator<Item = String>, password: &'static str) -> Self {
        Self(names.map(|name| work(port, name, password)).collect())
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

/// Works, and gives why that has ended.
async fn work(port: u16, name: String, password: &'static str) -> String {
    let done = async {
        let worker = Worker::connect(port, name.clone(), password).await?;
        worker.work().await
    };
    match done.await {
        Ok(()) => format!("the master has ended the connection of {name}"),
        Err(why) => why,
    }
}
