//! Where statements of SQLite run, which block.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinError, JoinHandle, block_in_place, spawn_blocking};
use weir_off_thread::{is_at_once, off_thread};

/// Runs statements as [`weir_off_thread`] says. Once one has begun, its connection is free only when it has ended.
pub(crate) struct OffThread;

impl SpawnBlocking for OffThread {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        if is_at_once() {
            off_thread(task).map_err(Box::from).boxed()
        } else {
            Statement(spawn_blocking(task)).map_err(Box::from).boxed()
        }
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A statement that runs. Whoever drops it waits for its end.
struct Statement<R>(JoinHandle<R>);

impl<R> Future for Statement<R> {
    type Output = Result<R, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<R> Drop for Statement<R> {
    fn drop(&mut self) {
        if self.0.is_finished() {
            return;
        }
        // On a thread that others cannot leave, the connection's own lock has to do.
        let handle = Handle::try_current().ok();
        if let Some(handle) = handle.filter(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread) {
            block_in_place(|| {
                // Nobody wants what it gave.
                let _ = handle.block_on(&mut self.0);
            });
        }
    }
}
