//! A GitHub App: it signs for itself, and gets a token for each installation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, KeyPair as _, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs1KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use weir_listeners::Destination as _;
use weir_status_api::{Clock as _, Results, SystemClock};

use super::recorder::{Answer, Recorder};
use super::{at, make};
use crate::sample::{ended, open};

/// A key that was made for these tests.
const KEY: &str = include_str!("app-key.pem");

async fn github() -> Recorder {
    Recorder::start(|asked| match asked.target.as_str() {
        "/repos/weir/weir/installation" => Answer::json(200, &json!({"id": 42})),
        "/app/installations/42/access_tokens" => Answer::json(201, &json!({"token": "fresh"})),
        _ => Answer::json(201, &json!({})),
    })
    .await
}

/// The claims of a signature that is the App's.
fn claims(authorization: &str) -> Value {
    let token = authorization.strip_prefix("Bearer ").unwrap();
    let (text, code) = token.rsplit_once('.').unwrap();
    let decoded = |it: &str| URL_SAFE_NO_PAD.decode(it).unwrap();
    let key = PrivatePkcs1KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let key = RsaKeyPair::from_der(key.secret_pkcs1_der()).unwrap();
    let key = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    key.verify(text.as_bytes(), &decoded(code)).unwrap();
    let (head, claims) = text.split_once('.').unwrap();
    let head: Value = serde_json::from_slice(&decoded(head)).unwrap();
    assert_eq!(head, json!({"alg": "RS256", "typ": "JWT"}));
    serde_json::from_slice(&decoded(claims)).unwrap()
}

#[tokio::test]
async fn it_gets_a_token_for_the_installation_and_keeps_it() {
    let server = github().await;
    let options = at(&server.url(), json!({"app_id": "Iv1.7", "private_key": KEY}));
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    for _ in 0..2 {
        destination
            .deliver(&ended(&server.repository("weir/weir"), Results::Success))
            .await
            .unwrap();
    }
    let asked = server.asked();
    assert_eq!(asked[0].line(), "GET /repos/weir/weir/installation");
    assert_eq!(asked[1].line(), "POST /app/installations/42/access_tokens");
    let now = SystemClock.now().as_secs();
    for it in &asked[..2] {
        let claims = claims(it.header("authorization"));
        assert_eq!(claims["iss"], "Iv1.7");
        let (from, until) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert!(from < now && now < until && until - from <= 600, "{claims}");
        assert_eq!(it.header("x-github-api-version"), "2022-11-28");
    }
    assert_eq!(asked.len(), 4);
    assert!(
        asked[2..]
            .iter()
            .all(|it| it.header("authorization") == "Bearer fresh")
    );
}

#[tokio::test]
async fn a_given_installation_is_not_looked_for() {
    let server = github().await;
    let options = at(
        &server.url(),
        json!({"app_id": "7", "private_key": KEY, "installation_id": 42}),
    );
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    destination
        .deliver(&ended(&server.repository("weir/weir"), Results::Success))
        .await
        .unwrap();
    assert_eq!(server.lines()[0], "POST /app/installations/42/access_tokens");
}
