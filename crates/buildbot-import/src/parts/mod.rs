//! The parts of a database, in the order in which they refer to each other, read piece by piece.

mod builds;
mod logs;
mod outcomes;
mod requests;
mod setup;
mod sources;

use weir_status_api::Timestamp;
use weir_status_db::History;

use crate::closing::Closing;
use crate::error::Result;
use crate::known::Known;
use crate::note::Note;
use crate::source::Source;

/// A part: what it is called, and the table whose rows it goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its name, for notes and for people.
    pub(crate) name: &'static str,
    /// Buildbot's table.
    pub(crate) table: &'static str,
}

const fn part(name: &'static str, table: &'static str) -> Part {
    Part { name, table }
}

/// All of them.
pub(crate) const PARTS: [Part; 15] = [
    part("setup", "builders"),
    part("commits", "codebase_commits"),
    part("branches", "codebase_branches"),
    part("patches", "patches"),
    part("source stamps", "sourcestamps"),
    part("changes", "changes"),
    part("buildsets", "buildsets"),
    part("build requests", "buildrequests"),
    part("builds", "builds"),
    part("steps", "steps"),
    part("logs", "logs"),
    part("contents of logs", "logchunks"),
    part("build data", "build_data"),
    part("test result sets", "test_result_sets"),
    part("test results", "test_results"),
];

/// Reads parts.
pub(crate) struct Parts {
    pub(crate) source: Source,
    pub(crate) known: Known,
    pub(crate) closing: Closing,
    /// The worker of builds whose worker is not known any more.
    pub(crate) lost_worker: i64,
    /// Whether damaged chunks of logs are replaced.
    pub(crate) replace_damaged: bool,
    /// When the import was begun: what was under way ended then.
    pub(crate) at: Timestamp,
}

impl Parts {
    /// The next piece of a part; the note is moved on, and says whether there is more.
    pub(crate) async fn next(&mut self, part: Part, note: &mut Note) -> Result<History> {
        let before = note.read;
        let history = match part.table {
            "builders" => self.setup(note).await,
            "codebase_commits" => self.commits(note).await,
            "codebase_branches" => self.branches(note).await,
            "patches" => self.patches(note).await,
            "sourcestamps" => self.source_stamps(note).await,
            "changes" => self.changes(note).await,
            "buildsets" => self.buildsets(note).await,
            "buildrequests" => self.build_requests(note).await,
            "builds" => self.builds(note).await,
            "steps" => self.steps(note).await,
            "logs" => self.logs(note).await,
            "logchunks" => self.lines(note).await,
            "build_data" => self.build_data(note).await,
            "test_result_sets" => self.test_result_sets(note).await,
            _ => self.test_results(note).await,
        }?;
        note.done |= note.read == before;
        Ok(history)
    }
}
