use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::scene::Scene;

#[tokio::test]
async fn every_path_has_its_rows() {
    let scene = Scene::new().await;
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
        ("builds/1/test_result_sets", 0),
        ("changes", 0),
        ("steps/1/logs?slug__eq=stdio", 1),
        ("logs/1", 1),
        ("workers/w", 1),
        ("workers/1/builders", 1),
        ("workers/w/builds", 1),
        ("schedulers/1", 1),
        ("forceschedulers/force", 1),
        ("projects", 0),
        ("changesources", 0),
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
