use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use weir_status_api::conformance::{Stage, TOKEN};

use crate::scene::{Gateway, Scene};

#[tokio::test]
async fn a_force_gives_the_buildset_and_its_requests() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    // As Buildbot's own page sends it: the builder's id as text, every field of the form.
    let params = json!({
        "builderid": "1", "username": "", "reason": "by hand", "priority": "7", "app_branch": "next",
        "app_project": "", "app_repository": "", "app_revision": "",
    });
    let answer = gateway.call("forceschedulers/force", "force", params).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({"id": 1, "jsonrpc": "2.0", "result": [2, {"1": 2}]})
    );
    let buildset = &gateway.rows("buildsets/2").await[0];
    assert_eq!(buildset["reason"], "by hand");
    assert_eq!(buildset["sourcestamps"][0]["branch"], "next");
    assert_eq!(gateway.rows("buildrequests/2").await[0]["priority"], 7);
}

#[tokio::test]
async fn commands_of_each_resource() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    for (path, method, params) in [
        ("workers/w", "pause", json!({"reason": "disk"})),
        ("workers/1", "unpause", json!({})),
        ("builders/1/workers/w", "stop", json!({})),
        ("workers/w", "kill", json!({"reason": "stuck"})),
        ("buildrequests/1", "set_priority", json!({"priority": 5})),
        ("schedulers/1", "enable", json!({"enabled": false})),
        (
            "builders/linux%2Fx86/builds/1",
            "stop",
            json!({"reason": "enough"}),
        ),
        ("buildrequests/1", "cancel", json!({})),
    ] {
        let answer = gateway.call(path, method, params).await;
        assert_eq!(
            answer.json(),
            json!({"id": 1, "jsonrpc": "2.0", "result": null}),
            "{path} {method}"
        );
    }
    let rebuilt = gateway.call("builds/1", "rebuild", json!({})).await.json();
    assert_eq!(rebuilt["result"], json!([2, {"1": 2}]));
}

#[tokio::test]
async fn a_force_with_the_same_key_is_made_once() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let force = async |key: &str| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "force", "params": {"reason": "again"}});
        let request = Request::post("/api/v2/forceschedulers/force")
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        let answer = gateway
            .ask(request.body(Body::from(body.to_string())).unwrap())
            .await;
        answer.json()["result"][0].clone()
    };
    let first = force("a wish").await;
    assert_eq!(force("a wish").await, first);
    assert_ne!(force("another wish").await, first);
}

async fn refused(gateway: &Gateway, path: &str, method: &str, params: Value) -> (u16, i64, Value) {
    let answer = gateway.call(path, method, params).await;
    let error = answer.json()["error"].clone();
    (
        answer.status.as_u16(),
        error["code"].as_i64().unwrap(),
        error["message"].clone(),
    )
}

#[tokio::test]
async fn refusals_have_buildbots_codes() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let unknown = refused(&gateway, "builds/1", "explode", json!({})).await;
    assert_eq!((unknown.0, unknown.1), (501, -32601));
    let path = refused(&gateway, "nonsense/1", "stop", json!({})).await;
    assert_eq!((path.0, path.1), (404, -32600));
    let nobody = refused(&gateway, "workers/nobody", "pause", json!({})).await;
    assert_eq!((nobody.0, nobody.1), (404, -32600));
    let wrong = refused(
        &gateway,
        "forceschedulers/force",
        "force",
        json!({"priority": "high"}),
    )
    .await;
    assert_eq!(
        wrong,
        (
            400,
            -32602,
            json!({"priority": "a whole number within 32 bits is expected"})
        )
    );
    let other = refused(
        &gateway,
        "forceschedulers/force",
        "force",
        json!({"builderNames": ["nobody"]}),
    )
    .await;
    assert_eq!((other.0, other.1), (400, -32602));
    assert!(other.2["builderNames"].is_string(), "{}", other.2);
}

#[tokio::test]
async fn what_is_no_call_is_refused() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let post = async |content_type: &str, body: &'static str| {
        let request = Request::post("/api/v2/builds/1").header("content-type", content_type);
        gateway.ask(request.body(Body::from(body)).unwrap()).await.json()["error"]["code"].clone()
    };
    let good = r#"{"jsonrpc":"2.0","method":"stop","id":1,"params":{}}"#;
    assert_eq!(post("text/plain", good).await, -32600);
    assert_eq!(post("application/json", "{").await, -32700);
    assert_eq!(post("application/json", "[]").await, -32600);
    assert_eq!(post("application/json; charset=utf-8", good).await, Value::Null);
}

#[tokio::test]
async fn a_token_is_handed_on() {
    let scene = Scene::new().await;
    let gateway = Gateway::over(scene.stage.guarded());
    let pause = async |header: Option<String>| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "pause", "params": {}});
        let mut request = Request::post("/api/v2/workers/w").header("content-type", "application/json");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        gateway
            .ask(request.body(Body::from(body.to_string())).unwrap())
            .await
            .status
    };
    assert_eq!(pause(None).await, StatusCode::FORBIDDEN);
    assert_eq!(
        pause(Some("Bearer wrong".to_owned())).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(pause(Some(format!("bearer {TOKEN}"))).await, StatusCode::OK);
}

#[tokio::test]
async fn a_change_comes_by_the_hook() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let post = async |path: &str, form: &str| {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        gateway
            .ask(request.body(Body::from(form.to_owned())).unwrap())
            .await
    };
    let form = "who=Ada+%3Ca%40b.c%3E&files=%5B%22a%22%2C%22b%20c%22%5D&comments=Raise&branch=next&when=1700000000.25\
                &properties=%7B%22depth%22%3A3%7D&category=";
    let answer = post("/change_hook/base", form).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let added = gateway.rows("changes?order=-changeid&limit=1").await.remove(0);
    assert_eq!(added["author"], "Ada <a@b.c>");
    assert_eq!(added["files"], json!(["a", "b c"]));
    assert_eq!(
        (&added["branch"], &added["category"]),
        (&json!("next"), &Value::Null)
    );
    assert_eq!(added["when_timestamp"], 1_700_000_000);
    assert_eq!(added["properties"]["depth"], json!([3, "Change"]));
    for (path, form, status, why) in [
        (
            "/change_hook/base",
            "comments=x",
            StatusCode::BAD_REQUEST,
            "author",
        ),
        (
            "/change_hook/base",
            "who=a&files=x",
            StatusCode::BAD_REQUEST,
            "files: is no JSON",
        ),
        (
            "/change_hook/base",
            "who=a&colour=red",
            StatusCode::BAD_REQUEST,
            "colour: there is no such parameter",
        ),
        (
            "/change_hook/github",
            "who=a",
            StatusCode::NOT_FOUND,
            "change hook `github`",
        ),
    ] {
        let answer = post(path, form).await;
        assert_eq!(answer.status, status, "{form}: {}", answer.body);
        assert!(answer.body.contains(why), "{form}: {}", answer.body);
    }
    let added = gateway
        .call("changes", "add", json!({"author": "Bob", "comments": "by JSON"}))
        .await;
    assert!(added.json()["result"]["changeid"].is_i64(), "{}", added.body);
    let guarded = Gateway::over(scene.stage.guarded());
    let request = Request::post("/change_hook/base")
        .body(Body::from("who=a"))
        .unwrap();
    assert_eq!(guarded.ask(request).await.status, StatusCode::FORBIDDEN);
}
