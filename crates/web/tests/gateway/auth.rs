//! Signing in and out, sessions in cookies, and tokens.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use weir_access::{Guarded, Policy, User, hash_password};
use weir_status_api::conformance::{Stage, TOKEN, USER};
use weir_status_api::{Credentials, Error, Result, SystemClock, Timestamp, Token, TokenId};
use weir_web::Options;

use crate::scene::{Answer, Gateway, Scene};

/// Tokens in memory.
#[derive(Default)]
struct Drawer(Mutex<Vec<([u8; 32], Token)>>);

#[async_trait]
impl Credentials for Drawer {
    async fn add_token(&self, mut token: Token, hash: [u8; 32]) -> Result<Token> {
        let mut tokens = self.0.lock().unwrap();
        token.id = TokenId(tokens.len() as i64 + 1);
        tokens.push((hash, token.clone()));
        Ok(token)
    }

    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        let tokens = self.0.lock().unwrap();
        Ok(tokens
            .iter()
            .find(|(it, _)| *it == hash)
            .map(|(_, it)| it.clone()))
    }

    async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>> {
        let tokens = self.0.lock().unwrap();
        let all = tokens.iter().rev().map(|(_, it)| it.clone());
        Ok(all.filter(|it| user.is_none_or(|user| it.user == user)).collect())
    }

    async fn revoke_token(&self, token: TokenId, at: Timestamp) -> Result<()> {
        let mut tokens = self.0.lock().unwrap();
        let found = tokens.iter_mut().find(|(_, it)| it.id == token);
        let (_, found) = found.ok_or_else(|| Error::not_found(format!("token {token}")))?;
        found.revoked_at.get_or_insert(at);
        Ok(())
    }

    async fn forget_tokens(&self, _: Timestamp) -> Result<()> {
        Ok(())
    }
}

pub(crate) fn gateway(scene: &Scene, base_url: Option<&str>) -> Gateway {
    let options = Options {
        base_url: base_url.map(str::to_owned),
        ..Options::default()
    };
    gateway_with(scene, options)
}

fn gateway_with(scene: &Scene, options: Options) -> Gateway {
    let policy = Policy {
        users: vec![User {
            password_hash: Some(hash_password("correct horse").unwrap()),
            full_name: Some("Ada Lovelace".to_owned()),
            ..User::with_token(USER, TOKEN)
        }],
        ..Policy::default()
    };
    let door = Guarded::new(
        scene.stage.api(),
        Arc::new(Drawer::default()),
        Arc::new(SystemClock),
        policy,
    );
    let options = Options {
        sign_in: true,
        ..options
    };
    Gateway::to(Arc::new(door.unwrap()), options)
}

pub(crate) fn form(path: &str, body: &str) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(body.to_owned())).unwrap()
}

/// The cookie that the answer sets, as a browser sends it back.
pub(crate) fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}

