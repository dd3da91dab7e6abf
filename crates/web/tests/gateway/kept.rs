//! What a client and caches on the way need to ask again cheaply: tags, encodings, heads.

use std::io::Read;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use weir_status_api::conformance::Stage;
use weir_web::Options;

use crate::scene::{Answer, Gateway, Scene};

async fn ask(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    gateway.ask(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn who_has_an_answer_is_told_so() {
    let scene = Scene::new().await;
    // Kept answers and others have the same tags.
    for kept_bytes in [0, 1 << 20] {
        let gateway = scene.gateway(Options {
            kept_bytes,
            ..Options::default()
        });
        for path in [
            "/api/v2",
            "/api/v2/builds/1",
            "/api/v2/masters",
            "/api/v2/logs/1/contents",
            "/api/v2/projects",
        ] {
            let first = ask(&gateway, path, &[]).await;
            let tag = first.header("etag");
            assert!(
                tag.starts_with('"') && tag.len() > 20,
                "{path}: {tag} is a strong tag"
            );
            assert_eq!(first.header("cache-control"), "no-cache", "{path}");
            assert!(
                first
                    .header("vary")
                    .contains("accept, accept-encoding, authorization"),
                "{path}"
            );
            for known in [
                tag.to_owned(),
                format!("\"other\", {tag}"),
                format!("W/{tag}"),
                "*".to_owned(),
            ] {
                for more in [None, Some(("authorization", "Bearer x"))] {
                    let headers: Vec<_> = [("if-none-match", known.as_str())]
                        .into_iter()
                        .chain(more)
                        .collect();
                    let again = ask(&gateway, path, &headers).await;
                    assert_eq!(
                        (again.status, again.body.as_str()),
                        (StatusCode::NOT_MODIFIED, ""),
                        "{path} {known}"
                    );
                    assert_eq!(again.header("etag"), tag, "{path}");
                    assert_eq!(
                        again.header("x-weir-cursor"),
                        first.header("x-weir-cursor"),
                        "{path}"
                    );
                }
            }
            let other = ask(&gateway, path, &[("if-none-match", "\"other\"")]).await;
            assert_eq!(
                (other.status, &other.body),
                (StatusCode::OK, &first.body),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_changed_answer_has_another_tag() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let path = "/api/v2/builds/1";
    let first = ask(&gateway, path, &[]).await;
    scene.stage.writer().set_build_state(scene.build, "further").await;
    let again = ask(&gateway, path, &[("if-none-match", first.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.body.contains("further"), "{}", again.body);
    assert_ne!(again.header("etag"), first.header("etag"));
    let person = gateway.ask(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_ne!(
        person.header("etag"),
        again.header("etag"),
        "each form has its own"
    );
}

#[tokio::test]
async fn large_answers_are_packed_for_who_takes_that() {
    let scene = Scene::new().await;
    for number in 0..40 {
        let name = format!("step {number}");
        scene.stage.writer().add_step(scene.build, &name).await;
    }
    let gateway = scene.open();
    let path = "/api/v2/builds/1/steps";
    let plain = ask(&gateway, path, &[]).await;
    assert!(plain.header("content-encoding").is_empty());
    let request = Request::get(path)
        .header("accept", "application/json")
        .header("accept-encoding", "br;q=1.0, gzip;q=0.8");
    let (head, body) = gateway
        .send(request.body(Body::empty()).unwrap())
        .await
        .into_parts();
    let packed = to_bytes(body, 1 << 20).await.unwrap();
    assert_eq!(head.headers["content-encoding"], "gzip");
    assert!(
        packed.len() < plain.body.len() / 2,
        "{} of {}",
        packed.len(),
        plain.body.len()
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.body);
    let tag = head.headers["etag"].to_str().unwrap();
    assert_ne!(tag, plain.header("etag"), "each encoding has its own tag");
    let again = ask(
        &gateway,
        path,
        &[("accept-encoding", "gzip"), ("if-none-match", tag)],
    )
    .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    for refused in ["gzip;q=0", "identity", "*;q=0"] {
        let plain = ask(&gateway, path, &[("accept-encoding", refused)]).await;
        assert!(plain.header("content-encoding").is_empty(), "{refused}");
    }
    let small = ask(&gateway, "/api/v2/builds/1", &[("accept-encoding", "gzip")]).await;
    assert!(small.header("content-encoding").is_empty());
}

#[tokio::test]
async fn a_head_is_that_of_the_answer_without_its_body() {
    let scene = Scene::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v2/builds/1", listener.local_addr().unwrap());
    let router = scene.open().router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = reqwest::Client::new();
    let ask = |method: Method| {
        client
            .request(method, &url)
            .header("accept", "application/json")
            .send()
    };
    // Not kept yet, and kept.
    for _ in 0..2 {
        let head = ask(Method::HEAD).await.unwrap();
        let get = ask(Method::GET).await.unwrap();
        for name in [
            "content-length",
            "content-type",
            "etag",
            "x-weir-cursor",
            "cache-control",
            "vary",
        ] {
            assert!(head.headers().contains_key(name), "{name}");
            assert_eq!(head.headers().get(name), get.headers().get(name), "{name}");
        }
        assert_eq!(head.status(), StatusCode::OK);
        assert!(head.bytes().await.unwrap().is_empty());
        assert!(!get.bytes().await.unwrap().is_empty());
    }
}
