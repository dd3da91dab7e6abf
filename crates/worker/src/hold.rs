//! A command that the worker holds: what it has said, and whether it shall end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use weir_worker_protocol::v1::{Finished, FromCommand, HeldCommand, Output, Stream, from_command::News};
use weir_worker_protocol::{Outbox, Violation};

/// Locks, whether or not somebody panicked with the lock in hand: each holder leaves the state whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command, from its start until the master has acknowledged all of it.
#[derive(Debug)]
pub(crate) struct Hold {
    id: String,
    messages: Mutex<Messages>,
    /// Told when there may be room.
    room: Notify,
    /// Told when there is something to send; another one in each session.
    wake: Mutex<Arc<Notify>>,
    interrupt: watch::Sender<Option<String>>,
}

#[derive(Debug)]
struct Messages {
    outbox: Outbox<FromCommand>,
    finished: bool,
    /// Nobody wants them any more.
    forgotten: bool,
}

impl Hold {
    /// A command that has said nothing, with a window of `window` bytes.
    pub(crate) fn new(id: String, window: usize, wake: Arc<Notify>) -> Self {
        Self {
            id,
            messages: Mutex::new(Messages {
                outbox: Outbox::new(window),
                finished: false,
                forgotten: false,
            }),
            room: Notify::new(),
            wake: Mutex::new(wake),
            interrupt: watch::Sender::new(None),
        }
    }

    /// The command said something.
    pub(crate) fn output(&self, stream: Stream, data: Bytes) {
        let size = data.len();
        let output = Output {
            stream: stream.into(),
            data,
        };
        self.push(News::Output(output), size);
    }

    /// The command ended. Only the first end counts.
    pub(crate) fn finish(&self, finished: Finished) {
        self.push(News::Finished(finished), 0);
    }

    fn push(&self, news: News, size: usize) {
        {
            let mut messages = lock(&self.messages);
            if messages.finished {
                return;
            }
            messages.finished = matches!(news, News::Finished(_));
            if messages.forgotten {
                return;
            }
            let message = FromCommand {
                command_id: self.id.clone(),
                sequence: messages.outbox.next_sequence(),
                news: Some(news),
            };
            messages.outbox.push(message, size);
        }
        lock(&self.wake).notify_one();
    }

    /// Whether the command may say more now.
    pub(crate) fn has_room(&self) -> bool {
        let messages = lock(&self.messages);
        messages.forgotten || messages.outbox.has_room()
    }

    /// Waits until [`Hold::has_room`] may have become true.
    pub(crate) async fn room(&self) {
        self.room.notified().await;
    }

    /// The next message to send in this session.
    pub(crate) fn next_unsent(&self) -> Option<FromCommand> {
        lock(&self.messages).outbox.next_unsent().cloned()
    }

    /// The master has stored everything up to `sequence`; true if that is all there will ever be.
    pub(crate) fn acknowledge(&self, sequence: u64) -> Result<bool, Violation> {
        let is_done = {
            let mut messages = lock(&self.messages);
            messages.outbox.acknowledge(sequence)?;
            messages.finished && messages.outbox.acknowledged() == messages.outbox.last()
        };
        self.room.notify_one();
        Ok(is_done)
    }

    /// A new session goes on after `received`, and is woken by `wake`.
    pub(crate) fn resume(&self, received: u64, wake: Arc<Notify>) -> Result<(), Violation> {
        lock(&self.messages).outbox.resume_after(received)?;
        *lock(&self.wake) = wake;
        Ok(())
    }

    /// Asks the command to end; the first reason counts.
    pub(crate) fn interrupt(&self, reason: &str) {
        self.interrupt.send_if_modified(|wanted| {
            let is_first = wanted.is_none();
            if is_first {
                *wanted = Some(reason.to_owned());
            }
            is_first
        });
    }

    /// Asks the command to end, and drops what it said and will say.
    pub(crate) fn forget(&self, reason: &str) {
        lock(&self.messages).forgotten = true;
        self.interrupt(reason);
        self.room.notify_one();
    }

    /// Becomes the reason once somebody asks the command to end.
    pub(crate) fn interrupted(&self) -> watch::Receiver<Option<String>> {
        self.interrupt.subscribe()
    }

    /// How it stands, for the greeting.
    pub(crate) fn summary(&self) -> HeldCommand {
        let messages = lock(&self.messages);
        HeldCommand {
            command_id: self.id.clone(),
            acknowledged: messages.outbox.acknowledged(),
            last: messages.outbox.last(),
        }
    }
}
