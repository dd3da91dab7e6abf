//! What texts are to be like.

use regex::{Regex, RegexBuilder};
use weir_access::matches;

/// How many characters a regular expression can have.
const LONGEST: usize = 1000;
/// How large a regular expression may be when it is compiled, in bytes.
const LARGEST: usize = 1 << 20;

/// What a text is to be like. To ask takes time in proportion to the text, whatever the pattern.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// All of it is this, `*` standing for any text.
    Text(String),
    /// It begins with what the regular expression matches (Buildbot's arguments that end with `_re`).
    Regex(Regex),
}

impl Pattern {
    /// One of a regular expression.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn regex(expression: &str) -> Result<Self, String> {
        if expression.chars().count() > LONGEST {
            return Err(format!("has more than {LONGEST} characters"));
        }
        // It is looked at alone first, so that what is wrong with it is shown as it was written.
        let compile = |expression: &str| RegexBuilder::new(expression).size_limit(LARGEST).build();
        let compiled = compile(expression)
            .and_then(|_| compile(&format!("^(?:{expression})")))
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "repeats too much".to_owned(),
                error => {
                    let error = error.to_string();
                    let why = error.lines().last().unwrap_or_default();
                    format!("is no regular expression: {}", why.trim_start_matches("error: "))
                }
            })?;
        Ok(Self::Regex(compiled))
    }

    /// The one text that is like it, if it is no more than that.
    pub(crate) fn only(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.contains('*') => Some(text),
            _ => None,
        }
    }

    /// Whether the text is like it.
    pub fn admits(&self, text: &str) -> bool {
        match self {
            Self::Text(pattern) => matches(pattern, text),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Regex(one), Self::Regex(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Eq for Pattern {}

/// Whether one of the patterns admits the text; true if there are none.
pub fn any_admits(patterns: &[Pattern], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|it| it.admits(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_expression_matches_from_the_beginning() {
        let release = Pattern::regex("release-[0-9]+|main$").unwrap();
        for (text, expected) in [
            ("release-12", true),
            ("release-12-rc", true),
            ("main", true),
            ("main2", false),
            ("pre-release-1", false),
            ("", false),
        ] {
            assert_eq!(release.admits(text), expected, "{text}");
        }
        assert!(any_admits(&[], "x"));
        assert!(any_admits(&[Pattern::Text("x*".to_owned()), release], "main"));
        assert_eq!(
            Pattern::regex("a(").unwrap_err(),
            "is no regular expression: unclosed group"
        );
        assert_eq!(
            Pattern::regex("((a{100}){100}){100}").unwrap_err(),
            "repeats too much"
        );
    }

    #[test]
    fn no_regular_expression_takes_long() {
        let slow = Pattern::regex("(a|a)*(a|aa)+$").unwrap();
        let begin = std::time::Instant::now();
        assert!(!slow.admits(&format!("{}b", "a".repeat(100_000))));
        assert!(begin.elapsed() < std::time::Duration::from_secs(10));
    }
}
