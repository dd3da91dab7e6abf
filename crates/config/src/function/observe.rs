//! Functions that see the output of a step while it comes.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_status_api::Results;

use super::answer::Answer;
use super::argument::Argument;
use super::{Function, FunctionError};
use crate::nearest::{did_you_mean, nearest};

/// How much a function may keep for its next call, in bytes of JSON.
const MOST_KEPT: usize = 64 * 1024;
/// How long a name may be, in bytes.
const LONGEST_NAME: usize = 256;
/// How long the name of a log may be, in characters.
const LONGEST_LOG_NAME: usize = 50;
/// How long a link may be, in bytes.
const LONGEST_URL: usize = 2_000;

/// What a function can say.
const KEYS: [&str; 7] = [
    "keep",
    "state",
    "warnings",
    "results",
    "properties",
    "urls",
    "logs",
];

/// A line of a step's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// Whether it was written to the standard error.
    pub is_error: bool,
    /// The line without its end.
    pub text: String,
}

impl OutputLine {
    /// A line of a log, after the letter of its stream.
    pub fn of_log(line: &str) -> Self {
        Self {
            is_error: line.starts_with('e'),
            // The databases have no place for a NUL.
            text: clean(line.get(1..).unwrap_or_default()),
        }
    }
}

/// How what wrote lines has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputEnd {
    /// What the step came to by its commands.
    pub results: Results,
    /// How the last of them exited; none if it did not by itself.
    pub exit_code: Option<i32>,
}

/// What a function said of lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// What it wants to be told with the next lines; none to be told the same again.
    pub keep: Option<Value>,
    /// What the step does now, for people.
    pub state: Option<String>,
    /// How many warnings there are so far.
    pub warnings: Option<u64>,
    /// What the step comes to at the least.
    pub results: Option<Results>,
    /// Properties of the build.
    pub properties: BTreeMap<String, Value>,
    /// Links of the step, by their texts.
    pub urls: BTreeMap<String, String>,
    /// Lines for further logs of the step, by the names of these.
    pub logs: BTreeMap<String, Vec<String>>,
}

impl Function {
    /// Whether it wants to be told of the end of what it sees: it takes a third argument.
    pub fn observes_end(&self) -> bool {
        self.takes(3)
    }

    /// Has it see lines that came after those before, of which it has `kept` something (Buildbot's
    /// `LogLineObserver.outLineReceived`); and how they ended, if it [wants to](Self::observes_end).
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives what cannot be said of a step.
    pub fn observe(
        &self,
        lines: Vec<OutputLine>,
        kept: Value,
        end: Option<OutputEnd>,
    ) -> Result<Observed, FunctionError> {
        let lines = lines.into_iter().map(Argument::line).collect();
        let mut arguments = vec![Argument::List(lines), Argument::Plain(kept)];
        if self.observes_end() {
            arguments.push(end.map_or(Argument::Plain(Value::Null), Argument::end));
        }
        let said = match self.call(arguments)? {
            Answer::Plain(Value::Null) => return Ok(Observed::default()),
            Answer::Dict(said) => said,
            other => {
                let noun = other.noun();
                return Err(self.error(format!("must give a dict or None, not {noun}")));
            }
        };
        let mut observed = Observed::default();
        for (key, answer) in said {
            take(&mut observed, &key, answer).map_err(|why| self.error(why))?;
        }
        Ok(observed)
    }
}

