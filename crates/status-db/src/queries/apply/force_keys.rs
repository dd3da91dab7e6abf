//! Forces that are carried out once, however often somebody who got no answer asks again.

use std::collections::BTreeMap;

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};
use weir_status_api::{BuildRequestId, BuilderId, BuildsetId, Timestamp};

use super::super::Conn;
use super::super::rows::to_json;
use super::{Tx, buildsets};
use crate::error::{Error, Result};
use crate::schema::{build_requests, force_keys};
use crate::transition::{ForceKey, NewBuildset};

/// For how long a key stands for what was made with it: a day, in microseconds.
const KEPT_FOR: i64 = 24 * 60 * 60 * 1_000_000;

/// How many keys that are too old one force clears away: more than it adds, so that they become fewer.
const CLEARED_AT_ONCE: i64 = 20;

/// A buildset and its requests.
pub(crate) type Made = (BuildsetId, BTreeMap<BuilderId, BuildRequestId>);

/// Makes the buildset, or tells what was made for the same wish.
///
/// The key is unique in the table: of two masters that are asked at once, one waits for the other's commit.
pub(super) async fn force(tx: &mut Tx<'_>, key: &ForceKey, new: &NewBuildset) -> Result<Made> {
    let digest = digest(key)?;
    let too_old = tx.at.0.saturating_sub(KEPT_FOR);
    clear(tx, &digest, too_old).await?;
    let is_first = diesel::insert_into(force_keys::table)
        .values((force_keys::digest.eq(&digest), force_keys::made_at.eq(tx.at.0)))
        .on_conflict_do_nothing()
        .execute(tx.conn)
        .await?
        > 0;
    if !is_first {
        let made = load(tx.conn, &digest, too_old).await?;
        return made.ok_or_else(|| Error::conflict("another force with this key is being made; ask again"));
    }
    let made = buildsets::add(tx, new).await?;
    diesel::update(force_keys::table.find(&digest))
        .set(force_keys::buildset.eq(made.0.0))
        .execute(tx.conn)
        .await?;
    Ok(made)
}

/// What was made with the key within the last day, if something was.
pub(crate) async fn forced(conn: &mut Conn, key: &ForceKey, at: Timestamp) -> Result<Option<Made>> {
    load(conn, &digest(key)?, at.0.saturating_sub(KEPT_FOR)).await
}

async fn load(conn: &mut Conn, digest: &str, too_old: i64) -> Result<Option<Made>> {
    let buildset = force_keys::table
        .filter(force_keys::digest.eq(digest))
        .filter(force_keys::made_at.gt(too_old))
        .select(force_keys::buildset)
        .first::<Option<i64>>(conn)
        .await
        .optional()?
        .flatten();
    match buildset {
        Some(buildset) => made(conn, BuildsetId(buildset)).await.map(Some),
        None => Ok(None),
    }
}

/// The buildset and its requests.
pub(super) async fn made(conn: &mut Conn, buildset: BuildsetId) -> Result<Made> {
    let requests: Vec<(i64, i64)> = build_requests::table
        .filter(build_requests::buildset.eq(buildset.0))
        .select((build_requests::builder, build_requests::id))
        .load(conn)
        .await?;
    let requests = requests
        .into_iter()
        .map(|(builder, id)| (BuilderId(builder), BuildRequestId(id)));
    Ok((buildset, requests.collect()))
}

/// Forgets this key if it is too old, and a few others that are.
async fn clear(tx: &mut Tx<'_>, digest: &str, too_old: i64) -> Result<()> {
    let mut old: Vec<String> = force_keys::table
        .filter(force_keys::made_at.le(too_old))
        .order(force_keys::made_at)
        .limit(CLEARED_AT_ONCE)
        .select(force_keys::digest)
        .load(tx.conn)
        .await?;
    old.push(digest.to_owned());
    diesel::delete(
        force_keys::table
            .filter(force_keys::digest.eq_any(old))
            .filter(force_keys::made_at.le(too_old)),
    )
    .execute(tx.conn)
    .await?;
    Ok(())
}

/// Whether a key stands for the buildset.
pub(super) async fn stands(tx: &mut Tx<'_>, buildset: BuildsetId) -> Result<bool> {
    let keyed = force_keys::table
        .filter(force_keys::buildset.eq(buildset.0))
        .filter(force_keys::made_at.gt(tx.at.0.saturating_sub(KEPT_FOR)));
    Ok(select(exists(keyed)).get_result(tx.conn).await?)
}

/// Forgets the keys of a buildset that are too old.
pub(super) async fn clear_of(tx: &mut Tx<'_>, buildset: BuildsetId) -> Result<()> {
    let old = force_keys::table
        .filter(force_keys::buildset.eq(buildset.0))
        .filter(force_keys::made_at.le(tx.at.0.saturating_sub(KEPT_FOR)));
    diesel::delete(old).execute(tx.conn).await?;
    Ok(())
}

/// A hash over the whole wish; JSON keeps the borders between texts apart.
fn digest(key: &ForceKey) -> Result<String> {
    let text = to_json(&(&key.caller, &key.scheduler, &key.key))?;
    Ok(Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
