//! Commands: JSON-RPC by POST to the resource that they are about.

use serde_json::{Map, Value, json};
use weir_status_api::{Difference, Kind};

use super::answers::with_errors;
use super::{described, flag, integer, list, object, object_of, or_null, schema, text};
use crate::v2::IDEMPOTENCY_HEADER;

/// A method of resources of a kind.
pub(super) struct Method {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    takes: Takes,
    /// What comes of it.
    gives: Gives,
}

/// What comes of a method.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    Nothing,
    Buildset,
    /// A report of a reconfiguration, or a configuration.
    Configuration,
    /// The change's id.
    Change,
    /// Null, who holds the listener, or what is kept of it.
    Listener,
}

enum Takes {
    Nothing,
    Reason,
    Priority,
    Enabled,
    Form,
    Change,
    /// What a runner of listeners sends beside its own name and the listener's.
    Runner(fn() -> Vec<(&'static str, Value)>),
    First,
    Replay,
}

const fn method(kind: Kind, name: &'static str, takes: Takes) -> Method {
    Method {
        kind,
        name,
        takes,
        gives: Gives::Nothing,
    }
}

const fn giving(gives: Gives, mut method: Method) -> Method {
    method.gives = gives;
    method
}

/// All methods of whole lists.
const LIST_METHODS: [Method; 9] = [
    giving(Gives::Change, method(Kind::Change, "add", Takes::Change)),
    runner("hold", || {
        let seconds = json!({"type": "integer", "minimum": 0});
        vec![("kind", text()), ("on", text()), ("seconds", seconds)]
    }),
    runner("release", Vec::new),
    runner("recall", Vec::new),
    runner("keep_place", || vec![("place", place()), ("rewinds", integer())]),
    runner("note", || vec![("waiting", or_null(text()))]),
    runner("park", || vec![("event", integer()), ("why", text())]),
    runner("unpark", || vec![("dead_letterid", integer())]),
    runner("keep_state", || vec![("state", json!({}))]),
];

/// A method of the list of listeners, for their runners.
const fn runner(name: &'static str, takes: fn() -> Vec<(&'static str, Value)>) -> Method {
    giving(
        Gives::Listener,
        method(Kind::Listener, name, Takes::Runner(takes)),
    )
}

const fn making(method: Method) -> Method {
    giving(Gives::Buildset, method)
}

const fn telling(method: Method) -> Method {
    giving(Gives::Configuration, method)
}

/// All methods of single resources.
pub(super) const METHODS: [Method; 17] = [
    telling(method(Kind::Master, "reconfigure", Takes::Nothing)),
    telling(method(Kind::Master, "describe_configuration", Takes::Nothing)),
    method(Kind::Build, "stop", Takes::Reason),
    making(method(Kind::Build, "rebuild", Takes::Nothing)),
    method(Kind::BuildRequest, "cancel", Takes::Reason),
    method(Kind::BuildRequest, "set_priority", Takes::Priority),
    method(Kind::Worker, "pause", Takes::Reason),
    method(Kind::Worker, "unpause", Takes::Nothing),
    method(Kind::Worker, "stop", Takes::Reason),
    method(Kind::Worker, "kill", Takes::Reason),
    method(Kind::Scheduler, "enable", Takes::Enabled),
    method(Kind::Listener, "replay", Takes::Replay),
    method(Kind::Listener, "drop", Takes::First),
    method(Kind::Listener, "forget", Takes::Nothing),
    method(Kind::DeadLetter, "again", Takes::Nothing),
    method(Kind::DeadLetter, "drop", Takes::Nothing),
    making(method(Kind::ForceScheduler, "force", Takes::Form)),
];

impl Method {
    /// The schema's name of its call.
    fn call(&self) -> String {
        let words = self.name.split('_').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        });
        format!("{}{:?}Call", words.collect::<String>(), self.kind)
    }

    fn params(&self) -> Value {
        match self.takes {
            Takes::Nothing => json!({"type": "object"}),
            Takes::Reason => object_of(&[("reason", or_null(text()))], &[]),
            Takes::Priority => object(&[("priority", priority())]),
            Takes::Enabled => object(&[("enabled", flag())]),
            Takes::Form => form(),
            Takes::Change => change(),
            Takes::Runner(more) => {
                let mut fields = vec![("listener", text()), ("holder", text())];
                fields.extend(more());
                object(&fields)
            }
            Takes::First => object_of(&[("first", first())], &[]),
            Takes::Replay => object_of(&[("first", first()), ("everything", everything())], &[]),
        }
    }

    fn schema(&self) -> Value {
        object(&[
            ("jsonrpc", json!({"const": "2.0"})),
            ("id", id()),
            ("method", json!({"const": self.name})),
            ("params", self.params()),
        ])
    }
}

