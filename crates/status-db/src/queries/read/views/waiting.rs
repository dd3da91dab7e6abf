//! What waits, and why.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{BuildRequest, Builder, BuilderId, MasterId, WaitReason, WaitingRequest};

use super::Conn;
use super::rows::BuildRequestRow;
use crate::error::Result;
use crate::schema::{build_requests, builds, configured_workers, connected_workers, masters, workers};

/// The first `limit` requests of the builders that wait, those that go first before the others.
pub(super) async fn waiting(
    conn: &mut Conn,
    builders: &[Builder],
    limit: u32,
) -> Result<Vec<WaitingRequest>> {
    let ids = super::builders::ids(builders);
    let running = builds::table
        .filter(builds::request.eq(build_requests::id))
        .filter(builds::complete_at.is_null());
    let rows: Vec<BuildRequestRow> = build_requests::table
        .filter(build_requests::complete_at.is_null())
        .filter((build_requests::builder + 0_i64).eq_any(ids))
        .filter(not(exists(running)))
        .order((
            build_requests::priority.desc(),
            build_requests::submitted_at,
            build_requests::id,
        ))
        .limit(limit.into())
        .select(BuildRequestRow::as_select())
        .load(conn)
        .await?;
    let house = House::read(conn, &rows).await?;
    rows.into_iter()
        .map(|row| {
            let request = row.into_request()?;
            let why = match request.claimed_at {
                Some(_) => WaitReason::Starting,
                None => house.why(builders.iter().find(|it| it.id == request.builder), &request),
            };
            Ok(WaitingRequest { request, why })
        })
        .collect()
}

/// The masters and workers that requests may wait for.
struct House {
    active_masters: HashSet<MasterId>,
    workers_of: HashMap<BuilderId, BTreeSet<i64>>,
    /// Whether a worker gets no new builds, by id.
    resting: HashMap<i64, bool>,
    connected: HashSet<i64>,
    busy: HashSet<i64>,
}

impl House {
    async fn read(conn: &mut Conn, waiting: &[BuildRequestRow]) -> Result<Self> {
        let builders: BTreeSet<i64> = waiting.iter().map(|row| row.builder).collect();
        let active: Vec<i64> = masters::table
            .filter(masters::active.eq(true))
            .select(masters::id)
            .load(conn)
            .await?;
        let serving: Vec<(i64, i64)> = configured_workers::table
            .filter(configured_workers::builder.eq_any(builders))
            .select((configured_workers::builder, configured_workers::worker))
            .load(conn)
            .await?;
        let ids: BTreeSet<i64> = serving.iter().map(|(_, worker)| *worker).collect();
        let resting: Vec<(i64, bool, bool)> = workers::table
            .filter(workers::id.eq_any(ids.clone()))
            .select((workers::id, workers::paused, workers::graceful))
            .load(conn)
            .await?;
        let connected: Vec<i64> = connected_workers::table
            .filter(connected_workers::worker.eq_any(ids.clone()))
            .select(connected_workers::worker)
            .load(conn)
            .await?;
        let busy: Vec<i64> = builds::table
            .filter(builds::complete_at.is_null())
            .filter((builds::worker + 0_i64).eq_any(ids))
            .select(builds::worker)
            .load(conn)
            .await?;
        let mut workers_of: HashMap<BuilderId, BTreeSet<i64>> = HashMap::new();
        for (builder, worker) in serving {
            workers_of.entry(BuilderId(builder)).or_default().insert(worker);
        }
        Ok(Self {
            active_masters: active.into_iter().map(MasterId).collect(),
            workers_of,
            resting: resting
                .into_iter()
                .map(|(id, paused, graceful)| (id, paused || graceful))
                .collect(),
            connected: connected.into_iter().collect(),
            busy: busy.into_iter().collect(),
        })
    }

    fn why(&self, builder: Option<&Builder>, request: &BuildRequest) -> WaitReason {
        let mut masters = builder.into_iter().flat_map(|builder| &builder.masters);
        if !masters.any(|master| self.active_masters.contains(master)) {
            return WaitReason::NoMaster;
        }
        let Some(workers) = self.workers_of.get(&request.builder) else {
            return WaitReason::NoWorker;
        };
        let connected = || workers.iter().filter(|worker| self.connected.contains(worker));
        if connected().next().is_none() {
            return WaitReason::NotConnected;
        }
        let mut awake = connected()
            .filter(|worker| !self.resting.get(worker).copied().unwrap_or(true))
            .peekable();
        if awake.peek().is_none() {
            return WaitReason::Paused;
        }
        if request.waiting_for.is_some() {
            return WaitReason::Locked;
        }
        match awake.all(|worker| self.busy.contains(worker)) {
            true => WaitReason::Busy,
            false => WaitReason::Ready,
        }
    }
}
