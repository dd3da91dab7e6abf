//! Sizes in bytes.

use starlark::values::Value;

use super::{Reading, integer, wrong};

/// The units of sizes.
const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A number of bytes, or a text such as `64KiB`.
pub(crate) fn size(value: Value<'_>) -> Reading<u64> {
    const EXPECTED: &str = "a size: bytes, or a string such as \"64KiB\" or \"10MiB\"";
    let Some(text) = value.unpack_str() else {
        return match integer(value) {
            Ok(bytes) => match u64::try_from(bytes) {
                Ok(bytes) => Ok(bytes),
                Err(_) => wrong("must not be negative", None),
            },
            Err(_) => super::unexpected(value, EXPECTED, None),
        };
    };
    let read = UNITS.iter().find_map(|(unit, bytes)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*bytes)
    });
    match read.filter(|it| i64::try_from(*it).is_ok()) {
        Some(size) => Ok(size),
        None => wrong(
            format!("is no size: '{text}'"),
            Some("write bytes, or e.g. \"64KiB\", \"10MiB\", \"1GiB\""),
        ),
    }
}
