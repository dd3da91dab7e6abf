//! The text of logs: append-only files of compressed chunks of whole lines.
//!
//! A segment is written by the one process that made its row, from its start to its end, and never opened
//! for writing again; so a tail torn by a crash is never referred to and harms nothing. Where the lines of
//! a log are is the database's business (`log_chunks`); its rows are committed after [`SegmentWriter::sync`].
//! Each chunk is a zstd frame with a checksum: `zstd -dc` prints a segment.

mod chunk;
mod reader;
mod writer;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

pub(crate) use chunk::{Chunk, Packer, pack};
pub(crate) use reader::SegmentReader;
pub(crate) use writer::SegmentWriter;

/// Where the bytes of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The segment's id.
    pub(crate) segment: i64,
    /// Bytes before it in the segment.
    pub(crate) offset: i64,
    /// Its bytes.
    pub(crate) length: i64,
}

/// The file of a segment.
pub(crate) fn segment_path(folder: &Path, segment: i64) -> PathBuf {
    folder.join(format!("{segment:010}.zst"))
}

/// The segments that have a file in `folder`, the oldest first.
pub(crate) async fn segment_files(folder: PathBuf) -> Result<Vec<i64>> {
    off_thread(move || {
        let failed = |source| Error::io(format_args!("listing {}", folder.display()), source);
        let mut segments = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let id = name.to_str().and_then(|it| it.strip_suffix(".zst")?.parse().ok());
            segments.extend(id.filter(|id| segment_path(&folder, *id).ends_with(&name)));
        }
        segments.sort_unstable();
        Ok(segments)
    })
    .await
}

/// Runs file work off the async threads.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match weir_off_thread::off_thread(work).await {
        Ok(done) => done,
        Err(stopped) => Err(Error::io("log segments", io::Error::other(stopped))),
    }
}

#[cfg(test)]
mod tests;
