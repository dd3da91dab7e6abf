//! What an answer to a read looks like around its objects: `{"builds": […], "meta": {…}}`.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use weir_status_api::{CommitGraph, LogChunk, LogHits, PageToken, Properties};

use super::form::properties_object;
use super::spec::{self, SpecRow};
use super::{Form, Object};

/// The header of an answer that tells the cursor at which it is true.
pub const CURSOR_HEADER: &str = "x-weir-cursor";

const META: &str = "meta";
const LOG_CHUNKS: &str = "logchunks";
const LOG_SEARCHES: &str = "logsearches";
const PROPERTIES: &str = "properties";
const COMMIT_GRAPHS: &str = "commit_graphs";

/// An answer that is not yet written; its keys are in the order of their names.
#[derive(Clone, Debug)]
pub struct Envelope<'a, T> {
    name: &'a str,
    rows: Vec<T>,
    meta: Meta<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct Meta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
}

impl<T: Serialize> Serialize for Envelope<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        let name_first = self.name < META;
        if name_first {
            map.serialize_entry(self.name, &self.rows)?;
        }
        map.serialize_entry(META, &self.meta)?;
        if !name_first {
            map.serialize_entry(self.name, &self.rows)?;
        }
        map.end()
    }
}

/// A list of `name`; `next` is where its next page begins (Weir's `meta.next`, for `after=`).
///
/// As with Buildbot's larger lists, `meta.total` counts the rows of this page.
pub fn collection<'a, T>(name: &'a str, rows: Vec<T>, next: Option<&'a PageToken>) -> Envelope<'a, T> {
    let meta = Meta {
        next: next.map(|it| it.0.as_str()),
        total: Some(rows.len()),
    };
    Envelope { name, rows, meta }
}

/// One object of `name`.
pub fn single<T>(name: &str, object: T) -> Envelope<'_, T> {
    let meta = Meta {
        next: None,
        total: None,
    };
    Envelope {
        name,
        rows: vec![object],
        meta,
    }
}

/// Lines of a log.
pub fn log_chunk(chunk: &LogChunk) -> Envelope<'_, Object<'_>> {
    single(LOG_CHUNKS, chunk.object())
}

/// The lines of a log in which something is found.
pub fn log_hits(hits: &LogHits) -> Envelope<'_, Object<'_>> {
    single(LOG_SEARCHES, hits.object())
}

/// All properties of something, as one object.
pub fn properties(all: &Properties) -> Envelope<'_, Object<'_>> {
    single(PROPERTIES, properties_object(all))
}

/// All properties of something, as a list in which each value is JSON text.
pub fn property_list(all: &Properties) -> Envelope<'_, Value> {
    let rows = all
        .iter()
        .map(|(name, it)| json!({"name": name, "source": it.source, "value": it.value.to_string()}));
    collection("_properties", rows.collect(), None)
}

/// How two commits are related.
pub fn commit_graph(graph: &CommitGraph) -> Envelope<'_, Object<'_>> {
    single(COMMIT_GRAPHS, graph.object())
}

/// Every path and what it gives.
pub fn specs() -> Envelope<'static, SpecRow> {
    collection("specs", spec::rows(), None)
}

/// The names of the lists at the top.
pub fn root_links() -> Envelope<'static, Value> {
    let links = super::Endpoint::root_links().map(|name| json!({"name": name}));
    collection("rootlinks", links.collect(), None)
}

/// The objects under `name`, if the body has them.
pub fn objects<'a>(body: &'a Value, name: &str) -> Option<&'a [Value]> {
    body.get(name)?.as_array().map(Vec::as_slice)
}

/// The object of an answer with lines of a log.
pub fn log_chunk_of(body: &Value) -> Option<&Value> {
    objects(body, LOG_CHUNKS)?.first()
}

/// The object of an answer with what was found in a log.
pub fn log_hits_of(body: &Value) -> Option<&Value> {
    objects(body, LOG_SEARCHES)?.first()
}

/// The object of an answer with all properties of something.
pub fn properties_of(body: &Value) -> Option<&Value> {
    objects(body, PROPERTIES)?.first()
}

/// The object of an answer with how two commits are related.
pub fn commit_graph_of(body: &Value) -> Option<&Value> {
    objects(body, COMMIT_GRAPHS)?.first()
}

/// Where the next page begins.
pub fn next_of(body: &Value) -> Option<PageToken> {
    let token = body.get("meta")?.get("next")?.as_str()?;
    Some(PageToken(token.to_owned()))
}
