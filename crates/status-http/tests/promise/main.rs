//! The promise of the JSON API: what stands in `proto/baseline/weir.api.v2.json` stays.
//!
//! Anything may be added. What is there keeps its path, name and type, so that older clients stay good.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod compare;

use std::path::PathBuf;

use compare::broken;
use serde_json::{Value, json};
use weir_status_http::v2::openapi::document;

fn baseline() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../proto/baseline/weir.api.v2.json")
}

fn promised() -> Value {
    serde_json::from_str(&std::fs::read_to_string(baseline()).unwrap()).unwrap()
}

#[test]
fn what_is_promised_stands() {
    let present = document();
    if std::env::var_os("WEIR_PROMISE").is_some_and(|it| it == "write") {
        let text = serde_json::to_string_pretty(&present).unwrap();
        std::fs::write(baseline(), text + "\n").unwrap();
    }
    let promised = promised();
    if promised != present {
        eprintln!("not all of the JSON API is promised before `cargo xtask promise --write`");
    }
    let broken = broken(&promised, &present);
    assert!(
        broken.is_empty(),
        "older clients would fail:\n- {}\nKeep it beside what is new; or, if nobody can have relied on it, withdraw the \
         promise by `cargo xtask promise --write`.",
        broken.join("\n- ")
    );
}

/// What is broken by a change of the document.
fn broken_by(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let old = document();
    let mut new = old.clone();
    change(&mut new);
    assert_ne!(old, new, "nothing was changed");
    broken(&old, &new)
}

fn remove(at: &mut Value, parent: &str, name: &str) {
    let parent = at.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.remove(name).unwrap();
}

fn set(at: &mut Value, parent: &str, name: &str, value: Value) {
    at.pointer_mut(parent).unwrap()[name] = value;
}

fn unlist(at: &mut Value, list: &str, item: &Value) {
    let list = at.pointer_mut(list).unwrap().as_array_mut().unwrap();
    let place = list.iter().position(|it| it == item).unwrap();
    list.remove(place);
}

const SCHEMAS: &str = "/components/schemas";
const BUILD: &str = "/components/schemas/Build";
const BUILD_FIELDS: &str = "/components/schemas/Build/properties";

#[test]
fn a_field_that_is_removed_or_changed_breaks_the_promise() {
    let gone = broken_by(|it| remove(it, BUILD_FIELDS, "number"));
    assert_eq!(gone, ["Build.number is gone"]);
    let other = broken_by(|it| set(it, BUILD_FIELDS, "number", json!({"type": "string"})));
    assert!(other[0].starts_with("Build.number: "), "{other:?}");
    let null = broken_by(|it| {
        let number = json!({"type": ["integer", "null"], "format": "int64"});
        set(it, BUILD_FIELDS, "number", number);
    });
    assert_eq!(
        null,
        [r#"Build.number: its type "integer" became ["integer","null"]"#]
    );
    let elsewhere = broken_by(|it| {
        let properties = json!({"$ref": "#/components/schemas/Patch"});
        set(it, BUILD_FIELDS, "properties", properties);
    });
    assert!(elsewhere[0].starts_with("Build.properties: "), "{elsewhere:?}");
    let sometimes = broken_by(|it| unlist(it, &format!("{BUILD}/required"), &json!("number")));
    assert_eq!(sometimes, ["Build.number is not always there any more"]);
    let schema = broken_by(|it| remove(it, SCHEMAS, "Patch"));
    assert_eq!(schema, ["the schema Patch is gone"]);
    let filter = broken_by(|it| remove(it, "/components/schemas/BuildFilter/properties", "number"));
    assert_eq!(filter, ["BuildFilter.number is gone"]);
}

#[test]
fn a_value_that_is_removed_breaks_the_promise() {
    let results = broken_by(|it| unlist(it, "/components/schemas/Results/enum", &json!(4)));
    assert_eq!(results, ["Results: the value 4 is gone"]);
    let order = broken_by(|it| {
        let list = "/components/parameters/BuildOrder/schema/items/enum";
        unlist(it, list, &json!("-number"));
    });
    let said = r#"the parameter BuildOrder[]: the value "-number" is gone"#.to_owned();
    assert!(order.contains(&said), "{order:?}");
}

#[test]
fn a_path_or_method_or_parameter_that_is_removed_breaks_the_promise() {
    let path = broken_by(|it| remove(it, "/paths", "/api/v2/builds"));
    assert_eq!(path, ["/api/v2/builds is gone"]);
    let stop = broken_by(|it| remove(it, "/paths/~1api~1v2~1builds~1{buildid}", "post"));
    assert_eq!(stop, ["post /api/v2/builds/{buildid} is gone"]);
    let parameter = broken_by(|it| {
        let list = "/paths/~1api~1v2~1builds/get/parameters";
        unlist(it, list, &json!({"$ref": "#/components/parameters/after"}));
    });
    assert_eq!(
        parameter,
        ["get /api/v2/builds: the parameter after (query) is gone"]
    );
    let answer = broken_by(|it| remove(it, "/paths/~1api~1v2~1builds/get/responses", "200"));
    assert_eq!(answer, ["get /api/v2/builds: the answer 200 is gone"]);
}

#[test]
fn what_becomes_needed_breaks_the_promise() {
    let parameters = "/paths/~1api~1v2~1builds/get/parameters";
    let new = broken_by(|it| {
        let list = it.pointer_mut(parameters).unwrap().as_array_mut().unwrap();
        list.push(json!({"name": "why", "in": "query", "required": true, "schema": {"type": "string"}}));
    });
    assert_eq!(
        new,
        ["get /api/v2/builds: the new parameter why (query) is needed"]
    );
    let old = broken_by(|it| set(it, "/components/parameters/after", "required", json!(true)));
    assert!(
        old.contains(&"get /api/v2/builds: the parameter after (query) is needed now".to_owned()),
        "{old:?}"
    );
    let params = "/components/schemas/StopBuildCall/properties/params";
    let call = broken_by(|it| set(it, params, "required", json!(["reason"])));
    assert_eq!(call, ["StopBuildCall.params.reason is needed now"]);
}

#[test]
fn what_is_added_keeps_the_promise() {
    let text = || json!({"type": "string"});
    type Change = Box<dyn Fn(&mut Value)>;
    let changes: [Change; 7] = [
        Box::new(move |it| set(it, BUILD_FIELDS, "mood", text())),
        Box::new(|it| {
            set(it, BUILD_FIELDS, "mood", json!({"type": "string"}));
            let required = it.pointer_mut("/components/schemas/Build/required").unwrap();
            required.as_array_mut().unwrap().push(json!("mood"));
        }),
        Box::new(|it| {
            let results = it.pointer_mut("/components/schemas/Results/enum").unwrap();
            results.as_array_mut().unwrap().push(json!(7));
        }),
        Box::new(|it| set(it, "/paths", "/api/v2/moods", json!({"get": {"responses": {}}}))),
        Box::new(|it| {
            set(it, "/paths/~1api~1v2~1builds", "post", json!({"responses": {}}));
        }),
        Box::new(|it| {
            let list = it.pointer_mut("/paths/~1api~1v2~1builds/get/parameters").unwrap();
            let new = json!({"name": "mood", "in": "query", "schema": {"type": "string"}});
            list.as_array_mut().unwrap().insert(0, new);
        }),
        Box::new(|it| set(it, BUILD, "description", json!("Differently."))),
    ];
    for change in changes {
        assert_eq!(broken_by(change), [""; 0]);
    }
}
