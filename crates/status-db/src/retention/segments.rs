//! The space of logs whose content is gone is freed: segments that hold nothing are deleted, and what is left in those
//! that hold little moves to the one that is being written.

use std::fs::{File, TryLockError};
use std::path::Path;

use tokio::time::Instant;

use crate::deadline::within_deadline;
use crate::error::{Error, Result};
use crate::segments::segment_files;
use crate::store::Store;

/// How many chunks move in one transaction,
const CHUNKS: u32 = 128;
/// and about how many bytes of them.
const BYTES: i64 = 4 * 1024 * 1024;

/// Whoever copies the segments holds this file, so that none goes meanwhile.
pub(crate) const COPYING: &str = "copying.lock";

/// How much of a segment must not be referred to, so that the rest moves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spare {
    /// Half of it: no byte moves more often than one goes.
    Half,
    /// A tenth.
    Tenth,
}

impl Spare {
    fn allows(self, used: u64, length: u64) -> bool {
        match self {
            Self::Half => used.saturating_mul(2) <= length,
            Self::Tenth => used.saturating_mul(10) <= length.saturating_mul(9),
        }
    }
}

/// Frees the segments of this store's folder that hold too little; how many bytes were freed.
pub(super) async fn sweep(store: &Store, spare: Spare) -> Result<u64> {
    let segments = &store.inner.segments;
    let Some(_nobody_copies) = alone(segments.folder())? else {
        tracing::info!("log segments are being copied; their space is freed later");
        return Ok(0);
    };
    let open = store.inner.writer.open_segment().await?;
    let mut freed = 0;
    for segment in segment_files(segments.folder().to_owned()).await? {
        if Some(segment) != open {
            freed += free(store, segment, spare).await?;
        }
    }
    Ok(freed)
}

/// The lock without which no segment goes; none if somebody copies them.
fn alone(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(COPYING);
    let failed = |source| Error::io(format_args!("locking {}", path.display()), source);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Frees a segment that is not written to any more, if enough of it can go; how many bytes that brings.
async fn free(store: &Store, segment: i64, spare: Spare) -> Result<u64> {
    let inner = &store.inner;
    let used = within_deadline(inner.backend.segment_use(segment)).await?;
    // What the database does not know may be another's.
    let Some(used) = used else {
        return Ok(0);
    };
    let length = inner.segments.length(segment).await?;
    let bytes = u64::try_from(used.bytes).unwrap_or(0);
    if used.chunks > 0 && !spare.allows(bytes, length) {
        return Ok(0);
    }
    if used.chunks > 0 {
        move_all(store, segment).await?;
    }
    inner.segments.remove(segment).await?;
    within_deadline(inner.backend.forget_segment(segment)).await?;
    Ok(length.saturating_sub(bytes))
}

/// Moves all that is left in a segment.
async fn move_all(store: &Store, segment: i64) -> Result<()> {
    let inner = &store.inner;
    loop {
        let mut chunks = within_deadline(inner.backend.segment_chunks(segment, CHUNKS)).await?;
        let mut bytes = 0;
        let enough = chunks.iter().position(|chunk| {
            bytes += chunk.place.length;
            bytes > BYTES
        });
        chunks.truncate(enough.map_or(chunks.len(), |at| at.max(1)));
        if chunks.is_empty() {
            return Ok(());
        }
        let places = chunks.iter().map(|chunk| chunk.place).collect();
        let data = inner.segments.read_packed(places).await?;
        let begun = Instant::now();
        let moved = chunks.into_iter().zip(data).collect();
        inner.writer.move_chunks(moved).await?;
        tokio::time::sleep(begun.elapsed()).await;
    }
}
