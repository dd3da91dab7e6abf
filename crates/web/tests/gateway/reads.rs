use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::scene::Scene;

#[tokio::test]
async fn every_path_has_its_rows() {
    let scene = Scene::with_outcomes().await;
    let gateway = scene.open();
    for (path, rows) in [
        ("masters", 1),
        ("masters/1", 1),
        ("masters/1/builders", 1),
        ("masters/1/builders/1", 1),
        ("masters/1/builders/1/workers", 1),
        ("masters/1/builders/1/workers/w", 1),
        ("masters/1/workers/1", 1),
        ("masters/1/schedulers", 2),
        ("builders", 1),
        ("builders/1", 1),
        ("builders/linux%2Fx86", 1),
        ("builders/1/masters", 1),
        ("builders/1/masters/1", 1),
        ("builders/1/workers/1", 1),
        ("builders/linux%2Fx86/builds", 1),
        ("builders/linux%2Fx86/builds/1", 1),
        ("builders/1/builds/1/steps", 1),
        ("builders/1/builds/1/steps/compile/logs", 1),
        ("builders/1/builds/1/steps/0/logs/stdio", 1),
        ("builders/1/builds/1/changes", 0),
        ("builders/1/buildrequests", 1),
        ("builders/1/forceschedulers", 1),
        ("builders/nobody/builds", 0),
        ("builders/999/forceschedulers", 0),
        ("builders/999/masters", 0),
        ("buildrequests/1/builds", 1),
        ("buildrequests?claimed=false", 0),
        ("buildsets/1", 1),
        ("buildsets/1/sourcestamps", 0),
        ("buildsets/1/properties_list", 1),
        ("builds", 1),
        ("builds?builderid__eq=1&builderid__eq=2&complete=false", 1),
        ("builds/1/triggered_builds", 0),
        ("builds/1/property_list", 1),
        ("builds/1/test_result_sets", 1),
        ("builders/linux%2Fx86/test_result_sets", 1),
        ("steps/1/test_result_sets?complete=false", 1),
        ("test_result_sets/1", 1),
        ("test_result_sets/1/results", 2),
        ("test_result_sets/1/results?test_name=adds", 1),
        ("builds/1/data", 1),
        ("builders/linux%2Fx86/builds/1/data/sizes", 1),
        ("build_data?name=sizes", 1),
        ("changes", 0),
        ("steps/1/logs?slug__eq=stdio", 1),
        ("logs/1", 1),
        ("workers/w", 1),
        ("workers/1/builders", 1),
        ("workers/w/builds", 1),
        ("schedulers/1", 1),
        ("forceschedulers/force", 1),
        ("projects?active=true", 1),
        ("projects/1", 1),
        ("projects/app", 1),
        ("projects/app/builders", 1),
        ("projects/1/codebases/main", 1),
        ("projects/9/builders", 0),
        ("builders?projectid=1", 1),
        ("codebases", 1),
        ("codebases/1/branches", 1),
        ("branches/1", 1),
        ("codebases/1/commits?order=-commitid&limit=1", 1),
        ("codebases/1/commits_by_revision/b2", 1),
        ("projects/app/codebases/main/commits", 2),
        ("commits/2", 1),
        ("commits?revision=a1&revision=b2", 2),
        ("codebases/1/commit_range/1/2/commits_common_parent", 1),
        ("changesources", 1),
        ("changesources/1", 1),
        ("masters/1/changesources", 1),
        ("masters/1/changesources/1", 1),
        ("masters/9/changesources", 0),
    ] {
        assert_eq!(gateway.rows(path).await.len(), rows, "{path}");
    }
}

#[tokio::test]
async fn an_answer_has_its_envelope_and_cursor() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let answer = gateway.get("/api/v2/builds?field=buildid&field=number").await;
    assert_eq!(
        answer.body,
        r#"{"builds":[{"buildid":1,"number":1}],"meta":{"total":1}}"#
    );
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("x-weir-cursor").parse::<i64>().unwrap() > 0);
    // A person gets text that is indented.
    let answer = gateway
        .ask(
            Request::get("/api/v2/builds/1?field=number")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.json(), json!({"builds": [{"number": 1}], "meta": {}}));
    assert!(answer.body.contains("\n  \"builds\""));
    let latest = gateway.get("/api/latest/builds/1").await;
    assert_eq!(latest.json(), gateway.get("/api/v2/builds/1").await.json());
}

#[tokio::test]
async fn properties_come_when_they_are_asked_for() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let main = json!(["main", "Scheduler"]);
    assert_eq!(gateway.rows("builds").await[0]["properties"], json!({}));
    assert_eq!(
        gateway.rows("builds?property=branch").await[0]["properties"]["branch"],
        main
    );
    for path in [
        "builds/1?property=*",
        "builders/linux%2Fx86/builds/1?property=branch",
    ] {
        assert_eq!(
            gateway.rows(path).await[0]["properties"]["branch"],
            main,
            "{path}"
        );
    }
    assert_eq!(
        gateway.rows("buildrequests/1").await[0]["properties"],
        Value::Null
    );
    assert_eq!(
        gateway.rows("buildrequests/1?property=none").await[0]["properties"],
        json!({})
    );
    assert_eq!(gateway.rows("builds/1/properties").await[0]["branch"], main);
    assert_eq!(
        gateway.rows("buildsets/1/properties_list").await[0],
        json!({"name": "branch", "source": "Scheduler", "value": "\"main\""})
    );
}

