//! Programs that are run.

use std::time::Duration;

use super::Spelled;
use crate::worker::Abilities;
use crate::worker::args::{Args, Given, seconds, texts};
use crate::{Error, Result, Value};

/// What a shell or an interpreter is told instead of a password.
const OBFUSCATED: &str = "obfuscated";
/// The signal that ends a program unless told otherwise.
const KILL: &str = "KILL";

/// Run a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// What is run.
    pub command: CommandLine,
    /// In which directory.
    pub workdir: String,
    /// Changes of the worker's environment.
    pub env: Vec<(String, Variable)>,
    /// Whether its output is sent.
    pub want_stdout: bool,
    /// Whether its errors are sent.
    pub want_stderr: bool,
    /// Files that it writes, whose new lines are sent, by the names of their logs.
    pub logfiles: Vec<(String, LogFile)>,
    /// After how long without output it is killed.
    pub timeout: Option<Duration>,
    /// After how long it is killed.
    pub max_time: Option<Duration>,
    /// After how many lines it is killed; workers take it from 3.3 on, older ones ignore it.
    pub max_lines: Option<u64>,
    /// How long it may take to end after a SIGTERM before it is killed; without, there is no SIGTERM. Workers take it
    /// from 2.16 on, older ones kill at once.
    pub sigterm_time: Option<Duration>,
    /// Whether it has a terminal. Unless told, a worker before 3.0 does as it is configured, and a newer one has none.
    pub use_pty: Option<bool>,
    /// Whether the environment is in the header.
    pub log_environ: bool,
    /// What it reads.
    pub initial_stdin: Option<Vec<u8>>,
    /// The signal that ends it, without its `SIG`. Workers take it from 2.15 on.
    pub interrupt_signal: String,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A line for `/bin/sh`, or for Windows' own shell.
    Line(String),
    /// A program and its arguments.
    Program(Vec<Argument>),
}

/// A program or one of its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// As it is.
    Plain(String),
    /// One that is shown as something else in the header. Workers take it from 2.16 on.
    Obfuscated {
        /// What the program gets.
        real: String,
        /// What is shown.
        shown: String,
    },
}

/// What becomes of a variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// This text, in which `${NAME}` is replaced by the worker's own variable.
    Text(String),
    /// These paths, with the system's separator between them.
    Paths(Vec<String>),
    /// It is removed.
    Unset,
}

/// A file whose new lines are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its path, beneath the working directory.
    pub path: String,
    /// Whether only what is added after the start is sent; none leaves it out.
    pub follow: Option<bool>,
}

impl Shell {
    /// One that runs this there, with all else as usual: no limits, output and environment shown.
    pub fn new(command: CommandLine, workdir: &str) -> Self {
        Self {
            command,
            workdir: workdir.to_owned(),
            env: vec![],
            want_stdout: true,
            want_stderr: true,
            logfiles: vec![],
            timeout: None,
            max_time: None,
            max_lines: None,
            sigterm_time: None,
            use_pty: None,
            log_environ: true,
            initial_stdin: None,
            interrupt_signal: KILL.to_owned(),
        }
    }

