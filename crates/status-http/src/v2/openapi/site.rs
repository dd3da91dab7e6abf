//! What is beside the resources: events, and what tells of the site itself.

use serde_json::{Map, Value, json};

use super::answers::{good, with_errors};
use super::{described, flag, integer, list, object, object_of, schema, text};

fn get(tag: &str, summary: &str, parameters: &Value, answers: Map<String, Value>, errors: &[u16]) -> Value {
    let mut operation = json!({
        "tags": [tag],
        "summary": summary,
        "responses": with_errors(answers, errors),
    });
    if parameters.as_array().is_some_and(|it| !it.is_empty()) {
        operation["parameters"] = parameters.clone();
    }
    json!({"get": operation})
}

fn plain(summary: &str, name: &str) -> Value {
    let answer = good("application/json", &schema(name), false);
    get("site", summary, &json!([]), answer, &[])
}

/// The paths and their operations.
pub(super) fn paths() -> Map<String, Value> {
    let spec = good("application/json", &json!({"type": "object"}), false);
    let page = good("text/html", &text(), false);
    let all = [
        ("/api", plain("Where the API's versions are.", "Versions")),
        (
            "/api/v2/openapi.json",
            get("site", "This document.", &json!([]), spec, &[]),
        ),
        (
            "/api/v2/docs",
            get("site", "This document as a page.", &json!([]), page, &[]),
        ),
        (
            "/config",
            plain("What Buildbot's web pages ask at their start.", "Config"),
        ),
        ("/sse/listen", listen()),
        ("/sse/listen/{path}", listen_to_one()),
        ("/sse/add/{uuid}/{path}", change("Adds a path to a stream.", true)),
        (
            "/sse/remove/{uuid}/{path}",
            change("Takes a path from a stream.", false),
        ),
        ("/ws", socket()),
    ];
    all.into_iter().map(|(path, it)| (path.to_owned(), it)).collect()
}

const STREAM: &str = "Server-sent events. `handshake`: the stream's id. `event`: an `Event`; its `id` is the cursor. \
`bookmark`: everything up to its `id` was sent. `error`: an `Error`, and the end.";

fn stream() -> Map<String, Value> {
    good("text/event-stream", &described(text(), STREAM), false)
}

fn since() -> Value {
    json!({
        "name": "since",
        "in": "query",
        "description": "The cursor after which events are wanted; without it, those from now on.",
        "schema": {"type": "integer", "format": "int64", "minimum": 0},
    })
}

fn last_event_id() -> Value {
    json!({
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The same as `since`, as a browser sends it.",
        "schema": text(),
    })
}

/// A path of events within the path of a request; its slashes stand as they are.
fn topic() -> Value {
    json!({
        "name": "path",
        "in": "path",
        "required": true,
        "description": "A topic, such as `builds/17/finished`; `*` stands for one word, `**` alone for every topic.",
        "schema": text(),
    })
}

fn listen() -> Value {
    let path = json!({
        "name": "path",
        "in": "query",
        "description": "Topics, in which `*` stands for one word; without any, none yet.",
        "schema": list(text()),
    });
    let parameters = json!([path, since(), last_event_id()]);
    get(
        "events",
        "A stream of several paths.",
        &parameters,
        stream(),
        &[401, 403, 410],
    )
}

fn listen_to_one() -> Value {
    let parameters = json!([topic(), since(), last_event_id()]);
    get(
        "events",
        "A stream of one path.",
        &parameters,
        stream(),
        &[401, 403, 404, 410],
    )
}

fn change(summary: &str, adds: bool) -> Value {
    let uuid = json!({
        "name": "uuid",
        "in": "path",
        "required": true,
        "description": "The id that the stream's handshake told.",
        "schema": text(),
    });
    let mut parameters = vec![uuid, topic()];
    if adds {
        parameters.push(since());
    }
    let done = good("application/json", &json!({}), false);
    get("events", summary, &json!(parameters), done, &[401, 403, 404, 410])
}

fn socket() -> Value {
    let switched = json!({
        "description": "A WebSocket. The client's frames are each a `SocketCommand`, the server's each a `SocketFrame`, \
                        as JSON in text.",
    });
    let answers = Map::from_iter([("101".to_owned(), switched)]);
    get(
        "events",
        "Events over a WebSocket.",
        &json!([]),
        answers,
        &[401, 403],
    )
}

/// What these paths give.
pub(super) fn schemas() -> Map<String, Value> {
    let versions = object(&[("api_versions", object(&[("v2", text())]))]);
    let all = [
        ("Versions", versions),
        ("Config", config()),
        ("Event", event()),
        ("SocketCommand", socket_command()),
        ("SocketFrame", socket_frame()),
    ];
    all.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
}

fn config() -> Value {
    let auth = object(&[("name", described(text(), "Whether people can sign in."))]);
    object(&[
        ("title", text()),
        ("titleURL", text()),
        ("buildbotURL", text()),
        ("auth", auth),
        ("user", schema("Identity")),
    ])
}

fn message() -> Value {
    described(
        json!({"type": "object"}),
        "The resource after the event, as a read gives it; properties of a build, of them alone.",
    )
}

fn event() -> Value {
    object(&[
        ("key", described(list(text()), "The words of the topic.")),
        ("message", message()),
        (
            "at_us",
            described(integer(), "When it was committed, in microseconds."),
        ),
    ])
}

fn socket_command() -> Value {
    let commands = ["startConsuming", "stopConsuming", "ping"];
    let fields = [
        ("cmd", json!({"type": "string", "enum": commands})),
        ("_id", json!({})),
        ("path", described(text(), "Topics; of all commands but `ping`.")),
        (
            "since",
            described(integer(), "Of `startConsuming`: after which cursor."),
        ),
        (
            "bookmarks",
            described(flag(), "Of `startConsuming`: whether they are wanted."),
        ),
    ];
    object_of(&fields, &["cmd", "_id"])
}

fn socket_frame() -> Value {
    let answer = [
        ("_id", json!({})),
        ("code", integer()),
        ("msg", text()),
        ("error", text()),
        ("cursor", integer()),
    ];
    let event = [
        ("k", described(text(), "The topic.")),
        ("m", message()),
        ("cursor", integer()),
        ("at_us", integer()),
    ];
    let bookmark = [("bookmark", json!({"const": true})), ("cursor", integer())];
    json!({"anyOf": [
        object(&event),
        object(&bookmark),
        object_of(&answer, &["_id", "code"]),
    ]})
}