#[tokio::test]
async fn schedulers_carry_their_whole_master() {
    let scene = Scene::new().await;
    let rows = scene.open().rows("schedulers").await;
    assert_eq!(rows[0]["master"]["name"], "model");
    assert_eq!(rows[0]["master"]["active"], true);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let first = gateway.get("/api/v2/schedulers?order=name&limit=1").await.json();
    let next = first["meta"]["next"].as_str().unwrap();
    let parameters = [("order", "name"), ("limit", "1"), ("after", next)];
    let url = reqwest::Url::parse_with_params("http://x/api/v2/schedulers", parameters).unwrap();
    let second = gateway.get(url.as_str()).await.json();
    assert_eq!(first["schedulers"][0]["name"], "all");
    assert_eq!(second["schedulers"][0]["name"], "force");
    assert_eq!(second["meta"]["next"], Value::Null);
}

#[tokio::test]
async fn the_site_tells_of_itself() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let request = Request::get("/api").header("host", "ci.example.org");
    let versions = gateway.ask(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(
        versions,
        json!({"api_versions": {"v2": "http://ci.example.org/api/v2"}})
    );
    let links = gateway.get("/api/v2").await.json();
    assert_eq!(links["rootlinks"][0], json!({"name": "builders"}));
    assert_eq!(gateway.get("/api/v2/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        gateway.get("/config").await.json()["auth"],
        json!({"name": "NoAuth"})
    );
    assert_eq!(gateway.get("/health").await.status, StatusCode::OK);
    assert_eq!(gateway.get("/ready").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_has_a_master_carries_it_whole() {
    let scene = Scene::new().await;
    let source = &scene.open().rows("changesources").await[0];
    assert_eq!(
        (&source["name"], &source["master"]["name"]),
        (&json!("poller"), &json!("model"))
    );
}

#[tokio::test]
async fn the_value_of_data_comes_as_it_was_set() {
    let scene = Scene::with_outcomes().await;
    let request = Request::get("/api/v2/builders/1/builds/1/data/sizes/value");
    let response = scene.open().send(request.body(Body::empty()).unwrap()).await;
    let (head, body) = response.into_parts();
    let header = |name: &str| head.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("content-disposition"), "attachment; filename=sizes");
    assert!(header("x-weir-cursor").parse::<i64>().unwrap() > 0);
    assert_eq!(&axum::body::to_bytes(body, 99).await.unwrap()[..], b"\xff<b>");
    let missing = scene.open().get("/api/v2/builds/1/data/nothing/value").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(
        scene.open().rows("builds/1/data/sizes").await[0],
        json!({"buildid": 1, "name": "sizes", "length": 4, "value": null, "source": "measure"})
    );
}

#[tokio::test]
async fn two_commits_have_a_graph() {
    let scene = Scene::with_outcomes().await;
    let gateway = scene.open();
    let graph = &gateway
        .rows("codebases/1/commit_range/1/2/commits_common_parent")
        .await[0];
    assert_eq!(
        (&graph["common"], &graph["to1"], &graph["to2"]),
        (&json!(1), &json!([]), &json!([2]))
    );
    for elsewhere in ["codebases/9/commit_range/1/2", "codebases/1/commit_range/7/2"] {
        let answer = gateway
            .get(&format!("/api/v2/{elsewhere}/commits_common_parent"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{elsewhere}");
    }
}

#[tokio::test]
async fn views_are_flat_lists() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let home = gateway.get("/api/v2/views/home?projectid=1").await;
    assert_eq!(home.status, StatusCode::OK, "{}", home.body);
    assert!(home.header("x-weir-cursor").parse::<i64>().unwrap() > 0);
    let home = home.json();
    assert_eq!(home["builders"], json!(gateway.rows("builders").await));
    assert_eq!(home["running"], json!(gateway.rows("builds").await));
    assert_eq!(home["steps"], json!(gateway.rows("builds/1/steps").await));
    let waterfall = gateway
        .get("/api/v2/views/waterfall?from=0&to=9999999999&steps=1&builderid=1&builderid=2")
        .await
        .json();
    assert_eq!(waterfall["builds"], home["running"]);
    let cell = gateway.get("/api/v2/views/grid?limit=5").await.json();
    assert_eq!(cell["builders"], home["builders"]);
    let console = gateway.get("/api/v2/views/console?tag=none").await.json();
    assert_eq!(console, json!({"builders": [], "changes": [], "cells": []}));
    let bad = gateway.get("/api/v2/views/waterfall?from=5&to=x").await;
    assert_eq!(
        (bad.status, bad.json()["field"].clone()),
        (StatusCode::BAD_REQUEST, json!("to"))
    );
    let unknown = gateway.get("/api/v2/views/sunset").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_specification_names_every_path_and_type() {
    let scene = Scene::new().await;
    let rows = scene.open().rows("application.spec").await;
    let row = |path: &str| rows.iter().find(|row| row["path"] == path).unwrap();
    let logs = row("builders/s:buildername/builds/n:build_number/steps/i:step_name/logs");
    assert_eq!((&logs["type"], &logs["plural"]), (&json!("log"), &json!("logs")));
    assert_eq!(
        logs["type_spec"]["fields"][2],
        json!({"name": "slug", "type": "identifier", "type_spec": {"name": "identifier"}})
    );
    let fields = row("schedulers/n:schedulerid")["type_spec"]["fields"].clone();
    let master = fields
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "master");
    let master = master.unwrap();
    assert_eq!(master["type"], "master or None");
    assert_eq!(master["type_spec"]["can_be_null"], true);
    assert_eq!(master["type_spec"]["fields"][0]["name"], "masterid");
    assert_eq!(row("")["plural"], "rootlinks");
}
