use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use weir_web::Options;

use crate::scene::Scene;

#[tokio::test]
async fn bad_queries_are_told_by_name() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    for (path, says) in [
        ("builds?nonsense=1", "nonsense: unrecognized query parameter"),
        (
            "builds?number=x",
            "number: invalid filter value `x`: a whole number is expected",
        ),
        (
            "builds?limit=x",
            "limit: invalid limit `x`: a whole number from 0 on is expected",
        ),
        ("builds?order=-nonsense", "order: no such field 'nonsense'"),
        ("builds/1?number=1", "number: this is not a collection"),
        ("builds/1/properties?x=1", "x: unrecognized query parameter"),
        (
            "logs/1/contents?offset=x",
            "offset: invalid offset `x`: a whole number is expected",
        ),
    ] {
        let answer = gateway.get(&format!("/api/v2/{path}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json()["error"], says, "{path}");
        assert_eq!(answer.json()["code"], "invalid_query", "{path}");
    }
    // What the store refuses has JSON's name too.
    let answer = gateway.get("/api/v2/builds?buildid__contains=1").await;
    assert_eq!(answer.json()["field"], "buildid", "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    for path in [
        "/api/v1/builds",
        "/api/v2/builds/",
        "/api/v2/nonsense",
        "/api/v2/builds/999",
        "/api/v2/builders/x",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["code"], "not_found", "{path}");
    }
    let gone = gateway.get("/api/v2/masters/9/builders/1").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let bad = gateway
        .ask(Request::delete("/api/v2/builds/1").body(Body::empty()).unwrap())
        .await;
    assert_eq!(
        (bad.status, bad.json()),
        (StatusCode::BAD_REQUEST, json!({"error": "invalid HTTP method"}))
    );
}

fn from(origin: &str, method: Method, path: &str) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "ci.example.org");
    let request = request
        .header("origin", origin)
        .header("access-control-request-method", "POST");
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn other_origins_are_refused_unless_allowed() {
    let scene = Scene::new().await;
    let gateway = scene.gateway(Options {
        allowed_origins: vec!["https://*.friend.org".to_owned()],
        ..Options::default()
    });
    for (origin, status) in [
        ("https://ci.example.org", StatusCode::OK),
        ("https://a.friend.org", StatusCode::OK),
        ("https://friend.org.evil.org", StatusCode::BAD_REQUEST),
        ("null", StatusCode::BAD_REQUEST),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let answer = gateway.ask(from(origin, method, "/api/v2/builds")).await;
            assert_eq!(answer.status, status, "{origin}");
            let allowed = if status == StatusCode::OK { origin } else { "" };
            assert_eq!(answer.header("access-control-allow-origin"), allowed);
        }
    }
    let without = Request::options("/api/v2/builds").body(Body::empty()).unwrap();
    assert_eq!(gateway.ask(without).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn sizes_are_bounded() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let long = gateway
        .get(&format!("/api/v2/builds?field={}", "x".repeat(20_000)))
        .await;
    assert_eq!(long.status, StatusCode::URI_TOO_LONG);
    let request = Request::get("/api/v2/builds").header("x-long", "x".repeat(40_000));
    let long = gateway.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(long.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let request = Request::post("/api/v2/builds/1").header("content-type", "application/json");
    let long = gateway
        .ask(request.body(Body::from("x".repeat(2 << 20))).unwrap())
        .await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
}
