//! No read waits for ever, whatever the database or the network does.

use std::time::Duration;

use crate::error::{Error, Result};

/// How long a read may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the read gives, or that it took too long.
pub(crate) async fn within_deadline<T>(read: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(DEADLINE, read).await {
        Ok(done) => done,
        Err(_) => Err(Error::Unreachable {
            why: format!("no answer within {} s", DEADLINE.as_secs()),
        }),
    }
}
