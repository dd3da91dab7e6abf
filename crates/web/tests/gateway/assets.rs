use axum::body::Body;
use axum::http::{Request, StatusCode};
use weir_web::{Asset, Assets, Options};

use crate::scene::{Gateway, Scene};

async fn with(assets: Assets) -> Gateway {
    let options = Options {
        assets,
        ..Options::default()
    };
    Scene::new().await.gateway(options)
}

fn find(path: &str) -> Option<Asset> {
    let (text, content_type) = match path {
        "index.html" => ("<!doctype html>", "text/html"),
        "assets/index-1234.js" => ("let a;", "text/javascript"),
        _ => return None,
    };
    Some(Asset {
        bytes: text.into(),
        content_type: content_type.to_owned(),
        tag: None,
    })
}

#[tokio::test]
async fn embedded_files_have_their_headers() {
    let gateway = with(Assets::embedded(find)).await;
    let page = gateway.get("/").await;
    assert_eq!(
        (page.body.as_str(), page.header("content-type")),
        ("<!doctype html>", "text/html")
    );
    assert_eq!(page.header("cache-control"), "no-cache");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'self'")
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let script = gateway.get("/assets/index-1234.js").await;
    assert_eq!(
        script.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let request = Request::get("/").header("if-none-match", page.header("etag"));
    let again = gateway.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (again.status, again.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    assert_eq!(gateway.get("/nothing").await.status, StatusCode::NOT_FOUND);
    let post = gateway.ask(Request::post("/").body(Body::empty()).unwrap()).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_folder_is_served_and_nothing_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    std::fs::create_dir(&site).unwrap();
    std::fs::write(site.join("index.html"), "<!doctype html>").unwrap();
    std::fs::write(folder.path().join("secret"), "token").unwrap();
    let gateway = with(Assets::Folder(site)).await;
    let page = gateway.get("/").await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (StatusCode::OK, "<!doctype html>")
    );
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'self'")
    );
    for path in ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/secret"] {
        assert_eq!(gateway.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn without_files_there_is_the_api_alone() {
    let gateway = with(Assets::None).await;
    assert_eq!(gateway.get("/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(gateway.get("/api/v2/builds").await.status, StatusCode::OK);
}
