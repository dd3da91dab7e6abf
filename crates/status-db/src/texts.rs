//! How long texts can be that an index holds whole: PostgreSQL takes no more than 2,700 bytes into one.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// How many bytes a short text has at the most.
const MOST: usize = 1000;

/// A text for people, cut where it is too long.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST {
        return Cow::Borrowed(text);
    }
    let mut end = MOST - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()))
}

/// Refuses a text that names something, and cannot be cut without naming something else.
pub(crate) fn check(field: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.len() > MOST => Err(Error::invalid(
            field,
            format_args!("has {} bytes; {MOST} are the most", text.len()),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let long = "ö".repeat(600);
        let cut = cut(&long);
        assert!(cut.len() <= MOST && cut.len() > MOST - 4 && cut.ends_with("ö…"));
        assert!(check("branch", Some(&long)).is_err());
    }
}
