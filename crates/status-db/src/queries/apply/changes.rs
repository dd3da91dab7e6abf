//! Changes and the source stamps they give.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{ChangeId, Patch, PatchId, SourceStamp, SourceStampId, Verb};

use super::super::rows::{ChangeRow, changes as assemble, to_json};
use super::{Tx, kept_states, projects};
use crate::error::{Error, Result};
use crate::schema::{changes, patches, source_stamps};
use crate::texts::{check, cut};
use crate::transition::{MAX_PATCH, NewChange, NewPatch, NewSourceStamp};

pub(super) async fn add(tx: &mut Tx<'_>, new: &NewChange) -> Result<ChangeId> {
    check("category", new.category.as_deref())?;
    let stamp = source_stamp(
        tx,
        &NewSourceStamp {
            revision: new.revision.clone(),
            branch: new.branch.clone(),
            repository: new.repository.clone(),
            project: new.project.clone(),
            codebase: new.codebase.clone(),
            patch: None,
        },
    )
    .await?;
    let parents = parents(tx, new).await?;
    let row = diesel::insert_into(changes::table)
        .values((
            changes::parents_json.eq(to_json(&parents)?),
            (
                changes::author.eq(cut(&new.author)),
                changes::committer.eq(new.committer.as_deref().map(cut)),
                changes::files_json.eq(to_json(&new.files)?),
                changes::comments.eq(&new.comments),
                changes::revision.eq(&new.revision),
                changes::branch.eq(&new.branch),
                changes::category.eq(&new.category),
                changes::revlink.eq(&new.revlink),
            ),
            changes::properties_json.eq(to_json(&new.properties)?),
            changes::repository.eq(&new.repository),
            changes::project.eq(&new.project),
            changes::codebase.eq(&new.codebase),
            changes::source_stamp.eq(stamp.0),
            changes::made_at.eq(new.when.0),
            changes::received_at.eq(tx.at.0),
        ))
        .returning(ChangeRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let id = ChangeId(row.id);
    for change in assemble(tx.conn, vec![row]).await? {
        tx.emit(Verb::New, change);
    }
    if let Some(commit) = &new.commit {
        projects::add_commit_of(tx, new, commit).await?;
    }
    if let Some(state) = &new.state {
        kept_states::keep(tx, state).await?;
    }
    Ok(id)
}

/// The change it follows: the last one of the same branch of the same source.
async fn parents(tx: &mut Tx<'_>, new: &NewChange) -> Result<Vec<i64>> {
    let mut query = changes::table
        .filter(changes::repository.eq(&new.repository))
        .filter(changes::codebase.eq(&new.codebase))
        .filter(changes::project.eq(&new.project))
        .order(changes::id.desc())
        .limit(1)
        .select(changes::id)
        .into_boxed();
    query = match &new.branch {
        Some(branch) => query.filter(changes::branch.eq(branch)),
        None => query.filter(changes::branch.is_null()),
    };
    Ok(query.load(tx.conn).await?)
}

/// The id of the stamp, which is made, with its event, if there is no equal one.
pub(super) async fn source_stamp(tx: &mut Tx<'_>, new: &NewSourceStamp) -> Result<SourceStampId> {
    for (field, text) in [
        ("revision", new.revision.as_deref()),
        ("branch", new.branch.as_deref()),
        ("repository", Some(new.repository.as_str())),
        ("project", Some(new.project.as_str())),
        ("codebase", Some(new.codebase.as_str())),
    ] {
        check(field, text)?;
    }
    let digest = new.digest()?;
    let patch = match &new.patch {
        Some(patch) if !is_known(tx, &digest).await? => Some(add_patch(tx, patch).await?),
        _ => None,
    };
    let made = diesel::insert_into(source_stamps::table)
        .values((
            source_stamps::digest.eq(&digest),
            source_stamps::revision.eq(&new.revision),
            source_stamps::branch.eq(&new.branch),
            source_stamps::repository.eq(&new.repository),
            source_stamps::project.eq(&new.project),
            source_stamps::codebase.eq(&new.codebase),
            source_stamps::created_at.eq(tx.at.0),
            source_stamps::patch.eq(patch.as_ref().map(|it| it.id.0)),
        ))
        .on_conflict(source_stamps::digest)
        .do_nothing()
        .execute(tx.conn)
        .await?;
    let id = source_stamps::table
        .filter(source_stamps::digest.eq(&digest))
        .select(source_stamps::id)
        .first(tx.conn)
        .await
        .map(SourceStampId)?;
    if made > 0 {
        let stamp = SourceStamp {
            id,
            revision: new.revision.clone(),
            branch: new.branch.clone(),
            repository: new.repository.clone(),
            project: new.project.clone(),
            codebase: new.codebase.clone(),
            created_at: tx.at,
            patch,
        };
        tx.emit(Verb::New, stamp);
    } else if let Some(patch) = patch {
        // Another master made the stamp at the same time, with a patch of its own.
        diesel::delete(patches::table.find(patch.id.0))
            .execute(tx.conn)
            .await?;
    }
    Ok(id)
}

async fn is_known(tx: &mut Tx<'_>, digest: &str) -> Result<bool> {
    let known = source_stamps::table
        .filter(source_stamps::digest.eq(digest))
        .select(source_stamps::id)
        .first::<i64>(tx.conn);
    Ok(known.await.optional()?.is_some())
}

async fn add_patch(tx: &mut Tx<'_>, new: &NewPatch) -> Result<Patch> {
    if new.body.len() > MAX_PATCH {
        let why = format_args!("a patch of {} bytes; {MAX_PATCH} are the most", new.body.len());
        return Err(Error::invalid("patch", why));
    }
    check("subdir", Some(&new.subdir))?;
    let author = cut(&new.author);
    let id = diesel::insert_into(patches::table)
        .values((
            patches::level.eq(new.level),
            patches::subdir.eq(&new.subdir),
            patches::author.eq(&*author),
            patches::comment.eq(&new.comment),
            patches::body.eq(&new.body),
        ))
        .returning(patches::id)
        .get_result(tx.conn)
        .await
        .map(PatchId)?;
    Ok(Patch {
        id,
        level: new.level,
        subdir: new.subdir.clone(),
        author: author.into_owned(),
        comment: new.comment.clone(),
        body: new.body.clone(),
    })
}
