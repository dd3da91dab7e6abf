//! Moves the write-ahead log into the database file beside those who write, so that no commit waits for it.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::Conn;

/// How long the log grows before it is moved. What is written again within this time is moved once.
const AFTER: Duration = Duration::from_secs(1);

/// For the connection that writes: it moves the log itself only if that has not been done for 64 MB (SQLite's own
/// measure, 4 MB, is reached every few builds on a busy master, and then a commit takes ten times as long).
pub(super) const PRAGMA: &str = "PRAGMA wal_autocheckpoint = 16384;";

/// Moves the log over a connection of its own for as long as it is let, a while after something was written.
pub(super) async fn keep_short(pool: Pool<Conn>, written: Arc<Notify>) {
    let mut failing = false;
    loop {
        written.notified().await;
        sleep(AFTER).await;
        let moved = move_log(&pool).await;
        match &moved {
            // A full disk is told once, not every second.
            Err(why) if !failing => tracing::warn!(%why, "the write-ahead log grows: it cannot be moved"),
            Ok(()) if failing => tracing::info!("the write-ahead log is moved again"),
            _ => {}
        }
        failing = moved.is_err();
    }
}

async fn move_log(pool: &Pool<Conn>) -> Result<(), String> {
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    let moved = conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)").await;
    moved.map_err(|error| error.to_string())
}
