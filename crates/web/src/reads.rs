//! Reads: an endpoint and a query string to the status API, and its answer to JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_status_api::{
    At, BuildKey, Condition, Cursor, Entity, Error, Key, Kind, List, ListParts, Master, MasterId, Page,
    Result,
};
use weir_status_http::v2::{self, Endpoint, ListRequest, Object, Scope, Selection, envelope, plural};

use crate::answer::Reader;
use crate::source::Source;
use crate::{logs, scopes};

/// A body, written for its reader, and the cursor at which it is true.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) cursor: Option<Cursor>,
}

impl Answer {
    pub(crate) fn at(cursor: Cursor, reader: Reader, body: &impl Serialize) -> Self {
        Self {
            body: reader.write(body),
            cursor: Some(cursor),
        }
    }
}

/// A list of more rows than this is written where it stops nobody else.
const LARGE: usize = 500;

type Pairs = [(String, String)];

/// Answers everything but what is no JSON: raw logs, the values of data.
pub(crate) async fn read(
    source: &Source,
    endpoint: Endpoint,
    query: &Pairs,
    reader: Reader,
) -> Result<Answer> {
    match endpoint {
        Endpoint::Rootlinks => Ok(Answer {
            body: reader.write(&envelope::root_links()),
            cursor: None,
        }),
        Endpoint::One(key) => one(source, key, vec![], query, reader).await,
        Endpoint::OneWithin(key, scopes) => one(source, key, scopes, query, reader).await,
        Endpoint::List(kind, scopes) => list(source, kind, scopes, query, reader).await,
        Endpoint::Contents(log) => logs::contents(source, log, query, reader).await,
        Endpoint::Search(log) => {
            let search = v2::parse_search(query)?;
            let At { value, cursor } = source.search_log(log, search).await?;
            Ok(Answer::at(cursor, reader, &envelope::log_hits(&value)))
        }
        Endpoint::Properties(of) => {
            no_parameters(query)?;
            let At { value, cursor } = source.properties(of).await?;
            Ok(Answer::at(cursor, reader, &envelope::properties(&value)))
        }
        Endpoint::PropertyList(of) => {
            no_parameters(query)?;
            let At { value, cursor } = source.properties(of).await?;
            Ok(Answer::at(cursor, reader, &envelope::property_list(&value)))
        }
        Endpoint::ChangePropertyList(id) => {
            no_parameters(query)?;
            match source.get(Key::Change(id)).await? {
                At {
                    value: Entity::Change(change),
                    cursor,
                } => Ok(Answer::at(
                    cursor,
                    reader,
                    &envelope::property_list(&change.properties),
                )),
                _ => Err(Error::internal("a change that is none")),
            }
        }
        Endpoint::View(name) => {
            let query = v2::parse_view(name, query)?;
            let view = source.view(query).await;
            let At { value, cursor } = view.map_err(v2::view_error_to_json_names)?;
            Ok(Answer::at(cursor, reader, &v2::view_object(&value)))
        }
        Endpoint::CommitGraph(range) => {
            no_parameters(query)?;
            let At { value, cursor } = scopes::commit_graph(source, range).await?;
            Ok(Answer::at(cursor, reader, &envelope::commit_graph(&value)))
        }
        Endpoint::Spec => {
            no_parameters(query)?;
            Ok(Answer {
                body: reader.write(&envelope::specs()),
                cursor: None,
            })
        }
        Endpoint::Raw { .. } | Endpoint::BuildDataValue(..) => {
            Err(Error::internal("what is no JSON was asked for as JSON"))
        }
    }
}

fn no_parameters(query: &Pairs) -> Result<()> {
    match query.first() {
        Some((name, _)) => Err(Error::invalid(name, "unrecognized query parameter")),
        None => Ok(()),
    }
}

