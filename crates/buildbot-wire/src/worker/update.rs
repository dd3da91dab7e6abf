//! What a command tells while it runs.

use crate::{Error, Result, Value};

/// Something that a command tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Output.
    Stdout(Text),
    /// Errors.
    Stderr(Text),
    /// What the worker says itself.
    Header(Text),
    /// What was added to a file that is watched.
    Log {
        /// The name of the log.
        name: String,
        /// What was added.
        text: Text,
    },
    /// What the command came to: 0 if well; -1 if a signal ended it. Odd workers leave it open.
    ReturnCode(Option<i64>),
    /// How long it took, in seconds: the last one before the end, unless it was interrupted.
    Elapsed(f64),
    /// Why the worker ended it.
    FailureReason(FailureReason),
    /// Names of files.
    Files(Vec<String>),
    /// About a file.
    Stat(FileStat),
    /// One that this crate does not know.
    Other {
        /// Its name.
        key: String,
        /// What it says.
        value: Value,
    },
}

/// A piece of output. Workers from 4.0 on send whole lines, older ones pieces of any kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Where its lines end and when each came; only over msgpack.
    pub lines: Option<Lines>,
}

/// Where lines end and when they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// The place of each line's end, in characters from the beginning of the text.
    pub ends: Vec<u64>,
    /// When each line came, in seconds since 1970.
    pub times: Vec<f64>,
}

/// Why a worker ended a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// It was silent for too long.
    TimeoutWithoutOutput,
    /// It took too long.
    Timeout,
    /// It wrote too many lines.
    MaxLines,
    /// Another reason.
    Other(String),
}

/// What the system says about a file, in the order of Python's `os.stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Its kind and permissions, as Unix has them.
    pub mode: u32,
    /// Its number on the device.
    pub inode: u64,
    /// The device.
    pub device: u64,
    /// How many names it has.
    pub links: u64,
    /// Whose it is.
    pub user: u64,
    /// Of which group.
    pub group: u64,
    /// Its bytes.
    pub size: u64,
    /// When it was read, in seconds since 1970.
    pub accessed: i64,
    /// When it was written.
    pub modified: i64,
    /// When something about it was changed.
    pub changed: i64,
}

impl Update {
    /// Reads one, of either protocol.
    ///
    /// # Errors
    /// [`Error::Form`] if the value is of another type than its key has.
    pub fn read(key: &str, value: Value) -> Result<Self> {
        Ok(match key {
            "stdout" => Self::Stdout(Text::read(value)?),
            "stderr" => Self::Stderr(Text::read(value)?),
            "header" => Self::Header(Text::read(value)?),
            "log" => {
                let [name, text] = value.into_array()?;
                Self::Log {
                    name: name.into_text()?,
                    text: Text::read(text)?,
                }
            }
            "rc" if value.is_none() => Self::ReturnCode(None),
            "rc" => Self::ReturnCode(Some(value.to_int()?)),
            "elapsed" => Self::Elapsed(value.to_float()?),
            "failure_reason" => Self::FailureReason(FailureReason::read(value.into_text()?)),
            "files" => {
                let files = value.into_items()?.into_iter().map(Value::into_text);
                Self::Files(files.collect::<Result<_>>()?)
            }
            "stat" => Self::Stat(FileStat::read(value)?),
            _ => Self::Other {
                key: key.to_owned(),
                value,
            },
        })
    }

    /// Its key and its value. Texts have their lines only if they are known, which the perspective broker has no place for.
    pub fn write(self) -> (String, Value) {
        let (key, value) = match self {
            Self::Stdout(text) => ("stdout", text.write()),
            Self::Stderr(text) => ("stderr", text.write()),
            Self::Header(text) => ("header", text.write()),
            Self::Log { name, text } => ("log", Value::Tuple(vec![name.into(), text.write()])),
            Self::ReturnCode(code) => ("rc", code.into()),
            Self::Elapsed(seconds) => ("elapsed", seconds.into()),
            Self::FailureReason(reason) => ("failure_reason", reason.name().into()),
            Self::Files(files) => ("files", Value::list(files)),
            Self::Stat(stat) => ("stat", stat.write()),
            Self::Other { key, value } => return (key, value),
        };
        (key.to_owned(), value)
    }
}

impl Text {
    /// A text of which no more is known.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            lines: None,
        }
    }

    fn read(value: Value) -> Result<Self> {
        if !matches!(value, Value::List(_) | Value::Tuple(_)) {
            return Ok(Self::new(value.into_text()?));
        }
        let [text, ends, times] = value.into_array()?;
        Ok(Self {
            text: text.into_text()?,
            lines: Some(Lines {
                ends: ends.items()?.iter().map(Value::to_int).collect::<Result<_>>()?,
                times: times
                    .items()?
                    .iter()
                    .map(Value::to_float)
                    .collect::<Result<_>>()?,
            }),
        })
    }

    fn write(self) -> Value {
        match self.lines {
            None => self.text.into(),
            Some(lines) => Value::List(vec![
                self.text.into(),
                Value::list(lines.ends),
                Value::list(lines.times),
            ]),
        }
    }
}

impl FailureReason {
    fn read(name: String) -> Self {
        match name.as_str() {
            "timeout_without_output" => Self::TimeoutWithoutOutput,
            "timeout" => Self::Timeout,
            "max_lines_failure" => Self::MaxLines,
            _ => Self::Other(name),
        }
    }

    /// The name that workers have for it.
    pub fn name(&self) -> &str {
        match self {
            Self::TimeoutWithoutOutput => "timeout_without_output",
            Self::Timeout => "timeout",
            Self::MaxLines => "max_lines_failure",
            Self::Other(name) => name,
        }
    }
}

impl FileStat {
    /// The bits of a mode that say what kind of file it is, and those of a directory.
    const KIND: (u32, u32) = (0o170_000, 0o040_000);

    /// Whether it is a directory.
    pub const fn is_dir(&self) -> bool {
        self.mode & Self::KIND.0 == Self::KIND.1
    }

    fn read(value: Value) -> Result<Self> {
        let [
            mode,
            inode,
            device,
            links,
            user,
            group,
            size,
            accessed,
            modified,
            changed,
        ] = value.into_array()?;
        Ok(Self {
            mode: mode.to_int()?,
            inode: inode.to_int()?,
            device: device.to_int()?,
            links: links.to_int()?,
            user: user.to_int()?,
            group: group.to_int()?,
            size: size.to_int()?,
            accessed: whole_seconds(&accessed)?,
            modified: whole_seconds(&modified)?,
            changed: whole_seconds(&changed)?,
        })
    }

    fn write(self) -> Value {
        Value::Tuple(vec![
            self.mode.into(),
            self.inode.into(),
            self.device.into(),
            self.links.into(),
            self.user.into(),
            self.group.into(),
            self.size.into(),
            self.accessed.into(),
            self.modified.into(),
            self.changed.into(),
        ])
    }
}

/// A time in whole seconds; some Pythons have parts of them.
fn whole_seconds(value: &Value) -> Result<i64> {
    match value {
        Value::Float(seconds) if seconds.abs() < 9e15 => Ok(seconds.floor() as i64),
        Value::Float(_) => Err(Error::Integer),
        other => other.to_int(),
    }
}
