//! Patches, source stamps and changes.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use weir_status_api::{ChangeId, Patch, PatchId, Properties, SourceStamp, SourceStampId};
use weir_status_db::{History, ImportedChange, NewChange};

use super::Parts;
use crate::error::{Error, Result};
use crate::note::Note;
use crate::record::{Record, add_property, id};

/// How many rows are read at a time.
const AT_ONCE: usize = 2000;
/// How many patches are, each of which can be long.
const PATCHES_AT_ONCE: usize = 50;

/// The columns of a patch.
const PATCH: [&str; 6] = [
    "#id",
    "#patchlevel",
    "subdir",
    "patch_author",
    "patch_comment",
    "*patch_base64",
];

/// A patch of these columns; none if there is none.
fn patch(it: &mut Record) -> Result<Option<Patch>> {
    let Some(id) = it.opt_int() else {
        return Ok(None);
    };
    let level = i32::try_from(it.int()).unwrap_or(0);
    let (subdir, author, comment) = (it.text(), it.text(), it.text());
    let mut body = it.opt_bytes().unwrap_or_default();
    // Some writers break its lines.
    body.retain(|byte| !byte.is_ascii_whitespace());
    let body = BASE64_STANDARD
        .decode(body)
        .map_err(|error| Error::data(format_args!("patches, row {id}"), error))?;
    Ok(Some(Patch {
        id: PatchId(id),
        level,
        subdir,
        author,
        comment,
        body,
    }))
}

impl Parts {
    /// Patches of try builds.
    pub(super) async fn patches(&mut self, note: &mut Note) -> Result<History> {
        let mut history = History::default();
        let rest = note.next("id", PATCHES_AT_ONCE);
        for mut it in self.source.read("patches", &PATCH, &rest).await? {
            let Some(patch) = patch(&mut it)? else {
                continue;
            };
            (note.after.0, note.read) = (patch.id.0, note.read + 1);
            self.known.add("patches", patch.id.0);
            history.patches.push(patch);
        }
        note.keep("patches", history.patches.len());
        Ok(history)
    }

    /// What was built.
    pub(super) async fn source_stamps(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "revision",
            "branch",
            "repository",
            "project",
            "codebase",
            "#created_at",
        ];
        let others = [("patches", "p", PATCH.as_slice())];
        let rest = format!(
            "LEFT JOIN patches p ON p.id = t.patchid {}",
            note.next("id", AT_ONCE)
        );
        let mut history = History::default();
        let found = self
            .source
            .read_joined("sourcestamps", &columns, &others, &rest)
            .await?;
        for mut it in found {
            let id = id("sourcestamps", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            self.known.add("source_stamps", id);
            history.source_stamps.push(SourceStamp {
                id: SourceStampId(id),
                revision: it.opt_text(),
                branch: it.opt_text(),
                repository: it.text(),
                project: it.text(),
                codebase: it.text(),
                created_at: it.time(),
                patch: patch(&mut it)?,
            });
        }
        note.keep("source_stamps", history.source_stamps.len());
        Ok(history)
    }

    /// Changes, with their files and properties.
    pub(super) async fn changes(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#changeid",
            "#sourcestampid",
            "#parent_changeids",
            "author",
            "committer",
            "comments",
            "revision",
            "branch",
            "category",
            "revlink",
            "repository",
            "project",
            "codebase",
            "#when_timestamp",
        ];
        let after = note.after.0;
        let rest = note.next("changeid", AT_ONCE);
        let found = self.source.read("changes", &columns, &rest).await?;
        let mut changes = Vec::with_capacity(found.len());
        for mut it in found {
            let id = id("changes", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let Some(stamp) = self.known.only("source_stamps", it.opt_int()) else {
                continue;
            };
            self.known.add("changes", id);
            changes.push(ImportedChange {
                id: ChangeId(id),
                source_stamp: SourceStampId(stamp),
                parents: it.opt_int().map(ChangeId).into_iter().collect(),
                change: NewChange {
                    author: it.text(),
                    committer: it.opt_text(),
                    comments: it.text(),
                    revision: it.opt_text(),
                    branch: it.opt_text(),
                    category: it.opt_text(),
                    revlink: it.opt_text(),
                    repository: it.text(),
                    project: it.text(),
                    codebase: it.text(),
                    when: it.time(),
                    ..NewChange::default()
                },
            });
        }
        let range = format!("WHERE t.changeid > {after} AND t.changeid <= {}", note.after.0);
        let mut files: HashMap<i64, Vec<String>> = HashMap::new();
        let columns = ["#changeid", "filename"];
        for mut it in self.source.read("change_files", &columns, &range).await? {
            files.entry(it.int()).or_default().push(it.text());
        }
        let mut properties: HashMap<i64, Properties> = HashMap::new();
        let columns = ["#changeid", "property_name", "property_value"];
        for mut it in self.source.read("change_properties", &columns, &range).await? {
            let of_change = properties.entry(it.int()).or_default();
            let name = it.text();
            add_property(of_change, name, it.property());
        }
        for it in &mut changes {
            it.change.files = files.remove(&it.id.0).unwrap_or_default();
            it.change.properties = properties.remove(&it.id.0).unwrap_or_default();
        }
        note.keep("changes", changes.len());
        Ok(History {
            changes,
            ..History::default()
        })
    }
}
