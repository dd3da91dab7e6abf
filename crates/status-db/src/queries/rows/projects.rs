//! Projects, codebases, branches and commits.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Branch, BranchId, Codebase, CodebaseId, Commit, CommitId, Project, ProjectId, Timestamp,
};

use super::super::{Conn, Db};
use crate::error::Result;
use crate::schema::{branches, builder_masters, builders, codebases, commits, projects};

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = projects, check_for_backend(Db))]
pub(crate) struct ProjectRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) description: Option<String>,
    pub(crate) description_format: Option<String>,
}

/// Those of the projects of which a builder is configured on a master.
pub(crate) async fn active_projects(conn: &mut Conn, ids: &[i64]) -> Result<HashSet<i64>> {
    let ids = ids.iter().copied().map(Some);
    let found: Vec<Option<i64>> = builders::table
        .inner_join(builder_masters::table.on(builder_masters::builder.eq(builders::id)))
        .filter(builders::project.eq_any(ids))
        .select(builders::project)
        .distinct()
        .load(conn)
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The projects of the rows, in their order, and whether each is active.
pub(crate) async fn projects(conn: &mut Conn, rows: Vec<ProjectRow>) -> Result<Vec<Project>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let active = active_projects(conn, &ids).await?;
    let projects = rows.into_iter().map(|row| Project {
        id: ProjectId(row.id),
        name: row.name,
        slug: row.slug,
        description: row.description,
        description_format: row.description_format,
        active: active.contains(&row.id),
    });
    Ok(projects.collect())
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = codebases, check_for_backend(Db))]
pub(crate) struct CodebaseRow {
    pub(crate) id: i64,
    pub(crate) project: i64,
    pub(crate) name: String,
    pub(crate) slug: String,
}

impl CodebaseRow {
    pub(crate) fn into_codebase(self) -> Codebase {
        Codebase {
            id: CodebaseId(self.id),
            project: ProjectId(self.project),
            name: self.name,
            slug: self.slug,
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = branches, check_for_backend(Db))]
pub(crate) struct BranchRow {
    pub(crate) id: i64,
    pub(crate) codebase: i64,
    pub(crate) name: String,
    pub(crate) head: Option<i64>,
    pub(crate) last_moved_at: i64,
}

impl BranchRow {
    pub(crate) fn into_branch(self) -> Branch {
        Branch {
            id: BranchId(self.id),
            codebase: CodebaseId(self.codebase),
            name: self.name,
            commit: self.head.map(CommitId),
            last_moved_at: Timestamp(self.last_moved_at),
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = commits, check_for_backend(Db))]
pub(crate) struct CommitRow {
    pub(crate) id: i64,
    pub(crate) codebase: i64,
    pub(crate) author: String,
    pub(crate) committer: Option<String>,
    pub(crate) comments: String,
    pub(crate) made_at: i64,
    pub(crate) revision: String,
    pub(crate) parent: Option<i64>,
}

impl CommitRow {
    pub(crate) fn into_commit(self) -> Commit {
        Commit {
            id: CommitId(self.id),
            codebase: CodebaseId(self.codebase),
            author: self.author,
            committer: self.committer,
            comments: self.comments,
            when: Timestamp(self.made_at),
            revision: self.revision,
            parent: self.parent.map(CommitId),
        }
    }
}
