//! Completes texts with the values of a build.

use serde_json::Value;

use super::{MAX_DEPTH, Modifier, Part, Source, Text};
use crate::function::{Answer, Function, FunctionError};

/// The values that a template is completed with.
pub trait Lookup {
    /// The property's value; none if the build has no such property.
    fn property(&self, name: &str) -> Option<Value>;

    /// The attribute (one of [`SOURCE_ATTRIBUTES`](crate::SOURCE_ATTRIBUTES)) of the codebase's source stamp; none if there is no such stamp.
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

impl Text {
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
