//! Properties: those of one build or buildset, and those that a list asks for.

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Build, BuildId, BuildKey, BuildRequest, BuildsetId, Properties, PropertiesOf, Property,
};

use super::super::Conn;
use super::keys;
use super::rows::from_json;
use crate::error::{Error, Result};
use crate::schema::{build_properties, builds, buildsets};

/// The properties of a build or buildset.
pub(in super::super) async fn properties(conn: &mut Conn, of: &PropertiesOf) -> Result<Properties> {
    let found = match of {
        PropertiesOf::Build(key) => of_build(conn, key).await?,
        PropertiesOf::Buildset(id) => of_buildset(conn, *id).await?,
    };
    found.ok_or_else(|| Error::not_found(of))
}

async fn of_build(conn: &mut Conn, key: &BuildKey) -> Result<Option<Properties>> {
    let Some(id) = keys::build(conn, key).await? else {
        return Ok(None);
    };
    let there: bool = diesel::select(exists(builds::table.find(id)))
        .get_result(conn)
        .await?;
    if !there {
        return Ok(None);
    }
    let mut found = of_builds(conn, &[id], &["*".to_owned()]).await?;
    Ok(Some(found.remove(&id).unwrap_or_default()))
}

async fn of_buildset(conn: &mut Conn, id: BuildsetId) -> Result<Option<Properties>> {
    let found: Option<String> = buildsets::table
        .find(id.0)
        .select(buildsets::properties_json)
        .first(conn)
        .await
        .optional()?;
    found
        .map(|json| from_json("buildsets.properties_json", &json))
        .transpose()
}

fn wants_all(names: &[String]) -> bool {
    names.iter().any(|name| name == "*")
}

/// The properties of the builds that `names` ask for, by build.
async fn of_builds(conn: &mut Conn, ids: &[i64], names: &[String]) -> Result<HashMap<i64, Properties>> {
    let mut query = build_properties::table
        .filter(build_properties::build.eq_any(ids))
        .into_boxed();
    if !wants_all(names) {
        let names = names.iter().filter(|name| !name.contains('\0'));
        query = query.filter(build_properties::name.eq_any(names));
    }
    let rows: Vec<(i64, String, String, String)> = query.load(conn).await?;
    let mut by_build: HashMap<i64, Properties> = HashMap::new();
    for (build, name, value, source) in rows {
        let value = from_json("build_properties.value_json", &value)?;
        by_build
            .entry(build)
            .or_default()
            .insert(name, Property { value, source });
    }
    Ok(by_build)
}

/// The builds with the properties that `names` ask for.
pub(super) async fn fill_builds(
    conn: &mut Conn,
    mut builds: Vec<Build>,
    names: &[String],
) -> Result<Vec<Build>> {
    if names.is_empty() || builds.is_empty() {
        return Ok(builds);
    }
    let ids: Vec<i64> = builds.iter().map(|build| build.id.0).collect();
    let mut found = of_builds(conn, &ids, names).await?;
    for build in &mut builds {
        let BuildId(id) = build.id;
        build.properties = found.remove(&id).unwrap_or_default();
    }
    Ok(builds)
}

/// The requests with those of their buildsets' properties that `names` ask for.
pub(super) async fn fill_requests(
    conn: &mut Conn,
    mut requests: Vec<BuildRequest>,
    names: &[String],
) -> Result<Vec<BuildRequest>> {
    if names.is_empty() || requests.is_empty() {
        return Ok(requests);
    }
    let ids = requests.iter().map(|request| request.buildset.0);
    let rows: Vec<(i64, String)> = buildsets::table
        .filter(buildsets::id.eq_any(ids.collect::<Vec<_>>()))
        .select((buildsets::id, buildsets::properties_json))
        .load(conn)
        .await?;
    let mut by_buildset: HashMap<i64, Properties> = HashMap::with_capacity(rows.len());
    for (buildset, json) in rows {
        let mut properties: Properties = from_json("buildsets.properties_json", &json)?;
        if !wants_all(names) {
            properties.retain(|name, _| names.contains(name));
        }
        by_buildset.insert(buildset, properties);
    }
    for request in &mut requests {
        request.properties = by_buildset.get(&request.buildset.0).cloned().unwrap_or_default();
    }
    Ok(requests)
}