fn take(observed: &mut Observed, key: &str, answer: Answer) -> Result<(), String> {
    let noun = answer.noun();
    let value = plain(answer).map_err(|noun| format!("'{key}' must be plain data, without {noun}"))?;
    let must_be = |what: &str| format!("'{key}' must be {what}, not {noun}");
    match (key, value) {
        ("keep", value) => {
            let size = value.to_string().len();
            if size > MOST_KEPT {
                return Err(format!(
                    "'keep' has {size} bytes as JSON; it may have {MOST_KEPT}"
                ));
            }
            observed.keep = Some(value);
        }
        (_, Value::Null) if KEYS.contains(&key) => {}
        ("state", Value::String(state)) => observed.state = Some(state),
        ("state", _) => return Err(must_be("a string")),
        ("warnings", value) => {
            let number = value
                .as_u64()
                .ok_or_else(|| must_be("a whole number, not below 0"))?;
            observed.warnings = Some(number);
        }
        ("results", value) => {
            let known = [Results::Success, Results::Warnings, Results::Failure];
            let named = value
                .as_str()
                .and_then(|name| known.into_iter().find(|it| it.name() == name));
            let expected = "\"success\", \"warnings\" or \"failure\"";
            observed.results =
                Some(named.ok_or_else(|| format!("'results' must be {expected}, not {value}"))?);
        }
        ("properties", Value::Object(properties)) => {
            for (name, value) in properties {
                observed.properties.insert(named(key, name)?, value);
            }
        }
        ("urls", Value::Object(urls)) => {
            for (name, url) in urls {
                observed.urls.insert(named(key, name)?, link(url)?);
            }
        }
        ("logs", Value::Object(logs)) => {
            for (name, value) in logs {
                let lines = lines(value).ok_or_else(|| must_be("a dict of strings and lists of strings"))?;
                observed.logs.insert(log_name(name)?, lines);
            }
        }
        ("properties" | "urls" | "logs", _) => return Err(must_be("a dict")),
        _ => {
            let help =
                nearest(key, KEYS).map_or_else(|| format!("it can have {}", KEYS.join(", ")), did_you_mean);
            return Err(format!("gives a dict with the unknown key '{key}'; {help}"));
        }
    }
    Ok(())
}

/// What is no plain data in it is told.
fn plain(answer: Answer) -> Result<Value, &'static str> {
    Ok(match answer {
        Answer::Plain(Value::String(text)) => Value::String(clean(&text)),
        Answer::Plain(value) => value,
        Answer::List(items) => Value::Array(items.into_iter().map(plain).collect::<Result<_, _>>()?),
        Answer::Dict(items) => {
            let items = items
                .into_iter()
                .map(|(name, it)| plain(it).map(|it| (clean(&name), it)));
            Value::Object(items.collect::<Result<_, _>>()?)
        }
        other @ (Answer::Text(_) | Answer::Facts(_)) => return Err(other.noun()),
    })
}

fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn named(key: &str, name: String) -> Result<String, String> {
    match name.is_empty() || name.len() > LONGEST_NAME {
        true => Err(format!("a name in '{key}' must have 1 to {LONGEST_NAME} bytes")),
        false => Ok(name),
    }
}

fn link(url: Value) -> Result<String, String> {
    let url = url.as_str().unwrap_or_default();
    let is_link = ["http://", "https://"].iter().any(|it| url.starts_with(it));
    match is_link && url.len() <= LONGEST_URL {
        true => Ok(url.to_owned()),
        false => Err(format!(
            "a link in 'urls' must be an http or https URL of {LONGEST_URL} bytes at the most"
        )),
    }
}

fn log_name(name: String) -> Result<String, String> {
    match name.as_str() {
        "stdio" => Err("'logs' must not have 'stdio', which is the log of what it sees".to_owned()),
        "" => Err("the name of a log must not be empty".to_owned()),
        _ if name.chars().count() > LONGEST_LOG_NAME => Err(format!(
            "the name of a log must have {LONGEST_LOG_NAME} characters at the most"
        )),
        _ => Ok(name),
    }
}

fn lines(value: Value) -> Option<Vec<String>> {
    let text = |value| match value {
        Value::String(line) => Some(line),
        _ => None,
    };
    match value {
        Value::Array(lines) => lines.into_iter().map(text).collect(),
        line => Some(vec![text(line)?]),
    }
}
