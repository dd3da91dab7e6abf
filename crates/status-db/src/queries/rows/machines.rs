//! Masters and workers.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuilderId, ConfiguredOn, Master, MasterId, Timestamp, Worker, WorkerId};

use super::super::{Conn, Db};
use super::from_json;
use crate::error::Result;
use crate::schema::{configured_workers, connected_workers, masters, workers};

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = masters, check_for_backend(Db))]
pub(crate) struct MasterRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) last_active: i64,
}

impl MasterRow {
    pub(crate) fn into_master(self) -> Master {
        Master {
            id: MasterId(self.id),
            name: self.name,
            active: self.active,
            last_active: Timestamp(self.last_active),
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = workers, check_for_backend(Db))]
pub(crate) struct WorkerRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) info_json: String,
    pub(crate) paused: bool,
    pub(crate) pause_reason: Option<String>,
    pub(crate) away_reason: Option<String>,
    pub(crate) graceful: bool,
}

/// The workers of the rows, in their order, with where they are configured and connected.
pub(crate) async fn workers(conn: &mut Conn, rows: Vec<WorkerRow>) -> Result<Vec<Worker>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut configured: HashMap<i64, Vec<ConfiguredOn>> = HashMap::new();
    let found = configured_workers::table
        .filter(configured_workers::worker.eq_any(&ids))
        .order((configured_workers::master, configured_workers::builder))
        .load::<(i64, i64, i64)>(conn)
        .await?;
    for (worker, master, builder) in found {
        configured.entry(worker).or_default().push(ConfiguredOn {
            master: MasterId(master),
            builder: BuilderId(builder),
        });
    }
    let mut connected: HashMap<i64, Vec<MasterId>> = HashMap::new();
    let found = connected_workers::table
        .filter(connected_workers::worker.eq_any(&ids))
        .order(connected_workers::master)
        .load::<(i64, i64)>(conn)
        .await?;
    for (worker, master) in found {
        connected.entry(worker).or_default().push(MasterId(master));
    }
    rows.into_iter()
        .map(|row| {
            Ok(Worker {
                id: WorkerId(row.id),
                name: row.name,
                configured_on: configured.remove(&row.id).unwrap_or_default(),
                connected_to: connected.remove(&row.id).unwrap_or_default(),
                info: from_json("workers.info_json", &row.info_json)?,
                paused: row.paused,
                pause_reason: row.pause_reason,
                away_reason: row.away_reason,
                graceful: row.graceful,
                absence: None,
            })
        })
        .collect()
}
