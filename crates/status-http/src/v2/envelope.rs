//! What an answer to a read looks like around its objects: `{"builds": […], "meta": {…}}`.

use serde_json::{Map, Value, json};
use weir_status_api::{LogChunk, PageToken, Properties};

use super::Form;
use super::form::properties_to_json;

/// The header of an answer that tells the cursor at which it is true.
pub const CURSOR_HEADER: &str = "x-weir-cursor";

const LOG_CHUNKS: &str = "logchunks";
const PROPERTIES: &str = "properties";

/// A list of `name`; `next` is where its next page begins (Weir's `meta.next`, for `after=`).
///
/// As with Buildbot's larger lists, `meta.total` counts the rows of this page.
pub fn collection(name: &str, rows: Vec<Value>, next: Option<&PageToken>) -> Value {
    let mut meta = Map::new();
    meta.insert("total".to_owned(), json!(rows.len()));
    if let Some(next) = next {
        meta.insert("next".to_owned(), json!(next.0));
    }
    envelope(name, rows, meta)
}

/// One object of `name`.
pub fn single(name: &str, object: Value) -> Value {
    envelope(name, vec![object], Map::new())
}

fn envelope(name: &str, rows: Vec<Value>, meta: Map<String, Value>) -> Value {
    let mut body = Map::new();
    body.insert(name.to_owned(), Value::Array(rows));
    body.insert("meta".to_owned(), Value::Object(meta));
    Value::Object(body)
}

/// Lines of a log.
pub fn log_chunk(chunk: &LogChunk) -> Value {
    single(LOG_CHUNKS, chunk.to_json())
}

/// All properties of something, as one object.
pub fn properties(all: &Properties) -> Value {
    single(PROPERTIES, properties_to_json(all))
}

/// All properties of something, as a list in which each value is JSON text.
pub fn property_list(all: &Properties) -> Value {
    let rows = all
        .iter()
        .map(|(name, it)| json!({"name": name, "source": it.source, "value": it.value.to_string()}));
    collection("_properties", rows.collect(), None)
}

/// The names of the lists at the top.
pub fn root_links() -> Value {
    let links = super::Endpoint::ROOT.iter().map(|name| json!({"name": name}));
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

/// The object of an answer with all properties of something.
pub fn properties_of(body: &Value) -> Option<&Value> {
    objects(body, PROPERTIES)?.first()
}

/// Where the next page begins.
pub fn next_of(body: &Value) -> Option<PageToken> {
    let token = body.get("meta")?.get("next")?.as_str()?;
    Some(PageToken(token.to_owned()))
}
