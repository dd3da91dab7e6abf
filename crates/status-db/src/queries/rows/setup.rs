//! Builders, schedulers and change sources.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Builder, BuilderId, ChangeSource, ChangeSourceId, ForceScheduler, MasterId, ProjectId, Scheduler,
    SchedulerId,
};

use super::super::{Conn, Db};
use super::from_json;
use crate::error::Result;
use crate::schema::{builder_masters, builders, change_sources, force_schedulers, schedulers};

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = builders, check_for_backend(Db))]
pub(crate) struct BuilderRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) description_format: Option<String>,
    pub(crate) project: Option<i64>,
    pub(crate) tags_json: String,
}

/// The builders of the rows, in their order, with the masters that have them configured.
pub(crate) async fn builders(conn: &mut Conn, rows: Vec<BuilderRow>) -> Result<Vec<Builder>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut masters: HashMap<i64, Vec<MasterId>> = HashMap::new();
    let found = builder_masters::table
        .filter(builder_masters::builder.eq_any(&ids))
        .order(builder_masters::master)
        .load::<(i64, i64)>(conn)
        .await?;
    for (builder, master) in found {
        masters.entry(builder).or_default().push(MasterId(master));
    }
    rows.into_iter()
        .map(|row| {
            Ok(Builder {
                id: BuilderId(row.id),
                name: row.name,
                masters: masters.remove(&row.id).unwrap_or_default(),
                description: row.description,
                description_format: row.description_format,
                project: row.project.map(ProjectId),
                tags: from_json("builders.tags_json", &row.tags_json)?,
            })
        })
        .collect()
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = schedulers, check_for_backend(Db))]
pub(crate) struct SchedulerRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) master: Option<i64>,
}

impl SchedulerRow {
    pub(crate) fn into_scheduler(self) -> Scheduler {
        Scheduler {
            id: SchedulerId(self.id),
            name: self.name,
            enabled: self.enabled,
            master: self.master.map(MasterId),
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = change_sources, check_for_backend(Db))]
pub(crate) struct ChangeSourceRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) master: Option<i64>,
}

impl ChangeSourceRow {
    pub(crate) fn into_change_source(self) -> ChangeSource {
        ChangeSource {
            id: ChangeSourceId(self.id),
            name: self.name,
            master: self.master.map(MasterId),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = force_schedulers, check_for_backend(Db))]
pub(crate) struct ForceSchedulerRow {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) button_name: String,
    pub(crate) builder_names_json: String,
    pub(crate) defaults_json: String,
    pub(crate) properties_json: String,
    pub(crate) fields_json: String,
    pub(crate) master: i64,
}

/// The force schedulers of the rows, in their order. One is enabled as the scheduler of its name is.
pub(crate) async fn force_schedulers(
    conn: &mut Conn,
    rows: Vec<ForceSchedulerRow>,
) -> Result<Vec<ForceScheduler>> {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let enabled: HashMap<String, bool> = schedulers::table
        .filter(schedulers::name.eq_any(names))
        .select((schedulers::name, schedulers::enabled))
        .load::<(String, bool)>(conn)
        .await?
        .into_iter()
        .collect();
    rows.into_iter()
        .map(|row| {
            Ok(ForceScheduler {
                enabled: enabled.get(&row.name).copied().unwrap_or(true),
                name: row.name,
                button_name: row.button_name,
                label: row.label,
                builder_names: from_json("force_schedulers.builder_names_json", &row.builder_names_json)?,
                defaults: from_json("force_schedulers.defaults_json", &row.defaults_json)?,
                properties: from_json("force_schedulers.properties_json", &row.properties_json)?,
                fields: from_json("force_schedulers.fields_json", &row.fields_json)?,
            })
        })
        .collect()
}
