//! The texts that masters are configured with.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};
use weir_status_api::MasterId;

use super::super::Conn;
use super::Tx;
use crate::error::Result;
use crate::schema::{builds, configurations, masters};
use crate::transition::ConfigurationId;

/// Keeps the text that a master goes by from now on, and forgets those that nobody needs any more.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    master: MasterId,
    text: &str,
    needed: &[ConfigurationId],
) -> Result<ConfigurationId> {
    let digest: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    diesel::insert_into(configurations::table)
        .values((
            configurations::digest.eq(&digest),
            configurations::body.eq(text),
            configurations::created_at.eq(tx.at.0),
        ))
        .on_conflict(configurations::digest)
        .do_nothing()
        .execute(tx.conn)
        .await?;
    let id: i64 = configurations::table
        .filter(configurations::digest.eq(&digest))
        .select(configurations::id)
        .first(tx.conn)
        .await?;
    diesel::update(masters::table.find(master.0))
        .set(masters::configuration.eq(id))
        .execute(tx.conn)
        .await?;
    forget(tx, needed).await?;
    Ok(ConfigurationId(id))
}

/// Forgets the texts that no master goes by, that no build which runs was begun with, and that are not `needed`.
async fn forget(tx: &mut Tx<'_>, needed: &[ConfigurationId]) -> Result<()> {
    let in_force = masters::table
        .filter(masters::configuration.is_not_null())
        .select(masters::configuration)
        .load::<Option<i64>>(tx.conn)
        .await?;
    let of_builds = builds::table
        .filter(builds::complete_at.is_null())
        .filter(builds::configuration.is_not_null())
        .select(builds::configuration)
        .distinct()
        .load::<Option<i64>>(tx.conn)
        .await?;
    let kept = in_force.into_iter().chain(of_builds).flatten();
    let kept: Vec<i64> = kept.chain(needed.iter().map(|it| it.0)).collect();
    diesel::delete(configurations::table.filter(configurations::id.ne_all(kept)))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// The text that is kept.
pub(crate) async fn text(conn: &mut Conn, id: ConfigurationId) -> Result<Option<String>> {
    let text = configurations::table.find(id.0).select(configurations::body);
    Ok(text.first(conn).await.optional()?)
}
