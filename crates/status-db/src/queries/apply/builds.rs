//! Builds begin and change.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::dsl::{exists, max, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Build, BuildId, BuildKey, BuildRequestId, BuilderId, BuilderKey, ChangeId, Entity, MasterId, Properties,
    PropertiesUpdate, Property, SourceStampId, Verb, WorkerId,
};

use super::super::super::lock_row;
use super::super::Conn;
use super::super::rows::{BuildRow, from_json, to_json};
use super::{Tx, found, requests, workers};
use crate::backend::{Blueprint, Lockable};
use crate::error::{Error, Result};
use crate::schema::{
    build_properties, build_requests, builders, builds, buildset_changes, buildset_sources, buildsets,
};
use crate::texts::cut;
use crate::transition::{ConfigurationId, OpenBuild};

/// Whether somebody asked for an end, and who and why.
type Wish = (bool, Option<String>);

/// How many builds of one master are looked at: more than any can run.
const MOST_OPEN: i64 = 100_000;

/// The build as it is now.
pub(super) async fn load(tx: &mut Tx<'_>, build: BuildId) -> Result<BuildRow> {
    let row = builds::table
        .find(build.0)
        .select(BuildRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    found(row, format_args!("build {build}"))
}

/// The build, which must run.
pub(super) async fn running(tx: &mut Tx<'_>, build: BuildId) -> Result<BuildRow> {
    let row = load(tx, build).await?;
    if row.complete_at.is_some() {
        return Err(Error::conflict(format_args!("build {build} has ended")));
    }
    Ok(row)
}

pub(super) async fn start(
    tx: &mut Tx<'_>,
    request: BuildRequestId,
    worker: WorkerId,
    master: MasterId,
    properties: &Properties,
    configuration: Option<ConfigurationId>,
) -> Result<Build> {
    let asked = requests::load(tx, request).await?;
    if asked.complete_at.is_some() || asked.claimed_by != Some(master.0) {
        return Err(Error::conflict(format_args!(
            "build request {request} is complete or not claimed by master {master}"
        )));
    }
    let runs = builds::table.filter(builds::request.eq(request.0).and(builds::complete_at.is_null()));
    if select(exists(runs)).get_result(tx.conn).await? {
        return Err(Error::conflict(format_args!("a build of request {request} runs")));
    }
    workers::load(tx, worker).await?;
    lock_row(tx.conn, Lockable::Builder(BuilderId(asked.builder))).await?;
    let last: Option<i64> = builds::table
        .filter(builds::builder.eq(asked.builder))
        .select(max(builds::number))
        .first(tx.conn)
        .await?;
    let row = diesel::insert_into(builds::table)
        .values((
            builds::number.eq(last.unwrap_or(0) + 1),
            builds::builder.eq(asked.builder),
            builds::request.eq(request.0),
            builds::worker.eq(worker.0),
            builds::master.eq(master.0),
            builds::started_at.eq(tx.at.0),
            builds::locks_duration_s.eq(0),
            builds::state.eq("starting"),
            builds::configuration.eq(configuration.map(|it| it.0)),
        ))
        .returning(BuildRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let build = row.into_build()?;
    tx.emit(Verb::New, build.clone());
    let mut all: Properties = buildset_properties(tx.conn, asked.buildset).await?;
    all.extend(properties.clone());
    set_properties(tx, build.id, &all).await?;
    Ok(build)
}

async fn buildset_properties(conn: &mut Conn, buildset: i64) -> Result<Properties> {
    let text: String = buildsets::table
        .find(buildset)
        .select(buildsets::properties_json)
        .first(conn)
        .await?;
    from_json("buildsets.properties_json", &text)
}

pub(super) async fn set_state(tx: &mut Tx<'_>, build: BuildId, state: &str) -> Result<()> {
    let state = &*cut(state);
    if running(tx, build).await?.state == state {
        return Ok(());
    }
    let row = diesel::update(builds::table.find(build.0))
        .set(builds::state.eq(state))
        .returning(BuildRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let build = row.into_build()?;
    tx.emit(Verb::Update, build);
    Ok(())
}

/// The build has waited for locks that long; what is less than a second is not counted.
pub(super) async fn add_locks_duration(tx: &mut Tx<'_>, build: BuildId, waited: Duration) -> Result<()> {
    let seconds = i64::try_from(waited.as_secs()).unwrap_or(i64::MAX);
    if seconds == 0 {
        return Ok(());
    }
    let row = diesel::update(builds::table.find(build.0))
        .set(builds::locks_duration_s.eq(builds::locks_duration_s + seconds))
        .returning(BuildRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let build = row.into_build()?;
    tx.emit(Verb::Update, build);
    Ok(())
}

/// Sets properties; the event holds those that are new or changed, and there is none if none are.
pub(super) async fn set_properties(
    tx: &mut Tx<'_>,
    build: BuildId,
    properties: &BTreeMap<String, Property>,
) -> Result<()> {
    load(tx, build).await?;
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let present: BTreeMap<String, (String, String)> = build_properties::table
        .filter(build_properties::build.eq(build.0))
        .filter(build_properties::name.eq_any(names))
        .select((
            build_properties::name,
            (build_properties::value_json, build_properties::source),
        ))
        .load::<(String, (String, String))>(tx.conn)
        .await?
        .into_iter()
        .collect();
    let mut changed = Properties::new();
    for (name, property) in properties {
        let value = to_json(&property.value)?;
        let same = |(old, source): &(String, String)| *old == value && *source == property.source;
        if present.get(name).is_some_and(same) {
            continue;
        }
        diesel::insert_into(build_properties::table)
            .values((
                build_properties::build.eq(build.0),
                build_properties::name.eq(name),
                build_properties::value_json.eq(&value),
                build_properties::source.eq(&property.source),
            ))
            .on_conflict((build_properties::build, build_properties::name))
            .do_update()
            .set((
                build_properties::value_json.eq(&value),
                build_properties::source.eq(&property.source),
            ))
            .execute(tx.conn)
            .await?;
        changed.insert(name.clone(), property.clone());
    }
    if !changed.is_empty() {
        tx.emit(
            Verb::Update,
            Entity::Properties(PropertiesUpdate { build, changed }),
        );
    }
    Ok(())
}

/// Keeps the names of the secrets that the build has used.
pub(super) async fn use_secrets(tx: &mut Tx<'_>, build: BuildId, names: &[String]) -> Result<()> {
    running(tx, build).await?;
    diesel::update(builds::table.find(build.0))
        .set(builds::used_secrets.eq(names.join("\n")))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// The builds that the master has begun and not ended, the oldest first.
pub(crate) async fn open(conn: &mut Conn, master: MasterId) -> Result<Vec<OpenBuild>> {
    let rows = builds::table
        .inner_join(build_requests::table.on(build_requests::id.eq(builds::request)))
        .filter(builds::complete_at.is_null())
        .filter(builds::master.eq(master.0))
        .order(builds::id)
        .limit(MOST_OPEN)
        .select((
            builds::id,
            builds::configuration,
            (builds::stop_requested, builds::stop_reason),
            (build_requests::cancel_requested, build_requests::cancel_reason),
            builds::used_secrets,
        ))
        .load::<(i64, Option<i64>, Wish, Wish, Option<String>)>(conn)
        .await?;
    let why = |(asked, why): Wish| asked.then(|| why.unwrap_or_else(|| "stopped".to_owned()));
    let rows = rows.into_iter();
    Ok(rows
        .map(|(build, configuration, stop, cancel, secrets)| OpenBuild {
            build: BuildId(build),
            configuration: configuration.map(ConfigurationId),
            stop: why(stop).or_else(|| why(cancel)),
            used_secrets: secrets.unwrap_or_default().lines().map(str::to_owned).collect(),
        })
        .collect())
}

/// What the build was made from.
pub(crate) async fn blueprint(conn: &mut Conn, key: &BuildKey) -> Result<Blueprint> {
    let mut query = builds::table
        .inner_join(builders::table.on(builders::id.eq(builds::builder)))
        .inner_join(build_requests::table.on(build_requests::id.eq(builds::request)))
        .inner_join(buildsets::table.on(buildsets::id.eq(build_requests::buildset)))
        .select((
            builds::id,
            builds::builder,
            buildsets::id,
            buildsets::properties_json,
            build_requests::priority,
        ))
        .into_boxed();
    query = match key {
        BuildKey::Id(id) => query.filter(builds::id.eq(id.0)),
        BuildKey::Number(BuilderKey::Id(id), number) => {
            query.filter(builds::builder.eq(id.0).and(builds::number.eq(number)))
        }
        BuildKey::Number(BuilderKey::Name(name), number) => {
            query.filter(builders::name.eq(name).and(builds::number.eq(number)))
        }
    };
    let row = query
        .first::<(i64, i64, i64, String, i32)>(conn)
        .await
        .optional()?;
    let (build, builder, buildset, properties, priority) = found(row, key)?;
    let source_stamps: Vec<i64> = buildset_sources::table
        .filter(buildset_sources::buildset.eq(buildset))
        .order(buildset_sources::source_stamp)
        .select(buildset_sources::source_stamp)
        .load(conn)
        .await?;
    let changes: Vec<i64> = buildset_changes::table
        .filter(buildset_changes::buildset.eq(buildset))
        .order(buildset_changes::change)
        .select(buildset_changes::change)
        .load(conn)
        .await?;
    Ok(Blueprint {
        build: BuildId(build),
        builder: BuilderId(builder),
        source_stamps: source_stamps.into_iter().map(SourceStampId).collect(),
        changes: changes.into_iter().map(ChangeId).collect(),
        properties: from_json("buildsets.properties_json", &properties)?,
        priority,
    })
}
