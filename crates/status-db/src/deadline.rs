//! Nothing waits for ever, whatever the database or the network does.

use std::time::Duration;

use crate::error::{Error, Result};

/// How long a read may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// How long a read of a few rows may take.
const SHORT: Duration = Duration::from_secs(10);

/// How long a transaction that writes may take.
const WRITING: Duration = Duration::from_secs(60);

/// What the read gives, or that it took too long.
pub(crate) async fn within_deadline<T>(read: impl Future<Output = Result<T>>) -> Result<T> {
    within(DEADLINE, read).await
}

/// What the read of a few rows gives, or that it took too long.
pub(crate) async fn soon<T>(read: impl Future<Output = Result<T>>) -> Result<T> {
    within(SHORT, read).await
}

async fn within<T>(limit: Duration, read: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, read).await.unwrap_or_else(|_| {
        Err(Error::Unreachable {
            why: format!("no answer within {} s", limit.as_secs()),
        })
    })
}

/// What the transaction gives, or that it took too long: then whether it took place is not known.
pub(crate) async fn written<T, E>(
    write: impl Future<Output = Result<T, E>>,
    given_up: impl FnOnce(Error) -> E,
) -> Result<T, E> {
    tokio::time::timeout(WRITING, write).await.unwrap_or_else(|_| {
        Err(given_up(Error::Unreachable {
            why: format!(
                "no answer within {} s; whether it was stored is not known",
                WRITING.as_secs()
            ),
        }))
    })
}
