//! Source stamps and changes.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Change, ChangeId, Patch, PatchId, SourceStamp, SourceStampId, Timestamp};

use super::super::{Conn, Db};
use super::from_json;
use crate::error::{Error, Result};
use crate::schema::{changes, patches, source_stamps};

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = patches, check_for_backend(Db))]
struct PatchRow {
    id: i64,
    level: i32,
    subdir: String,
    author: String,
    comment: String,
    body: Vec<u8>,
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = source_stamps, check_for_backend(Db))]
pub(crate) struct SourceStampRow {
    pub(crate) id: i64,
    pub(crate) revision: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) repository: String,
    pub(crate) project: String,
    pub(crate) codebase: String,
    pub(crate) created_at: i64,
    pub(crate) patch: Option<i64>,
}

/// The source stamps of the rows, in their order, with their patches.
pub(crate) async fn source_stamps(conn: &mut Conn, rows: Vec<SourceStampRow>) -> Result<Vec<SourceStamp>> {
    let ids: Vec<i64> = rows.iter().filter_map(|row| row.patch).collect();
    let mut found = HashMap::new();
    if !ids.is_empty() {
        let rows = patches::table
            .filter(patches::id.eq_any(ids))
            .select(PatchRow::as_select())
            .load(conn)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows
        .into_iter()
        .map(|row| SourceStamp {
            id: SourceStampId(row.id),
            revision: row.revision,
            branch: row.branch,
            repository: row.repository,
            project: row.project,
            codebase: row.codebase,
            created_at: Timestamp(row.created_at),
            patch: row.patch.and_then(|id| found.get(&id)).map(|patch| Patch {
                id: PatchId(patch.id),
                level: patch.level,
                subdir: patch.subdir.clone(),
                author: patch.author.clone(),
                comment: patch.comment.clone(),
                body: patch.body.clone(),
            }),
        })
        .collect())
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = changes, check_for_backend(Db))]
pub(crate) struct ChangeRow {
    pub(crate) id: i64,
    pub(crate) parents_json: String,
    pub(crate) author: String,
    pub(crate) committer: Option<String>,
    pub(crate) files_json: String,
    pub(crate) comments: String,
    pub(crate) revision: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) revlink: Option<String>,
    pub(crate) properties_json: String,
    pub(crate) repository: String,
    pub(crate) project: String,
    pub(crate) codebase: String,
    pub(crate) source_stamp: i64,
    pub(crate) made_at: i64,
}

/// The changes of the rows, in their order, with their source stamps.
pub(crate) async fn changes(conn: &mut Conn, rows: Vec<ChangeRow>) -> Result<Vec<Change>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.source_stamp).collect();
    let found = source_stamps::table
        .filter(source_stamps::id.eq_any(ids))
        .select(SourceStampRow::as_select())
        .load(conn)
        .await?;
    let stamps: HashMap<i64, SourceStamp> = source_stamps(conn, found)
        .await?
        .into_iter()
        .map(|stamp| (stamp.id.0, stamp))
        .collect();
    rows.into_iter()
        .map(|row| {
            let source_stamp = stamps
                .get(&row.source_stamp)
                .cloned()
                .ok_or_else(|| Error::data(format!("change {} has no source stamp", row.id)))?;
            Ok(Change {
                id: ChangeId(row.id),
                parents: from_json("changes.parents_json", &row.parents_json)?,
                author: row.author,
                committer: row.committer,
                files: from_json("changes.files_json", &row.files_json)?,
                comments: row.comments,
                revision: row.revision,
                branch: row.branch,
                category: row.category,
                revlink: row.revlink,
                properties: from_json("changes.properties_json", &row.properties_json)?,
                repository: row.repository,
                project: row.project,
                codebase: row.codebase,
                source_stamp,
                when: Timestamp(row.made_at),
            })
        })
        .collect()
}
