//! Texts that are completed when a build runs (Buildbot's `Interpolate`).

mod parse;
mod render;

use std::fmt;

use crate::function::Function;

pub use parse::{Keywords, TemplateError};
pub use render::{Lookup, RenderError};

/// How deep templates may nest in each other's defaults, and functions in what functions give.
const MAX_DEPTH: usize = 16;

/// A parsed template: literal parts and substitutions. A plain text is one literal part.
///
/// Substitutions are Buildbot's: `%(prop:NAME)s`, `%(src:CODEBASE:ATTRIBUTE)s`, `%(worker:NAME)s`, `%(kw:NAME)s`,
/// `%(secret:NAME)s`, and `%%` for a percent sign. Each but the last two takes a modifier: `:-DEFAULT` if there is no value, `:~DEFAULT` also if it is
/// empty or false, `:+TEXT` in place of a value that is there, `:?|THEN|ELSE` (any delimiter) by whether there is a
/// value, `:#?|THEN|ELSE` by whether it is true. These texts may hold substitutions themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Substitution {
        source: Source,
        modifier: Modifier,
    },
    /// What the function gives for the build.
    Function(Function),
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Property(String),
    Stamp {
        codebase: String,
        attribute: String,
    },
    Worker(String),
    Secret(String),
    /// The text that the keyword was given.
    Keyword {
        name: String,
        text: Text,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Modifier {
    /// The value, which must be there.
    None,
    /// The value or this; `even_if_false` takes this for false and empty values too.
    Default { text: Text, even_if_false: bool },
    /// This if there is a value, else nothing.
    Replace(Text),
    /// One of the two; `by_truth` asks whether the value is true, not whether it is there.
    Choose {
        then: Text,
        otherwise: Text,
        by_truth: bool,
    },
}

/// What `%(src:CODEBASE:ATTRIBUTE)s` may ask for.
pub const SOURCE_ATTRIBUTES: [&str; 5] = ["branch", "revision", "repository", "project", "codebase"];

impl Text {
    /// This text, as it is.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::default()
        } else {
            Self(vec![Part::Literal(text)])
        }
    }

    /// The value of a property; `default` if there is none, an error when rendered if that is none too.
    pub fn property(name: impl Into<String>, default: Option<Self>) -> Self {
        let modifier = match default {
            Some(text) => Modifier::Default {
                text,
                even_if_false: false,
            },
            None => Modifier::None,
        };
        Self(vec![Part::Substitution {
            source: Source::Property(name.into()),
            modifier,
        }])
    }

    /// The value of a secret; an error when rendered if it cannot be had.
    pub fn secret(name: impl Into<String>) -> Self {
        Self(vec![Part::Substitution {
            source: Source::Secret(name.into()),
            modifier: Modifier::None,
        }])
    }

    /// Whether it begins with `/` whatever it is completed with.
    pub fn is_absolute(&self) -> bool {
        matches!(self.0.first(), Some(Part::Literal(text)) if text.starts_with('/'))
    }

    /// Whether it asks for a secret, as far as can be told without calling its functions.
    pub fn has_secret(&self) -> bool {
        self.0.iter().any(Part::has_secret)
    }

    /// What the function gives for the build.
    pub fn function(function: Function) -> Self {
        Self(vec![Part::Function(function)])
    }

    /// The text itself if it has no substitution.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The name of the secret whose value it is, if it is no more than that.
    pub(crate) fn as_secret(&self) -> Option<&str> {
        match self.0.as_slice() {
            [
                Part::Substitution {
                    source: Source::Secret(name),
                    modifier: Modifier::None,
                },
            ] => Some(name),
            _ => None,
        }
    }

    /// The same, for what the module of its functions holds.
    pub(crate) fn weak(&self) -> Self {
        Self(self.0.iter().map(Part::weak).collect())
    }
}

impl Part {
    fn has_secret(&self) -> bool {
        let Self::Substitution { source, modifier } = self else {
            return false;
        };
        let of_source = match source {
            Source::Secret(_) => true,
            Source::Keyword { text, .. } => text.has_secret(),
            Source::Property(_) | Source::Stamp { .. } | Source::Worker(_) => false,
        };
        of_source
            || match modifier {
                Modifier::None => false,
                Modifier::Default { text, .. } | Modifier::Replace(text) => text.has_secret(),
                Modifier::Choose { then, otherwise, .. } => then.has_secret() || otherwise.has_secret(),
            }
    }

    fn weak(&self) -> Self {
        match self {
            Self::Literal(text) => Self::Literal(text.clone()),
            Self::Function(function) => Self::Function(function.weak()),
            Self::Substitution { source, modifier } => Self::Substitution {
                source: match source {
                    Source::Keyword { name, text } => Source::Keyword {
                        name: name.clone(),
                        text: text.weak(),
                    },
                    other => other.clone(),
                },
                modifier: match modifier {
                    Modifier::None => Modifier::None,
                    Modifier::Default { text, even_if_false } => Modifier::Default {
                        text: text.weak(),
                        even_if_false: *even_if_false,
                    },
                    Modifier::Replace(text) => Modifier::Replace(text.weak()),
                    Modifier::Choose {
                        then,
                        otherwise,
                        by_truth,
                    } => Modifier::Choose {
                        then: then.weak(),
                        otherwise: otherwise.weak(),
                        by_truth: *by_truth,
                    },
                },
            },
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

impl fmt::Display for Text {
    /// The template again, for people: equal to what was parsed but for keywords and modifiers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Function(function) => write!(f, "<function {}>", function.name())?,
                Part::Substitution { source, .. } => match source {
                    Source::Property(name) => write!(f, "%(prop:{name})s")?,
                    Source::Stamp { codebase, attribute } => write!(f, "%(src:{codebase}:{attribute})s")?,
                    Source::Worker(name) => write!(f, "%(worker:{name})s")?,
                    Source::Secret(name) => write!(f, "%(secret:{name})s")?,
                    Source::Keyword { name, .. } => write!(f, "%(kw:{name})s")?,
                },
            }
        }
        Ok(())
    }
}
