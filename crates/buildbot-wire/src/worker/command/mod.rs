//! What a worker is told to do, and how that is spelled for this worker.

mod folders;
mod shell;
mod transfer;

pub use folders::{CopyDir, Glob, ListDir, MakeDirs, RemoveDirs, RemoveFile, Stat};
pub use shell::{Argument, CommandLine, LogFile, Shell, Variable};
pub use transfer::{Compression, DownloadFile, UploadDirectory, UploadFile};

use super::Abilities;
use super::args::Given;
use crate::{Error, Result, Value};

/// A command. Paths are beneath the builder's directory over the perspective broker, and absolute over msgpack.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run a program.
    Shell(Box<Shell>),
    /// Send a file to the master.
    UploadFile(UploadFile),
    /// Send a directory to the master, as a tar archive.
    UploadDirectory(UploadDirectory),
    /// Take a file from the master.
    DownloadFile(DownloadFile),
    /// Make directories, and those above them.
    MakeDirs(MakeDirs),
    /// Remove directories with all in them.
    RemoveDirs(RemoveDirs),
    /// Copy a directory.
    CopyDir(CopyDir),
    /// Tell about a file.
    Stat(Stat),
    /// Tell which files match a pattern.
    Glob(Glob),
    /// Tell what is in a directory.
    ListDir(ListDir),
    /// Remove a file.
    RemoveFile(RemoveFile),
}

/// A command as a worker is told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Spelled {
    /// The name of the command.
    pub name: String,
    /// Its arguments: a map.
    pub args: Value,
}

impl Spelled {
    fn new(name: &str, args: Value) -> Self {
        Self {
            name: name.to_owned(),
            args,
        }
    }
}

impl Command {
    /// How it is spelled for a worker with these abilities.
    ///
    /// # Errors
    /// [`Error::TooOld`] if the worker cannot do it; [`Error::Missing`] if the perspective broker needs an object for it
    /// that is not given; [`Error::Limit`] if there are more directories than the protocol has place for.
    pub fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        match self {
            Self::Shell(it) => it.spell(worker),
            Self::UploadFile(it) => it.spell(worker),
            Self::UploadDirectory(it) => it.spell(worker),
            Self::DownloadFile(it) => it.spell(worker),
            Self::MakeDirs(it) => it.spell(worker),
            Self::RemoveDirs(it) => it.spell(worker),
            Self::CopyDir(it) => it.spell(worker),
            Self::Stat(it) => it.spell(worker),
            Self::Glob(it) => it.spell(worker),
            Self::ListDir(it) => it.spell(worker),
            Self::RemoveFile(it) => it.spell(worker),
        }
    }

    /// The command that was spelled so, by this crate or by Buildbot's master, for a worker that understands it.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for an unknown name, [`Error::Missing`] if an argument is missing, [`Error::Form`] if one is
    /// of another type.
    pub fn read(spelled: &Spelled) -> Result<Self> {
        let given = Given {
            command: &spelled.name,
            args: &spelled.args,
        };
        Ok(match spelled.name.as_str() {
            "shell" => Self::Shell(Box::new(Shell::read(given)?)),
            "uploadFile" | "upload_file" => Self::UploadFile(UploadFile::read(given)?),
            "uploadDirectory" | "upload_directory" => Self::UploadDirectory(UploadDirectory::read(given)?),
            "downloadFile" | "download_file" => Self::DownloadFile(DownloadFile::read(given)?),
            "mkdir" => Self::MakeDirs(MakeDirs::read(given)?),
            "rmdir" => Self::RemoveDirs(RemoveDirs::read(given)?),
            "cpdir" => Self::CopyDir(CopyDir::read(given)?),
            "stat" => Self::Stat(Stat::read(given)?),
            "glob" => Self::Glob(Glob::read(given)?),
            "listdir" => Self::ListDir(ListDir::read(given)?),
            "rmfile" => Self::RemoveFile(RemoveFile::read(given)?),
            other => return Err(Error::NotInProtocol(format!("the command {other}"))),
        })
    }
}
