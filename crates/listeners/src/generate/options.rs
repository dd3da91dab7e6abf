//! How a generator goes about it.

use super::{Modes, Patterns, ReportKind, Selection};
use crate::format::FormatOptions;
use crate::function::Function;

/// How many bytes go as files with one message, unless given.
const MOST_ATTACHED: usize = 1 << 20;

/// One kind of report of a listener.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// What is told.
    pub kind: ReportKind,
    /// Which results of it.
    pub modes: Modes,
    /// Of which builds.
    pub selection: Selection,
    /// Is asked beside all of these: told the context of templates, it gives true or false.
    pub when: Option<Function>,
    /// In which words.
    pub format: FormatOptions,
    /// What is shown of logs, and goes with the message.
    pub files: FileOptions,
}

/// What a report shows of logs, and which files go with it.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// How many lines are shown of the end of each log of a step that did not go well.
    pub excerpt_lines: u32,
    /// The names of logs that go with it as files; none if there is nothing here.
    pub logs: Option<Patterns>,
    /// Whether patches go with it as files.
    pub patch: bool,
    /// How many bytes the files have together at the most; of each log its end is taken.
    pub most: usize,
}

impl Default for FileOptions {
    /// No lines and no files, and 1 MiB of them.
    fn default() -> Self {
        Self {
            excerpt_lines: 0,
            logs: None,
            patch: false,
            most: MOST_ATTACHED,
        }
    }
}

impl ReportOptions {
    /// All that happens of this, in the default words.
    pub fn new(kind: ReportKind) -> Self {
        Self {
            kind,
            modes: Modes::default(),
            selection: Selection::default(),
            when: None,
            format: FormatOptions::default(),
            files: FileOptions::default(),
        }
    }
}
