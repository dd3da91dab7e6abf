//! The words of a report: templates, or a function of the configuration.

mod context;
mod environment;

use std::borrow::Cow;
use std::io::{self, Write};

use minijinja::Environment;
use serde_json::Value;
use weir_status_api::ListenerError;

use crate::function::Function;
use crate::outlet::Outlet;
use crate::report::Message;
use crate::text::cut;

use context::shortened;
pub(crate) use context::{Told, context, occasion};
use environment::{HTML, MARKDOWN, environment, value};

/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 250;
/// How much a template may write, in bytes.
const LONGEST_TEXT: usize = 1 << 20;
/// What a function may give.
const FORMS: [&str; 4] = ["subject", "text", "html", "markdown"];

const SUBJECT_DEFAULT: &str = include_str!("defaults/subject.txt");
const TEXT_DEFAULT: &str = include_str!("defaults/text.txt");
const HTML_DEFAULT: &str = include_str!("defaults/message.html");
const MARKDOWN_DEFAULT: &str = include_str!("defaults/message.md");

/// A template, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What people call it: its file, or where it stands.
    pub name: String,
    /// It, in MiniJinja's language.
    pub source: String,
}

/// The words of one kind of report. What is left out is the default; once a text, HTML or Markdown is given, HTML and
/// Markdown that are not are left out of the message.
#[derive(Clone, Debug, Default)]
pub struct FormatOptions {
    /// The subject.
    pub subject: Option<Template>,
    /// The plain text.
    pub text: Option<Template>,
    /// The HTML; values are escaped in it.
    pub html: Option<Template>,
    /// The Markdown; values are escaped in it.
    pub markdown: Option<Template>,
    /// Is asked for the words: told the context, it gives a text, an object of some of `subject`, `text`, `html` and
    /// `markdown`, or null for no message. What it leaves out is as the templates say.
    pub function: Option<Function>,
}

/// Why a template is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template {name}, line {line}: {why}")]
pub struct TemplateError {
    /// What people call the template.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Makes messages.
pub(crate) struct Formatter {
    environment: Environment<'static>,
    /// What people call the templates, by form; of defaults, that.
    names: [Option<String>; 4],
    has_html: bool,
    has_markdown: bool,
    function: Option<Function>,
}

/// The names of the templates in their environment, in the order of [`FORMS`].
fn internal_name(form: usize) -> String {
    let end = match FORMS[form] {
        "html" => HTML,
        "markdown" => MARKDOWN,
        _ => ".txt",
    };
    format!("{}{end}", FORMS[form])
}

impl Formatter {
    /// One of these options.
    ///
    /// # Errors
    /// [`TemplateError`] if a template is none.
    pub(crate) fn new(options: FormatOptions) -> Result<Self, TemplateError> {
        let FormatOptions {
            subject,
            text,
            html,
            markdown,
            function,
        } = options;
        let plain = text.is_none() && html.is_none() && markdown.is_none();
        let (has_html, has_markdown) = (plain || html.is_some(), plain || markdown.is_some());
        let mut environment = environment();
        let defaults = [SUBJECT_DEFAULT, TEXT_DEFAULT, HTML_DEFAULT, MARKDOWN_DEFAULT];
        let mut names = [const { None }; 4];
        for (form, given) in [subject, text, html, markdown].into_iter().enumerate() {
            let (source, name) = match given {
                Some(it) => (Cow::Owned(it.source), Some(it.name)),
                None => (Cow::Borrowed(defaults[form]), None),
            };
            environment
                .add_template_owned(internal_name(form), source)
                .map_err(|error| explained(&error, shown(name.as_deref(), form)))?;
            names[form] = name;
        }
        Ok(Self {
            environment,
            names,
            has_html,
            has_markdown,
            function,
        })
    }

