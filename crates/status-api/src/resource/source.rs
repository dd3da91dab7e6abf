//! What is built: changes and source stamps.

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{ChangeId, PatchId, Properties, SourceStampId, Timestamp};

/// A patch upon a revision (Buildbot's `patch`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Its id.
    pub id: PatchId,
    /// How many leading path parts to strip.
    pub level: i32,
    /// The folder it is applied in.
    pub subdir: String,
    /// Who made it.
    pub author: String,
    /// What it does.
    pub comment: String,
    /// The diff, as it came.
    pub body: Vec<u8>,
}

/// Which source exactly (Buildbot's `sourcestamp`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStamp {
    /// Its id.
    pub id: SourceStampId,
    /// The revision; none for the newest.
    pub revision: Option<String>,
    /// The branch; none for the default one.
    pub branch: Option<String>,
    /// The repository's URL, may be empty.
    pub repository: String,
    /// The project, may be empty.
    pub project: String,
    /// The codebase, may be empty.
    pub codebase: String,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// A patch upon it.
    pub patch: Option<Patch>,
}

fields! {
    /// Fields of a [`SourceStamp`].
    SourceStampField {
        /// [`SourceStamp::id`].
        Id: Int = "id",
        /// [`SourceStamp::revision`].
        Revision: Text = "revision",
        /// [`SourceStamp::branch`].
        Branch: Text = "branch",
        /// [`SourceStamp::repository`].
        Repository: Text = "repository",
        /// [`SourceStamp::project`].
        Project: Text = "project",
        /// [`SourceStamp::codebase`].
        Codebase: Text = "codebase",
        /// [`SourceStamp::created_at`].
        CreatedAt: Time = "created_at",
        /// Belongs to this buildset; equality only.
        Buildset: Int = "buildset" (relation),
    }
}

/// A change to the source (Buildbot's `change`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// The changes it follows.
    pub parents: Vec<ChangeId>,
    /// Who wrote it, `Name <mail>`.
    pub author: String,
    /// Who committed it.
    pub committer: Option<String>,
    /// The files it touches.
    pub files: Vec<String>,
    /// The commit's message.
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
    /// The source it gives.
    pub source_stamp: SourceStamp,
    /// When it was made.
    pub when: Timestamp,
}

fields! {
    /// Fields of a [`Change`].
    ChangeField {
        /// [`Change::id`].
        Id: Int = "id",
        /// [`Change::author`].
        Author: Text = "author",
        /// [`Change::committer`].
        Committer: Text = "committer",
        /// [`Change::comments`].
        Comments: Text = "comments",
        /// [`Change::revision`].
        Revision: Text = "revision",
        /// [`Change::branch`].
        Branch: Text = "branch",
        /// [`Change::category`].
        Category: Text = "category",
        /// [`Change::repository`].
        Repository: Text = "repository",
        /// [`Change::project`].
        Project: Text = "project",
        /// [`Change::codebase`].
        Codebase: Text = "codebase",
        /// [`Change::when`].
        When: Time = "when",
        /// [`Change::source_stamp`]'s id.
        SourceStamp: Int = "source_stamp",
        /// Is built in this build; equality only.
        Build: Int = "build" (relation),
    }
}
