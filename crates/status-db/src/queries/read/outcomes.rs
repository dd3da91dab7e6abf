//! The values of what builds keep.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildKey, Key};

use super::super::Conn;
use super::keys;
use crate::error::{Error, Result};
use crate::schema::build_data as data;

/// The value of the data that the build keeps under the name.
pub(in super::super) async fn build_data(conn: &mut Conn, of: &BuildKey, name: &str) -> Result<Vec<u8>> {
    let found = match keys::build(conn, of).await? {
        Some(build) if keys::is_name(name) => {
            let value = data::table.find((build, name)).select(data::value);
            value.first(conn).await.optional()?
        }
        _ => None,
    };
    found.ok_or_else(|| Error::not_found(Key::BuildData(of.clone(), name.to_owned())))
}