    /// The message of that context, without recipients and files; none if its function wants none.
    ///
    /// # Errors
    /// [`ListenerError::Never`] if a template or the function fails on this one.
    pub(crate) async fn message(
        &self,
        context: &Value,
        outlet: &Outlet,
    ) -> Result<Option<Message>, ListenerError> {
        let mut given = Given::default();
        if let Some(function) = &self.function {
            match Given::of(function.call(context.clone()).await?, function)? {
                Some(it) => given = it,
                None => return Ok(None),
            }
        }
        let plain = !given.has_body();
        let Given([subject, text, html, markdown]) = given;
        let render = |form: usize| self.render(form, context);
        let or_rendered = |given: Option<String>, form| given.map_or_else(|| render(form), Ok);
        let some = |given: Option<String>, wanted: bool, form| match given {
            None if plain && wanted => render(form).map(Some),
            given => Ok(given),
        };
        let masked = |it: String| outlet.mask(&it);
        Ok(Some(Message {
            subject: masked(one_line(&or_rendered(subject, 0)?)),
            text: masked(or_rendered(text, 1)?),
            html: some(html, self.has_html, 2)?.map(masked),
            markdown: some(markdown, self.has_markdown, 3)?.map(masked),
            ..Message::default()
        }))
    }

    /// What a template says. If the default words are too many, they are fewer.
    fn render(&self, form: usize, context: &Value) -> Result<String, ListenerError> {
        match self.render_all(form, context) {
            Err(_) if self.names[form].is_none() => self.render_all(form, &shortened(context)),
            rendered => rendered,
        }
    }

    fn render_all(&self, form: usize, context: &Value) -> Result<String, ListenerError> {
        let fails = |error: &minijinja::Error| {
            let name = shown(self.names[form].as_deref(), form);
            ListenerError::Never(explained(error, name).to_string())
        };
        let template = self
            .environment
            .get_template(&internal_name(form))
            .map_err(|error| fails(&error))?;
        let mut text = Bounded::default();
        match template.render_captured_to(value(context), &mut text) {
            Ok(_) => {}
            Err(_) if text.is_full => {
                let name = shown(self.names[form].as_deref(), form);
                let why = format!("the template {name} writes more than {LONGEST_TEXT} bytes");
                return Err(ListenerError::Never(why));
            }
            Err(error) => return Err(fails(&error)),
        }
        Ok(String::from_utf8_lossy(&text.bytes).into_owned())
    }
}

fn shown(name: Option<&str>, form: usize) -> String {
    name.map_or_else(
        || format!("of the default {}", FORMS[form]),
        |it| format!("'{it}'"),
    )
}

/// The error with what caused it, on one line.
fn explained(error: &minijinja::Error, name: String) -> TemplateError {
    let what = error.kind().to_string();
    let why = match error.detail() {
        Some(detail) if !what.is_empty() => format!("{what}: {detail}"),
        Some(detail) => detail.to_owned(),
        None => what,
    };
    TemplateError {
        name,
        line: error.line().unwrap_or(1),
        why: why.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// The subject on one line, and not too long for one.
fn one_line(subject: &str) -> String {
    let words: Vec<&str> = subject
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|it| !it.is_empty())
        .collect();
    cut(&words.join(" "), LONGEST_SUBJECT)
}

/// What a function gave, in the order of [`FORMS`].
#[derive(Default)]
struct Given([Option<String>; 4]);

impl Given {
    /// Reads it; none if there is to be no message.
    fn of(value: Value, function: &Function) -> Result<Option<Self>, ListenerError> {
        let wrong = |why: &str| ListenerError::Never(format!("{}() {why}", function.name()));
        let mut given = Self::default();
        match value {
            Value::Null => return Ok(None),
            Value::String(text) => given.0[1] = Some(bounded(text)),
            Value::Object(forms) => {
                for (name, value) in forms {
                    let Some(form) = FORMS.iter().position(|it| *it == name) else {
                        return Err(wrong(&format!(
                            "gave '{name}', which is none of {}",
                            FORMS.join(", ")
                        )));
                    };
                    match value {
                        Value::Null => {}
                        Value::String(text) => given.0[form] = Some(bounded(text)),
                        _ => return Err(wrong(&format!("gave '{name}', which is no string"))),
                    }
                }
            }
            _ => return Err(wrong("must give a string, a dict or None")),
        }
        Ok(Some(given))
    }

    fn has_body(&self) -> bool {
        self.0[1..].iter().any(Option::is_some)
    }
}

fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    text
}

/// Takes what a template writes, up to a limit.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > LONGEST_TEXT {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