async fn signed_in(gateway: &Gateway) -> String {
    let answer = gateway
        .ask(form("/auth/login", "username=ada&password=correct+horse"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    cookie(&answer)
}

async fn config(gateway: &Gateway, cookie: &str) -> serde_json::Value {
    let request = Request::get("/config")
        .header("accept", "application/json")
        .header("cookie", cookie);
    gateway.ask(request.body(Body::empty()).unwrap()).await.json()
}

#[tokio::test]
async fn a_session_lives_in_a_cookie_until_it_is_ended() {
    let scene = Scene::new().await;
    let gateway = gateway(&scene, None);
    let answer = gateway
        .ask(form(
            "/auth/login?redirect=/builders/1",
            "username=ada&password=correct+horse",
        ))
        .await;
    assert_eq!(answer.header("location"), "/#/builders/1");
    let set = answer.header("set-cookie");
    for part in [
        "weir_session=weir_",
        "; Path=/;",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Max-Age=604800",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "{set}");
    let cookie = cookie(&answer);
    let told = config(&gateway, &cookie).await;
    assert_eq!(told["auth"], json!({"name": "UserPasswordAuth"}));
    assert_eq!(
        (&told["user"]["username"], &told["user"]["full_name"]),
        (&json!("ada"), &json!("Ada Lovelace"))
    );
    assert_eq!(
        config(&gateway, "other=1").await["user"],
        json!({"anonymous": true})
    );

    let request = Request::get("/auth/logout").header("cookie", &cookie);
    let ended = gateway.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    // A browser that still sends it is told that it is no good, and to forget it.
    let request = Request::get("/api/v2/builders").header("cookie", &cookie);
    let refused = gateway.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(
        refused.header("set-cookie").contains("weir_session=;"),
        "{:?}",
        refused.headers
    );
}

#[tokio::test]
async fn who_has_no_password_is_refused_and_stopped_after_a_while() {
    let scene = Scene::new().await;
    let gateway = gateway(&scene, None);
    let wrong = gateway
        .ask(form("/auth/login", "username=ada&password=wrong"))
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.json()["code"], "unauthenticated");
    assert_eq!(wrong.header("set-cookie"), "");
    let missing = gateway.ask(form("/auth/login", "username=ada")).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let mut status = wrong.status;
    for _ in 0..20 {
        status = gateway
            .ask(form("/auth/login", "username=ada&password=wrong"))
            .await
            .status;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn buildbots_clients_sign_in_with_basic() {
    let scene = Scene::new().await;
    let gateway = gateway(&scene, Some("https://ci.example/weir/"));
    let asked = gateway.get("/auth/login").await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(asked.header("www-authenticate").starts_with("Basic "));
    // ada:correct horse
    let request = Request::get("/auth/login?redirect=//evil.example/")
        .header("authorization", "Basic YWRhOmNvcnJlY3QgaG9yc2U=");
    let answer = gateway.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header("location").starts_with("https://ci.example/weir/"));
    let set = answer.header("set-cookie");
    assert!(set.contains("Path=/weir/;") && set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn over_tls_a_session_and_links_keep_to_it() {
    let scene = Scene::new().await;
    let options = Options {
        over_tls: true,
        ..Options::default()
    };
    let gateway = gateway_with(&scene, options);
    let login = form("/auth/login", "username=ada&password=correct+horse");
    let set = gateway.ask(login).await.header("set-cookie").to_owned();
    assert!(set.contains("Path=/;") && set.contains("; Secure"), "{set}");
    // Over HTTP/2 the URL has the host, and no header.
    let request = Request::get("https://ci.example:8010/config").header("accept", "application/json");
    let config = gateway.ask(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(config["buildbotURL"], "https://ci.example:8010/");
    // A page of the site itself changes something.
    let own = Request::post("https://ci.example:8010/api/v2/forceschedulers/none")
        .header("origin", "https://ci.example:8010")
        .header("cookie", set.split(';').next().unwrap())
        .header("content-type", "application/json");
    let body = Body::from(r#"{"id": 1, "jsonrpc": "2.0", "method": "force", "params": {}}"#);
    assert_eq!(
        gateway.ask(own.body(body).unwrap()).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn redirects_stay_within_the_site() {
    let scene = Scene::new().await;
    let gateway = gateway(&scene, None);
    for (wanted, given) in [
        ("/builds/1?a=b", "/#/builds/1?a=b"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/x%0d%0aset-cookie:%20a=b", "/"),
    ] {
        let wanted = wanted.replace('?', "%3F");
        let path = format!("/auth/login?redirect={wanted}");
        let answer = gateway
            .ask(form(&path, "username=ada&password=correct+horse"))
            .await;
        assert_eq!(answer.header("location"), given, "{wanted}");
    }
}

#[tokio::test]
async fn other_sites_cannot_use_a_session() {
    let scene = Scene::new().await;
    let gateway = gateway(&scene, None);
    let cookie = signed_in(&gateway).await;
    let pause = async |headers: &[(&str, &str)]| {
        let mut request = Request::post("/api/v2/workers/w").header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "pause", "params": {}}).to_string();
        gateway.ask(request.body(Body::from(body)).unwrap()).await.status
    };
    let cookie = ("cookie", cookie.as_str());
    let host = ("host", "ci.example");
    for (more, status) in [
        (vec![("sec-fetch-site", "same-origin")], StatusCode::OK),
        (vec![("origin", "http://ci.example")], StatusCode::OK),
        (vec![("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
        (vec![("origin", "http://evil.example")], StatusCode::FORBIDDEN),
        (vec![], StatusCode::FORBIDDEN),
    ] {
        let headers: Vec<_> = [cookie, host].into_iter().chain(more.iter().copied()).collect();
        assert_eq!(pause(&headers).await, status, "{more:?}");
    }
    // A token that a program presents is no browser's.
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(pause(&[("authorization", &bearer)]).await, StatusCode::OK);
    let plain = Request::post("/api/v2/workers/w")
        .header("content-type", "text/plain")
        .header("sec-fetch-site", "same-origin")
        .header(cookie.0, cookie.1);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "pause", "params": {}}).to_string();
    let refused = gateway.ask(plain.body(Body::from(body)).unwrap()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked() {
    let scene = Scene::new().await;
    let gateway = gateway(&scene, None);
    let send = async |method: &str, path: &str, body: serde_json::Value| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {TOKEN}"));
        gateway
            .ask(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    let made = send(
        "POST",
        "/api/v2/tokens",
        json!({"name": "laptop", "scopes": ["read"]}),
    )
    .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    let row = &made.json()["tokens"][0];
    let text = row["token"].as_str().unwrap().to_owned();
    assert!(text.starts_with("weir_"));
    let listed = send("GET", "/api/v2/tokens", json!({})).await;
    assert_eq!(listed.json()["tokens"][0]["name"], "laptop");
    assert!(!listed.body.contains(&text));
    let wrong = send("POST", "/api/v2/tokens", json!({"scopes": ["fly"]})).await;
    assert_eq!(
        (wrong.status, &wrong.json()["code"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_input"))
    );
    let id = row["tokenid"].as_i64().unwrap();
    let revoked = send("DELETE", &format!("/api/v2/tokens/{id}"), json!({})).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
    let nobody = gateway.get("/api/v2/tokens").await;
    assert_eq!(nobody.status, StatusCode::FORBIDDEN);
}
