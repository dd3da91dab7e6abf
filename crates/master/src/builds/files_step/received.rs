//! What a worker sends, on its way into a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::fstatvfs;
use weir_off_thread::off_thread;

use super::super::journal::Journal;

/// How much may wait to be written, in bytes. A worker sends no more than its window beyond it; it is less than the smallest
/// window, that of Buildbot's workers, which would wait each time else until nothing more comes.
const FULL: usize = 512 * 1024;

/// What an upload leaves free on the disk, in bytes. The store is there too, and if the last byte were taken, not even the
/// failure of the upload could be noted.
const LEFT_FREE: u64 = 64 << 20;

/// A file that is not whole yet. What is acknowledged to the worker is on disk; beyond that it has nothing after a crash.
#[derive(Debug)]
pub(crate) struct Received {
    path: PathBuf,
    file: Option<File>,
    waiting: Vec<u8>,
    stored: u64,
    failure: Option<String>,
}

impl Received {
    /// One at `path`, in a folder that is made if it is not there.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            waiting: vec![],
            stored: 0,
            failure: None,
        }
    }

    /// How many bytes are stored.
    pub(super) fn stored(&self) -> u64 {
        self.stored
    }

    /// Why it takes nothing more.
    pub(in super::super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Takes the next bytes, which are stored later.
    pub(in super::super) fn take(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.waiting.extend_from_slice(bytes);
        }
    }

    /// Whether all that came is stored.
    pub(in super::super) fn is_stored(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether so much waits that it should be stored now.
    pub(in super::super) fn is_full(&self) -> bool {
        self.waiting.len() >= FULL
    }

    /// Stores what waits, and notes in the record of the command how much is stored, or why that cannot be.
    pub(in super::super) async fn save(&mut self, journal: &mut Journal) {
        let bytes = std::mem::take(&mut self.waiting);
        if !bytes.is_empty() && self.failure.is_none() {
            let (file, path, stored) = (self.file.take(), self.path.clone(), self.stored);
            let length = bytes.len() as u64;
            let written = off_thread(move || {
                append(file, &path, stored, &bytes).inspect_err(|_| give_room_back(&path))
            })
            .await;
            match written.map_err(io::Error::other).and_then(|it| it) {
                Ok(file) => {
                    self.file = Some(file);
                    self.stored += length;
                }
                Err(error) => {
                    let path = self.path.display();
                    self.failure = Some(format!("the master cannot write {path}: {error}"));
                }
            }
        }
        if let Some(record) = journal.command_mut() {
            record.file_stored = self.stored;
            record.file_failure = self.failure.clone().unwrap_or_default();
        }
    }

    /// Goes on where the record of the command says.
    pub(in super::super) fn restore(&mut self, journal: &Journal) {
        if let Some(record) = journal.command() {
            self.stored = record.file_stored;
            self.failure = Some(record.file_failure.clone()).filter(|it| !it.is_empty());
        }
    }
}

/// Writes the bytes behind the first `stored` ones of the file, so that they outlast a crash of the machine.
fn append(file: Option<File>, path: &Path, stored: u64, bytes: &[u8]) -> io::Result<File> {
    let mut file = match file {
        Some(file) => file,
        None => open(path, stored)?,
    };
    leave_room(&file, bytes.len() as u64)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    Ok(file)
}

/// Refuses to write so many bytes more if that would take what others need.
fn leave_room(file: &File, bytes: u64) -> io::Result<()> {
    let disk = fstatvfs(file)?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    if free >= bytes.saturating_add(LEFT_FREE) {
        return Ok(());
    }
    let text = format!(
        "the disk is full: {} MiB are free, of which the master keeps {} MiB to itself",
        free >> 20,
        LEFT_FREE >> 20
    );
    Err(io::Error::new(io::ErrorKind::StorageFull, text))
}

/// Removes a file that cannot become whole. On a full disk, the master could not even store why before.
fn give_room_back(path: &Path) {
    // What is left is removed when the step ends.
    let _ = fs::remove_file(path);
}

/// Opens the file at the end of its first `stored` bytes; what is behind them goes.
fn open(path: &Path, stored: u64) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)?;
    if file.metadata()?.len() < stored {
        return Err(io::Error::other("it has lost what was stored in it"));
    }
    file.set_len(stored)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}
