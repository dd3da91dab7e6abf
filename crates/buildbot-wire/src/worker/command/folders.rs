//! Directories, and what is in them.

use std::time::Duration;

use super::Spelled;
use crate::worker::args::{Args, Given, seconds};
use crate::worker::{Abilities, Protocol};
use crate::{Error, Result, Value};

/// Make directories, and those above them. What is there already is fine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeDirs {
    /// Which; over the perspective broker one.
    pub paths: Vec<String>,
}

/// Remove directories with all in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveDirs {
    /// Which; for a worker before 2.14 one.
    pub paths: Vec<String>,
    /// After how long without output it is given up; none is the worker's usual, 120 seconds.
    pub timeout: Option<Duration>,
    /// After how long it is given up.
    pub max_time: Option<Duration>,
    /// Whether the environment is in the header.
    pub log_environ: bool,
}

/// Copy a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyDir {
    /// From where.
    pub from: String,
    /// To where.
    pub to: String,
    /// After how long without output it is given up; none is the worker's usual, 120 seconds.
    pub timeout: Option<Duration>,
    /// After how long it is given up.
    pub max_time: Option<Duration>,
    /// Whether the environment is in the header.
    pub log_environ: bool,
}

/// Tell about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Which.
    pub path: String,
    /// In which directory the path begins, over the perspective broker.
    pub workdir: Option<String>,
}

/// Tell which files match a pattern, in which `**` stands for any directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// The pattern.
    pub pattern: String,
}

/// Tell what is in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListDir {
    /// Which.
    pub path: String,
}

/// Remove a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveFile {
    /// Which.
    pub path: String,
    /// Whether the environment is in the header.
    pub log_environ: bool,
}

impl MakeDirs {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        let args = match worker.protocol {
            Protocol::Pb => Args::default().with("dir", only(&self.paths)?),
            Protocol::Msgpack => Args::default().with("paths", list(&self.paths)),
        };
        Ok(Spelled::new("mkdir", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let paths = paths(given)?;
        Ok(Self { paths })
    }
}

impl RemoveDirs {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        let args = match (worker.protocol, self.paths.as_slice()) {
            (Protocol::Msgpack, paths) => Args::default().with("paths", list(paths)),
            (Protocol::Pb, [path]) => Args::default().with("dir", path.as_str()),
            (Protocol::Pb, paths) => {
                worker.need("rmdir", &[2, 14])?;
                Args::default().with("dir", list(paths))
            }
        };
        let args = args
            .with_if(self.timeout.is_some(), "timeout", self.timeout.map(seconds))
            .with_if(self.max_time.is_some(), "maxTime", self.max_time.map(seconds))
            .with_if(!self.log_environ, "logEnviron", false);
        Ok(Spelled::new("rmdir", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        Ok(Self {
            paths: paths(given)?,
            timeout: given.time("timeout")?,
            max_time: given.time("maxTime")?,
            log_environ: given.bool("logEnviron", true)?,
        })
    }
}

impl CopyDir {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        let (from, to) = match worker.protocol {
            Protocol::Pb => ("fromdir", "todir"),
            Protocol::Msgpack => ("from_path", "to_path"),
        };
        let args = Args::default()
            .with(from, self.from.as_str())
            .with(to, self.to.as_str())
            .with_if(self.timeout.is_some(), "timeout", self.timeout.map(seconds))
            .with_if(self.max_time.is_some(), "maxTime", self.max_time.map(seconds))
            .with_if(!self.log_environ, "logEnviron", false);
        Ok(Spelled::new("cpdir", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        Ok(Self {
            from: given.either("fromdir", "from_path")?.to_text()?.into_owned(),
            to: given.either("todir", "to_path")?.to_text()?.into_owned(),
            timeout: given.time("timeout")?,
            max_time: given.time("maxTime")?,
            log_environ: given.bool("logEnviron", true)?,
        })
    }
}

impl Stat {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        let args = match worker.protocol {
            Protocol::Pb => match self.workdir.as_deref() {
                None => Args::default().with("file", self.path.as_str()),
                Some(workdir) if worker.has("stat", &[3, 0]) => Args::default()
                    .with("file", self.path.as_str())
                    .with("workdir", workdir),
                // Older ones look beneath the builder's directory, whatever else they are told.
                Some(workdir) => Args::default().with("file", format!("{workdir}/{}", self.path)),
            },
            Protocol::Msgpack => Args::default().with("path", self.path.as_str()),
        };
        Ok(Spelled::new("stat", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let workdir = given.some("workdir").map(Value::to_text).transpose()?;
        Ok(Self {
            path: given.either("file", "path")?.to_text()?.into_owned(),
            workdir: workdir.map(|it| it.into_owned()),
        })
    }
}

impl Glob {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        worker.need("glob", &[0])?;
        let args = Args::default().with("path", self.pattern.as_str());
        Ok(Spelled::new("glob", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let pattern = given.text("path")?;
        Ok(Self { pattern })
    }
}

impl ListDir {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        worker.need("listdir", &[2, 16])?;
        let name = match worker.protocol {
            Protocol::Pb => "dir",
            Protocol::Msgpack => "path",
        };
        let args = Args::default().with(name, self.path.as_str());
        Ok(Spelled::new("listdir", args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let path = given.either("dir", "path")?.to_text()?.into_owned();
        Ok(Self { path })
    }
}

impl RemoveFile {
    /// A worker before 3.1 removes files as it removes directories.
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        let (name, path) = match worker.has("rmfile", &[3, 1]) {
            true => ("rmfile", "path"),
            false => ("rmdir", "dir"),
        };
        let args =
            Args::default()
                .with(path, self.path.as_str())
                .with_if(!self.log_environ, "logEnviron", false);
        Ok(Spelled::new(name, args.done()))
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        Ok(Self {
            path: given.text("path")?,
            log_environ: given.bool("logEnviron", true)?,
        })
    }
}

fn list(paths: &[String]) -> Value {
    Value::list(paths.iter().map(String::as_str))
}

fn only(paths: &[String]) -> Result<&str> {
    match paths {
        [path] => Ok(path),
        [] => Err(Error::missing("mkdir", "a path")),
        _ => Err(Error::Limit {
            what: "directories of one mkdir",
            limit: 1,
        }),
    }
}

fn paths(given: Given<'_>) -> Result<Vec<String>> {
    match given.some("paths") {
        Some(_) => given.texts("paths"),
        None => given.texts("dir"),
    }
}