fn first() -> Value {
    described(
        or_null(integer()),
        "The cursor of the first event of which they may be.",
    )
}

fn everything() -> Value {
    let what =
        "Whether all events from `first` on come again, and not only those that could not be delivered.";
    described(flag(), what)
}

/// Where a listener is in the events.
fn place() -> Value {
    object(&[("after", integer()), ("done", list(integer()))])
}

fn priority() -> Value {
    json!({"type": "integer", "format": "int32"})
}

fn form() -> Value {
    let fields = [
        ("builderid", integer()),
        ("builderNames", list(text())),
        ("reason", or_null(text())),
        ("priority", or_null(priority())),
    ];
    let mut form = described(
        object_of(&fields, &[]),
        "`builderid` or `builderNames`, then each field of the form by its `fullName`.",
    );
    form["additionalProperties"] = json!({});
    form
}

fn change() -> Value {
    let names = ["committer", "revision", "branch", "category", "revlink"];
    let mut fields = vec![("author", text()), ("files", list(text()))];
    fields.extend(names.map(|name| (name, or_null(text()))));
    fields.extend(["comments", "repository", "project", "codebase"].map(|name| (name, text())));
    fields.push(("properties", json!({"type": "object"})));
    let when = described(
        json!({"type": "number"}),
        "Seconds since 1970; now if it is not there.",
    );
    fields.push(("when_timestamp", when));
    fields.push(("when_us", described(integer(), "The same in microseconds.")));
    object_of(&fields, &["author"])
}

/// What came of a reconfiguration.
fn reconfigured() -> Value {
    let differences = Difference::ALL.map(Difference::name);
    let change = object(&[
        ("kind", text()),
        ("name", text()),
        ("difference", json!({"type": "string", "enum": differences})),
        ("fields", list(text())),
    ]);
    let told = object(&[
        ("changes", list(change)),
        ("unlisted", integer()),
        ("restart", list(text())),
    ]);
    let what =
        "Of `reconfigure`: what changed, how many changes more there are, and what waits for a restart.";
    described(told, what)
}

/// What a master is configured with.
fn configuration() -> Value {
    let digests = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let part = object(&[("kind", text()), ("name", text()), ("fields", digests)]);
    let told = object(&[("salt", text()), ("parts", list(part))]);
    described(
        told,
        "Of `describe_configuration`: the parts, with a digest of each field.",
    )
}

/// What an answer repeats.
fn id() -> Value {
    json!({"type": ["string", "integer", "null"]})
}

/// The command's operation at a path that names one of `kind`; none if there are no commands for it.
pub(super) fn operation(kind: Kind) -> Option<Value> {
    let methods: Vec<&Method> = METHODS.iter().filter(|it| it.kind == kind).collect();
    let gives = |what: Gives| methods.iter().any(|it| it.gives == what);
    let answer = if gives(Gives::Configuration) {
        "ConfigurationAnswer"
    } else if gives(Gives::Buildset) {
        "MadeAnswer"
    } else {
        "DoneAnswer"
    };
    let mut operation = of_methods(&methods, answer)?;
    if kind == Kind::ForceScheduler {
        operation["parameters"] = json!([{
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "description": "A text made up for this one force: the same again within a day makes nothing new.",
            "schema": text(),
        }]);
    }
    Some(operation)
}

