//! Cutting text into chunks of whole lines, and (de)compressing them.

use std::fmt::Display;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::error::{Error, Result};

/// How much text a chunk holds at the most, unless it is a single line.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;
/// How long a line can be; the most that decompressing a chunk can give.
pub(super) const MAX_LINE: usize = 64 * 1024 * 1024;
/// zstd's own default: fast, and half of what higher levels cost.
const LEVEL: i32 = 3;

/// Compressed whole lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// How many lines.
    pub(crate) lines: i64,
    /// The compressed bytes.
    pub(crate) data: Vec<u8>,
}

/// Cuts `text`, whole lines each with its `\n`, into compressed chunks.
///
/// Costs about a millisecond for 300 KiB.
///
/// # Errors
/// [`Error::Invalid`] if a line is longer than 64 MiB.
pub(crate) fn pack(text: &str) -> Result<Vec<Chunk>> {
    Packer::new()?.pack(text)
}

/// [Packs](pack) many texts; to begin anew costs more than a short text does.
pub(crate) struct Packer(Compressor<'static>);

impl Packer {
    pub(crate) fn new() -> Result<Self> {
        let mut compressor = Compressor::new(LEVEL).map_err(damaged)?;
        compressor
            .set_parameter(CParameter::ChecksumFlag(true))
            .map_err(damaged)?;
        Ok(Self(compressor))
    }

    /// As [`pack`].
    pub(crate) fn pack(&mut self, text: &str) -> Result<Vec<Chunk>> {
        cut(text)
            .map(|(lines, part)| {
                if part.len() > MAX_LINE {
                    let why = format!(
                        "a line of {} bytes is too long, a log takes up to {MAX_LINE}",
                        part.len()
                    );
                    return Err(Error::invalid("lines", why));
                }
                let data = self.0.compress(part.as_bytes()).map_err(damaged)?;
                Ok(Chunk { lines, data })
            })
            .collect()
    }
}

/// The text of a chunk.
///
/// # Errors
/// [`Error::InvalidData`] if the bytes are not those of a chunk.
pub(super) fn unpack(data: &[u8]) -> Result<String> {
    let size = zstd::zstd_safe::get_frame_content_size(data)
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size <= MAX_LINE)
        .ok_or_else(|| damaged("it has no likely size"))?;
    let mut decompressor = Decompressor::new().map_err(damaged)?;
    let text = decompressor.decompress(data, size).map_err(damaged)?;
    String::from_utf8(text).map_err(damaged)
}

fn damaged(why: impl Display) -> Error {
    Error::data(format_args!("a chunk of a log: {why}"))
}

/// Parts of up to [`CHUNK_BYTES`] of whole lines, each with its count of lines; a longer line by itself.
fn cut(text: &str) -> impl Iterator<Item = (i64, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut lines = 0;
        let mut end = 0;
        for line in rest.split_inclusive('\n') {
            if lines > 0 && end + line.len() > CHUNK_BYTES {
                break;
            }
            lines += 1;
            end += line.len();
        }
        let (part, tail) = rest.split_at(end);
        rest = tail;
        (lines > 0).then_some((lines, part))
    })
}
