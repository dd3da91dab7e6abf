//! The arguments of a command, by name.

use std::time::Duration;

use crate::{Error, Result, Value};

/// Arguments that are written in order.
#[derive(Debug, Default)]
pub(super) struct Args(Vec<(Value, Value)>);

impl Args {
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// The same where there is a condition.
    pub(super) fn with_if(self, condition: bool, name: &str, value: impl Into<Value>) -> Self {
        match condition {
            true => self.with(name, value),
            false => self,
        }
    }

    pub(super) fn done(self) -> Value {
        Value::Map(self.0)
    }
}

/// Arguments of a command that are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) command: &'a str,
    pub(super) args: &'a Value,
}

impl<'a> Given<'a> {
    /// An argument that is there and is not None.
    pub(super) fn some(self, name: &str) -> Option<&'a Value> {
        self.args.get(name).filter(|it| !it.is_none())
    }

    pub(super) fn need(self, name: &str) -> Result<&'a Value> {
        let it = self.some(name);
        it.ok_or_else(|| Error::missing(self.command, name))
    }

    /// The argument that has one of two names.
    pub(super) fn either(self, name: &str, other: &str) -> Result<&'a Value> {
        self.some(name).map_or_else(|| self.need(other), Ok)
    }

    pub(super) fn text(self, name: &str) -> Result<String> {
        Ok(self.need(name)?.to_text()?.into_owned())
    }

    pub(super) fn bool(self, name: &str, usual: bool) -> Result<bool> {
        self.some(name).map_or(Ok(usual), Value::to_bool)
    }

    pub(super) fn int<T: TryFrom<i128>>(self, name: &str) -> Result<Option<T>> {
        self.some(name).map(Value::to_int).transpose()
    }

    pub(super) fn time(self, name: &str) -> Result<Option<Duration>> {
        self.some(name).map(read_seconds).transpose()
    }

    /// A text, or several.
    pub(super) fn texts(self, name: &str) -> Result<Vec<String>> {
        texts(self.need(name)?)
    }
}

/// A text, or several.
pub(super) fn texts(value: &Value) -> Result<Vec<String>> {
    match value {
        Value::List(items) | Value::Tuple(items) => {
            items.iter().map(|it| Ok(it.to_text()?.into_owned())).collect()
        }
        one => Ok(vec![one.to_text()?.into_owned()]),
    }
}

/// Seconds as Python has them: an integer if they are whole.
pub(super) fn seconds(time: Duration) -> Value {
    match time.subsec_nanos() {
        0 => time.as_secs().into(),
        _ => time.as_secs_f64().into(),
    }
}

fn read_seconds(value: &Value) -> Result<Duration> {
    Duration::try_from_secs_f64(value.to_float()?)
        .map_err(|_| Error::form("seconds", "a number that is none"))
}
