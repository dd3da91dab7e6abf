//! Changes, source stamps and patches.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use weir_status_api::{Change, ChangeId, Patch, PatchId, SourceStamp, SourceStampId};

use super::{Fields, Form, FormError, Object, properties_from_json};

impl Form for SourceStamp {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("ssid", self.id.0)
            .set("revision", self.revision.as_ref())
            .set("branch", self.branch.as_ref())
            .set("repository", self.repository.as_str())
            .set("project", self.project.as_str())
            .set("codebase", self.codebase.as_str())
            .time("created_at", self.created_at)
            .set("patch", self.patch.as_ref().map(Form::object))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("sourcestamp", value)?;
        let patch = match fields.value("patch") {
            Value::Null => None,
            patch => Some(Patch::from_json(patch)?),
        };
        Ok(Self {
            id: SourceStampId(fields.int("ssid")?),
            revision: fields.maybe_text("revision")?,
            branch: fields.maybe_text("branch")?,
            repository: fields.text("repository")?,
            project: fields.text("project")?,
            codebase: fields.text("codebase")?,
            created_at: fields.time("created_at")?,
            patch,
        })
    }
}

impl Form for Patch {
    /// `body` is null, as Buildbot's encoder makes it; `body_base64` has it.
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("patchid", self.id.0)
            .set("level", self.level)
            .set("subdir", self.subdir.as_str())
            .set("author", self.author.as_str())
            .set("comment", self.comment.as_str())
            .set("body", Value::Null)
            .set("body_base64", STANDARD.encode(&self.body))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("patch", value)?;
        let body = fields.maybe_text("body_base64")?.unwrap_or_default();
        Ok(Self {
            id: PatchId(fields.int("patchid")?),
            level: fields.small_int("level")?,
            subdir: fields.text("subdir")?,
            author: fields.text("author")?,
            comment: fields.text("comment")?,
            body: STANDARD
                .decode(body)
                .map_err(|_| fields.bad("body_base64", "base64"))?,
        })
    }
}

impl Form for Change {
    /// No `revlink` is an empty one, as Buildbot has it.
    fn object(&self) -> Object<'_> {
        let parents: Vec<i64> = self.parents.iter().map(|id| id.0).collect();
        Object::new()
            .set("changeid", self.id.0)
            .set("parent_changeids", parents)
            .set("author", self.author.as_str())
            .set("committer", self.committer.as_ref())
            .set("files", &self.files)
            .set("comments", self.comments.as_str())
            .set("revision", self.revision.as_ref())
            .set("branch", self.branch.as_ref())
            .set("category", self.category.as_ref())
            .set("revlink", self.revlink.as_deref().unwrap_or_default())
            .set("properties", &self.properties)
            .set("repository", self.repository.as_str())
            .set("project", self.project.as_str())
            .set("codebase", self.codebase.as_str())
            .set("sourcestamp", self.source_stamp.object())
            .time("when_timestamp", self.when)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("change", value)?;
        Ok(Self {
            id: ChangeId(fields.int("changeid")?),
            parents: fields
                .ints("parent_changeids")?
                .into_iter()
                .map(ChangeId)
                .collect(),
            author: fields.text("author")?,
            committer: fields.maybe_text("committer")?,
            files: fields.texts("files")?,
            comments: fields.text("comments")?,
            revision: fields.maybe_text("revision")?,
            branch: fields.maybe_text("branch")?,
            category: fields.maybe_text("category")?,
            revlink: fields.maybe_text("revlink")?.filter(|link| !link.is_empty()),
            properties: properties_from_json(fields.value("properties"))?,
            repository: fields.text("repository")?,
            project: fields.text("project")?,
            codebase: fields.text("codebase")?,
            source_stamp: fields.resource("sourcestamp")?,
            when: fields.time("when_timestamp")?,
        })
    }
}
