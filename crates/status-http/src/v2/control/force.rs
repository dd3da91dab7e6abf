//! The parameters of a force, both ways.

use serde_json::{Map, Value, json};
use weir_status_api::{BuilderId, Error, ForceParams, Result};

use super::{parameter, text, wrong};
use crate::v2::form::{SOURCE_FIELDS, source_field};

/// Parameters that are no fields of the form. The server knows the caller by a token, not by what it says.
const RESERVED: [&str; 4] = ["builderid", "builderNames", "owner", "username"];

/// What a force asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ForceRequest {
    /// The one builder that is meant, if it is named by its id.
    pub builder: Option<BuilderId>,
    /// Everything else.
    pub params: ForceParams,
}

impl ForceRequest {
    /// Reads the parameters of a force whose scheduler has this codebase.
    ///
    /// An empty branch or revision is as good as none, since forms send every field. The idempotency key is not
    /// among the parameters: it comes by [`IDEMPOTENCY_HEADER`](super::IDEMPOTENCY_HEADER).
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if one is not of its type, by its full name.
    pub fn parse(params: &Map<String, Value>, codebase: &str) -> Result<Self> {
        let source = |name: &str| text(params, &source_field(codebase, name));
        let set = |text: Option<String>| text.filter(|text| !text.is_empty());
        let standard: Vec<String> = SOURCE_FIELDS
            .iter()
            .map(|name| source_field(codebase, name))
            .chain(
                RESERVED
                    .iter()
                    .chain(&["reason", "priority"])
                    .map(ToString::to_string),
            )
            .collect();
        let own = params.iter().filter(|(name, _)| !standard.contains(name));
        Ok(Self {
            builder: builder(params)?,
            params: ForceParams {
                builders: builder_names(params)?,
                reason: text(params, "reason")?,
                priority: priority(params)?,
                branch: set(source("branch")?),
                revision: set(source("revision")?),
                repository: source("repository")?,
                project: source("project")?,
                values: own
                    .map(|(name, _)| (name.clone(), parameter(params, name).clone()))
                    .collect(),
                idempotency_key: None,
            },
        })
    }
}

fn builder(params: &Map<String, Value>) -> Result<Option<BuilderId>> {
    let id = match parameter(params, "builderid") {
        Value::Null => return Ok(None),
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    };
    id.map(|id| Some(BuilderId(id)))
        .ok_or_else(|| wrong("builderid", "the id of a builder"))
}

fn builder_names(params: &Map<String, Value>) -> Result<Vec<String>> {
    let bad = || wrong("builderNames", "a list of names of builders");
    match params.get("builderNames") {
        None | Some(Value::Null) => Ok(vec![]),
        Some(Value::String(name)) => Ok(vec![name.clone()]),
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(bad))
            .collect(),
        Some(_) => Err(bad()),
    }
}

const PRIORITY: &str = "a whole number within 32 bits";

/// The priority of a request, which must be there.
pub(super) fn needed_priority(params: &Map<String, Value>) -> Result<i32> {
    priority(params)?.ok_or_else(|| wrong("priority", PRIORITY))
}

fn priority(params: &Map<String, Value>) -> Result<Option<i32>> {
    let number = match parameter(params, "priority") {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64().and_then(|number| i32::try_from(number).ok()),
    };
    number.map(Some).ok_or_else(|| wrong("priority", PRIORITY))
}

/// The parameters of a force through a scheduler with this codebase.
pub fn force_to_params(force: &ForceParams, codebase: &str) -> Map<String, Value> {
    let mut params: Map<String, Value> = force
        .values
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !force.builders.is_empty() {
        params.insert("builderNames".to_owned(), json!(force.builders));
    }
    let texts = [
        ("reason".to_owned(), &force.reason),
        (source_field(codebase, "branch"), &force.branch),
        (source_field(codebase, "revision"), &force.revision),
        (source_field(codebase, "repository"), &force.repository),
        (source_field(codebase, "project"), &force.project),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            params.insert(name, json!(text));
        }
    }
    if let Some(priority) = force.priority {
        params.insert("priority".to_owned(), json!(priority));
    }
    params
}

/// The error of a force with the full names of the form for the fields that are wrong.
pub fn force_error_to_json_names(error: Error, codebase: &str) -> Error {
    rename(error, |name| match name {
        "builders" => "builderNames".to_owned(),
        name if SOURCE_FIELDS.contains(&name) => source_field(codebase, name),
        name => name.to_owned(),
    })
}

/// The error of a force with the status API's names for the fields that are wrong.
pub fn force_error_to_field_names(error: Error, codebase: &str) -> Error {
    rename(error, |name| match name {
        "builderNames" => "builders".to_owned(),
        name => SOURCE_FIELDS
            .into_iter()
            .find(|field| source_field(codebase, field) == name)
            .unwrap_or(name)
            .to_owned(),
    })
}

fn rename(error: Error, new_name: impl Fn(&str) -> String) -> Error {
    match error {
        Error::InvalidInput { fields } => Error::InvalidInput {
            fields: fields
                .into_iter()
                .map(|(name, why)| (new_name(&name), why))
                .collect(),
        },
        other => other,
    }
}
