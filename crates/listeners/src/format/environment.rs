//! The language of templates: MiniJinja with strict names, bounds, and escapes that fit what is written.

use std::fmt::Write as _;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, escape_formatter};
use weir_status_api::{Results, Timestamp};

use crate::text::cut;

/// How much a template may do: instructions of its machine.
const FUEL: u64 = 2_000_000;
/// The longest first line, in characters.
const LONGEST_LINE: usize = 200;
/// How many characters of a revision are shown.
const SHORT: usize = 10;

/// The end of the names of templates that are HTML.
pub(super) const HTML: &str = ".html";
/// The end of the names of templates that are Markdown.
pub(super) const MARKDOWN: &str = ".md";

/// An environment without templates.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|name| match name {
        _ if name.ends_with(HTML) => AutoEscape::Html,
        _ if name.ends_with(MARKDOWN) => AutoEscape::Custom("markdown"),
        _ => AutoEscape::None,
    });
    environment.set_formatter(write);
    environment.add_filter("verdict", |results: &str| verdict(results));
    environment.add_filter("colour", |results: &str| colour(results));
    environment.add_filter("sign", |results: &str| sign(results));
    environment.add_filter("first_line", first_line);
    environment.add_filter("short", |text: &str| text.chars().take(SHORT).collect::<String>());
    environment.add_filter("date", |seconds: i64| Timestamp::from_secs(seconds).to_iso());
    environment.add_filter("duration", duration);
    environment.add_filter("quoted", quoted);
    environment.add_filter("fenced", fenced);
    environment
}

/// The data as templates see it. Not by way of serde, which would show numbers as the objects that carry them where
/// they are kept with all their digits.
pub(super) fn value(data: &serde_json::Value) -> Value {
    match data {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(it) => (*it).into(),
        serde_json::Value::Number(it) => match (it.as_i64(), it.as_f64()) {
            (Some(it), _) => it.into(),
            (None, Some(it)) => it.into(),
            (None, None) => it.to_string().into(),
        },
        serde_json::Value::String(it) => it.as_str().into(),
        serde_json::Value::Array(items) => items.iter().map(value).collect(),
        serde_json::Value::Object(items) => {
            let items = items.iter().map(|(name, it)| (name.as_str(), value(it)));
            items.collect()
        }
    }
}

/// Writes a value as its template has it; of None nothing.
fn write(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    // What has no name was refused before: this is an `if` without an `else`.
    if value.is_none() || value.is_undefined() {
        return Ok(());
    }
    match state.auto_escape() {
        AutoEscape::Custom(_) if value.is_safe() => write!(out, "{value}").map_err(Error::from),
        AutoEscape::Custom(_) => write!(out, "{}", markdown(&value.to_string())).map_err(Error::from),
        AutoEscape::Html if !value.is_safe() => {
            write!(out, "{}", html(&value.to_string())).map_err(Error::from)
        }
        _ => escape_formatter(out, state, value),
    }
}

/// The text as HTML that shows it, in an attribute too.
fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text as Markdown that shows it on one line.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // It may be the first on its line.
    let title = text.trim_start_matches('#');
    if title.len() < text.len() && title.chars().next().is_none_or(char::is_whitespace) {
        escaped.push('\\');
    }
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' => {
                escaped.extend(['\\', c]);
            }
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// What became of it, as part of a sentence.
fn verdict(results: &str) -> &'static str {
    match of_name(results) {
        Some(Results::Success) => "passed",
        Some(Results::Warnings) => "passed with warnings",
        Some(Results::Failure) => "failed",
        Some(Results::Skipped) => "was skipped",
        Some(Results::Exception) => "ended with an exception",
        Some(Results::Retry) => "will run again",
        Some(Results::Cancelled) => "was cancelled",
        None => "ended",
    }
}

/// The colour that the web status has for it.
fn colour(results: &str) -> &'static str {
    match of_name(results) {
        Some(Results::Success) => "#2b7a3d",
        Some(Results::Warnings) => "#b25e00",
        Some(Results::Failure) => "#c0272d",
        Some(Results::Exception | Results::Retry) => "#7a3ea1",
        _ => "#5c6570",
    }
}

/// A sign that says it at a glance.
fn sign(results: &str) -> &'static str {
    match of_name(results) {
        Some(Results::Success) => "✓",
        Some(Results::Warnings) => "⚠",
        Some(Results::Failure | Results::Exception) => "✗",
        _ => "•",
    }
}

fn of_name(name: &str) -> Option<Results> {
    Results::ALL.into_iter().find(|it| it.name() == name)
}

/// The first line that is not empty, cut if it is long.
fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|it| !it.is_empty())
        .unwrap_or_default();
    cut(line, LONGEST_LINE)
}

/// Seconds for people: `42 s`, `3 min 5 s`, `2 h 10 min`.
fn duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{hours} h {} min", minutes % 60),
    }
}

/// Each line of the text behind `| `, so that it is told apart from what is around it.
fn quoted(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        // A String takes what is written.
        let _ = writeln!(lines, "    | {}", line.trim_end());
    }
    lines.truncate(lines.trim_end_matches('\n').len());
    lines
}

/// The text as a block of code in Markdown, whatever is in it.
fn fenced(text: &str) -> Value {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let text = text.trim_end_matches('\n');
    Value::from_safe_string(format!("{fence}\n{text}\n{fence}"))
}
