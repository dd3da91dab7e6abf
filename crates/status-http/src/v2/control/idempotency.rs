//! The header that carries [`ForceParams::idempotency_key`](weir_status_api::ForceParams::idempotency_key).

use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use weir_status_api::{Error, Result};

/// The header of a POST with an idempotency key.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// Stands before a key that is percent-encoded (the form of RFC 8187).
const ENCODED: &str = "UTF-8''";

/// The header's value: the key as it is, unless a header cannot carry it so.
pub fn write_idempotency_key(key: &str) -> String {
    let plain = key.bytes().all(|byte| matches!(byte, b' '..=b'~')) && key.trim() == key;
    match plain && !key.is_empty() && !key.starts_with(ENCODED) {
        true => key.to_owned(),
        false => format!("{ENCODED}{}", utf8_percent_encode(key, NON_ALPHANUMERIC)),
    }
}

/// The key that the header's value is.
///
/// # Errors
/// [`Error::InvalidInput`] if it is not UTF-8.
pub fn read_idempotency_key(value: &[u8]) -> Result<String> {
    let key = match value.strip_prefix(ENCODED.as_bytes()) {
        Some(encoded) => String::from_utf8(percent_decode(encoded).collect()),
        None => String::from_utf8(value.to_vec()),
    };
    key.map_err(|_| Error::InvalidInput {
        fields: [("idempotency_key".to_owned(), "must be UTF-8".to_owned())].into(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_comes_back(key in ".{0,20}|UTF-8''.{0,5}|[ -~]{0,9} ") {
            let value = write_idempotency_key(&key);
            prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')) && value.trim() == value);
            prop_assert_eq!(read_idempotency_key(value.as_bytes()), Ok(key));
        }
    }

    #[test]
    fn a_usual_key_is_sent_as_it_is() {
        assert_eq!(write_idempotency_key("8e03978e-40d5 100%"), "8e03978e-40d5 100%");
        assert_eq!(write_idempotency_key("é "), "UTF-8''%C3%A9%20");
        assert!(read_idempotency_key(b"\xff").is_err());
    }
}
