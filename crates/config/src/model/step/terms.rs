//! How a command runs and ends.

use std::time::Duration;

use crate::text::Text;

/// How the commands of a step run and end, beyond their limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// They run on a terminal of their own (Buildbot's `usePTY`).
    pub pty: bool,
    /// The signal that asks them to end, without `SIG` (Buildbot's `interruptSignal`); SIGTERM if none.
    pub stop_signal: Option<String>,
    /// How long they have then until they are killed (Buildbot's `sigtermTime`); 10 s if none.
    pub stop_grace: Option<Duration>,
    /// How many lines they may write; they are ended beyond that (Buildbot's `max_lines`). No limit if none.
    pub max_lines: Option<u64>,
    /// The files that they write and whose content has logs of its own (Buildbot's `logfiles`).
    pub log_files: Vec<LogFile>,
    /// Whether such a log is opened only when there is something in it (Buildbot's `lazylogfiles`).
    pub lazy_log_files: bool,
    /// Their standard input (Buildbot's `initialStdin`); empty if none.
    pub stdin: Option<Text>,
}

/// A file that a command writes, and that is shown as a log of its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// The log's name, unique within the step and not `stdio`.
    pub name: String,
    /// The file, relative to the step's folder.
    pub path: Text,
    /// Whether what is in it before the command is left out.
    pub follow: bool,
}
