//! Buildsets, build requests, builds, steps and logs.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Log, LogId, LogKind,
    MasterId, Properties, SourceStamp, Step, StepId, Timestamp, WorkerId,
};

use super::super::{Conn, Db};
use super::{SourceStampRow, from_json, results, source_stamps};
use crate::error::{Error, Result};
use crate::schema::{build_requests, builds, buildset_sources, buildsets, logs, source_stamps, steps};

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = buildsets, check_for_backend(Db))]
pub(crate) struct BuildsetRow {
    pub(crate) id: i64,
    pub(crate) external_id: Option<String>,
    pub(crate) reason: String,
    pub(crate) rebuilt_build: Option<i64>,
    pub(crate) submitted_at: i64,
    pub(crate) complete_at: Option<i64>,
    pub(crate) results: Option<i32>,
    pub(crate) parent_build: Option<i64>,
    pub(crate) parent_relationship: Option<String>,
}

/// The buildsets of the rows, in their order, with their source stamps.
pub(crate) async fn buildsets(conn: &mut Conn, rows: Vec<BuildsetRow>) -> Result<Vec<Buildset>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let found = buildset_sources::table
        .inner_join(source_stamps::table.on(source_stamps::id.eq(buildset_sources::source_stamp)))
        .filter(buildset_sources::buildset.eq_any(&ids))
        .order((buildset_sources::buildset, buildset_sources::source_stamp))
        .select((buildset_sources::buildset, SourceStampRow::as_select()))
        .load::<(i64, SourceStampRow)>(conn)
        .await?;
    let (owners, stamps): (Vec<i64>, Vec<SourceStampRow>) = found.into_iter().unzip();
    let mut by_buildset: HashMap<i64, Vec<SourceStamp>> = HashMap::new();
    for (owner, stamp) in owners.into_iter().zip(source_stamps(conn, stamps).await?) {
        by_buildset.entry(owner).or_default().push(stamp);
    }
    rows.into_iter()
        .map(|row| {
            Ok(Buildset {
                id: BuildsetId(row.id),
                external_id: row.external_id,
                reason: row.reason,
                rebuilt_build: row.rebuilt_build.map(BuildId),
                submitted_at: Timestamp(row.submitted_at),
                complete_at: row.complete_at.map(Timestamp),
                results: results(row.results)?,
                source_stamps: by_buildset.remove(&row.id).unwrap_or_default(),
                parent_build: row.parent_build.map(BuildId),
                parent_relationship: row.parent_relationship,
            })
        })
        .collect()
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = build_requests, check_for_backend(Db))]
pub(crate) struct BuildRequestRow {
    pub(crate) id: i64,
    pub(crate) buildset: i64,
    pub(crate) builder: i64,
    pub(crate) priority: i32,
    pub(crate) claimed_at: Option<i64>,
    pub(crate) claimed_by: Option<i64>,
    pub(crate) complete_at: Option<i64>,
    pub(crate) results: Option<i32>,
    pub(crate) submitted_at: i64,
    pub(crate) waited_for: bool,
    pub(crate) cancel_requested: bool,
    pub(crate) waiting_for: Option<String>,
}

impl BuildRequestRow {
    /// The request, without properties.
    pub(crate) fn into_request(self) -> Result<BuildRequest> {
        Ok(BuildRequest {
            id: BuildRequestId(self.id),
            buildset: BuildsetId(self.buildset),
            builder: BuilderId(self.builder),
            priority: self.priority,
            claimed_at: self.claimed_at.map(Timestamp),
            claimed_by: self.claimed_by.map(MasterId),
            complete_at: self.complete_at.map(Timestamp),
            results: results(self.results)?,
            submitted_at: Timestamp(self.submitted_at),
            waited_for: self.waited_for,
            waiting_for: self.waiting_for,
            properties: Properties::new(),
        })
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = builds, check_for_backend(Db))]
pub(crate) struct BuildRow {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) builder: i64,
    pub(crate) request: i64,
    pub(crate) worker: i64,
    pub(crate) master: i64,
    pub(crate) started_at: i64,
    pub(crate) complete_at: Option<i64>,
    pub(crate) locks_duration_s: i64,
    pub(crate) results: Option<i32>,
    pub(crate) state: String,
}

impl BuildRow {
    /// The build, without properties.
    pub(crate) fn into_build(self) -> Result<Build> {
        Ok(Build {
            id: BuildId(self.id),
            number: self.number,
            builder: BuilderId(self.builder),
            request: BuildRequestId(self.request),
            worker: WorkerId(self.worker),
            master: MasterId(self.master),
            started_at: Timestamp(self.started_at),
            complete_at: self.complete_at.map(Timestamp),
            locks_duration_s: self.locks_duration_s,
            results: results(self.results)?,
            state: self.state,
            properties: Properties::new(),
        })
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = steps, check_for_backend(Db))]
pub(crate) struct StepRow {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) build: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) locks_acquired_at: Option<i64>,
    pub(crate) complete_at: Option<i64>,
    pub(crate) results: Option<i32>,
    pub(crate) state: String,
    pub(crate) urls_json: String,
    pub(crate) hidden: bool,
}

impl StepRow {
    pub(crate) fn into_step(self) -> Result<Step> {
        Ok(Step {
            id: StepId(self.id),
            number: self.number,
            name: self.name,
            build: BuildId(self.build),
            started_at: self.started_at.map(Timestamp),
            locks_acquired_at: self.locks_acquired_at.map(Timestamp),
            complete_at: self.complete_at.map(Timestamp),
            results: results(self.results)?,
            state: self.state,
            urls: from_json("steps.urls_json", &self.urls_json)?,
            hidden: self.hidden,
        })
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = logs, check_for_backend(Db))]
pub(crate) struct LogRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) step: i64,
    pub(crate) complete: bool,
    pub(crate) num_lines: i64,
    pub(crate) kind: String,
}

impl LogRow {
    pub(crate) fn into_log(self) -> Result<Log> {
        let kind = LogKind::from_letter(&self.kind)
            .ok_or_else(|| Error::data(format!("log {} is of the kind `{}`", self.id, self.kind)))?;
        Ok(Log {
            id: LogId(self.id),
            name: self.name,
            slug: self.slug,
            step: StepId(self.step),
            complete: self.complete,
            num_lines: self.num_lines,
            kind,
        })
    }
}
