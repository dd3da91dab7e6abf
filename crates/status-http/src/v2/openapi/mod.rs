//! The whole JSON API as an OpenAPI 3.1 document, made of the tables by which paths are parsed and fields are named.

mod access;
mod answers;
mod commands;
mod neighbours;
mod operations;
mod parts;
mod schemas;
mod site;

use serde_json::{Map, Value, json};

/// Where the document is, below `/api/v2`.
pub const PATH: &str = "openapi.json";

const ABOUT: &str = "Buildbot's REST v2 with Weir's extensions. An answer is JSON: compact for whoever has \
`application/json` in `Accept`, otherwise the same indented, as `text/plain`. Errors are JSON sent as `text/plain`. \
`/api/latest` is another name of `/api/v2`. Every GET can be asked as HEAD. Fields and parameters may be added; none \
goes or changes its type.";

/// The document.
pub fn document() -> Value {
    let mut paths = operations::paths();
    paths.extend(access::paths());
    paths.extend(site::paths());
    paths.extend(neighbours::paths());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Weir",
            "version": "2",
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        // Whoever presents no token is anonymous.
        "security": [{}, {"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "parameters": operations::parameters(),
            "responses": answers::errors(),
            "headers": answers::headers(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An API token."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "weir_session",
                    "description": "Of somebody who signed in at `/auth/login`.",
                },
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    })
}

fn schemas() -> Map<String, Value> {
    let mut all = schemas::of_resources();
    all.extend(schemas::of_answers());
    all.extend(parts::schemas());
    all.extend(commands::schemas());
    all.extend(access::schemas());
    all.extend(site::schemas());
    all.extend(neighbours::schemas());
    all.extend(answers::schemas());
    all
}

/// The schema of that name.
fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An object with these fields, all of which are there.
fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    object_of(fields, &required)
}

/// An object with these fields, of which those named in `required` are there.
fn object_of(fields: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    match required {
        [] => json!({"type": "object", "properties": properties}),
        required => json!({"type": "object", "properties": properties, "required": required}),
    }
}

fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

/// The same or null.
fn or_null(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(Value::String(name)) if name != "null" => {
            schema["type"] = json!([name, "null"]);
            schema
        }
        Some(_) => schema,
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

fn described(mut schema: Value, what: &str) -> Value {
    schema["description"] = json!(what);
    schema
}

#[cfg(test)]
mod tests;
