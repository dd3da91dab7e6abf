//! What commands said and the master has not stored, on disk beyond a small part in memory.
//!
//! # Goals
//! - A command can go on while the master is away: what it says goes to files, up to a bound for the whole worker.
//! - A disk that takes nothing, and a journal that is full, stop commands and lose nothing.
//!
//! # Non-goals
//! - It does not outlive the process, which has lost its commands then.

mod keeper;
mod segments;
mod space;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::hold::Hold;
use segments::Segments;
use space::Space;

/// Where the journals of all commands are.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    space: Arc<Space>,
    /// How many commands had a journal: a command's id may be no name for a folder.
    count: AtomicU64,
}

impl Journal {
    /// The journals in `folder`, `limit` bytes in all.
    pub(crate) fn new(folder: PathBuf, limit: u64) -> Self {
        Self {
            folder,
            space: Arc::new(Space::new(limit)),
            count: AtomicU64::new(0),
        }
    }

    /// Keeps what a command says in bounds, from its start until the master has all of it or wants none of it.
    pub(crate) async fn keep(&self, hold: &Hold) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let segments = Segments::new(self.folder.join(number.to_string()), Arc::clone(&self.space));
        keeper::run(hold, segments, self.space.limit()).await;
    }
}
