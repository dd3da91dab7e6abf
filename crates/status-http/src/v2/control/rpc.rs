//! The envelope of JSON-RPC 2.0, as Buildbot has it.

use serde_json::{Map, Value, json};
use weir_status_api::{BuildRequestId, BuilderId, BuildsetId, ChangeId, Error, Outcome, Result};

use super::{configuration, listen, outcome_to_json};
use crate::v2::error::{details, error_from, from_details, status, texts};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;
/// Weir's own: the present state forbids it.
const CONFLICT: i64 = -32000;

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcRequest {
    /// What the answer shall carry: a text, a number or null.
    pub id: Value,
    /// The method.
    pub method: String,
    /// The parameters, by name.
    pub params: Map<String, Value>,
}

/// An answer: its HTTP status and its body.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl RpcRequest {
    /// Reads a call. There are no batches, no calls without an id and no parameters by place.
    ///
    /// # Errors
    /// The answer that tells what is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, RpcResponse> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| refuse(PARSE_ERROR, format!("JSON parse error: {error}")))?;
        let invalid = |why: &str| refuse(INVALID_REQUEST, why.to_owned());
        let object = match &value {
            Value::Object(object) => object,
            Value::Array(_) => return Err(invalid("JSONRPC batch requests are not supported")),
            _ => return Err(invalid("JSONRPC root object must be an object")),
        };
        for name in ["jsonrpc", "method", "id", "params"] {
            if !object.contains_key(name) {
                return Err(invalid(&format!("missing key '{name}'")));
            }
        }
        if object["jsonrpc"] != "2.0" {
            return Err(invalid("only JSONRPC 2.0 is supported"));
        }
        let id = &object["id"];
        if !(id.is_string() || id.is_i64() || id.is_u64() || id.is_null()) {
            return Err(invalid("'id' must be a string, a whole number or null"));
        }
        match (&object["method"], &object["params"]) {
            (Value::String(method), Value::Object(params)) => Ok(Self {
                id: id.clone(),
                method: method.clone(),
                params: params.clone(),
            }),
            (Value::String(_), _) => Err(invalid("'params' must be an object")),
            _ => Err(invalid("'method' must be a string")),
        }
    }

    /// The body of the call.
    pub fn to_json(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id, "method": self.method, "params": self.params})
    }

    /// The answer if the call has a body that is not JSON by its content type.
    pub fn wrong_content_type(content_type: &str) -> RpcResponse {
        refuse(
            INVALID_REQUEST,
            format!("invalid content-type (use application/json): {content_type}"),
        )
    }
}

/// The answer to what could not be read as a call.
fn refuse(code: i64, message: String) -> RpcResponse {
    RpcResponse {
        status: 400,
        body: json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}}),
    }
}

/// The answer to a call. An error has, beside Buildbot's `code` and `message`, Weir's word for it in `data`.
pub fn rpc_answer(id: &Value, result: &Result<Outcome>) -> RpcResponse {
    match result {
        Ok(outcome) => RpcResponse {
            status: 200,
            body: json!({"jsonrpc": "2.0", "id": id, "result": outcome_to_json(outcome)}),
        },
        Err(error) => RpcResponse {
            status: status(error),
            body: json!({"jsonrpc": "2.0", "id": id, "error": {
                "code": code(error),
                "message": message(error),
                "data": details(error),
            }}),
        },
    }
}

const fn code(error: &Error) -> i64 {
    match error {
        Error::InvalidInput { .. } | Error::InvalidQuery { .. } => INVALID_PARAMS,
        Error::Unauthenticated { .. } | Error::PermissionDenied { .. } | Error::NotFound { .. } => {
            INVALID_REQUEST
        }
        Error::NotSupported { .. } => METHOD_NOT_FOUND,
        Error::Conflict { .. } => CONFLICT,
        _ => INTERNAL_ERROR,
    }
}

fn message(error: &Error) -> Value {
    match error {
        Error::InvalidInput { fields } => json!(fields),
        other => json!(other.to_string()),
    }
}

/// The error that an answer with this status and body is; none if it is no error.
pub fn rpc_error_from(http_status: u16, body: &Value) -> Option<Error> {
    let Some(error) = body.get("error") else {
        return (!(200..300).contains(&http_status)).then(|| error_from(http_status, body));
    };
    let typed = error
        .get("data")
        .and_then(Value::as_object)
        .and_then(from_details);
    if let Some(error) = typed {
        return Some(error);
    }
    let message = error.get("message").unwrap_or(&Value::Null);
    if let Some(fields) = texts(message) {
        return Some(Error::InvalidInput { fields });
    }
    Some(error_from(http_status, &json!({"error": message})))
}

/// The outcome that a call's answer tells.
///
/// # Errors
/// [`Error::Internal`] if it is neither null nor any other outcome.
pub fn outcome_from(body: &Value) -> Result<Outcome> {
    let result = body.get("result").unwrap_or(&Value::Null);
    if result.is_null() {
        return Ok(Outcome::Done);
    }
    if let Some(change) = result.get("changeid").and_then(Value::as_i64) {
        let change = ChangeId(change);
        return Ok(Outcome::Change { change });
    }
    if let Some(on) = result.get("held_by").and_then(Value::as_str) {
        return Ok(Outcome::HeldByAnother { on: on.to_owned() });
    }
    let outcome = match result {
        Value::Object(recalled) if recalled.contains_key("rewinds") => listen::recalled(recalled),
        Value::Object(_) => configuration::outcome_from(result),
        _ => buildset(result),
    };
    outcome.ok_or_else(|| Error::internal(format!("the server answered with the result {result}")))
}

fn buildset(result: &Value) -> Option<Outcome> {
    let [id, Value::Object(requests)] = result.as_array()?.as_slice() else {
        return None;
    };
    let requests = requests.iter().map(|(builder, request)| {
        let builder: BuilderId = builder.parse().ok()?;
        Some((builder, BuildRequestId(request.as_i64()?)))
    });
    Some(Outcome::Buildset {
        buildset: BuildsetId(id.as_i64()?),
        requests: requests.collect::<Option<_>>()?,
    })
}
