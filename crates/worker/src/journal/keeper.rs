//! Moves a command's messages between memory and disk.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use weir_off_thread::off_thread;
use weir_worker_protocol::v1::FromCommand;

use super::segments::{Appended, Segments};
use crate::hold::{Hold, Work, lock};

/// How long until a disk that took nothing, or a journal that was full, is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// How much is read from disk at once, in bytes.
const READ: usize = 256 * 1024;

/// What was done.
enum Done {
    Released,
    Read(u64, io::Result<Vec<FromCommand>>),
    Appended(io::Result<Appended>),
}

/// Keeps one command's messages in bounds.
struct Keeper<'a> {
    hold: &'a Hold,
    segments: Arc<Mutex<Segments>>,
    /// How much the journals of all commands may take, in bytes.
    limit: u64,
    /// The disk takes nothing for now.
    is_blocked: bool,
    /// The worker's log knows it.
    is_told: bool,
}

/// Does what there is to do for `hold`, until the master has everything or nobody wants it any more.
pub(super) async fn run(hold: &Hold, segments: Segments, limit: u64) {
    let mut keeper = Keeper {
        hold,
        segments: Arc::new(Mutex::new(segments)),
        limit,
        is_blocked: false,
        is_told: false,
    };
    while keeper.step().await {}
    // Files are removed as they are dropped.
    let segments = keeper.segments;
    let _ = off_thread(|| drop(segments)).await;
}

impl Keeper<'_> {
    /// Does one thing, or waits until there is something to do; false once there never will be.
    async fn step(&mut self) -> bool {
        let can_release = |acknowledged| lock(&self.segments).can_release(acknowledged);
        match self.hold.work(can_release, self.is_blocked) {
            Work::End => return false,
            Work::Wait if self.is_blocked => {
                // Room that another command gave back is not told.
                let _ = timeout(RETRY, self.hold.has_work()).await;
                self.is_blocked = false;
            }
            Work::Wait => self.hold.has_work().await,
            Work::Release(acknowledged) => {
                self.on_disk(move |it| {
                    it.release(acknowledged);
                    Done::Released
                })
                .await;
            }
            Work::Read(first) => {
                self.on_disk(move |it| Done::Read(first, it.read(first, READ)))
                    .await;
            }
            Work::Append(first, messages) => {
                self.on_disk(move |it| Done::Appended(it.append(first, &messages)))
                    .await;
            }
        }
        true
    }

    async fn on_disk(&mut self, act: impl FnOnce(&mut Segments) -> Done + Send + 'static) {
        let segments = Arc::clone(&self.segments);
        match off_thread(move || act(&mut lock(&segments))).await {
            Ok(Done::Released) => {}
            Ok(Done::Read(first, Ok(messages))) => self.hold.bring(first, messages),
            Ok(Done::Read(_, Err(error))) => {
                warn!("a command's journal cannot be read, so that the command is ended: {error}");
                let sent = self
                    .hold
                    .fail(&format!("the worker's journal cannot be read: {error}"));
                lock(&self.segments).forget_after(sent);
            }
            Ok(Done::Appended(Ok(appended))) => {
                self.hold.moved(appended.last);
                self.is_blocked = appended.is_full;
                self.is_told = false;
                let why = format!("the worker's journal is full ({} bytes)", self.limit);
                self.hold.tell_of_trouble(appended.is_full.then_some(&why));
            }
            Ok(Done::Appended(Err(error))) => self.cannot_write(&error.to_string()),
            Err(error) => self.cannot_write(&error.to_string()),
        }
    }

    fn cannot_write(&mut self, error: &str) {
        self.is_blocked = true;
        if !std::mem::replace(&mut self.is_told, true) {
            warn!("a command's journal cannot be written, so that the command may have to wait: {error}");
        }
        let why = format!("the worker's journal cannot be written ({error})");
        self.hold.tell_of_trouble(Some(&why));
    }
}
