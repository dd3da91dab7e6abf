//! Errors: a status, and a body that tells people and programs.
//!
//! Buildbot's body is `{"error": text}`. Weir adds `code`, a word for the error, and what else belongs to it:
//!
//! | `code` | HTTP status | beside it |
//! | --- | --- | --- |
//! | `not_found` | 404 | `what` |
//! | `invalid_query` | 400 | `field` (the parameter), `why` |
//! | `invalid_input` | 400 | `fields`: what is wrong, by the full name of the field |
//! | `content_deleted` | 410 | `what`, the log |
//! | `cursor_expired` | 410 | `oldest`, the oldest cursor that a watch can start from |
//! | `unauthenticated` | 401 | `why` |
//! | `permission_denied` | 403 | `why` |
//! | `conflict` | 409 | `why` |
//! | `too_many` | 429 | `why` |
//! | `unavailable` | 503 | `why` |
//! | `too_many` | 429 | `why` |
//! | `not_supported` | 501 | `operation`, `implementer` |
//! | `internal` | 500 | `why` |

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weir_status_api::{Cursor, Error, Kind};

use super::columns::{field_name, json_name};

/// The HTTP status of the error.
pub const fn status(error: &Error) -> u16 {
    match error {
        Error::NotFound { .. } => 404,
        Error::InvalidQuery { .. } | Error::InvalidInput { .. } => 400,
        Error::CursorExpired { .. } | Error::ContentDeleted { .. } => 410,
        Error::Unauthenticated { .. } => 401,
        Error::PermissionDenied { .. } => 403,
        Error::Conflict { .. } => 409,
        Error::TooMany { .. } => 429,
        Error::Unavailable { .. } => 503,
        Error::NotSupported { .. } => 501,
        _ => 500,
    }
}

/// The body of an answer that is an error.
pub fn error_body(error: &Error) -> Value {
    let mut body = details(error);
    body["error"] = json!(error.to_string());
    body
}

/// The word for the error and what belongs to it.
pub(super) fn details(error: &Error) -> Value {
    match error {
        Error::NotFound { what } => json!({"code": "not_found", "what": what}),
        Error::InvalidQuery { field, why } => json!({"code": "invalid_query", "field": field, "why": why}),
        Error::InvalidInput { fields } => json!({"code": "invalid_input", "fields": fields}),
        Error::CursorExpired { oldest } => json!({"code": "cursor_expired", "oldest": oldest.0}),
        Error::ContentDeleted { what } => json!({"code": "content_deleted", "what": what}),
        Error::Unauthenticated { why } => json!({"code": "unauthenticated", "why": why}),
        Error::PermissionDenied { why } => json!({"code": "permission_denied", "why": why}),
        Error::Conflict { why } => json!({"code": "conflict", "why": why}),
        Error::TooMany { why } => json!({"code": "too_many", "why": why}),
        Error::Unavailable { why } => json!({"code": "unavailable", "why": why}),
        Error::NotSupported {
            operation,
            implementer,
        } => {
            json!({"code": "not_supported", "operation": operation, "implementer": implementer})
        }
        Error::Internal { why } => json!({"code": "internal", "why": why}),
        other => json!({"code": "internal", "why": other.to_string()}),
    }
}

/// The error that an answer with this status and body is: Weir's exactly, another server's as near as its
/// status tells.
pub fn error_from(status: u16, body: &Value) -> Error {
    if let Some(error) = body.as_object().and_then(from_details) {
        return error;
    }
    let text = match body.get("error") {
        Some(Value::String(text)) => text.clone(),
        _ => format!("the server answered with HTTP status {status}"),
    };
    match status {
        400 => Error::invalid("query", text),
        401 => Error::Unauthenticated { why: text },
        403 => Error::PermissionDenied { why: text },
        404 => Error::not_found(text),
        409 => Error::Conflict { why: text },
        501 => Error::NotSupported {
            operation: text,
            implementer: "the server".to_owned(),
        },
        429 => Error::TooMany { why: text },
        408 | 502..=504 => Error::unavailable(text),
        _ => Error::internal(text),
    }
}

/// The error that [`details`] made.
pub(super) fn from_details(body: &Map<String, Value>) -> Option<Error> {
    let text = |name: &str| body.get(name)?.as_str().map(str::to_owned);
    Some(match body.get("code")?.as_str()? {
        "not_found" => Error::NotFound { what: text("what")? },
        "invalid_query" => Error::InvalidQuery {
            field: text("field")?,
            why: text("why")?,
        },
        "invalid_input" => Error::InvalidInput {
            fields: texts(body.get("fields")?)?,
        },
        "cursor_expired" => Error::CursorExpired {
            oldest: Cursor(body.get("oldest")?.as_i64()?),
        },
        "content_deleted" => Error::ContentDeleted { what: text("what")? },
        "unauthenticated" => Error::Unauthenticated { why: text("why")? },
        "permission_denied" => Error::PermissionDenied { why: text("why")? },
        "conflict" => Error::Conflict { why: text("why")? },
        "too_many" => Error::TooMany { why: text("why")? },
        "unavailable" => Error::Unavailable { why: text("why")? },
        "not_supported" => Error::NotSupported {
            operation: text("operation")?,
            implementer: text("implementer")?,
        },
        "internal" => Error::Internal { why: text("why")? },
        _ => return None,
    })
}

/// An object of texts; what Buildbot has beside text is written out.
pub(super) fn texts(value: &Value) -> Option<BTreeMap<String, String>> {
    let pairs = value.as_object()?.iter().map(|(name, text)| {
        let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
        (name.clone(), text)
    });
    Some(pairs.collect())
}

/// The error of a list of `kind`, with JSON's name for the field that is wrong.
pub fn error_to_json_names(kind: Kind, error: Error) -> Error {
    match error {
        Error::InvalidQuery { field, why } => Error::invalid(json_name(kind, &field), why),
        other => other,
    }
}

/// The error of a list of `kind`, with the status API's name for the field that is wrong.
pub fn error_to_field_names(kind: Kind, error: Error) -> Error {
    match error {
        Error::InvalidQuery { field, why } => Error::invalid(field_name(kind, &field), why),
        other => other,
    }
}
