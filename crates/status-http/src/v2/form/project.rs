//! Projects, codebases, branches and commits.

use serde_json::Value;
use weir_status_api::{Branch, BranchId, Codebase, CodebaseId, Commit, CommitId, Project, ProjectId};

use super::{Fields, Form, FormError, Object};

impl Form for Project {
    /// `description_html` is null: whoever shows the description renders it. `active` is always told, where
    /// Buildbot tells it only to those who filter by it.
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("projectid", self.id.0)
            .set("name", self.name.as_str())
            .set("slug", self.slug.as_str())
            .set("active", self.active)
            .set("description", self.description.as_ref())
            .set("description_format", self.description_format.as_ref())
            .set("description_html", Value::Null)
            .done()
    }

    /// Where a Buildbot master does not tell whether it is active, it counts as active.
    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("project", value)?;
        Ok(Self {
            id: ProjectId(fields.int("projectid")?),
            name: fields.text("name")?,
            slug: fields.text("slug")?,
            description: fields.maybe_text("description")?,
            description_format: fields.maybe_text("description_format")?,
            active: fields.maybe_flag("active")?.unwrap_or(true),
        })
    }
}

impl Form for Codebase {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("codebaseid", self.id.0)
            .set("projectid", self.project.0)
            .set("name", self.name.as_str())
            .set("slug", self.slug.as_str())
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("codebase", value)?;
        Ok(Self {
            id: CodebaseId(fields.int("codebaseid")?),
            project: ProjectId(fields.int("projectid")?),
            name: fields.text("name")?,
            slug: fields.text("slug")?,
        })
    }
}

impl Form for Branch {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("branchid", self.id.0)
            .set("codebaseid", self.codebase.0)
            .set("name", self.name.as_str())
            .set("commitid", self.commit.map(|id| id.0))
            .time("last_timestamp", self.last_moved_at)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("branch", value)?;
        Ok(Self {
            id: BranchId(fields.int("branchid")?),
            codebase: CodebaseId(fields.int("codebaseid")?),
            name: fields.text("name")?,
            commit: fields.maybe_int("commitid")?.map(CommitId),
            last_moved_at: fields.time("last_timestamp")?,
        })
    }
}

impl Form for Commit {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("commitid", self.id.0)
            .set("codebaseid", self.codebase.0)
            .set("author", self.author.as_str())
            .set("committer", self.committer.as_ref())
            .set("comments", self.comments.as_str())
            .time("when_timestamp", self.when)
            .set("revision", self.revision.as_str())
            .set("parent_commitid", self.parent.map(|id| id.0))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("commit", value)?;
        Ok(Self {
            id: CommitId(fields.int("commitid")?),
            codebase: CodebaseId(fields.int("codebaseid")?),
            author: fields.text("author")?,
            committer: fields.maybe_text("committer")?,
            comments: fields.text("comments")?,
            when: fields.time("when_timestamp")?,
            revision: fields.text("revision")?,
            parent: fields.maybe_int("parent_commitid")?.map(CommitId),
        })
    }
}
