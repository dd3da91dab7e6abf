//! What every answer can be: its headers, and errors.

use serde_json::{Map, Value, json};

use super::{described, integer, object_of, schema, text};
use crate::v2::envelope::CURSOR_HEADER;

/// HTTP statuses of errors: the name of the answer, and when it comes.
const ERRORS: [(u16, &str, &str); 12] = [
    (
        400,
        "Invalid",
        "`invalid_query`: a parameter; `invalid_input`: fields",
    ),
    (401, "Unauthenticated", "`unauthenticated`: the token is not good"),
    (403, "PermissionDenied", "`permission_denied`: the caller may not"),
    (404, "NotFound", "`not_found`: there is no such thing"),
    (409, "Conflict", "`conflict`: the present state forbids it"),
    (
        410,
        "CursorExpired",
        "`cursor_expired`: read again, and watch from there; `content_deleted`: the log is there, its content is not",
    ),
    (413, "TooLarge", "the body is too large"),
    (429, "TooMany", "`too_many`: wait as long as `Retry-After` says"),
    (500, "Internal", "`internal`: the server's fault"),
    (
        501,
        "NotSupported",
        "`not_supported`: there is no such operation here",
    ),
    (503, "Unavailable", "`unavailable`: try again after `Retry-After`"),
    (408, "Timeout", "the body did not come in time"),
];

/// Errors that every request can meet.
const ANY: [u16; 4] = [400, 429, 500, 503];

/// The answers to a request that can meet these errors and those that every one can.
pub(super) fn with_errors(good: Map<String, Value>, statuses: &[u16]) -> Value {
    let mut all = good;
    for (status, name, _) in ERRORS {
        if ANY.contains(&status) || statuses.contains(&status) {
            let error = json!({"$ref": format!("#/components/responses/{name}")});
            all.insert(status.to_string(), error);
        }
    }
    Value::Object(all)
}

/// The errors by name.
pub(super) fn errors() -> Map<String, Value> {
    let errors = ERRORS.iter().map(|(status, name, when)| {
        let body = json!({
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": schema("Error"),
        });
        let mut answer = json!({"description": when, "content": {"text/plain": {"schema": body}}});
        if matches!(status, 429 | 503) {
            answer["headers"] = json!({"Retry-After": header("RetryAfter")});
        }
        ((*name).to_owned(), answer)
    });
    errors.collect()
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The headers by name.
pub(super) fn headers() -> Value {
    json!({
        "Cursor": {
            "description": "The cursor at which the answer is true: watch from it, and nothing is missed.",
            "schema": integer(),
        },
        "RetryAfter": {"description": "Seconds.", "schema": integer()},
    })
}

/// A good answer to a read. One that is read from the store has a cursor.
pub(super) fn good(content_type: &str, body: &Value, has_cursor: bool) -> Map<String, Value> {
    let mut answer = json!({
        "description": "The answer.",
        "content": {content_type: {"schema": body}},
    });
    if has_cursor {
        answer["headers"] = json!({CURSOR_HEADER: header("Cursor")});
    }
    Map::from_iter([("200".to_owned(), answer)])
}

/// The names of an error's further fields; `fields` and `oldest` are no texts.
const TEXTS: [&str; 5] = ["what", "field", "why", "operation", "implementer"];

const CODES: [&str; 12] = [
    "not_found",
    "invalid_query",
    "invalid_input",
    "cursor_expired",
    "content_deleted",
    "unauthenticated",
    "permission_denied",
    "conflict",
    "too_many",
    "unavailable",
    "not_supported",
    "internal",
];

/// What an error's body holds.
pub(super) fn schemas() -> Map<String, Value> {
    let of_details = || {
        let mut fields = vec![("code", json!({"type": "string", "enum": CODES}))];
        fields.extend(TEXTS.map(|name| (name, text())));
        let by_name = json!({"type": "object", "additionalProperties": {"type": "string"}});
        fields.push((
            "fields",
            described(by_name, "What is wrong, by the name of the field."),
        ));
        fields.push(("oldest", described(integer(), "The oldest cursor to watch from.")));
        fields
    };
    let details = object_of(&of_details(), &["code"]);
    let mut fields = of_details();
    fields.push(("error", text()));
    let error = described(
        object_of(&fields, &["error"]),
        "`error` is for people; `code`, and what belongs to it, for programs. What is refused before it is looked \
         at has no `code`.",
    );
    Map::from_iter([("Error".to_owned(), error), ("ErrorDetails".to_owned(), details)])
}
