//! How Buildbot compresses the chunks of its logs.

use std::io::Read;

/// The most text that a chunk can have. Buildbot's own limit is 64 KiB; before it was kept to, lines could be longer.
const MOST: usize = 64 * 1024 * 1024;

/// The text of a chunk; `method` is what the column `compressed` has.
///
/// # Errors
/// In words, if the bytes are not of that method.
pub(crate) fn decompress(content: Vec<u8>, method: i64) -> Result<Vec<u8>, String> {
    match method {
        0 => Ok(content),
        1 => read(flate2::read::ZlibDecoder::new(&content[..]), "zlib"),
        2 => read(bzip2::read::BzDecoder::new(&content[..]), "bzip2"),
        3 => lz4(&content),
        4 => {
            let decoder =
                zstd::stream::read::Decoder::new(&content[..]).map_err(|error| damaged("zstd", error))?;
            read(decoder, "zstd")
        }
        5 => read(
            brotli_decompressor::Decompressor::new(&content[..], 4096),
            "brotli",
        ),
        other => Err(format!("its compression {other} is not known")),
    }
}

fn damaged(name: &str, why: impl std::fmt::Display) -> String {
    format!("it is damaged {name}: {why}")
}

fn read(decoder: impl Read, name: &str) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let mut limited = decoder.take(MOST as u64 + 1);
    limited
        .read_to_end(&mut text)
        .map_err(|error| damaged(name, error))?;
    match text.len() > MOST {
        true => Err(format!("it has more than {MOST} bytes")),
        false => Ok(text),
    }
}

/// A block, with its size before it.
fn lz4(content: &[u8]) -> Result<Vec<u8>, String> {
    let (size, block) = lz4_flex::block::uncompressed_size(content).map_err(|error| damaged("lz4", error))?;
    if size > MOST {
        return Err(format!("it has more than {MOST} bytes"));
    }
    lz4_flex::block::decompress(block, size).map_err(|error| damaged("lz4", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `oh\nno\n` eight times, as Buildbot 4.3's own compressors write it.
    const CHUNKS: [(i64, &str); 5] = [
        (1, "78dacbcfe0cacbe7ca279a0400635f0e41"),
        (
            2,
            "425a683931415926535948db52a0000017c10000100041a00030cd340aa699050f144185dc914e14241236d4a800",
        ),
        (3, "300000006f6f680a6e6f0a06001250680a6e6f0a"),
        (4, "28b52ffd0060650000306f680a6e6f0a0100039522"),
        (5, "1b2f00f8a515d0dcde843d71005a1a"),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn every_compression_of_buildbot_is_read() {
        let text = "oh\nno\n".repeat(8).into_bytes();
        assert_eq!(decompress(text.clone(), 0).unwrap(), text);
        for (method, hex) in CHUNKS {
            assert_eq!(decompress(bytes(hex), method).unwrap(), text, "{method}");
        }
    }

    #[test]
    fn what_is_damaged_is_an_error_and_no_panic() {
        for (method, hex) in CHUNKS {
            let whole = bytes(hex);
            for end in 0..whole.len() {
                let cut = decompress(whole[..end].to_vec(), method);
                assert!(cut.is_err() || cut.unwrap().len() < 48, "{method} cut at {end}");
            }
        }
        assert!(
            decompress(vec![1, 2, 3], 6)
                .unwrap_err()
                .contains("compression 6")
        );
        let claims = [0xff, 0xff, 0xff, 0x7f, 0];
        assert!(decompress(claims.to_vec(), 3).unwrap_err().contains("more than"));
    }
}
