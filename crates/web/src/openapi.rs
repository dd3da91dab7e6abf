//! `/api/v2/openapi.json`: what the JSON API is, for programs; and `/api/v2/docs`, the same for people.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use weir_status_http::v2;

use crate::answer::Reader;
use crate::kept::Kept;

const PAGE: &str = include_str!("docs.html");

/// The document does not change while the program runs. Its readers are programs, whatever they accept.
static DOCUMENT: LazyLock<Arc<Kept>> = LazyLock::new(|| {
    let body = Reader::Program.write(&v2::openapi::document());
    Arc::new(Kept::new(Reader::Program.content_type(), None, body.into()))
});

/// What the page may do: run its own script, and fetch the document.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'",
        hash_within("script"),
        hash_within("style"),
    );
    // Without a policy that can be sent, nothing may be loaded.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The hash of what stands in the page's element of that name, as a policy tells it.
fn hash_within(element: &str) -> String {
    let inside = PAGE.split_once(&format!("<{element}>"));
    let inside = inside.and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
    let (text, _) = inside.unwrap_or_default();
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The OpenAPI document.
pub(crate) async fn document(headers: HeaderMap) -> Response {
    Arc::clone(&DOCUMENT).respond(&headers, None).await
}

/// The page that shows it.
pub(crate) async fn page() -> Response {
    let mut response = Response::new(Body::from(PAGE));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
