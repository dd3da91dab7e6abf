//! Projects and codebases, as a master has them configured, and what is seen of codebases: commits and branches.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BranchId, CodebaseId, CommitId, ProjectId, Verb};

use super::super::rows::{
    BranchRow, CodebaseRow, CommitRow, ProjectRow, active_projects, projects as assemble,
};
use super::{Tx, found};
use crate::error::{Error, Result};
use crate::schema::{branches, codebases, commits, projects};
use crate::texts::{check, cut};
use crate::transition::{ChangeCommit, CodebaseSetup, NewChange, NewCommit, ProjectSetup};

/// The projects while a configuration is stored: who is active can change with each builder.
pub(super) struct Projects {
    /// Those that were named so far, by slug.
    ids: BTreeMap<String, ProjectId>,
    /// Those whose own rows changed.
    changed: BTreeSet<i64>,
    /// Those that were active before.
    active: HashSet<i64>,
}

impl Projects {
    /// Stores the projects that are configured.
    pub(super) async fn configure(tx: &mut Tx<'_>, wanted: &[ProjectSetup]) -> Result<Self> {
        let mut this = Self {
            ids: BTreeMap::new(),
            changed: BTreeSet::new(),
            active: active(tx).await?,
        };
        for setup in wanted {
            let (id, changed) = store_project(tx, setup).await?;
            this.ids.insert(setup.slug.clone(), ProjectId(id));
            if changed {
                this.changed.insert(id);
            }
        }
        Ok(this)
    }

    /// The project of that slug: one of the configuration, or one that was known before.
    pub(super) async fn of_slug(&mut self, tx: &mut Tx<'_>, slug: &str) -> Result<ProjectId> {
        if let Some(id) = self.ids.get(slug) {
            return Ok(*id);
        }
        let known = projects::table
            .filter(projects::slug.eq(slug))
            .select(projects::id)
            .first::<i64>(tx.conn)
            .await
            .optional()?;
        let id = ProjectId(found(known, format_args!("project `{slug}`"))?);
        self.ids.insert(slug.to_owned(), id);
        Ok(id)
    }

    /// Emits the projects that changed, or that became active or ceased to be, once the builders are stored;
    /// gives the ids of those that are `wanted`.
    pub(super) async fn emit(
        mut self,
        tx: &mut Tx<'_>,
        wanted: &[ProjectSetup],
    ) -> Result<BTreeMap<String, ProjectId>> {
        let now = active(tx).await?;
        let mut changed = self.changed;
        changed.extend(self.active.symmetric_difference(&now));
        let rows = projects::table
            .filter(projects::id.eq_any(changed))
            .order(projects::id)
            .select(ProjectRow::as_select())
            .load(tx.conn)
            .await?;
        for project in assemble(tx.conn, rows).await? {
            tx.emit(Verb::Update, project);
        }
        self.ids
            .retain(|slug, _| wanted.iter().any(|it| it.slug == *slug));
        Ok(self.ids)
    }
}

async fn active(tx: &mut Tx<'_>) -> Result<HashSet<i64>> {
    let all: Vec<i64> = projects::table.select(projects::id).load(tx.conn).await?;
    active_projects(tx.conn, &all).await
}

