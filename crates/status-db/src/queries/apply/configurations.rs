//! The texts that masters are configured with.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};

use super::super::Conn;
use super::Tx;
use crate::error::Result;
use crate::schema::configurations;
use crate::transition::ConfigurationId;

/// Keeps the text, unless it is kept already.
pub(super) async fn keep(tx: &mut Tx<'_>, text: &str) -> Result<ConfigurationId> {
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
    let id = configurations::table
        .filter(configurations::digest.eq(&digest))
        .select(configurations::id)
        .first(tx.conn)
        .await?;
    Ok(ConfigurationId(id))
}

/// The text that is kept.
pub(crate) async fn text(conn: &mut Conn, id: ConfigurationId) -> Result<Option<String>> {
    let text = configurations::table.find(id.0).select(configurations::body);
    Ok(text.first(conn).await.optional()?)
}
