//! What is kept of logs, and how their bytes become text.

use encoding_rs::{Encoding, REPLACEMENT, UTF_16BE, UTF_16LE};
use starlark::values::Value;

use crate::call::Call;
use crate::model::LogTerms;
use crate::read::{self, Reading};

/// The most that is kept of what is beyond a log's limit, in bytes: it is in memory, and written anew now and then.
const LARGEST_TAIL: u64 = 1024 * 1024;

/// What a step says of its logs, or the master of all.
pub(in crate::functions) fn log_terms(call: &mut Call<'_, '_>) -> LogTerms {
    let said = |size: Option<Option<u64>>| match size {
        // `None` is said as well.
        None => Some(None),
        Some(None) => None,
        size => size,
    };
    LogTerms {
        max_size: said(call.or_none("log_max_size", |value| read::size(value).map(Some), None)),
        max_tail_size: said(call.or_none("log_max_tail_size", |value| tail(value).map(Some), None)),
        encoding: call.optional("log_encoding", encoding),
    }
}

fn tail(value: Value<'_>) -> Reading<u64> {
    match read::size(value)? {
        size if size > LARGEST_TAIL => read::wrong("must be 1MiB at the most: it is held in memory", None),
        size => Ok(size),
    }
}

/// An encoding, by one of its names.
fn encoding(value: Value<'_>) -> Reading<&'static Encoding> {
    let name = read::text(value)?;
    let known = Encoding::for_label(name.as_bytes()).or_else(|| {
        // As Python has them: `latin-1`, `shift-jis`.
        let plain = name.to_ascii_lowercase();
        [
            plain.replace(['-', '_'], ""),
            plain.replace('_', "-"),
            plain.replace('-', "_"),
        ]
        .iter()
        .find_map(|it| Encoding::for_label(it.as_bytes()))
    });
    match known {
        Some(it) if it == UTF_16LE || it == UTF_16BE => read::wrong(
            "must be an encoding in which a byte ends a line, not UTF-16",
            Some("have the command write UTF-8"),
        ),
        Some(it) if it != REPLACEMENT => Ok(it),
        _ => read::wrong(
            format!("is no encoding that is known: '{name}'"),
            Some("write e.g. \"utf-8\", \"latin-1\", \"windows-1252\", \"shift_jis\" or \"gb18030\""),
        ),
    }
}
