//! Whatever the status API can say, its JSON is of the schema that the document has for it.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_status_api::{self as api, Cursor, Entity, Error, Kind, View};
use weir_status_http::v2::openapi::document;
use weir_status_http::v2::{self, Form};

use crate::{any_made, as_read};

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Why `value` is not of the schema, by its place; it knows the words that the document uses.
fn misfits(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
        let to = document.pointer(to.trim_start_matches('#')).unwrap();
        return misfits(document, to, value, at);
    }
    if let Some(several) = schema.get("anyOf").and_then(Value::as_array) {
        let any = several
            .iter()
            .any(|it| misfits(document, it, value, at).is_empty());
        return if any {
            vec![]
        } else {
            vec![format!("{at}: {value}")]
        };
    }
    let types = match &schema["type"] {
        Value::Null => return vec![],
        Value::Array(several) => several.clone(),
        one => vec![one.clone()],
    };
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let values = schema.get("enum").and_then(Value::as_array);
    if !types.contains(&json!(own)) || values.is_some_and(|it| !it.contains(value)) {
        return vec![format!("{at}: {value}")];
    }
    match value {
        Value::Array(items) => of_list(document, schema, items, at),
        Value::Object(_) => of_object(document, schema, value, at),
        _ => vec![],
    }
}

fn of_list(document: &Value, schema: &Value, items: &[Value], at: &str) -> Vec<String> {
    let first = schema["prefixItems"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let long = schema["minItems"]
        .as_u64()
        .is_none_or(|it| items.len() as u64 >= it)
        && schema["maxItems"]
            .as_u64()
            .is_none_or(|it| items.len() as u64 <= it);
    let mut found = if long {
        vec![]
    } else {
        vec![format!("{at}: its length")]
    };
    for (place, item) in items.iter().enumerate() {
        let of_item = first.get(place).unwrap_or(&schema["items"]);
        found.extend(misfits(document, of_item, item, &format!("{at}[{place}]")));
    }
    found
}

fn of_object(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let required = schema["required"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names = required.iter().map(|it| it.as_str().unwrap());
    let missing = names.filter(|it| value.get(it).is_none());
    let mut found: Vec<String> = missing.map(|it| format!("{at}.{it} is missing")).collect();
    let is_open = schema.get("properties").is_none();
    for (name, field) in value.as_object().unwrap() {
        let place = format!("{at}.{name}");
        let known = schema["properties"]
            .get(name)
            .or(schema.get("additionalProperties"));
        match known {
            Some(known) => found.extend(misfits(document, known, field, &place)),
            None if is_open => {}
            None => found.push(format!("{place} is not told of")),
        }
    }
    found
}

fn check(name: &str, value: &Value) -> Result<(), TestCaseError> {
    let schema = &DOCUMENT["components"]["schemas"][name];
    prop_assert!(!schema.is_null(), "{} has no schema", name);
    let found = misfits(&DOCUMENT, schema, value, name);
    prop_assert_eq!(found, Vec::<String>::new(), "{}", value);
    Ok(())
}

macro_rules! resources {
    ($($test:ident: $kind:ident($resource:ident);)+) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]
            $(#[test]
            fn $test(it in any_made::<api::$resource>()) {
                check(stringify!($kind), &v2::to_json(&as_read(Entity::from(it))))?;
            })+
        }

        #[test]
        fn every_kind_is_tried() {
            let tried = [$(Kind::$kind),+];
            assert!(Kind::ALL.iter().all(|kind| tried.contains(kind)));
        }
    };
}

resources! {
    masters: Master(Master);
    builders: Builder(Builder);
    builds: Build(Build);
    build_requests: BuildRequest(BuildRequest);
    buildsets: Buildset(Buildset);
    source_stamps: SourceStamp(SourceStamp);
    changes: Change(Change);
    steps: Step(Step);
    logs: Log(Log);
    workers: Worker(Worker);
    schedulers: Scheduler(Scheduler);
    force_schedulers: ForceScheduler(ForceScheduler);
    change_sources: ChangeSource(ChangeSource);
    projects: Project(Project);
    codebases: Codebase(Codebase);
    branches: Branch(Branch);
    commits: Commit(Commit);
    build_data: BuildData(BuildData);
    test_result_sets: TestResultSet(TestResultSet);
    test_results: TestResult(TestResult);
    listeners: Listener(ListenerStatus);
    dead_letters: DeadLetter(DeadLetter);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn views(mut view in crate::views::views()) {
        if let View::Home(home) = &mut view {
            // Told by an event alone.
            home.workers.iter_mut().for_each(|it| it.absence = None);
        }
        let name = match &view {
            View::Home(_) => "HomeView",
            View::Waterfall(_) => "WaterfallView",
            View::Grid(_) => "GridView",
            View::Console(_) => "ConsoleView",
            View::CommitGraph(_) => "CommitGraph",
            other => panic!("a view without a schema: {other:?}"),
        };
        check(name, &serde_json::to_value(v2::view_object(&view)).unwrap())?;
    }

    #[test]
    fn lines(chunk in any_made::<api::LogChunk>()) {
        check("LogChunk", &chunk.to_json())?;
    }

    #[test]
    fn lines_that_are_found(hits in any_made::<api::LogHits>()) {
        check("LogSearch", &hits.to_json())?;
    }
}

#[test]
fn errors() {
    let why = || "it is so".to_owned();
    for error in [
        Error::not_found("build 5"),
        Error::invalid("number", "a number is expected"),
        Error::InvalidInput {
            fields: [("branch".to_owned(), why())].into(),
        },
        Error::CursorExpired { oldest: Cursor(5) },
        Error::ContentDeleted { what: why() },
        Error::Unauthenticated { why: why() },
        Error::PermissionDenied { why: why() },
        Error::Conflict { why: why() },
        Error::TooMany { why: why() },
        Error::unavailable("it is so"),
        Error::NotSupported {
            operation: why(),
            implementer: why(),
        },
        Error::internal("it is so"),
    ] {
        check("Error", &v2::error_body(&error)).unwrap();
        let refused = v2::rpc_answer(&json!(1), &Err(error));
        check("RefusedAnswer", &refused.body).unwrap();
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = &DOCUMENT["components"]["schemas"]["Url"];
    for (value, why) in [
        (json!({"name": "a", "url": "b"}), vec![]),
        (json!({"name": "a"}), vec!["Url.url is missing"]),
        (json!({"name": 1, "url": "b"}), vec!["Url.name: 1"]),
        (
            json!({"name": "a", "url": "b", "x": 1}),
            vec!["Url.x is not told of"],
        ),
        (json!([]), vec!["Url: []"]),
    ] {
        assert_eq!(misfits(&DOCUMENT, schema, &value, "Url"), why, "{value}");
    }
}
