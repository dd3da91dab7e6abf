//! Changes, and the commits that they are.

use weir_status_api::{CodebaseId, CommitId, Properties, Timestamp};

use super::KeptState;

/// A change to be recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewChange {
    /// Who wrote it.
    pub author: String,
    /// Who committed it.
    pub committer: Option<String>,
    /// The files it touches.
    pub files: Vec<String>,
    /// Its message.
    pub comments: String,
    /// The revision it made.
    pub revision: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Where to read it.
    pub revlink: Option<String>,
    /// Its properties.
    pub properties: Properties,
    /// The repository's URL.
    pub repository: String,
    /// The project.
    pub project: String,
    /// The codebase.
    pub codebase: String,
    /// When it was made.
    pub when: Timestamp,
    /// The commit that it is, to be recorded with it; its branch is there then.
    pub commit: Option<ChangeCommit>,
    /// State to keep with it in the same transaction (a poller's last revisions).
    pub state: Option<KeptState>,
}

/// The commit that a change is; the change says the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCommit {
    /// Its codebase.
    pub codebase: CodebaseId,
    /// The revision before it, of a merge the first; left out if its commit is not recorded.
    pub parent: Option<String>,
}

/// A commit to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit {
    /// Its codebase.
    pub codebase: CodebaseId,
    /// Who wrote it.
    pub author: String,
    /// Who committed it, if that is known to be another.
    pub committer: Option<String>,
    /// Its message.
    pub comments: String,
    /// When it was made.
    pub when: Timestamp,
    /// Its revision, unique within its codebase.
    pub revision: String,
    /// The commit before it; of a merge the first.
    pub parent: Option<CommitId>,
}