/// The command's operation at the path of all of `kind`; none if there are no commands for it.
pub(super) fn of_list(kind: Kind) -> Option<Value> {
    let methods: Vec<&Method> = LIST_METHODS.iter().filter(|it| it.kind == kind).collect();
    let answer = match methods.first()?.gives {
        Gives::Listener => "ListenedAnswer",
        _ => "ToldAnswer",
    };
    of_methods(&methods, answer)
}

fn of_methods(methods: &[&Method], answer: &str) -> Option<Value> {
    let calls: Vec<Value> = methods.iter().map(|it| schema(&it.call())).collect();
    if calls.is_empty() {
        return None;
    }
    let good = json!({
        "description": "It was done.",
        "content": {"application/json": {"schema": schema(answer)}},
    });
    let refused = json!({
        "description": "It was refused.",
        "content": {"application/json": {"schema": schema("RefusedAnswer")}},
    });
    let answers = Map::from_iter([("200".to_owned(), good)]);
    let mut answers = with_errors(answers, &[408, 413]);
    for status in ["400", "401", "403", "404", "409", "500", "501", "503"] {
        answers[status] = refused.clone();
    }
    Some(json!({
        "tags": ["commands"],
        "summary": "Carries out a command.",
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"oneOf": calls}}},
        },
        "responses": answers,
    }))
}

/// Calls and their answers.
pub(super) fn schemas() -> Map<String, Value> {
    let mut all: Map<String, Value> = METHODS
        .iter()
        .chain(&LIST_METHODS)
        .map(|it| (it.call(), it.schema()))
        .collect();
    let answer = |result: Value| {
        object(&[
            ("jsonrpc", json!({"const": "2.0"})),
            ("id", id()),
            ("result", result),
        ])
    };
    let requests = json!({"type": "object", "additionalProperties": integer()});
    let made = json!({
        "type": ["array", "null"],
        "prefixItems": [integer(), described(requests, "The build request by the id of its builder.")],
        "minItems": 2,
        "maxItems": 2,
        "description": "The id of the buildset, and its requests; null if the method makes none.",
    });
    all.insert("DoneAnswer".to_owned(), answer(json!({"type": "null"})));
    all.insert("MadeAnswer".to_owned(), answer(made));
    let told = object(&[("changeid", integer())]);
    all.insert("ToldAnswer".to_owned(), answer(told));
    let recalled = object_of(
        &[
            ("place", or_null(place())),
            ("rewinds", integer()),
            ("state", json!({})),
        ],
        &["place", "rewinds"],
    );
    let listened = json!({"oneOf": [
        {"type": "null"},
        described(object(&[("held_by", text())]), "Of `hold`: another runner holds the listener."),
        described(recalled, "Of `recall`: what is kept of the listener."),
    ]});
    all.insert("ListenedAnswer".to_owned(), answer(listened));
    let told = json!({"oneOf": [reconfigured(), configuration()]});
    all.insert("ConfigurationAnswer".to_owned(), answer(told));
    let message = json!({
        "type": ["string", "object"],
        "additionalProperties": {"type": "string"},
        "description": "Text; of a force with wrong values texts by `fullName`.",
    });
    let fields = [
        ("code", integer()),
        ("message", message),
        ("data", schema("ErrorDetails")),
    ];
    let error = object_of(&fields, &["code", "message"]);
    let fields = [
        ("jsonrpc", json!({"const": "2.0"})),
        ("id", id()),
        ("error", error),
    ];
    let refused = object_of(&fields, &["jsonrpc", "error"]);
    all.insert("RefusedAnswer".to_owned(), refused);
    all
}