/// The project's id, and whether its row is new or changed.
async fn store_project(tx: &mut Tx<'_>, setup: &ProjectSetup) -> Result<(i64, bool)> {
    let old = projects::table
        .filter(projects::slug.eq(&setup.slug))
        .select(ProjectRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    if let Some(old) = old
        && old.name == setup.name
        && old.description == setup.description
        && old.description_format == setup.description_format
    {
        return Ok((old.id, false));
    }
    let rest = (
        projects::name.eq(&setup.name),
        projects::description.eq(&setup.description),
        projects::description_format.eq(&setup.description_format),
    );
    let id = diesel::insert_into(projects::table)
        .values((projects::slug.eq(&setup.slug), rest))
        .on_conflict(projects::slug)
        .do_update()
        .set(rest)
        .returning(projects::id)
        .get_result(tx.conn)
        .await?;
    Ok((id, true))
}

/// Stores the codebases that are configured.
pub(super) async fn configure_codebases(
    tx: &mut Tx<'_>,
    projects: &mut Projects,
    wanted: &[CodebaseSetup],
) -> Result<BTreeMap<(String, String), CodebaseId>> {
    let mut ids = BTreeMap::new();
    for setup in wanted {
        let project = projects.of_slug(tx, &setup.project).await?;
        let id = store_codebase(tx, project, setup).await?;
        ids.insert((setup.project.clone(), setup.slug.clone()), id);
    }
    Ok(ids)
}

async fn store_codebase(tx: &mut Tx<'_>, project: ProjectId, setup: &CodebaseSetup) -> Result<CodebaseId> {
    let old = codebases::table
        .filter(
            codebases::project
                .eq(project.0)
                .and(codebases::slug.eq(&setup.slug)),
        )
        .select(CodebaseRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    if let Some(old) = old
        && old.name == setup.name
    {
        return Ok(CodebaseId(old.id));
    }
    let row = diesel::insert_into(codebases::table)
        .values((
            codebases::project.eq(project.0),
            codebases::slug.eq(&setup.slug),
            codebases::name.eq(&setup.name),
        ))
        .on_conflict((codebases::project, codebases::slug))
        .do_update()
        .set(codebases::name.eq(&setup.name))
        .returning(CodebaseRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let codebase = row.into_codebase();
    let id = codebase.id;
    tx.emit(Verb::Update, codebase);
    Ok(id)
}

/// Records a commit; one whose revision is known stays as it was.
pub(super) async fn add_commit(tx: &mut Tx<'_>, new: &NewCommit) -> Result<CommitId> {
    check("revision", Some(&new.revision))?;
    existing_codebase(tx, new.codebase).await?;
    if let Some(parent) = new.parent {
        of_codebase(tx, new.codebase, parent, "parent").await?;
    }
    let made = diesel::insert_into(commits::table)
        .values((
            commits::codebase.eq(new.codebase.0),
            commits::author.eq(cut(&new.author)),
            commits::committer.eq(new.committer.as_deref().map(cut)),
            commits::comments.eq(&new.comments),
            commits::made_at.eq(new.when.0),
            commits::revision.eq(&new.revision),
            commits::parent.eq(new.parent.map(|id| id.0)),
        ))
        .on_conflict((commits::codebase, commits::revision))
        .do_nothing()
        .execute(tx.conn)
        .await?;
    let row: CommitRow = commits::table
        .filter(
            commits::codebase
                .eq(new.codebase.0)
                .and(commits::revision.eq(&new.revision)),
        )
        .select(CommitRow::as_select())
        .first(tx.conn)
        .await?;
    let commit = row.into_commit();
    let id = commit.id;
    if made > 0 {
        tx.emit(Verb::New, commit);
    }
    Ok(id)
}

/// Records the commit that the change is, and that the change's branch is there now.
pub(super) async fn add_commit_of(tx: &mut Tx<'_>, change: &NewChange, of: &ChangeCommit) -> Result<()> {
    let Some(revision) = &change.revision else {
        return Err(Error::invalid("revision", "a change that is a commit needs it"));
    };
    let parent = match &of.parent {
        Some(parent) => recorded(tx, of.codebase, parent).await?,
        None => None,
    };
    let new = NewCommit {
        codebase: of.codebase,
        author: change.author.clone(),
        committer: change.committer.clone(),
        comments: change.comments.clone(),
        when: change.when,
        revision: revision.clone(),
        parent,
    };
    let commit = add_commit(tx, &new).await?;
    if let Some(branch) = &change.branch {
        move_branch(tx, of.codebase, branch, Some(commit)).await?;
    }
    Ok(())
}

/// The codebase's commit of that revision, if it is recorded.
async fn recorded(tx: &mut Tx<'_>, codebase: CodebaseId, revision: &str) -> Result<Option<CommitId>> {
    let id = commits::table
        .filter(
            commits::codebase
                .eq(codebase.0)
                .and(commits::revision.eq(revision)),
        )
        .select(commits::id)
        .first(tx.conn)
        .await
        .optional()?;
    Ok(id.map(CommitId))
}

/// Makes the branch, or notes where its head is now.
pub(super) async fn move_branch(
    tx: &mut Tx<'_>,
    codebase: CodebaseId,
    name: &str,
    head: Option<CommitId>,
) -> Result<BranchId> {
    check("name", Some(name))?;
    existing_codebase(tx, codebase).await?;
    if let Some(head) = head {
        of_codebase(tx, codebase, head, "head").await?;
    }
    let head = head.map(|id| id.0);
    let old: Option<(i64, Option<i64>)> = branches::table
        .filter(branches::codebase.eq(codebase.0).and(branches::name.eq(name)))
        .select((branches::id, branches::head))
        .first(tx.conn)
        .await
        .optional()?;
    if let Some((id, old)) = old
        && old == head
    {
        return Ok(BranchId(id));
    }
    let row = diesel::insert_into(branches::table)
        .values((
            branches::codebase.eq(codebase.0),
            branches::name.eq(name),
            branches::head.eq(head),
            branches::last_moved_at.eq(tx.at.0),
        ))
        .on_conflict((branches::codebase, branches::name))
        .do_update()
        .set((branches::head.eq(head), branches::last_moved_at.eq(tx.at.0)))
        .returning(BranchRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let branch = row.into_branch();
    let id = branch.id;
    tx.emit(Verb::Update, branch);
    Ok(id)
}

async fn existing_codebase(tx: &mut Tx<'_>, codebase: CodebaseId) -> Result<()> {
    let known = codebases::table
        .find(codebase.0)
        .select(codebases::id)
        .first::<i64>(tx.conn);
    found(known.await.optional()?, format_args!("codebase {codebase}")).map(drop)
}

/// Refuses a commit that does not exist, or is of another codebase; `field` says what it was given as.
async fn of_codebase(tx: &mut Tx<'_>, codebase: CodebaseId, commit: CommitId, field: &str) -> Result<()> {
    let of = commits::table
        .find(commit.0)
        .select(commits::codebase)
        .first::<i64>(tx.conn);
    let of = found(of.await.optional()?, format_args!("commit {commit}"))?;
    if of == codebase.0 {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format_args!("commit {commit} is of codebase {of}, not of {codebase}"),
    ))
}