    /// In the order in which Buildbot's master has it.
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        if self.hides_something() {
            worker.need("shell", &[2, 16])?;
        }
        let env = self.env.iter().map(|(name, it)| (name.as_str(), it.write()));
        let logfiles = self.logfiles.iter().map(|(name, it)| (name.as_str(), it.write()));
        let use_pty: Value = match self.use_pty {
            None if !worker.has("shell", &[3, 0]) => "slave-config".into(),
            told => told.unwrap_or(false).into(),
        };
        let args = Args::default()
            .with("workdir", self.workdir.as_str())
            .with("env", Value::map(env))
            .with("want_stdout", self.want_stdout)
            .with("want_stderr", self.want_stderr)
            .with("logfiles", Value::map(logfiles))
            .with("timeout", self.timeout.map(seconds))
            .with("maxTime", self.max_time.map(seconds))
            .with("max_lines", self.max_lines)
            .with_if(
                worker.has("shell", &[2, 16]),
                "sigtermTime",
                self.sigterm_time.map(seconds),
            )
            .with("usePTY", use_pty)
            .with("logEnviron", self.log_environ)
            .with("initial_stdin", self.initial_stdin.as_deref().map(stdin))
            .with_if(
                worker.has("shell", &[2, 15]),
                "interruptSignal",
                self.interrupt_signal.as_str(),
            )
            .with("command", self.command.write())
            // Before workers told what they can.
            .with_if(worker.version("shell").is_none(), "dir", self.workdir.as_str());
        Ok(Spelled::new("shell", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let use_pty = match given.some("usePTY") {
            Some(Value::Text(_)) | None => None,
            Some(told) => Some(told.to_bool()?),
        };
        let stdin = given.some("initial_stdin").cloned();
        Ok(Self {
            command: CommandLine::read(given.need("command")?)?,
            workdir: given.text("workdir")?,
            env: pairs(given, "env", Variable::read)?,
            want_stdout: given.bool("want_stdout", true)?,
            want_stderr: given.bool("want_stderr", true)?,
            logfiles: pairs(given, "logfiles", LogFile::read)?,
            timeout: given.time("timeout")?,
            max_time: given.time("maxTime")?,
            max_lines: given.int("max_lines")?,
            sigterm_time: given.time("sigtermTime")?,
            use_pty,
            log_environ: given.bool("logEnviron", true)?,
            initial_stdin: stdin.map(Value::into_bytes).transpose()?,
            interrupt_signal: match given.some("interruptSignal") {
                Some(signal) => signal.to_text()?.into_owned(),
                None => KILL.to_owned(),
            },
        })
    }

    fn hides_something(&self) -> bool {
        let CommandLine::Program(arguments) = &self.command else {
            return false;
        };
        arguments
            .iter()
            .any(|it| matches!(it, Argument::Obfuscated { .. }))
    }
}

/// What a program reads, as Buildbot's master writes it: as text where it is text, as bytes else.
fn stdin(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.into(), Value::from)
}

/// Text and something else, each pair of an argument that is a map.
fn pairs<T>(given: Given<'_>, name: &str, read: fn(&Value) -> Result<T>) -> Result<Vec<(String, T)>> {
    let Some(map) = given.some(name) else {
        return Ok(vec![]);
    };
    let pair = |(key, value): &(Value, Value)| Ok((key.to_text()?.into_owned(), read(value)?));
    map.pairs()?.iter().map(pair).collect()
}

impl CommandLine {
    fn write(&self) -> Value {
        match self {
            Self::Line(line) => line.as_str().into(),
            Self::Program(arguments) => Value::list(arguments.iter().map(Argument::write)),
        }
    }

    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::List(items) | Value::Tuple(items) => {
                let arguments = items.iter().map(Argument::read);
                Ok(Self::Program(arguments.collect::<Result<_>>()?))
            }
            line => Ok(Self::Line(line.to_text()?.into_owned())),
        }
    }
}

impl Argument {
    fn write(&self) -> Value {
        match self {
            Self::Plain(text) => text.as_str().into(),
            Self::Obfuscated { real, shown } => Value::Tuple(vec![
                OBFUSCATED.into(),
                real.as_str().into(),
                shown.as_str().into(),
            ]),
        }
    }

    fn read(value: &Value) -> Result<Self> {
        if !matches!(value, Value::List(_) | Value::Tuple(_)) {
            return Ok(Self::Plain(value.to_text()?.into_owned()));
        }
        match texts(value)?.as_slice() {
            [word, real, shown] if word == OBFUSCATED => Ok(Self::Obfuscated {
                real: real.clone(),
                shown: shown.clone(),
            }),
            _ => Err(Error::form("an obfuscated argument", "another tuple")),
        }
    }
}

impl Variable {
    fn write(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Paths(paths) => Value::list(paths.iter().map(String::as_str)),
            Self::Unset => Value::None,
        }
    }

    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::None => Ok(Self::Unset),
            Value::List(_) | Value::Tuple(_) => Ok(Self::Paths(texts(value)?)),
            text => Ok(Self::Text(text.to_text()?.into_owned())),
        }
    }
}

impl LogFile {
    fn write(&self) -> Value {
        match self.follow {
            None => self.path.as_str().into(),
            Some(follow) => Value::map([("filename", self.path.as_str().into()), ("follow", follow.into())]),
        }
    }

    fn read(value: &Value) -> Result<Self> {
        let Value::Map(_) = value else {
            let path = value.to_text()?.into_owned();
            return Ok(Self { path, follow: None });
        };
        let given = Given {
            command: "a log file",
            args: value,
        };
        Ok(Self {
            path: given.text("filename")?,
            follow: given.some("follow").map(Value::to_bool).transpose()?,
        })
    }
}
