use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use weir_status_http::v2::openapi;

use crate::scene::Scene;

#[tokio::test]
async fn the_document_is_served_to_be_kept() {
    let gateway = Scene::new().await.open();
    for path in ["/api/v2/openapi.json", "/api/latest/openapi.json"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = gateway.ask(request).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("content-type").starts_with("application/json"));
        assert_eq!(answer.json(), openapi::document());
        let again = Request::get(path).header("if-none-match", answer.header("etag"));
        let again = gateway.ask(again.body(Body::empty()).unwrap()).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn the_page_may_run_its_own_script_only() {
    let gateway = Scene::new().await.open();
    let page = gateway.get("/api/v2/docs").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    for element in ["script", "style"] {
        let (_, rest) = page.body.split_once(&format!("<{element}>")).unwrap();
        let (inside, rest) = rest.split_once(&format!("</{element}>")).unwrap();
        let hash = STANDARD.encode(Sha256::digest(inside));
        assert!(
            policy.contains(&format!("{element}-src 'sha256-{hash}'")),
            "{policy}"
        );
        assert!(!rest.contains(&format!("<{element}")), "one {element} only");
    }
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

/// The path with what is there in the place of its parameters.
fn filled(path: &str) -> String {
    let words = path.split('/').map(|word| match word {
        "{name}" => "sizes",
        "{schedulername}" => "force",
        "{revision}" => "a1",
        "{path}" => "builds%2F1%2Ffinished",
        word if word.starts_with('{') && word.contains("slug") && !word.contains("id") => "main",
        word if word.starts_with('{') => "1",
        word => word,
    });
    words.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_path_of_the_document_is_served() {
    let scene = Scene::with_outcomes().await;
    let gateway = scene.open();
    let document = openapi::document();
    let mut read = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut url = filled(path);
        if path.ends_with("/waterfall") {
            url.push_str("?from=0&to=10");
        }
        if path.ends_with("/search") {
            url.push_str("?text=a");
        }
        if !matches!(item["get"]["tags"][0].as_str(), Some("reads" | "site")) {
            continue;
        }
        let answer = gateway.send_get(&url).await;
        // What is not there is told of as such, and not as a path that is unknown.
        if answer.status() == StatusCode::NOT_FOUND {
            let body = gateway.get(&url).await.json();
            let what = body["what"].as_str().unwrap();
            assert!(!what.starts_with("path"), "{path}: {body}");
            continue;
        }
        assert_eq!(answer.status(), StatusCode::OK, "{path}: {url}");
        read += 1;
    }
    assert!(read > 100, "{read} of them could be read");
}

#[tokio::test]
async fn every_status_of_a_refusal_is_told_of() {
    let gateway = Scene::new().await.open();
    let document = openapi::document();
    let told = |path: &str, method: &str, status: StatusCode| {
        let answers = &document["paths"][path][method]["responses"];
        assert!(
            answers.get(status.as_str()).is_some(),
            "{method} {path}: {status}"
        );
    };
    for (path, url) in [
        ("/api/v2/builds", "/api/v2/builds?number=x"),
        ("/api/v2/builds/{buildid}", "/api/v2/builds/99"),
    ] {
        told(path, "get", gateway.send_get(url).await.status());
    }
    for (method, params) in [
        ("stop", Value::Null),
        ("dance", Value::Object(Default::default())),
    ] {
        let answer = gateway.call("builds/1", method, params).await;
        assert!(!answer.status.is_success());
        told("/api/v2/builds/{buildid}", "post", answer.status);
    }
}
