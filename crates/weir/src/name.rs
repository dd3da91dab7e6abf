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
    match text.rsplit_once('/') {
        None => Ok(BuildKey::Id(BuildId(text.parse().map_err(|_| bad())?))),
        Some((builder, number)) if !builder.is_empty() => {
            let number = number.parse().map_err(|_| bad())?;
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
        for wrong in ["", "x", "/3", "a/x"] {
            assert!(build_key(wrong).is_err(), "{wrong}");
        }
    }
}
