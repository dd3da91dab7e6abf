//! Log text on its way to the disk.

use weir_off_thread::off_thread;
use weir_status_api::{LogId, Timestamp};

use super::gather::Gathered;
use crate::backend::{Backend, MovedChunk, PlacedChunk, SegmentChunk, Unit, Write};
use crate::error::{Error, Result};
use crate::segments::{Chunk, Place, SegmentWriter, pack};
use crate::transition::Transition;

/// Text from this size on is compressed by whoever hands it in, not by the writer.
pub(super) const LARGE: usize = 32 * 1024;

/// One thing to write, as it comes into the queue.
pub(super) enum Item {
    /// Anything but lines for a log.
    Transition(Transition),
    /// Whole lines for a log.
    Lines(LogId, Text),
    /// Chunks of a segment that shall go, with their bytes.
    Moved(Vec<(SegmentChunk, Vec<u8>)>),
}

/// Whole lines.
pub(super) enum Text {
    /// A few, which the writer may join with others of the same log.
    Few(String),
    /// Many, compressed.
    Packed(Vec<Chunk>),
}

/// Checks log text, and compresses much of it.
pub(super) async fn prepare(transition: Transition) -> Result<Item> {
    let Transition::AppendLog(log, text) = transition else {
        return Ok(Item::Transition(transition));
    };
    if !text.ends_with('\n') {
        return Err(Error::invalid("lines", "must be whole, each with its line feed"));
    }
    let text = if text.len() < LARGE {
        Text::Few(text)
    } else {
        Text::Packed(compress(vec![text]).await?.into_iter().flatten().collect())
    };
    Ok(Item::Lines(log, text))
}

async fn compress(texts: Vec<String>) -> Result<Vec<Vec<Chunk>>> {
    off_thread(move || texts.iter().map(|text| pack(text)).collect())
        .await
        .unwrap_or_else(|stopped| Err(Error::io("compressing log text", std::io::Error::other(stopped))))
}

/// Brings the text of all to disk. Where that fails, what has text fails, and the rest is as it was.
pub(super) async fn place(
    segments: &mut SegmentWriter,
    backend: &dyn Backend,
    gathered: Vec<Gathered<Vec<Item>>>,
    at: Timestamp,
) -> Vec<Gathered<Result<Unit>>> {
    let packed = pack_all(gathered).await;
    let mut placed = Vec::with_capacity(packed.len());
    let mut failed = None;
    for Gathered { items, replies } in packed {
        let items = match items {
            Ok(items) => append(segments, backend, items, at).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &items {
            failed = Some(error.clone());
        }
        placed.push(Gathered { items, replies });
    }
    // One error gives the open segment up, with the text of others that was not on disk yet.
    let failed = match (failed, segments.sync().await) {
        (_, Err(error)) => Some(error),
        (failed, Ok(())) => failed,
    };
    if let Some(error) = failed {
        tracing::error!(%error, "log text could not be written");
        for unit in &mut placed {
            if matches!(&unit.items, Ok(items) if has_text(items)) {
                unit.items = Err(error.clone());
            }
        }
    }
    placed
}

fn has_text(unit: &Unit) -> bool {
    unit.iter()
        .any(|write| matches!(write, Write::Append(..) | Write::Move(..)))
}

/// A write whose text, if it has any, is compressed.
enum Packed {
    Transition(Transition),
    Lines(LogId, Vec<Chunk>),
    Moved(Vec<(SegmentChunk, Vec<u8>)>),
}

/// Compresses the few lines of each in one go, off the async threads.
async fn pack_all(mut gathered: Vec<Gathered<Vec<Item>>>) -> Vec<Gathered<Result<Vec<Packed>>>> {
    let texts: Vec<String> = gathered
        .iter_mut()
        .flat_map(|unit| &mut unit.items)
        .filter_map(|item| match item {
            Item::Lines(_, Text::Few(text)) => Some(std::mem::take(text)),
            _ => None,
        })
        .collect();
    let mut compressed = if texts.is_empty() {
        Ok(Vec::new().into_iter())
    } else {
        compress(texts).await.map(Vec::into_iter)
    };
    gathered
        .into_iter()
        .map(|Gathered { items, replies }| {
            let items = items.into_iter().map(|item| {
                Ok(match item {
                    Item::Transition(transition) => Packed::Transition(transition),
                    Item::Moved(chunks) => Packed::Moved(chunks),
                    Item::Lines(log, Text::Packed(chunks)) => Packed::Lines(log, chunks),
                    Item::Lines(log, Text::Few(_)) => {
                        let chunks = compressed.as_mut().map_err(|error| error.clone())?.next();
                        Packed::Lines(log, chunks.unwrap_or_default())
                    }
                })
            });
            Gathered {
                items: items.collect(),
                replies,
            }
        })
        .collect()
}

async fn append(
    segments: &mut SegmentWriter,
    backend: &dyn Backend,
    items: Vec<Packed>,
    at: Timestamp,
) -> Result<Unit> {
    let mut unit = Vec::with_capacity(items.len());
    for item in items {
        unit.push(match item {
            Packed::Transition(transition) => Write::Transition(transition),
            Packed::Lines(log, chunks) => {
                let mut placed = Vec::with_capacity(chunks.len());
                for chunk in chunks {
                    placed.push(PlacedChunk {
                        lines: chunk.lines,
                        place: append_bytes(segments, backend, &chunk.data, at).await?,
                    });
                }
                Write::Append(log, placed)
            }
            Packed::Moved(chunks) => {
                let mut moved = Vec::with_capacity(chunks.len());
                for (from, data) in chunks {
                    let to = append_bytes(segments, backend, &data, at).await?;
                    moved.push(MovedChunk { from, to });
                }
                Write::Move(moved)
            }
        });
    }
    Ok(unit)
}

/// Appends a chunk to the open segment, or to a new one if that is full.
async fn append_bytes(
    segments: &mut SegmentWriter,
    backend: &dyn Backend,
    data: &[u8],
    at: Timestamp,
) -> Result<Place> {
    if segments.needs_segment() {
        segments.begin(backend.new_segment(at).await?).await?;
    }
    segments.append(data)
}
