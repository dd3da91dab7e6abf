//! Writing segments.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Place, off_thread, segment_path};
use crate::error::{Error, Result};

/// How big a segment grows before the next one begins.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Appends chunks to the segments of this process.
///
/// After any error, or if a future of it is dropped, the open segment is given up: what it holds stays
/// readable, and a new one must be [begun](SegmentWriter::begin).
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    folder: PathBuf,
    open: Option<OpenSegment>,
}

#[derive(Debug)]
struct OpenSegment {
    id: i64,
    path: PathBuf,
    file: Arc<File>,
    /// Bytes in the file.
    written: u64,
    /// Bytes that go to the file with the next sync.
    pending: Vec<u8>,
}

impl SegmentWriter {
    /// Writes into `folder`, which is made if it does not exist.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be made.
    pub(crate) async fn new(folder: PathBuf) -> Result<Self> {
        let made = folder.clone();
        off_thread(move || {
            fs::create_dir_all(&made)
                .and_then(|()| match made.parent() {
                    // The folder's own name must be as durable as what is written into it.
                    Some(parent) => File::open(parent)?.sync_all(),
                    None => Ok(()),
                })
                .map_err(|source| Error::io(format_args!("making {}", made.display()), source))
        })
        .await?;
        Ok(Self { folder, open: None })
    }

    /// Whether the next append needs a new segment: at the start, after an error, and when one is full.
    pub(crate) fn needs_segment(&self) -> bool {
        self.open
            .as_ref()
            .is_none_or(|open| open.written + open.pending.len() as u64 >= SEGMENT_BYTES)
    }

    /// The segment that is open, to which more will be appended.
    pub(crate) fn open_segment(&self) -> Option<i64> {
        self.open.as_ref().map(|open| open.id)
    }

    /// Begins the segment `id`, a row of `log_segments` that this process just made. What was appended
    /// to the one before is synced first.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be made, or the one before not be synced.
    pub(crate) async fn begin(&mut self, id: i64) -> Result<()> {
        self.sync().await?;
        self.open = None;
        let folder = self.folder.clone();
        let path = segment_path(&folder, id);
        let opened = path.clone();
        let (file, written) = off_thread(move || {
            // A file can be there if a database was put back from a copy and gives an id again.
            // Its bytes stay: a file that is only ever appended to cannot lose.
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&opened)
                .map_err(|source| failed(&opened, source))?;
            let written = file.metadata().map_err(|source| failed(&opened, source))?.len();
            // The file's name must last as its bytes do.
            File::open(&folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|source| failed(&folder, source))?;
            Ok((Arc::new(file), written))
        })
        .await?;
        self.open = Some(OpenSegment {
            id,
            path,
            file,
            written,
            pending: Vec::new(),
        });
        Ok(())
    }

    /// Appends `data` to the open segment, and tells where it will be after the next
    /// [`sync`](SegmentWriter::sync). Until then it is only in memory.
    ///
    /// # Errors
    /// [`Error::Io`] if none is open.
    pub(crate) fn append(&mut self, data: &[u8]) -> Result<Place> {
        let open = self.open.as_mut().ok_or_else(no_segment)?;
        let offset = open.written + open.pending.len() as u64;
        open.pending.extend_from_slice(data);
        // A segment is far from 2^63 bytes long.
        let as_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(Place {
            segment: open.id,
            offset: as_i64(offset),
            length: as_i64(data.len() as u64),
        })
    }

    /// Brings everything appended to the disk. Call it before the commit of the rows that refer to it.
    ///
    /// # Errors
    /// [`Error::Io`]; then nothing that was appended since the last sync may be referred to.
    pub(crate) async fn sync(&mut self) -> Result<()> {
        if self.open.as_ref().is_none_or(|open| open.pending.is_empty()) {
            return Ok(());
        }
        // Taken out, so that an error or a dropped future gives the segment up.
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let open = off_thread(move || {
            open.file
                .write_all_at(&open.pending, open.written)
                .and_then(|()| open.file.sync_data())
                .map_err(|source| failed(&open.path, source))?;
            open.written += open.pending.len() as u64;
            // A burst shall not keep its memory for ever.
            open.pending = Vec::new();
            Ok(open)
        })
        .await?;
        self.open = Some(open);
        Ok(())
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::io(format_args!("writing {}", path.display()), source)
}

fn no_segment() -> Error {
    Error::io("writing a log", io::Error::other("no segment is open"))
}
