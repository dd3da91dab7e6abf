//! Names that the user gives for builds.

use weir_status_api::{BuildId, BuildKey, BuilderKey};

use crate::failure::Failure;

/// Reads `17` (an id) or `BUILDER/17` (a number of a builder).
pub(crate) fn build_key(text: &str) -> Result<BuildKey, Failure> {
    let bad = || {
        Failure::usage(format!(
            "`{text}` names no build; give its id, e.g. 17, or builder and number, e.g. linux/17"
        ))
    };
    let number = |text: &str| text.parse().ok().filter(|it| *it > 0).ok_or_else(bad);
    match text.rsplit_once('/') {
        None => Ok(BuildKey::Id(BuildId(number(text)?))),
        Some((builder, text)) if !builder.is_empty() => {
            let number = number(text)?;
            Ok(BuildKey::Number(BuilderKey::Name(builder.to_owned()), number))
        }
        Some(_) => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_has_two_names() {
        assert_eq!(build_key("17").unwrap(), BuildKey::Id(BuildId(17)));
        let named = BuildKey::Number(BuilderKey::Name("a/b".to_owned()), 3);
        assert_eq!(build_key("a/b/3").unwrap(), named);
        for wrong in ["", "x", "/3", "a/x", "0", "-1", "a/0", "a/-1"] {
            assert!(build_key(wrong).is_err(), "{wrong}");
        }
    }
}
