//! Texts that are completed when a build runs (Buildbot's `Interpolate`).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::function::{Answer, Function, FunctionError};

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

/// The values that a template is completed with.
pub trait Lookup {
    /// The property's value; none if the build has no such property.
    fn property(&self, name: &str) -> Option<Value>;

    /// The attribute (one of [`SOURCE_ATTRIBUTES`]) of the codebase's source stamp; none if there is no such stamp.
    fn source(&self, codebase: &str, attribute: &str) -> Option<Value>;

    /// The worker's information or property of that name; none if it has none.
    fn worker(&self, name: &str) -> Option<Value>;

    /// The secret of that name; an error where there is no build. It may take its time.
    ///
    /// # Errors
    /// [`RenderError::Secret`] says why it cannot be had.
    fn secret(&self, name: &str) -> Result<String, RenderError> {
        Err(RenderError::Secret {
            name: name.to_owned(),
            why: "there is no build that could use it".to_owned(),
        })
    }

    /// What the function gives for the build; an error where there is no build.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`].
    fn call(&self, function: &Function) -> Result<Answer, FunctionError> {
        Err(function.error("there is no build that it could be called for"))
    }
}

/// What `%(src:CODEBASE:ATTRIBUTE)s` may ask for.
pub const SOURCE_ATTRIBUTES: [&str; 5] = ["branch", "revision", "repository", "project", "codebase"];

/// A template that cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// There is no such property.
    #[error("there is no property '{0}'; set it, or give a default: %(prop:{0}:-default)s")]
    Property(String),
    /// There is no such source stamp or attribute.
    #[error("there is no source stamp of codebase '{codebase}' that has '{attribute}'")]
    Source {
        /// The codebase that was asked for.
        codebase: String,
        /// The attribute that was asked for.
        attribute: String,
    },
    /// The worker has no such information.
    #[error("the worker tells no '{0}'; give a default: %(worker:{0}:-default)s")]
    Worker(String),
    /// A secret cannot be had.
    #[error("secret '{name}' cannot be had: {why}")]
    Secret {
        /// Its name.
        name: String,
        /// One sentence.
        why: String,
    },
    /// A function gave no text.
    #[error(transparent)]
    Function(#[from] FunctionError),
}

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

    /// Whether it asks for a secret, as far as can be told without calling its functions.
    pub fn has_secret(&self) -> bool {
        self.0.iter().any(Part::has_secret)
    }

    /// What the function gives for the build.
    pub fn function(function: Function) -> Self {
        Self(vec![Part::Function(function)])
    }

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

    /// The text itself if it has no substitution.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The same, for what the module of its functions holds.
    pub(crate) fn weak(&self) -> Self {
        Self(self.0.iter().map(Part::weak).collect())
    }

    /// Completes the text with the values of `lookup`. Strings stand as they are, null is empty, other values are
    /// in their JSON form.
    ///
    /// # Errors
    /// [`RenderError`] names the first value that is not there and has no default.
    pub fn render(&self, lookup: &dyn Lookup) -> Result<String, RenderError> {
        Rendering { lookup, depth: 0 }.text(self)
    }

    /// Completes the text as words of a command. A function may give a list of them, in which lists are words as
    /// well, and None for no word (Buildbot flattens its commands). Any other text is one word.
    ///
    /// # Errors
    /// As [`Text::render`].
    pub fn render_words(&self, lookup: &dyn Lookup) -> Result<Vec<String>, RenderError> {
        let rendering = Rendering { lookup, depth: 0 };
        match self.0.as_slice() {
            [Part::Function(function)] => {
                let mut words = vec![];
                rendering.words(function, &lookup.call(function)?, &mut words)?;
                Ok(words)
            }
            _ => Ok(vec![rendering.text(self)?]),
        }
    }

    /// The value that the text stands for: a property's if it is nothing but that property, what a function gives if
    /// it is nothing but that function, else the completed text. None for a property that is not there.
    ///
    /// # Errors
    /// As [`Text::render`].
    pub fn value(&self, lookup: &dyn Lookup) -> Result<Option<Value>, RenderError> {
        Rendering { lookup, depth: 0 }.value(self)
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

/// Completes texts with the values of `lookup`; `depth` counts the functions that gave each other.
#[derive(Clone, Copy)]
struct Rendering<'l> {
    lookup: &'l dyn Lookup,
    depth: usize,
}

