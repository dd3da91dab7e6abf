//! The objects within resources and views that no table of columns describes.

use serde_json::{Map, Value, json};
use weir_status_api::{Kind, LogKind, Results, WaitReason};

use super::schemas::name_of;
use super::{described, flag, integer, list, object, object_of, or_null, schema, text};
use crate::v2::TIMES;

/// What the field `name` of `owner` holds (each of its items, if it is a list), where its shape does not tell.
pub(super) fn within(owner: &str, name: &str) -> Option<Value> {
    Some(match (owner, name) {
        ("BuildRequest", "results") => schema("RequestResults"),
        (_, "results") => schema("Results"),
        ("Log", "type") => schema("LogType"),
        ("SourceStamp", "patch") => schema("Patch"),
        ("Step", "urls") => schema("Url"),
        ("Worker", "connected_to") => schema("ConnectedTo"),
        ("Worker", "configured_on") => schema("ConfiguredOn"),
        ("Worker", "workerinfo") => schema("WorkerInfo"),
        ("ForceScheduler", "all_fields") => schema("ForceField"),
        ("Scheduler" | "ChangeSource", "master") => schema("MasterWithin"),
        ("DeadLetter", "event") => schema("Event"),
        (_, "description_html") => json!({"type": "null"}),
        ("LogSearch", "hits") => schema("LogHit"),
        ("LogChunk", TIMES) => described(
            pair(),
            "A line, from 0, and when it and those behind it were stored: microseconds since 1970.",
        ),
        ("HomeView", "reasons") => schema("WaitReason"),
        ("HomeView", "broken") => schema("BrokenBuilder"),
        ("HomeView", "expected") => schema("ExpectedEnd"),
        ("GridView", "revisions") => schema("GridRevision"),
        (_, "cells") => schema("Cell"),
        _ => return None,
    })
}

/// All of them by name.
pub(super) fn schemas() -> Map<String, Value> {
    let all = [
        ("Results", results(&[])),
        ("RequestResults", results(&[-1])),
        ("LogType", log_type()),
        ("LogHit", log_hit()),
        ("WaitReason", wait_reason()),
        ("Properties", properties()),
        ("Meta", meta()),
        ("Patch", patch()),
        ("Url", object(&[("name", text()), ("url", text())])),
        ("ConnectedTo", object(&[("masterid", integer())])),
        (
            "ConfiguredOn",
            object(&[("masterid", integer()), ("builderid", integer())]),
        ),
        ("WorkerInfo", worker_info()),
        ("ForceField", force_field()),
        ("MasterWithin", master_within()),
        ("BuildCell", build_cell()),
        ("Cell", cell()),
        ("BrokenBuilder", broken_builder()),
        ("GridRevision", grid_revision()),
        ("ExpectedEnd", expected_end()),
    ];
    all.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
}

fn results(more: &[i32]) -> Value {
    let codes: Vec<i32> = (0..)
        .map_while(|code| Results::from_code(code).map(Results::code))
        .collect();
    let codes: Vec<i32> = more.iter().copied().chain(codes).collect();
    let mut what =
        "0 success, 1 warnings, 2 failure, 3 skipped, 4 exception, 5 retry, 6 cancelled".to_owned();
    if !more.is_empty() {
        what.push_str("; -1 not complete");
    }
    described(json!({"type": "integer", "enum": codes}), &what)
}

fn log_type() -> Value {
    let kinds = [LogKind::Stdio, LogKind::Text, LogKind::Html, LogKind::Deleted];
    let letters = kinds.map(LogKind::letter);
    described(
        json!({"type": "string", "enum": letters}),
        "s: each line begins with its stream's letter; t: text; h: HTML; d: deleted",
    )
}

fn pair() -> Value {
    json!({
        "type": "array",
        "prefixItems": [integer(), integer()],
        "minItems": 2,
        "maxItems": 2,
    })
}

fn log_hit() -> Value {
    object(&[
        ("line", described(integer(), "The line's number, from 0.")),
        (
            "stream",
            or_null(described(
                text(),
                "The letter of its stream, in a log of the type s.",
            )),
        ),
        (
            "text",
            described(
                text(),
                "The line, or of a long one a part with what was found first.",
            ),
        ),
        (
            "text_start",
            described(integer(), "How many characters of the line are before `text`."),
        ),
        (
            "ranges",
            described(
                list(pair()),
                "Where in the line something was found: begin and end, in characters.",
            ),
        ),
    ])
}

