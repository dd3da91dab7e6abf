//! What a worker is asked to run.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use weir_worker_protocol::MAX_MESSAGE;
use weir_worker_protocol::v1::{
    Argv, CopyDir, Download, Environment, Paths, StartCommand, Upload, WatchedFile, start_command,
};

use super::event::Outcome;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A program and its arguments, without a shell.
    Argv(Vec<String>),
    /// A text for the worker's shell.
    Script(String),
    /// Something about files.
    Files(FileCommand),
}

/// What a worker does to files, without a program. Paths are relative to the command's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileCommand {
    /// Makes folders, and those above them.
    MakeDirs(Vec<String>),
    /// Removes folders or files, with all in them.
    RemoveDirs(Vec<String>),
    /// Copies a folder.
    CopyDir {
        /// The folder.
        from: String,
        /// What the copy is.
        to: String,
    },
    /// Removes a file.
    RemoveFile(String),
    /// Tells about a file: its data is a `FileFacts`.
    Stat(String),
    /// Tells which files match a pattern: its data is paths, each ended by a NUL.
    Glob(String),
    /// Tells what is in a folder: its data is names, each ended by a NUL.
    ListDir(String),
    /// Sends a file: its data is the bytes.
    UploadFile {
        /// The file.
        path: String,
        /// How many bytes may be sent; no limit if none.
        max_bytes: Option<u64>,
    },
    /// Sends a folder: its data is a tar archive.
    UploadDir {
        /// The folder.
        path: String,
        /// How many bytes of the archive may be sent; no limit if none.
        max_bytes: Option<u64>,
        /// Whether the archive is compressed by gzip.
        gzip: bool,
    },
    /// Takes a file: it [asks](super::CommandEvent::Read) for its bytes.
    DownloadFile {
        /// Where it goes.
        path: String,
        /// How many bytes may be taken; no limit if none.
        max_bytes: Option<u64>,
        /// Its permissions, as Unix has them.
        mode: Option<u32>,
    },
}

/// A command for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// What to run.
    pub what: What,
    /// Where, relative to the worker's own folder and never outside it; made if it does not exist.
    pub workdir: String,
    /// Variables to set in the worker's own environment. `${NAME}` in a value is the worker's own variable.
    pub env: BTreeMap<String, String>,
    /// Variables to take away from the worker's own environment.
    pub unset_env: Vec<String>,
    /// Its standard input.
    pub stdin: Bytes,
    /// How long it may be without output; no limit if none.
    pub idle_timeout: Option<Duration>,
    /// How long it may run; no limit if none.
    pub total_timeout: Option<Duration>,
    /// How long it has from its stop signal to SIGKILL when it must end.
    pub interrupt_grace: Duration,
    /// The signal that asks it to end, without `SIG`; SIGTERM if empty.
    pub stop_signal: String,
    /// Whether it runs on a terminal of its own.
    pub pty: bool,
    /// How many lines it may write; no limit if none.
    pub max_lines: Option<u64>,
    /// The files to follow while it runs.
    pub files: Vec<FollowedFile>,
}

/// A file to which a command writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedFile {
    /// What it is called; no two of a command have the same.
    pub name: String,
    /// Where it is, relative to the command's folder.
    pub path: String,
    /// Whether what is in it before the command is left out.
    pub follow: bool,
}

impl Default for CommandSpec {
    /// Nothing to run yet, in the worker's own folder, without limits, with a grace of 10 s.
    fn default() -> Self {
        Self {
            what: What::Argv(Vec::new()),
            workdir: String::new(),
            env: BTreeMap::new(),
            unset_env: Vec::new(),
            stdin: Bytes::new(),
            idle_timeout: None,
            total_timeout: None,
            interrupt_grace: Duration::from_secs(10),
            stop_signal: String::new(),
            pty: false,
            max_lines: None,
            files: Vec::new(),
        }
    }
}

impl CommandSpec {
    /// The message that starts it.
    ///
    /// # Errors
    /// How it ends if it is too large to be sent.
    pub(super) fn into_start(self, command_id: String, window: usize) -> Result<StartCommand, Outcome> {
        let start = self.into_message(command_id, window);
        let size = start.encoded_len();
        // Half of it is for what goes around the command.
        if size > MAX_MESSAGE / 2 {
            let why = format!("the command with its environment and input is too large: {size} bytes");
            return Err(Outcome::CouldNotStart(why));
        }
        Ok(start)
    }

    fn into_message(self, command_id: String, window: usize) -> StartCommand {
        StartCommand {
            command_id,
            what: Some(match self.what {
                What::Argv(words) => start_command::What::Argv(Argv { words }),
                What::Script(script) => start_command::What::Script(script),
                What::Files(files) => files.into_message(),
            }),
            workdir: self.workdir,
            environment: Some(Environment {
                set: self.env,
                unset: self.unset_env,
            }),
            idle_timeout_ms: limit(self.idle_timeout),
            total_timeout_ms: limit(self.total_timeout),
            interrupt_grace_ms: millis(self.interrupt_grace),
            stdin: self.stdin,
            window_bytes: window as u64,
            pty: self.pty,
            stop_signal: self.stop_signal,
            max_lines: self.max_lines.unwrap_or_default(),
            files: self
                .files
                .into_iter()
                .map(|file| WatchedFile {
                    name: file.name,
                    path: file.path,
                    follow: file.follow,
                })
                .collect(),
        }
    }
}

impl FileCommand {
    fn into_message(self) -> start_command::What {
        use start_command::What;
        let bytes = Option::unwrap_or_default;
        match self {
            Self::MakeDirs(paths) => What::MakeDirs(Paths { paths }),
            Self::RemoveDirs(paths) => What::RemoveDirs(Paths { paths }),
            Self::CopyDir { from, to } => What::CopyDir(CopyDir { from, to }),
            Self::RemoveFile(path) => What::RemoveFile(path),
            Self::Stat(path) => What::Stat(path),
            Self::Glob(pattern) => What::Glob(pattern),
            Self::ListDir(path) => What::ListDir(path),
            Self::UploadFile { path, max_bytes } => What::UploadFile(Upload {
                path,
                max_bytes: bytes(max_bytes),
                gzip: false,
            }),
            Self::UploadDir {
                path,
                max_bytes,
                gzip,
            } => What::UploadDir(Upload {
                path,
                max_bytes: bytes(max_bytes),
                gzip,
            }),
            Self::DownloadFile {
                path,
                max_bytes,
                mode,
            } => What::DownloadFile(Download {
                path,
                max_bytes: bytes(max_bytes),
                mode,
            }),
        }
    }
}

/// A limit for the wire, where 0 means none: the shortest one that can be told is 1 ms.
fn limit(limit: Option<Duration>) -> u64 {
    limit.map_or(0, |it| millis(it).max(1))
}

/// A duration for the wire.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_zero_and_a_limit_never_is() {
        assert_eq!(limit(None), 0);
        assert_eq!(limit(Some(Duration::ZERO)), 1);
        assert_eq!(limit(Some(Duration::from_secs(1200))), 1_200_000);
    }
}
