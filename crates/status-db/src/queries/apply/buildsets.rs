//! Buildsets are made, with their requests.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildId, BuildRequestId, BuilderId, BuildsetId, Verb};

use super::super::Conn;
use super::super::rows::{BuildRequestRow, BuildsetRow, buildsets as assemble, to_json};
use super::force_keys::{self, Made};
use super::{Tx, changes, found, kept_states, requests};
use crate::error::{Error, Result};
use crate::schema::{
    build_requests, builders, buildset_changes, buildset_sources, buildsets, changes as changes_table,
    source_stamps,
};
use crate::texts::check;
use crate::transition::{BuildsetSource, NewBuildset};

/// Makes the buildset and one request per builder. Without builders it is complete at once.
pub(super) async fn add(tx: &mut Tx<'_>, new: &NewBuildset) -> Result<Made> {
    check("external_id", new.external_id.as_deref())?;
    let row = diesel::insert_into(buildsets::table)
        .values((
            buildsets::external_id.eq(&new.external_id),
            buildsets::reason.eq(&new.reason),
            buildsets::rebuilt_build.eq(new.rebuilt_build.map(|id| id.0)),
            buildsets::submitted_at.eq(tx.at.0),
            buildsets::parent_build.eq(new.parent.as_ref().map(|(id, _)| id.0)),
            buildsets::parent_relationship.eq(new.parent.as_ref().map(|(_, how)| how)),
            buildsets::properties_json.eq(to_json(&new.properties)?),
        ))
        .returning(BuildsetRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let id = BuildsetId(row.id);
    link_sources(tx, id, &new.sources).await?;
    link_changes(tx, id, new).await?;
    let requests = add_requests(tx, id, new).await?;
    for buildset in assemble(tx.conn, vec![row]).await? {
        tx.emit(Verb::New, buildset);
    }
    if requests.is_empty() {
        requests::end_buildset(tx, id).await?;
    }
    if let Some(state) = &new.state {
        kept_states::keep(tx, state).await?;
    }
    Ok((id, requests))
}

/// Makes the buildset, or tells what the same build made with the key.
pub(super) async fn trigger(tx: &mut Tx<'_>, key: &str, new: &NewBuildset) -> Result<Made> {
    let Some((parent, _)) = &new.parent else {
        return Err(Error::data("a build triggers a buildset that names no parent"));
    };
    check("key", Some(key))?;
    if let Some(made) = triggered(tx.conn, *parent, key).await? {
        return Ok(made);
    }
    let made = add(tx, new).await?;
    diesel::update(buildsets::table.find(made.0.0))
        .set(buildsets::parent_key.eq(key))
        .execute(tx.conn)
        .await?;
    Ok(made)
}

/// What the build made with the key, if it did.
pub(crate) async fn triggered(conn: &mut Conn, parent: BuildId, key: &str) -> Result<Option<Made>> {
    let made = buildsets::table
        .filter(buildsets::parent_build.eq(parent.0))
        .filter(buildsets::parent_key.eq(key))
        .select(buildsets::id)
        .first::<i64>(conn)
        .await
        .optional()?;
    match made {
        Some(made) => force_keys::made(conn, BuildsetId(made)).await.map(Some),
        None => Ok(None),
    }
}

async fn link_sources(tx: &mut Tx<'_>, buildset: BuildsetId, sources: &[BuildsetSource]) -> Result<()> {
    let mut stamps = BTreeSet::new();
    for source in sources {
        match source {
            BuildsetSource::New(new) => drop(stamps.insert(changes::source_stamp(tx, new).await?.0)),
            BuildsetSource::Stamp(id) => {
                let known = source_stamps::table
                    .find(id.0)
                    .select(source_stamps::id)
                    .first::<i64>(tx.conn);
                stamps.insert(found(known.await.optional()?, format_args!("source stamp {id}"))?);
            }
            BuildsetSource::Of(other) => {
                let theirs = buildset_sources::table
                    .filter(buildset_sources::buildset.eq(other.0))
                    .select(buildset_sources::source_stamp)
                    .load::<i64>(tx.conn);
                stamps.extend(theirs.await?);
            }
        }
    }
    for stamp in stamps {
        diesel::insert_into(buildset_sources::table)
            .values((
                buildset_sources::buildset.eq(buildset.0),
                buildset_sources::source_stamp.eq(stamp),
            ))
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}

async fn link_changes(tx: &mut Tx<'_>, buildset: BuildsetId, new: &NewBuildset) -> Result<()> {
    let mut wanted: BTreeSet<i64> = new.changes.iter().map(|id| id.0).collect();
    for source in &new.sources {
        if let BuildsetSource::Of(other) = source {
            let theirs = buildset_changes::table
                .filter(buildset_changes::buildset.eq(other.0))
                .select(buildset_changes::change)
                .load::<i64>(tx.conn);
            wanted.extend(theirs.await?);
        }
    }
    let known: BTreeSet<i64> = changes_table::table
        .filter(changes_table::id.eq_any(&wanted))
        .select(changes_table::id)
        .load(tx.conn)
        .await?
        .into_iter()
        .collect();
    if let Some(missing) = wanted.difference(&known).next() {
        return Err(Error::not_found(format_args!("change {missing}")));
    }
    for change in wanted {
        diesel::insert_into(buildset_changes::table)
            .values((
                buildset_changes::buildset.eq(buildset.0),
                buildset_changes::change.eq(change),
            ))
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}

async fn add_requests(
    tx: &mut Tx<'_>,
    buildset: BuildsetId,
    new: &NewBuildset,
) -> Result<BTreeMap<BuilderId, BuildRequestId>> {
    let mut requests = BTreeMap::new();
    for builder in new.builders.iter().copied() {
        if requests.contains_key(&builder) {
            continue;
        }
        let known = builders::table
            .find(builder.0)
            .select(builders::id)
            .first::<i64>(tx.conn);
        found(known.await.optional()?, format_args!("builder {builder}"))?;
        let row = diesel::insert_into(build_requests::table)
            .values((
                build_requests::buildset.eq(buildset.0),
                build_requests::builder.eq(builder.0),
                build_requests::priority.eq(new.priority),
                build_requests::submitted_at.eq(tx.at.0),
                build_requests::waited_for.eq(new.waited_for),
            ))
            .returning(BuildRequestRow::as_returning())
            .get_result(tx.conn)
            .await?;
        requests.insert(builder, BuildRequestId(row.id));
        let request = row.into_request()?;
        tx.emit(Verb::New, request);
    }
    Ok(requests)
}
