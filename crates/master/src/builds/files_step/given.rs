//! What a worker takes: a file of the master's, or a text.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use weir_off_thread::off_thread;

use super::super::journal::Journal;

/// How many bytes are given at once.
const MOST_AT_ONCE: usize = 1024 * 1024;

/// What is given, piece by piece.
#[derive(Debug)]
pub(crate) struct Given {
    origin: Origin,
    /// How the file was as it was opened, to tell it from what may be there after a restart of the master.
    stamp: String,
    is_stamp_stored: bool,
    failure: Option<String>,
}

#[derive(Debug)]
enum Origin {
    Text(Bytes),
    File { path: PathBuf, open: Option<Arc<File>> },
}

impl Given {
    /// These bytes.
    pub(super) fn text(text: String) -> Self {
        Self::new(Origin::Text(text.into()))
    }

    /// What is in the file.
    pub(super) fn file(path: PathBuf) -> Self {
        Self::new(Origin::File { path, open: None })
    }

    fn new(origin: Origin) -> Self {
        Self {
            origin,
            stamp: String::new(),
            is_stamp_stored: false,
            failure: None,
        }
    }

    /// Why it cannot be given.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// What begins at `offset`, `most` bytes at most; none at the end.
    ///
    /// # Errors
    /// One sentence that says why it cannot be given.
    pub(in super::super) async fn read(&mut self, offset: u64, most: usize) -> Result<Bytes, String> {
        let most = most.min(MOST_AT_ONCE);
        let (path, open) = match &self.origin {
            Origin::Text(text) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
                return Ok(text.slice(start..text.len().min(start.saturating_add(most))));
            }
            Origin::File { path, open } => (path.clone(), open.clone()),
        };
        let stamp = self.stamp.clone();
        let read = off_thread(move || read(open, &path, &stamp, offset, most)).await;
        match read.map_err(|error| error.to_string()).and_then(|it| it) {
            Ok((file, stamp, bytes)) => {
                if let Origin::File { open, .. } = &mut self.origin {
                    *open = Some(file);
                }
                self.stamp = stamp;
                Ok(bytes)
            }
            Err(why) => {
                self.failure = Some(why.clone());
                Err(why)
            }
        }
    }

    /// Whether the file was opened now, and how it is has to be stored before something of it is given.
    pub(in super::super) fn begins(&self) -> bool {
        !self.stamp.is_empty() && !self.is_stamp_stored
    }

    /// Notes in the record of the command how the file is, or why it cannot be given.
    pub(in super::super) fn save(&mut self, journal: &mut Journal) {
        if let Some(record) = journal.command_mut() {
            record.file_given.clone_from(&self.stamp);
            record.file_failure = self.failure.clone().unwrap_or_default();
            self.is_stamp_stored = true;
        }
    }

    /// Goes on as the record of the command says.
    pub(in super::super) fn restore(&mut self, journal: &Journal) {
        if let Some(record) = journal.command() {
            self.stamp.clone_from(&record.file_given);
            self.is_stamp_stored = !self.stamp.is_empty();
            self.failure = Some(record.file_failure.clone()).filter(|it| !it.is_empty());
        }
    }
}

/// The file, how it is, and the bytes. It has to be as `stamp` says, unless that is empty.
fn read(
    open: Option<Arc<File>>,
    path: &Path,
    stamp: &str,
    offset: u64,
    most: usize,
) -> Result<(Arc<File>, String, Bytes), String> {
    let failed = |error: io::Error| format!("the master cannot read {}: {error}", path.display());
    let is_open = open.is_some();
    let file = match open {
        Some(file) => file,
        None => Arc::new(File::open(path).map_err(failed)?),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(format!("{} on the master is not a file", path.display()));
    }
    let (id, size, time) = (metadata.ino(), metadata.len(), metadata.mtime_nsec());
    let now = format!("{} {id} {size} {} {time}", metadata.dev(), metadata.mtime());
    if !is_open && !stamp.is_empty() && stamp != now {
        return Err(format!("{} was changed while it was sent", path.display()));
    }
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    bytes.truncate(filled);
    let stamp = if stamp.is_empty() { now } else { stamp.to_owned() };
    Ok((file, stamp, bytes.into()))
}