impl Rendering<'_> {
    fn text(self, text: &Text) -> Result<String, RenderError> {
        let mut out = String::new();
        for part in &text.0 {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Substitution { source, modifier } => {
                    out.push_str(&self.substitution(source, modifier)?)
                }
                Part::Function(function) => {
                    let answer = self.lookup.call(function)?;
                    out.push_str(&self.string(function, &answer)?);
                }
            }
        }
        Ok(out)
    }

    fn substitution(self, source: &Source, modifier: &Modifier) -> Result<String, RenderError> {
        let value = self.source(source)?;
        match modifier {
            Modifier::None => value.map(plain).ok_or_else(|| source.missing()),
            Modifier::Default { text, even_if_false } => match value {
                Some(value) if !even_if_false || is_true(&value) => Ok(plain(value)),
                _ => self.text(text),
            },
            Modifier::Replace(text) => match value {
                Some(_) => self.text(text),
                None => Ok(String::new()),
            },
            Modifier::Choose {
                then,
                otherwise,
                by_truth,
            } => {
                let yes = value.is_some_and(|it| !by_truth || is_true(&it));
                self.text(if yes { then } else { otherwise })
            }
        }
    }

    fn source(self, source: &Source) -> Result<Option<Value>, RenderError> {
        Ok(match source {
            Source::Property(name) => self.lookup.property(name),
            Source::Stamp { codebase, attribute } => self.lookup.source(codebase, attribute),
            Source::Worker(name) => self.lookup.worker(name),
            Source::Secret(name) => Some(self.lookup.secret(name)?.into()),
            Source::Keyword { text, .. } => self.value(text)?,
        })
    }

    fn value(self, text: &Text) -> Result<Option<Value>, RenderError> {
        match text.0.as_slice() {
            [
                Part::Substitution {
                    source,
                    modifier: Modifier::None,
                },
            ] => self.source(source),
            [
                Part::Substitution {
                    source,
                    modifier:
                        Modifier::Default {
                            text,
                            even_if_false: false,
                        },
                },
            ] => match self.source(source)? {
                Some(value) => Ok(Some(value)),
                None => self.value(text),
            },
            [Part::Function(function)] => {
                let answer = self.lookup.call(function)?;
                let value = self.json(function, &answer)?;
                Ok(Some(value).filter(|it| !it.is_null()))
            }
            _ => Ok(Some(Value::String(self.text(text)?))),
        }
    }

    /// One step further into what the function gave.
    fn deeper(self, function: &Function) -> Result<Self, RenderError> {
        if self.depth >= MAX_DEPTH {
            let why = format!("more than {MAX_DEPTH} texts and functions give each other");
            return Err(function.error(why).into());
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    /// What the function gave, as a text.
    fn string(self, function: &Function, answer: &Answer) -> Result<String, RenderError> {
        match answer {
            Answer::Plain(Value::Null) => Ok(String::new()),
            Answer::Plain(Value::String(text)) => Ok(text.clone()),
            Answer::Plain(Value::Number(number)) => Ok(number.to_string()),
            Answer::Text(text) => self.deeper(function)?.text(text),
            other => {
                let why = format!("must give a string, not {}", other.noun());
                Err(function.error(why).into())
            }
        }
    }

    /// What the function gave, as words of a command.
    fn words(self, function: &Function, answer: &Answer, words: &mut Vec<String>) -> Result<(), RenderError> {
        match answer {
            Answer::Plain(Value::Null) => {}
            Answer::List(items) => {
                for item in items {
                    self.words(function, item, words)?;
                }
            }
            one => words.push(self.string(function, one)?),
        }
        Ok(())
    }

    /// What the function gave, as plain data.
    fn json(self, function: &Function, answer: &Answer) -> Result<Value, RenderError> {
        Ok(match answer {
            Answer::Plain(value) => value.clone(),
            Answer::Text(text) => self.deeper(function)?.value(text)?.unwrap_or_default(),
            Answer::List(items) => {
                let items = items.iter().map(|it| self.json(function, it));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Answer::Dict(items) => {
                let items = items
                    .iter()
                    .map(|(name, it)| Ok((name.clone(), self.json(function, it)?)));
                Value::Object(items.collect::<Result<_, RenderError>>()?)
            }
            Answer::Facts(_) => {
                let why = format!("must give plain data, not {}", answer.noun());
                return Err(function.error(why).into());
            }
        })
    }
}

impl Source {
    fn missing(&self) -> RenderError {
        match self {
            Self::Stamp { codebase, attribute } => RenderError::Source {
                codebase: codebase.clone(),
                attribute: attribute.clone(),
            },
            Self::Worker(name) => RenderError::Worker(name.clone()),
            Self::Property(name) => RenderError::Property(name.clone()),
            Self::Secret(name) => RenderError::Secret {
                name: name.clone(),
                why: "it has no value".to_owned(),
            },
            Self::Keyword { name, text } => match text.0.as_slice() {
                [Part::Substitution { source, .. }] => source.missing(),
                _ => RenderError::Property(name.clone()),
            },
        }
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(it) => *it,
        Value::Number(it) => it.as_f64() != Some(0.0),
        Value::String(it) => !it.is_empty(),
        Value::Array(it) => !it.is_empty(),
        Value::Object(it) => !it.is_empty(),
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