async fn list(
    source: &Source,
    kind: Kind,
    within: Vec<Scope>,
    query: &Pairs,
    reader: Reader,
) -> Result<Answer> {
    // What is wrong with the query is told before anything is looked up.
    let ListRequest { list, selection } = v2::parse_list(kind, query)?;
    let mut parts = list.into_parts();
    parts.filters.extend(scopes::conditions(source, within).await?);
    let page = source.list(List::from_parts(parts)?).await;
    let Page { items, cursor, next } = page.map_err(|error| v2::error_to_json_names(kind, error))?;
    let masters = masters(source, &items).await;
    let large = items.len() > LARGE;
    let write = move || {
        let rows = objects(&items, &masters, &selection);
        reader.write(&envelope::collection(plural(kind), rows, next.as_ref()))
    };
    let body = match large {
        true => tokio::task::spawn_blocking(write)
            .await
            .map_err(Error::internal)?,
        false => write(),
    };
    Ok(Answer {
        body,
        cursor: Some(cursor),
    })
}

async fn one(source: &Source, key: Key, within: Vec<Scope>, query: &Pairs, reader: Reader) -> Result<Answer> {
    let kind = key.kind();
    let selection = v2::parse_selection(kind, query)?;
    let At { value, cursor } = match within.is_empty() && selection.properties.is_empty() {
        true => source.get(key).await?,
        false => one_of_list(source, key, within, &selection).await?,
    };
    let masters = masters(source, std::slice::from_ref(&value)).await;
    let body = envelope::single(plural(kind), object(&value, &masters, &selection));
    Ok(Answer::at(cursor, reader, &body))
}

/// The resource, by way of a list: only a list fills in properties and knows conditions.
async fn one_of_list(
    source: &Source,
    key: Key,
    within: Vec<Scope>,
    selection: &Selection,
) -> Result<At<Entity>> {
    let mut parts = ListParts::new(key.kind());
    parts.filters = scopes::conditions(source, within).await?;
    parts.filters.extend(own_conditions(source, &key).await?);
    parts.properties.clone_from(&selection.properties);
    parts.limit = Some(1);
    let Page {
        mut items, cursor, ..
    } = source.list(List::from_parts(parts)?).await?;
    match items.pop() {
        Some(value) => Ok(At { value, cursor }),
        None => Err(Error::not_found(key)),
    }
}

async fn own_conditions(source: &Source, key: &Key) -> Result<Vec<Condition>> {
    if let Some(condition) = v2::key_conditions(key) {
        return Ok(vec![condition]);
    }
    let id = match (key, source.get(key.clone()).await?.value) {
        (Key::Build(BuildKey::Number(..)), Entity::Build(build)) => Key::Build(build.id.into()),
        _ => return Err(Error::internal(format!("{key} cannot be looked for in a list"))),
    };
    Ok(v2::key_conditions(&id).into_iter().collect())
}

/// The masters that the resources carry whole; those that can be read.
async fn masters(source: &Source, items: &[Entity]) -> BTreeMap<MasterId, Master> {
    let mut known = BTreeMap::new();
    for item in items {
        if let Some(id) = v2::master_within(item)
            && !known.contains_key(&id)
            && let Ok(At {
                value: Entity::Master(master),
                ..
            }) = source.get(Key::Master(id)).await
        {
            known.insert(id, master);
        }
    }
    known
}

/// Resources as their JSON, the parts that the client wants.
fn objects<'a>(
    items: &'a [Entity],
    masters: &'a BTreeMap<MasterId, Master>,
    selection: &Selection,
) -> Vec<Object<'a>> {
    items
        .iter()
        .map(|item| object(item, masters, selection))
        .collect()
}

fn object<'a>(
    item: &'a Entity,
    masters: &'a BTreeMap<MasterId, Master>,
    selection: &Selection,
) -> Object<'a> {
    let mut object = v2::object(item);
    if let Some(master) = v2::master_within(item).and_then(|id| masters.get(&id)) {
        v2::put_master(&mut object, master);
    }
    selection.apply(&mut object);
    object
}
