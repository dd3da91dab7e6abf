//! A command that the worker holds: what it has said, and whether it shall end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use weir_worker_protocol::v1::{
    Finished, FromCommand, HeldCommand, Output, Piece, Read, Stream, finished::Outcome, from_command::News,
};
use weir_worker_protocol::{Outbox, Violation};

/// How much of what a command said is in memory before the command has to wait, in bytes. At half of it, messages go
/// to the journal.
const MEMORY: usize = 1024 * 1024;

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
    /// Told when there may be work for the journal.
    work: Notify,
    /// Told when there is something to send; another one in each session.
    wake: Mutex<Arc<Notify>>,
    interrupt: watch::Sender<Option<String>>,
    asked: Mutex<Asked>,
    /// Told when what was asked for is there.
    answered: Notify,
}

/// What the command asks the master for.
#[derive(Debug)]
enum Asked {
    Nothing,
    /// What begins there in its file.
    From(u64),
    /// It is there.
    Answered(Piece),
}

#[derive(Debug)]
struct Messages {
    outbox: Outbox<FromCommand>,
    finished: bool,
    /// Nobody wants them any more.
    forgotten: bool,
    /// The master is there. While it is not, the journal takes what the command says.
    is_live: bool,
    /// The log tells that the journal takes nothing.
    is_trouble_told: bool,
}

/// What the journal has to do for a command.
#[derive(Debug)]
pub(crate) enum Work {
    /// Nothing, for now.
    Wait,
    /// Nothing, ever.
    End,
    /// Forget what is acknowledged: up to this sequence.
    Release(u64),
    /// Bring messages back, from this sequence on.
    Read(u64),
    /// Take these messages; the first has this sequence.
    Append(u64, Vec<FromCommand>),
}

impl Messages {
    fn is_done(&self) -> bool {
        self.forgotten || (self.finished && self.outbox.acknowledged() == self.outbox.last())
    }

    fn push(&mut self, id: &str, news: News, size: usize) {
        let message = FromCommand {
            command_id: id.to_owned(),
            sequence: self.outbox.next_sequence(),
            news: Some(news),
        };
        self.outbox.push(message, size);
    }

