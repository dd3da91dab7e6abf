//! The writer: the one task that writes, many units in one transaction.
//!
//! It takes what waits, brings the log text among it to disk, applies all in one transaction, hands the
//! events to the hub, and answers each unit after the commit. If one unit is to blame for a failure, each
//! is applied by itself, so that only that one fails.

mod gather;
mod text;

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};
use weir_status_api::Clock;

use crate::backend::{Backend, Committed, SegmentChunk, Unit};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::segments::SegmentWriter;
use crate::transition::{Applied, Transition};
use gather::{Gathered, gather};
use text::Item;

/// How many units wait at the most; whoever comes then waits for a place.
const QUEUE: usize = 1024;

/// How many units go into one transaction at the most.
const BATCH: usize = 512;

type Reply = oneshot::Sender<Result<Vec<Applied>>>;

/// What the writer is asked.
enum Message {
    /// To apply items that hold together.
    Apply(Vec<Item>, Reply),
    /// To say which segment is open, once all that came before is applied.
    OpenSegment(oneshot::Sender<Option<i64>>),
    /// To end, once all that came before is applied.
    Close(oneshot::Sender<()>),
}

/// How many bytes of build data wait at the most, beside a unit that alone has more; whoever comes then waits.
const LARGE_VALUES: usize = 64 * 1024 * 1024;

/// Hands units to the writer.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    queue: mpsc::Sender<Message>,
    large_values: Arc<Semaphore>,
}

impl WriterHandle {
    /// Applies the transitions in order, all or none; answers after the commit.
    pub(crate) async fn apply(&self, transitions: Vec<Transition>) -> Result<Vec<Applied>> {
        let bytes = transitions
            .iter()
            .map(value_bytes)
            .sum::<usize>()
            .min(LARGE_VALUES);
        // Held until it is answered.
        let _large = match u32::try_from(bytes) {
            Ok(bytes) if bytes > 0 => {
                let permits = self.large_values.acquire_many(bytes).await;
                Some(permits.map_err(|_| Error::Closed)?)
            }
            _ => None,
        };
        let mut items = Vec::with_capacity(transitions.len());
        for transition in transitions {
            items.push(text::prepare(transition).await?);
        }
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Message::Apply(items, reply))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Appends the chunks of other segments to the open one, and lets the index follow; answers after the commit.
    pub(crate) async fn move_chunks(&self, chunks: Vec<(SegmentChunk, Vec<u8>)>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Message::Apply(vec![Item::Moved(chunks)], reply))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?.map(drop)
    }

    /// The segment that more will be appended to, if there is one. All others are as they will be, and what the index
    /// says of them is committed.
    pub(crate) async fn open_segment(&self) -> Result<Option<i64>> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Message::OpenSegment(reply))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)
    }

    /// Lets the writer end once all that waits is applied, and waits for that.
    pub(crate) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error says that it has ended already.
            let _ = ended.await;
        }
    }
}

/// The task that writes.
pub(crate) struct Writer {
    backend: Arc<dyn Backend>,
    segments: SegmentWriter,
    hub: Hub,
    clock: Arc<dyn Clock>,
}

impl Writer {
    /// Starts the task. It ends when it is closed, or when no handle is left.
    pub(crate) fn start(
        backend: Arc<dyn Backend>,
        segments: SegmentWriter,
        hub: Hub,
        clock: Arc<dyn Clock>,
    ) -> WriterHandle {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let writer = Self {
            backend,
            segments,
            hub,
            clock,
        };
        tokio::spawn(writer.run(waiting));
        WriterHandle {
            queue,
            large_values: Arc::new(Semaphore::new(LARGE_VALUES)),
        }
    }

    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut messages, BATCH).await > 0 {
            let mut jobs = Vec::with_capacity(messages.len());
            let mut closing = Vec::new();
            let mut asking = Vec::new();
            for message in messages.drain(..) {
                match message {
                    Message::Apply(items, reply) => jobs.push((items, reply)),
                    Message::OpenSegment(reply) => asking.push(reply),
                    Message::Close(done) => closing.push(done),
                }
            }
            if !closing.is_empty() {
                waiting.close();
            }
            self.write(jobs).await;
            for reply in asking {
                // Whoever asked may have gone.
                let _ = reply.send(self.segments.open_segment());
            }
            if !closing.is_empty() {
                return self.drain(&mut waiting, closing).await;
            }
        }
    }

    /// Applies what was sent before the queue closed, and tells those who wait for the end.
    async fn drain(&mut self, waiting: &mut mpsc::Receiver<Message>, mut closing: Vec<oneshot::Sender<()>>) {
        let mut jobs = Vec::new();
        while let Some(message) = waiting.recv().await {
            match message {
                Message::Apply(items, reply) => jobs.push((items, reply)),
                // The store is being closed.
                Message::OpenSegment(_) => {}
                Message::Close(done) => closing.push(done),
            }
        }
        self.write(jobs).await;
        for done in closing {
            // Whoever waited for the end may have gone.
            let _ = done.send(());
        }
    }

    /// Writes jobs and answers them.
    async fn write(&mut self, jobs: Vec<(Vec<Item>, Reply)>) {
        let gathered = gather(jobs);
        if gathered.is_empty() {
            return;
        }
        let at = self.clock.now();
        let placed = text::place(&mut self.segments, &*self.backend, gathered, at).await;
        let (units, replies): (Vec<Unit>, Vec<Vec<Reply>>) = placed
            .into_iter()
            .filter_map(|Gathered { items, replies }| match items {
                Ok(unit) => Some((unit, replies)),
                Err(error) => {
                    refuse(replies, &error);
                    None
                }
            })
            .unzip();
        self.commit(units, replies).await;
    }

    async fn commit(&self, units: Vec<Unit>, replies: Vec<Vec<Reply>>) {
        if units.is_empty() {
            return;
        }
        match self.backend.apply(&units, self.clock.now()).await {
            Ok(committed) => self.answer(committed, replies),
            Err(failed) if failed.one_unit && units.len() > 1 => {
                tracing::debug!(error = %failed.error, "a unit fails; applying each by itself");
                for (unit, replies) in units.into_iter().zip(replies) {
                    self.commit_one(unit, replies).await;
                }
            }
            Err(failed) => replies
                .into_iter()
                .for_each(|replies| refuse(replies, &failed.error)),
        }
    }

    async fn commit_one(&self, unit: Unit, replies: Vec<Reply>) {
        match self.backend.apply(&[unit], self.clock.now()).await {
            Ok(committed) => self.answer(committed, vec![replies]),
            Err(failed) => refuse(replies, &failed.error),
        }
    }

    fn answer(&self, committed: Committed, replies: Vec<Vec<Reply>>) {
        self.hub.publish(&committed.events);
        for (applied, replies) in committed.applied.into_iter().zip(replies) {
            for reply in replies {
                // Whoever asked may have gone; what it asked for is stored.
                let _ = reply.send(Ok(applied.clone()));
            }
        }
    }
}

/// How large the value is that a transition brings into the database.
fn value_bytes(transition: &Transition) -> usize {
    match transition {
        Transition::SetBuildData(new) => new.value.len(),
        Transition::InsertSteps(new) => new.plan.len(),
        Transition::KeepCheckpoint(new) => new.piece.as_ref().map_or(0, Vec::len),
        _ => 0,
    }
}

fn refuse(replies: Vec<Reply>, error: &Error) {
    for reply in replies {
        let _ = reply.send(Err(error.clone()));
    }
}
