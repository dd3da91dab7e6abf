//! Reads: an endpoint and a query string to the status API, and its answer to JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_status_api::{
    At, BuildKey, Condition, Cursor, Entity, Error, Key, Kind, List, ListParts, Master, MasterId, Page,
    Result,
};
use weir_status_http::v2::{self, Endpoint, ListRequest, Scope, Selection, envelope, plural};

use crate::{App, logs, scopes};

/// A body, and the cursor at which it is true.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) cursor: Option<Cursor>,
}

impl Answer {
    pub(crate) fn at(cursor: Cursor, body: Value) -> Self {
        Self {
            body,
            cursor: Some(cursor),
        }
    }
}

type Pairs = [(String, String)];

/// Answers everything but raw logs.
pub(crate) async fn read(app: &App, endpoint: Endpoint, query: &Pairs) -> Result<Answer> {
    match endpoint {
        Endpoint::Rootlinks => Ok(Answer {
            body: envelope::root_links(),
            cursor: None,
        }),
        Endpoint::One(key) => one(app, key, vec![], query).await,
        Endpoint::OneWithin(key, scopes) => one(app, key, scopes, query).await,
        Endpoint::List(kind, scopes) => list(app, kind, scopes, query).await,
        Endpoint::Contents(log) => logs::contents(app, log, query).await,
        Endpoint::Properties(of) => {
            no_parameters(query)?;
            let At { value, cursor } = app.api.properties(of).await?;
            Ok(Answer::at(cursor, envelope::properties(&value)))
        }
        Endpoint::PropertyList(of) => {
            no_parameters(query)?;
            let At { value, cursor } = app.api.properties(of).await?;
            Ok(Answer::at(cursor, envelope::property_list(&value)))
        }
        Endpoint::ChangePropertyList(id) => {
            no_parameters(query)?;
            match app.api.get(Key::Change(id)).await? {
                At {
                    value: Entity::Change(change),
                    cursor,
                } => Ok(Answer::at(cursor, envelope::property_list(&change.properties))),
                _ => Err(Error::internal("a change that is none")),
            }
        }
        Endpoint::Nothing(name) => {
            let cursor = present(app).await?;
            Ok(Answer::at(cursor, envelope::collection(name, vec![], None)))
        }
        Endpoint::Raw { .. } => Err(Error::internal("a raw log is no JSON")),
    }
}

fn no_parameters(query: &Pairs) -> Result<()> {
    match query.first() {
        Some((name, _)) => Err(Error::invalid(name, "unrecognized query parameter")),
        None => Ok(()),
    }
}

/// The present cursor.
async fn present(app: &App) -> Result<Cursor> {
    let mut parts = ListParts::new(Kind::Master);
    parts.limit = Some(0);
    Ok(app.api.list(List::from_parts(parts)?).await?.cursor)
}

async fn list(app: &App, kind: Kind, within: Vec<Scope>, query: &Pairs) -> Result<Answer> {
    // What is wrong with the query is told before anything is looked up.
    let ListRequest { list, selection } = v2::parse_list(kind, query)?;
    let mut parts = list.into_parts();
    parts.filters.extend(scopes::conditions(app, within).await?);
    let page = app.api.list(List::from_parts(parts)?).await;
    let Page { items, cursor, next } = page.map_err(|error| v2::error_to_json_names(kind, error))?;
    let rows = objects(app, &items, &selection).await;
    Ok(Answer::at(
        cursor,
        envelope::collection(plural(kind), rows, next.as_ref()),
    ))
}

async fn one(app: &App, key: Key, within: Vec<Scope>, query: &Pairs) -> Result<Answer> {
    let kind = key.kind();
    let selection = v2::parse_selection(kind, query)?;
    let At { value, cursor } = match within.is_empty() && selection.properties.is_empty() {
        true => app.api.get(key).await?,
        false => one_of_list(app, key, within, &selection).await?,
    };
    let mut rows = objects(app, &[value], &selection).await;
    Ok(Answer::at(
        cursor,
        envelope::single(plural(kind), rows.pop().unwrap_or_default()),
    ))
}

/// The resource, by way of a list: only a list fills in properties and knows conditions.
async fn one_of_list(app: &App, key: Key, within: Vec<Scope>, selection: &Selection) -> Result<At<Entity>> {
    let mut parts = ListParts::new(key.kind());
    parts.filters = scopes::conditions(app, within).await?;
    parts.filters.extend(own_conditions(app, &key).await?);
    parts.properties.clone_from(&selection.properties);
    parts.limit = Some(1);
    let Page {
        mut items, cursor, ..
    } = app.api.list(List::from_parts(parts)?).await?;
    match items.pop() {
        Some(value) => Ok(At { value, cursor }),
        None => Err(Error::not_found(key)),
    }
}

async fn own_conditions(app: &App, key: &Key) -> Result<Vec<Condition>> {
    if let Some(condition) = v2::key_conditions(key) {
        return Ok(vec![condition]);
    }
    let id = match (key, app.api.get(key.clone()).await?.value) {
        (Key::Build(BuildKey::Number(..)), Entity::Build(build)) => Key::Build(build.id.into()),
        _ => return Err(Error::internal(format!("{key} cannot be looked for in a list"))),
    };
    Ok(v2::key_conditions(&id).into_iter().collect())
}

/// Resources as their JSON, the parts that the client wants.
async fn objects(app: &App, items: &[Entity], selection: &Selection) -> Vec<Value> {
    let mut masters = BTreeMap::new();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let mut object = v2::to_json(item);
        if let Entity::Scheduler(scheduler) = item {
            fill_master(app, scheduler.master, &mut object, &mut masters).await;
        }
        selection.apply(&mut object);
        rows.push(object);
    }
    rows
}

/// Puts the whole master in the place of its id; leaves the id if it cannot be read.
pub(crate) async fn fill_master(
    app: &App,
    master: Option<MasterId>,
    scheduler: &mut Value,
    known: &mut BTreeMap<MasterId, Master>,
) {
    let Some(id) = master else {
        return;
    };
    if !known.contains_key(&id)
        && let Ok(At {
            value: Entity::Master(master),
            ..
        }) = app.api.get(Key::Master(id)).await
    {
        known.insert(id, master);
    }
    if let Some(master) = known.get(&id) {
        v2::put_master(scheduler, master);
    }
}
