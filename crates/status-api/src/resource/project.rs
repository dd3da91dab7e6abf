//! Where source comes from: projects, their codebases, and what is known of those: branches and commits.

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{BranchId, CodebaseId, CommitId, ProjectId, Timestamp};

/// A project: what builders and codebases are grouped by (Buildbot's `project`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name; any characters.
    pub name: String,
    /// Its name as an identifier, unique.
    pub slug: String,
    /// What it is.
    pub description: Option<String>,
    /// What the description is written in, e.g. `markdown`; plain text if none.
    pub description_format: Option<String>,
    /// Whether a builder of it is configured on a master.
    pub active: bool,
}

fields! {
    /// Fields of a [`Project`].
    ProjectField {
        /// [`Project::id`].
        Id: Int = "id",
        /// [`Project::name`].
        Name: Text = "name",
        /// [`Project::slug`].
        Slug: Text = "slug",
        /// [`Project::description`].
        Description: Text = "description",
        /// [`Project::active`].
        Active: Bool = "active",
    }
}

/// A body of source of a project, with a history of its own (Buildbot's `codebase`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codebase {
    /// Its id.
    pub id: CodebaseId,
    /// Its project.
    pub project: ProjectId,
    /// Its name, unique within its project.
    pub name: String,
    /// Its name as an identifier, unique within its project.
    pub slug: String,
}

fields! {
    /// Fields of a [`Codebase`].
    CodebaseField {
        /// [`Codebase::id`].
        Id: Int = "id",
        /// [`Codebase::project`].
        Project: Int = "project",
        /// [`Codebase::name`].
        Name: Text = "name",
        /// [`Codebase::slug`].
        Slug: Text = "slug",
    }
}

/// A branch of a codebase (Buildbot's `branch`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Its id.
    pub id: BranchId,
    /// Its codebase.
    pub codebase: CodebaseId,
    /// Its name, unique within its codebase.
    pub name: String,
    /// The commit at its head.
    pub commit: Option<CommitId>,
    /// When its head was last seen to move.
    pub last_moved_at: Timestamp,
}

fields! {
    /// Fields of a [`Branch`].
    BranchField {
        /// [`Branch::id`].
        Id: Int = "id",
        /// [`Branch::codebase`].
        Codebase: Int = "codebase",
        /// [`Branch::name`].
        Name: Text = "name",
        /// [`Branch::commit`].
        Commit: Int = "commit",
        /// [`Branch::last_moved_at`].
        LastMovedAt: Time = "last_moved_at",
    }
}

/// A commit of a codebase (Buildbot's `commit`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
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

fields! {
    /// Fields of a [`Commit`].
    CommitField {
        /// [`Commit::id`].
        Id: Int = "id",
        /// [`Commit::codebase`].
        Codebase: Int = "codebase",
        /// [`Commit::author`].
        Author: Text = "author",
        /// [`Commit::committer`].
        Committer: Text = "committer",
        /// [`Commit::comments`].
        Comments: Text = "comments",
        /// [`Commit::when`].
        When: Time = "when",
        /// [`Commit::revision`].
        Revision: Text = "revision",
        /// [`Commit::parent`].
        Parent: Int = "parent",
    }
}