fn wait_reason() -> Value {
    let names: Vec<&str> = WaitReason::ALL.iter().map(|it| it.name()).collect();
    json!({"type": "string", "enum": names})
}

fn properties() -> Value {
    let pair = json!({
        "type": "array",
        "prefixItems": [{}, {"type": "string"}],
        "minItems": 2,
        "maxItems": 2,
    });
    let all = json!({"type": "object", "additionalProperties": pair});
    described(all, "By name: value and source.")
}

fn meta() -> Value {
    let total = described(integer(), "How many rows this page has.");
    let next = described(
        text(),
        "Where the next page begins, for `after`; left out on the last.",
    );
    object_of(&[("total", total), ("next", next)], &[])
}

fn patch() -> Value {
    object(&[
        ("patchid", integer()),
        ("level", integer()),
        ("subdir", text()),
        ("author", text()),
        ("comment", text()),
        ("body", json!({"type": "null"})),
        (
            "body_base64",
            json!({"type": "string", "contentEncoding": "base64"}),
        ),
    ])
}

fn worker_info() -> Value {
    let known = ["admin", "host", "access_uri", "version"];
    let fields = known.map(|name| (name, or_null(text())));
    let mut info = described(
        object_of(&fields, &[]),
        "What the worker told of itself; empty if it never did.",
    );
    info["additionalProperties"] = text();
    info
}

fn force_field() -> Value {
    let always = [
        ("name", text()),
        ("fullName", or_null(text())),
        ("label", text()),
        ("tablabel", text()),
        ("type", field_type()),
        ("default", json!({})),
        ("required", flag()),
        ("multiple", flag()),
        ("regex", json!({"type": "null"})),
        ("hide", flag()),
        ("maxsize", or_null(integer())),
        ("autopopulate", json!({"type": "null"})),
        ("tooltip", text()),
    ];
    let required = always.clone().map(|(name, _)| name);
    let sometimes = [
        ("fields", list(schema("ForceField"))),
        ("layout", text()),
        ("columns", or_null(integer())),
        ("size", integer()),
        ("need_email", flag()),
        ("cols", integer()),
        ("rows", integer()),
        ("pattern", or_null(text())),
        ("min", or_null(integer())),
        ("max", or_null(integer())),
        ("choices", list(text())),
        ("strict", flag()),
        ("codebase", described(text(), "Which source a patch patches.")),
        (
            "any_properties",
            described(
                flag(),
                "Whether it takes any properties, an object or lines `NAME=VALUE`.",
            ),
        ),
    ];
    let all: Vec<_> = always.into_iter().chain(sometimes).collect();
    described(
        object_of(&all, &required),
        "A field of a form, or a group of such (`nested`).",
    )
}

fn field_type() -> Value {
    json!({"type": "string", "enum": ["text", "textarea", "int", "bool", "list", "username", "file", "nested"]})
}

fn master_within() -> Value {
    let fields = [
        ("masterid", integer()),
        ("name", text()),
        ("active", flag()),
        ("last_active", integer()),
        ("last_active_us", integer()),
    ];
    described(
        object_of(&fields, &["masterid"]),
        "The master; in an event, or if it cannot be read, its id alone.",
    )
}

fn build_cell() -> Value {
    let whole = || json!({"type": "integer", "format": "int64"});
    let cell = json!({
        "type": "array",
        "prefixItems": [whole(), whole(), whole(), or_null(whole()), or_null(schema("Results"))],
        "minItems": 5,
        "maxItems": 5,
    });
    described(
        cell,
        "A build: its id, number, beginning, end or null (both in microseconds), results or null.",
    )
}

fn cell() -> Value {
    let fields = [
        ("builderid", integer()),
        (
            "row",
            described(integer(), "A place in `revisions` or `changes`, from 0."),
        ),
        ("builds", list(schema("BuildCell"))),
        (
            "waiting",
            described(list(integer()), "Build requests; left out if there are none."),
        ),
    ];
    object_of(&fields, &["builderid", "row", "builds"])
}

fn broken_builder() -> Value {
    object(&[
        ("builderid", integer()),
        ("last", schema("BuildCell")),
        ("since", schema("BuildCell")),
        ("last_good_buildid", or_null(integer())),
    ])
}

fn expected_end() -> Value {
    object(&[
        ("buildid", integer()),
        ("end_at", integer()),
        ("end_at_us", integer()),
    ])
}

fn grid_revision() -> Value {
    object(&[
        ("sourcestamps", list(schema(&name_of(Kind::SourceStamp)))),
        ("submitted_at", integer()),
        ("submitted_at_us", integer()),
    ])
}
