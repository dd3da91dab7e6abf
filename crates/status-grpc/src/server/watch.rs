//! A watch as it goes out.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use weir_status_api::{Error, EventStream, Result, Signal};

use super::frame::{Frame, Frames};
use crate::call::{failed, guarded, late};

/// A watch that has begun.
pub(super) struct Watched {
    pub(super) events: EventStream,
    /// When the server stops.
    pub(super) stop: CancellationToken,
    /// How long the client said that it will watch.
    pub(super) deadline: Option<Instant>,
    pub(super) frames: Arc<Frames>,
    /// Its right to be open.
    pub(super) admitted: Box<dyn Send>,
}

impl Watched {
    /// The signals as they go out, until the server stops or the client's deadline has passed. Nothing is fetched
    /// before the connection has room for it; when the client goes, this is dropped and the events with it.
    pub(super) fn responses(mut self) -> impl Stream<Item = Result<Frame, Status>> + Send {
        async_stream::stream! {
            let _admitted = self.admitted;
            loop {
                let signal = tokio::select! {
                    biased;
                    () = self.stop.cancelled() => Err(Error::unavailable("the server is stopping")),
                    () = until(self.deadline) => {
                        yield Err(late("Watch"));
                        break;
                    }
                    next = next(&mut self.events) => match next.transpose() {
                        Some(signal) => signal,
                        None => break,
                    },
                };
                let last = signal.is_err();
                yield signal.map(|it| self.frames.of(it)).map_err(|error| failed("Watch", error));
                if last {
                    break;
                }
            }
        }
    }
}

async fn next(events: &mut EventStream) -> Result<Option<Signal>> {
    guarded(async { events.next().await.transpose() }).await
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
