//! The document holds what the tables say, and nothing in it points nowhere.

use std::collections::BTreeSet;

use weir_status_api::Error;

use super::*;
use crate::v2::{Asked, Endpoint, asked};

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(all) => {
            if let Some(Value::String(to)) = all.get("$ref") {
                found.insert(to.clone());
            }
            all.values().for_each(|it| references(it, found));
        }
        Value::Array(all) => all.iter().for_each(|it| references(it, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used_or_told_of() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 60, "{found:?}");
    for to in &found {
        let place = document.pointer(to.trim_start_matches('#'));
        assert!(place.is_some(), "{to}");
    }
    // What goes over streams is told of in words.
    let told: BTreeSet<&str> = ["Event", "SocketCommand", "SocketFrame"].into();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys().filter(|it| !told.contains(it.as_str())) {
        assert!(found.contains(&format!("#/components/schemas/{name}")), "{name}");
    }
}

#[test]
fn every_template_has_its_parameters_once() {
    let document = document();
    let mut shapes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let words: Vec<&str> = path.split('/').collect();
        let shape: Vec<&str> = words
            .iter()
            .map(|it| if it.starts_with('{') { "{}" } else { it })
            .collect();
        assert!(shapes.insert(shape.join("/")), "{path} is there twice");
        let of_operation = item["get"]["parameters"].as_array().into_iter().flatten();
        let all = item["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .chain(of_operation);
        let named = all
            .filter(|it| it["in"] == "path")
            .map(|it| it["name"].as_str().unwrap());
        let wanted = words
            .iter()
            .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(named.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{path}");
    }
}

/// The path with something in the place of each parameter.
fn filled(path: &str, with: &str) -> String {
    let words = path
        .split('/')
        .map(|it| if it.starts_with('{') { with } else { it });
    words.collect::<Vec<_>>().join("/")
}

#[test]
fn every_method_can_be_called_where_it_stands_and_no_other() {
    let document = document();
    let params = json!({"priority": 1, "enabled": true, "builderid": 1});
    let Value::Object(params) = params else {
        unreachable!()
    };
    let mut calls = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(below) = path.strip_prefix("/api/v2/") else {
            continue;
        };
        let Some(endpoint) = Endpoint::parse(&filled(below, "1")) else {
            continue;
        };
        let one_of = item["post"].pointer("/requestBody/content/application~1json/schema/oneOf");
        let there: BTreeSet<&str> = one_of
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|call| {
                let at = call["$ref"].as_str().unwrap().trim_start_matches('#');
                document.pointer(at).unwrap()["properties"]["method"]["const"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        for method in commands::METHODS.iter().map(|it| it.name) {
            let answer = asked(&endpoint, method, &params);
            match answer {
                Ok(Asked::Command(_) | Asked::Force { .. }) => {
                    assert!(there.contains(method), "{path} {method}");
                    calls += 1;
                }
                Err(Error::NotSupported { .. }) => assert!(!there.contains(method), "{path} {method}"),
                Err(other) => panic!("{path} {method}: {other}"),
            }
        }
    }
    assert!(calls >= commands::METHODS.len(), "{calls}");
}

#[test]
fn a_name_can_stand_where_an_id_can() {
    let document = document();
    let builder = &document["paths"]["/api/v2/builders/{builderid_or_buildername}"];
    assert_eq!(
        builder["parameters"][0]["schema"]["type"],
        json!(["integer", "string"])
    );
    let build = &document["components"]["schemas"]["Build"];
    assert_eq!(
        build["properties"]["complete_at"]["type"],
        json!(["integer", "null"])
    );
    let required = build["required"].as_array().unwrap();
    assert!(required.contains(&json!("started_at_us")) && !required.contains(&json!("complete_at_us")));
}
