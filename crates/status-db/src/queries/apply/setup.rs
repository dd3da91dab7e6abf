//! Masters begin, end, and have a configuration.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Builder, BuilderId, MasterId, ProjectId, Scheduler, SchedulerId, Verb, WorkerId};

use super::super::rows::{BuilderRow, MasterRow, SchedulerRow, builders as assemble, to_json};
use super::projects::{self, Projects};
use super::{Tx, change_sources, finish, force, found, workers};
use crate::error::Result;
use crate::schema::{
    builder_masters, builders, configured_workers, masters, schedulers, workers as workers_table,
};
use crate::transition::{BuilderSetup, Setup, SetupIds};

pub(super) async fn start_master(tx: &mut Tx<'_>, name: &str) -> Result<MasterId> {
    let row = diesel::insert_into(masters::table)
        .values((
            masters::name.eq(name),
            masters::active.eq(true),
            masters::last_active.eq(tx.at.0),
        ))
        .on_conflict(masters::name)
        .do_update()
        .set((masters::active.eq(true), masters::last_active.eq(tx.at.0)))
        .returning(MasterRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let master = row.into_master();
    let id = master.id;
    tx.emit(Verb::Started, master);
    finish::left_behind(tx, id).await?;
    workers::disconnect_all(tx, id).await?;
    Ok(id)
}

pub(super) async fn stop_master(tx: &mut Tx<'_>, master: MasterId) -> Result<()> {
    workers::disconnect_all(tx, master).await?;
    let row = diesel::update(masters::table.find(master.0))
        .set((masters::active.eq(false), masters::last_active.eq(tx.at.0)))
        .returning(MasterRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    let master = found(row, format_args!("master {master}"))?.into_master();
    tx.emit(Verb::Stopped, master);
    Ok(())
}

/// Makes the tables say what the master has configured, and emits what that changes.
pub(super) async fn configure(tx: &mut Tx<'_>, master: MasterId, setup: &Setup) -> Result<SetupIds> {
    let known = masters::table
        .find(master.0)
        .select(masters::id)
        .first::<i64>(tx.conn);
    found(known.await.optional()?, format_args!("master {master}"))?;
    let mut projects = Projects::configure(tx, &setup.projects).await?;
    let codebases = projects::configure_codebases(tx, &mut projects, &setup.codebases).await?;
    let builders = configure_builders(tx, master, &setup.builders, &mut projects).await?;
    let (workers, new_workers) = configure_workers(tx, setup).await?;
    let ids = SetupIds {
        builders,
        workers,
        schedulers: configure_schedulers(tx, master, setup).await?,
        projects: projects.emit(tx, &setup.projects).await?,
        codebases,
        change_sources: change_sources::configure(tx, master, &setup.change_sources).await?,
    };
    link_workers(tx, master, setup, &ids, new_workers).await?;
    force::configure(tx, master, &setup.force_schedulers).await?;
    Ok(ids)
}

async fn configure_builders(
    tx: &mut Tx<'_>,
    master: MasterId,
    wanted: &[BuilderSetup],
    projects: &mut Projects,
) -> Result<BTreeMap<String, BuilderId>> {
    let linked: BTreeSet<i64> = builder_masters::table
        .filter(builder_masters::master.eq(master.0))
        .select(builder_masters::builder)
        .load(tx.conn)
        .await?
        .into_iter()
        .collect();
    let mut ids = BTreeMap::new();
    for setup in wanted {
        let project = match &setup.project {
            Some(slug) => Some(projects.of_slug(tx, slug).await?),
            None => None,
        };
        let (id, changed) = store_builder(tx, setup, project).await?;
        ids.insert(setup.name.clone(), BuilderId(id));
        if !linked.contains(&id) {
            diesel::insert_into(builder_masters::table)
                .values((
                    builder_masters::builder.eq(id),
                    builder_masters::master.eq(master.0),
                ))
                .on_conflict_do_nothing()
                .execute(tx.conn)
                .await?;
            emit_builder(tx, Verb::Started, id).await?;
        } else if changed {
            emit_builder(tx, Verb::Update, id).await?;
        }
    }
    let kept: BTreeSet<i64> = ids.values().map(|id| id.0).collect();
    for removed in linked.difference(&kept) {
        diesel::delete(builder_masters::table.find((removed, master.0)))
            .execute(tx.conn)
            .await?;
        emit_builder(tx, Verb::Stopped, *removed).await?;
    }
    Ok(ids)
}

/// The builder's id, and whether what is known of it changed.
async fn store_builder(
    tx: &mut Tx<'_>,
    setup: &BuilderSetup,
    project: Option<ProjectId>,
) -> Result<(i64, bool)> {
    let tags = to_json(&setup.tags)?;
    let project = project.map(|id| id.0);
    let old = builders::table
        .filter(builders::name.eq(&setup.name))
        .select(BuilderRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    if let Some(old) = old
        && old.description == setup.description
        && old.description_format == setup.description_format
        && old.project == project
        && old.tags_json == tags
    {
        return Ok((old.id, false));
    }
    let rest = (
        builders::description.eq(&setup.description),
        builders::description_format.eq(&setup.description_format),
        builders::project.eq(project),
        builders::tags_json.eq(&tags),
    );
    let id = diesel::insert_into(builders::table)
        .values((builders::name.eq(&setup.name), rest))
        .on_conflict(builders::name)
        .do_update()
        .set(rest)
        .returning(builders::id)
        .get_result(tx.conn)
        .await?;
    Ok((id, true))
}

async fn emit_builder(tx: &mut Tx<'_>, verb: Verb, id: i64) -> Result<()> {
    let row = builders::table
        .find(id)
        .select(BuilderRow::as_select())
        .first(tx.conn)
        .await?;
    let builders: Vec<Builder> = assemble(tx.conn, vec![row]).await?;
    for builder in builders {
        tx.emit(verb, builder);
    }
    Ok(())
}

/// The ids of all workers, and those that were not there before.
async fn configure_workers(
    tx: &mut Tx<'_>,
    setup: &Setup,
) -> Result<(BTreeMap<String, WorkerId>, BTreeSet<i64>)> {
    let mut ids = BTreeMap::new();
    let mut new = BTreeSet::new();
    let served = setup.builders.iter().flat_map(|builder| &builder.workers);
    for name in setup.workers.iter().chain(served) {
        if ids.contains_key(name) {
            continue;
        }
        let made = diesel::insert_into(workers_table::table)
            .values((
                workers_table::name.eq(name),
                workers_table::info_json.eq(to_json(&weir_status_api::WorkerInfo::default())?),
                workers_table::paused.eq(false),
                workers_table::graceful.eq(false),
            ))
            .on_conflict(workers_table::name)
            .do_nothing()
            .execute(tx.conn)
            .await?;
        let id: i64 = workers_table::table
            .filter(workers_table::name.eq(name))
            .select(workers_table::id)
            .first(tx.conn)
            .await?;
        ids.insert(name.clone(), WorkerId(id));
        if made > 0 {
            new.insert(id);
        }
    }
    Ok((ids, new))
}

/// Says which builders each worker serves on this master.
async fn link_workers(
    tx: &mut Tx<'_>,
    master: MasterId,
    setup: &Setup,
    ids: &SetupIds,
    new_workers: BTreeSet<i64>,
) -> Result<()> {
    let old: BTreeSet<(i64, i64)> = configured_workers::table
        .filter(configured_workers::master.eq(master.0))
        .select((configured_workers::worker, configured_workers::builder))
        .load(tx.conn)
        .await?
        .into_iter()
        .collect();
    let mut new = BTreeSet::new();
    for builder in &setup.builders {
        let builder_id = ids.builders.get(&builder.name);
        let workers = builder.workers.iter().filter_map(|name| ids.workers.get(name));
        new.extend(workers.filter_map(|worker| Some((worker.0, builder_id?.0))));
    }
    for (worker, builder) in old.difference(&new) {
        diesel::delete(configured_workers::table.find((worker, master.0, builder)))
            .execute(tx.conn)
            .await?;
    }
    for (worker, builder) in new.difference(&old) {
        diesel::insert_into(configured_workers::table)
            .values((
                configured_workers::worker.eq(worker),
                configured_workers::master.eq(master.0),
                configured_workers::builder.eq(builder),
            ))
            .execute(tx.conn)
            .await?;
    }
    let changed: BTreeSet<i64> = old
        .symmetric_difference(&new)
        .map(|(worker, _)| *worker)
        .chain(new_workers)
        .collect();
    for worker in changed {
        let worker = workers::load(tx, WorkerId(worker)).await?;
        tx.emit(Verb::StateUpdated, worker);
    }
    Ok(())
}

async fn configure_schedulers(
    tx: &mut Tx<'_>,
    master: MasterId,
    setup: &Setup,
) -> Result<BTreeMap<String, SchedulerId>> {
    let mut ids = BTreeMap::new();
    let forced = setup.force_schedulers.iter().map(|it| &it.name);
    for name in setup.schedulers.iter().chain(forced) {
        let old = schedulers::table
            .filter(schedulers::name.eq(name))
            .select(SchedulerRow::as_select())
            .first(tx.conn)
            .await
            .optional()?;
        if let Some(old) = old
            && old.master == Some(master.0)
        {
            ids.insert(name.clone(), SchedulerId(old.id));
            continue;
        }
        let row = diesel::insert_into(schedulers::table)
            .values((
                schedulers::name.eq(name),
                schedulers::enabled.eq(true),
                schedulers::master.eq(master.0),
            ))
            .on_conflict(schedulers::name)
            .do_update()
            .set(schedulers::master.eq(master.0))
            .returning(SchedulerRow::as_returning())
            .get_result(tx.conn)
            .await?;
        ids.insert(name.clone(), emit_scheduler(tx, row));
    }
    let kept: Vec<i64> = ids.values().map(|id| id.0).collect();
    let removed = diesel::update(
        schedulers::table
            .filter(schedulers::master.eq(master.0))
            .filter(schedulers::id.ne_all(kept)),
    )
    .set(schedulers::master.eq(None::<i64>))
    .returning(SchedulerRow::as_returning())
    .get_results(tx.conn)
    .await?;
    for row in removed {
        emit_scheduler(tx, row);
    }
    Ok(ids)
}

fn emit_scheduler(tx: &mut Tx<'_>, row: SchedulerRow) -> SchedulerId {
    let scheduler: Scheduler = row.into_scheduler();
    let id = scheduler.id;
    tx.emit(Verb::Updated, scheduler);
    id
}

pub(super) async fn enable_scheduler(tx: &mut Tx<'_>, scheduler: SchedulerId, enabled: bool) -> Result<()> {
    let old = schedulers::table
        .find(scheduler.0)
        .select(schedulers::enabled)
        .first::<bool>(tx.conn)
        .await
        .optional()?;
    if found(old, format_args!("scheduler {scheduler}"))? == enabled {
        return Ok(());
    }
    let row = diesel::update(schedulers::table.find(scheduler.0))
        .set(schedulers::enabled.eq(enabled))
        .returning(SchedulerRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let name = row.name.clone();
    emit_scheduler(tx, row);
    force::emit(tx, Verb::Updated, &name).await
}
