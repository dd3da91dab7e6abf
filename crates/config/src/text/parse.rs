//! Reads templates.

use std::collections::BTreeMap;

use super::{MAX_DEPTH, Modifier, Part, SOURCE_ATTRIBUTES, Source, Text};

/// A text that is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Where in the text, in bytes.
    pub offset: usize,
    /// What is wrong, and a way out.
    pub message: String,
}

/// Texts for `%(kw:NAME)s`, by name.
pub type Keywords = BTreeMap<String, Text>;

impl Text {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] for a substitution that is not closed or asks for something unknown.
    pub fn parse(template: &str) -> Result<Self, TemplateError> {
        Self::parse_with(template, &Keywords::new())
    }

    /// Reads a template whose `%(kw:NAME)s` take from `keywords`.
    ///
    /// # Errors
    /// As [`Text::parse`], and for a keyword that is not among `keywords`.
    pub fn parse_with(template: &str, keywords: &Keywords) -> Result<Self, TemplateError> {
        Parser { keywords }.text(template, 0, 0)
    }
}

struct Parser<'k> {
    keywords: &'k Keywords,
}

impl Parser<'_> {
    /// `base` is where `template` stands in the whole, for errors.
    fn text(&self, template: &str, base: usize, depth: usize) -> Result<Text, TemplateError> {
        if depth > MAX_DEPTH {
            return fail(
                base,
                format!("more than {MAX_DEPTH} substitutions stand in each other"),
            );
        }
        let mut parts = vec![];
        let mut literal = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('%') {
            literal.push_str(&rest[..at]);
            let offset = base + template.len() - rest.len() + at;
            let after = &rest[at + 1..];
            if let Some(tail) = after.strip_prefix('%') {
                literal.push('%');
                rest = tail;
            } else if let Some(inside) = after.strip_prefix('(') {
                let Some(end) = closing(inside) else {
                    return fail(
                        offset,
                        "this substitution is not closed; write e.g. %(prop:branch)s",
                    );
                };
                let Some(tail) = inside[end + 1..].strip_prefix('s') else {
                    return fail(offset, format!("write an s after it: %({})s", &inside[..end]));
                };
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(self.substitution(&inside[..end], offset + 2, depth)?);
                rest = tail;
            } else {
                return fail(offset, "a lone % is no substitution; write %% for a percent sign");
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Text(parts))
    }

    /// What stands between `%(` and `)s`.
    fn substitution(&self, body: &str, base: usize, depth: usize) -> Result<Part, TemplateError> {
        let Some((kind, rest)) = body.split_once(':') else {
            return fail(base, format!("'{body}' has no kind; write e.g. %(prop:{body})s"));
        };
        let (name, mut modifier) = split_name(rest);
        let source = match kind {
            "prop" => Source::Property(self.name(name, base, "prop:branch")?),
            "worker" => Source::Worker(self.name(name, base, "worker:host")?),
            "secret" => {
                if !modifier.is_empty() {
                    return fail(
                        base,
                        format!("a secret takes no modifier; write %(secret:{name})s"),
                    );
                }
                Source::Secret(self.name(name, base, "secret:deploy-key")?)
            }
            "src" => {
                let Some(after) = modifier.strip_prefix(':') else {
                    return fail(base, format!("name an attribute: %(src:{name}:branch)s"));
                };
                let (attribute, tail) = split_name(after);
                modifier = tail;
                if !SOURCE_ATTRIBUTES.contains(&attribute) {
                    let known = SOURCE_ATTRIBUTES.join(", ");
                    return fail(
                        base,
                        format!("a source stamp has no '{attribute}'; it has {known}"),
                    );
                }
                Source::Stamp {
                    codebase: name.to_owned(),
                    attribute: attribute.to_owned(),
                }
            }
            "kw" => match self.keywords.get(name) {
                Some(text) => Source::Keyword {
                    name: name.to_owned(),
                    text: text.clone(),
                },
                None => {
                    let message =
                        format!("no keyword '{name}' is given; add it: interpolate(\"…\", {name} = …)");
                    return fail(base, message);
                }
            },
            _ => {
                return fail(
                    base,
                    format!("'{kind}' is no kind of substitution; use prop, src, worker, secret or kw"),
                );
            }
        };
        let at = base + body.len() - modifier.len();
        Ok(Part::Substitution {
            source,
            modifier: self.modifier(modifier, at, depth)?,
        })
    }

    fn name(&self, name: &str, base: usize, example: &str) -> Result<String, TemplateError> {
        if name.is_empty() {
            fail(base, format!("name something: %({example})s"))
        } else {
            Ok(name.to_owned())
        }
    }

    /// What follows the name, from its colon on.
    fn modifier(&self, text: &str, at: usize, depth: usize) -> Result<Modifier, TemplateError> {
        let Some(body) = text.strip_prefix(':') else {
            return Ok(Modifier::None);
        };
        let inner = |tail: &str| self.text(tail, at + text.len() - tail.len(), depth + 1);
        if let Some(tail) = body.strip_prefix('-') {
            Ok(Modifier::Default {
                text: inner(tail)?,
                even_if_false: false,
            })
        } else if let Some(tail) = body.strip_prefix('~') {
            Ok(Modifier::Default {
                text: inner(tail)?,
                even_if_false: true,
            })
        } else if let Some(tail) = body.strip_prefix('+') {
            Ok(Modifier::Replace(inner(tail)?))
        } else if let Some(tail) = body.strip_prefix('?').or_else(|| body.strip_prefix("#?")) {
            let mut chars = tail.chars();
            let Some(delimiter) = chars.next() else {
                return fail(at, "give both texts, e.g. :?|yes|no");
            };
            let choices = chars.as_str();
            let Some((then, otherwise)) = choices.split_once(delimiter) else {
                return fail(
                    at,
                    format!("a second text is missing: :?{delimiter}yes{delimiter}no"),
                );
            };
            let start = at + text.len() - choices.len();
            Ok(Modifier::Choose {
                then: self.text(then, start, depth + 1)?,
                otherwise: inner(otherwise)?,
                by_truth: body.starts_with('#'),
            })
        } else {
            fail(
                at,
                format!("'{text}' is no modifier; use :-default, :~default, :+text or :?|yes|no"),
            )
        }
    }
}

/// The name at the start and what follows it, from its colon on.
fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(':').unwrap_or(text.len()))
}

/// Where the parenthesis closes that was opened just before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn fail<T>(offset: usize, message: impl Into<String>) -> Result<T, TemplateError> {
    Err(TemplateError {
        offset,
        message: message.into(),
    })
}