    fn push_header(&mut self, id: &str, text: String) {
        let size = text.len();
        let output = Output {
            stream: Stream::Header.into(),
            data: text.into(),
            file: String::new(),
        };
        self.push(id, News::Output(output), size);
    }
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
                is_live: true,
                is_trouble_told: false,
            }),
            room: Notify::new(),
            work: Notify::new(),
            wake: Mutex::new(wake),
            interrupt: watch::Sender::new(None),
            asked: Mutex::new(Asked::Nothing),
            answered: Notify::new(),
        }
    }

    /// The command said something.
    pub(crate) fn output(&self, stream: Stream, data: Bytes) {
        let size = data.len();
        let output = Output {
            stream: stream.into(),
            data,
            file: String::new(),
        };
        self.push(News::Output(output), size);
    }

    /// A file of that name, which is followed, has more.
    pub(crate) fn file(&self, name: &str, data: Bytes) {
        let size = data.len();
        let output = Output {
            stream: Stream::File.into(),
            data,
            file: name.to_owned(),
        };
        self.push(News::Output(output), size);
    }

    /// Asks the master for what begins at `offset` in the command's file, `most` bytes at most, and waits for it.
    pub(crate) async fn read(&self, offset: u64, most: u32) -> Piece {
        *lock(&self.asked) = Asked::From(offset);
        self.push(News::Read(Read { offset, most }), 0);
        loop {
            {
                let mut asked = lock(&self.asked);
                match std::mem::replace(&mut *asked, Asked::Nothing) {
                    Asked::Answered(piece) => return piece,
                    other => *asked = other,
                }
            }
            self.answered.notified().await;
        }
    }

    /// The master gives a piece. One for an offset that is not asked for, or that came already, changes nothing.
    pub(crate) fn answer(&self, piece: Piece) {
        let mut asked = lock(&self.asked);
        if matches!(*asked, Asked::From(offset) if offset == piece.offset) {
            *asked = Asked::Answered(piece);
            self.answered.notify_one();
        }
    }

    /// The command ended. Only the first end counts.
    pub(crate) fn finish(&self, finished: Finished) {
        self.push(News::Finished(finished), 0);
    }

    fn push(&self, news: News, size: usize) {
        let is_much = {
            let mut messages = lock(&self.messages);
            if messages.finished {
                return;
            }
            messages.finished = matches!(news, News::Finished(_));
            if messages.forgotten {
                return;
            }
            messages.push(&self.id, news, size);
            messages.outbox.memory_bytes() >= MEMORY / 2
        };
        if is_much {
            self.work.notify_one();
        }
        lock(&self.wake).notify_one();
    }

    /// Whether the command may say more now: while the master is there, a window of unacknowledged messages;
    /// while it is not, what the journal takes.
    pub(crate) fn has_room(&self) -> bool {
        let messages = lock(&self.messages);
        let outbox = &messages.outbox;
        let fits = outbox.memory_bytes() < MEMORY && (!messages.is_live || outbox.is_within_window());
        messages.forgotten || fits
    }

    /// As [`Hold::has_room`], for a command that loses nothing by waiting: while the master is away it does, instead of
    /// filling the journal.
    pub(crate) fn can_go_on(&self) -> bool {
        let messages = lock(&self.messages);
        let is_alone = !messages.is_live && !messages.forgotten;
        drop(messages);
        !is_alone && self.has_room()
    }

    /// Waits until [`Hold::has_room`] or [`Hold::can_go_on`] may have become true.
    pub(crate) async fn room(&self) {
        self.room.notified().await;
    }

    /// The next message to send in this session.
    pub(crate) fn next_unsent(&self) -> Option<FromCommand> {
        let mut messages = lock(&self.messages);
        let next = messages.outbox.next_unsent();
        if next.is_none() && messages.outbox.wanted().is_some() {
            self.work.notify_one();
        }
        next
    }

    /// The master has stored everything up to `sequence`; true if that is all there will ever be.
    pub(crate) fn acknowledge(&self, sequence: u64) -> Result<bool, Violation> {
        let is_done = {
            let mut messages = lock(&self.messages);
            messages.outbox.acknowledge(sequence)?;
            messages.is_done()
        };
        self.room.notify_one();
        self.work.notify_one();
        // The window may have let nothing go before.
        lock(&self.wake).notify_one();
        Ok(is_done)
    }

    /// A new session goes on after `received`, and is woken by `wake`.
    pub(crate) fn resume(&self, received: u64, wake: Arc<Notify>) -> Result<(), Violation> {
        {
            let mut messages = lock(&self.messages);
            messages.outbox.resume_after(received)?;
            messages.is_live = true;
        }
        *lock(&self.wake) = wake;
        self.room.notify_one();
        Ok(())
    }

    /// The session is over, and no other there yet.
    pub(crate) fn away(&self) {
        lock(&self.messages).is_live = false;
        self.room.notify_one();
    }

    /// Waits until [`Hold::work`] may have become another.
    pub(crate) async fn has_work(&self) {
        self.work.notified().await;
    }

    /// What the journal is to do now. `can_release` tells whether it has something of what is acknowledged up to a
    /// sequence; while it `is_blocked` it takes nothing.
    pub(crate) fn work(&self, can_release: impl Fn(u64) -> bool, is_blocked: bool) -> Work {
        let messages = lock(&self.messages);
        let outbox = &messages.outbox;
        if messages.is_done() {
            return Work::End;
        }
        if can_release(outbox.acknowledged()) {
            return Work::Release(outbox.acknowledged());
        }
        if let Some(first) = outbox.wanted().filter(|_| messages.is_live) {
            return Work::Read(first);
        }
        if outbox.memory_bytes() >= MEMORY / 2 && !is_blocked {
            let (first, in_memory) = outbox.in_memory();
            return Work::Append(first, in_memory.cloned().collect());
        }
        Work::Wait
    }

    /// These messages, the first with this sequence, were brought back from the journal.
    pub(crate) fn bring(&self, first: u64, brought: Vec<FromCommand>) {
        let with_payload = |message: FromCommand| {
            let payload = match &message.news {
                Some(News::Output(output)) => output.data.len(),
                Some(News::Finished(_) | News::Read(_)) | None => 0,
            };
            (message, payload)
        };
        let brought = brought.into_iter().map(with_payload);
        lock(&self.messages).outbox.bring(first, brought);
        lock(&self.wake).notify_one();
    }

    /// The journal has everything up to `sequence`.
    pub(crate) fn moved(&self, sequence: u64) {
        lock(&self.messages).outbox.moved(sequence);
        self.room.notify_one();
    }

    /// The journal takes nothing because of this, or took everything: the log tells of the first that makes the
    /// command wait.
    pub(crate) fn tell_of_trouble(&self, why: Option<&String>) {
        let mut messages = lock(&self.messages);
        let Some(why) = why else {
            messages.is_trouble_told = false;
            return;
        };
        let waits = messages.outbox.memory_bytes() >= MEMORY && !messages.finished && !messages.forgotten;
        if waits && !messages.is_trouble_told {
            messages.is_trouble_told = true;
            messages.push_header(
                &self.id,
                format!("{why}: the command waits until there is room\n"),
            );
        }
    }

    /// What the command said cannot be delivered: it ends here for the master, for this reason. Gives the sequence
    /// of the last message that was sent.
    pub(crate) fn fail(&self, why: &str) -> u64 {
        let sent = {
            let mut messages = lock(&self.messages);
            messages.outbox.drop_unsent();
            messages.finished = true;
            let sent = messages.outbox.last();
            messages.push_header(
                &self.id,
                format!("{why}; what the command said from here on is lost\n"),
            );
            let finished = Finished {
                outcome: Some(Outcome::Interrupted(why.to_owned())),
                elapsed_us: 0,
            };
            messages.push(&self.id, News::Finished(finished), 0);
            sent
        };
        self.interrupt(why);
        lock(&self.wake).notify_one();
        sent
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
        self.work.notify_one();
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
