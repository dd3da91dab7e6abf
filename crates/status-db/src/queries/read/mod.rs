//! The read side: resources, lists, the index of logs, properties, build data and events.

mod column;
mod condition;
mod events;
mod fields;
mod keys;
mod list;
mod logs;
mod outcomes;
pub(super) mod outdated;
mod plan;
mod properties;
mod views;

use weir_status_api::{Entity, Key};

use super::Conn;
use super::rows;
use crate::error::{Error, Result};

pub(super) use events::{events_after, span};
pub(super) use list::list;
pub(super) use logs::log_chunks;
pub(super) use outcomes::build_data;
pub(super) use properties::properties;
pub(super) use views::view;
#[cfg(test)]
pub(in super::super) use {
    events::sql_of_events,
    list::sql_of,
    views::{sql_of_builders_newest, sql_of_crossing},
};

/// The resource that `key` names.
pub(super) async fn get(conn: &mut Conn, key: &Key) -> Result<Entity> {
    let found = match keys::list_of(conn, key).await? {
        Some(one) => list(conn, one).await?.0.pop(),
        None => None,
    };
    found.ok_or_else(|| Error::not_found(key))
}
