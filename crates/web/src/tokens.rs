//! `/api/v2/tokens`: API tokens.

use axum::body::{Body, to_bytes};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use weir_status_api::{Error, Result, TokenId};
use weir_status_http::v2;

use crate::answer::{self, Reader, in_time, json, refuse};
use crate::{App, credential};

/// Bytes that the request for a token may have.
const MOST_BYTES: usize = 16 << 10;

/// The path below that of tokens: empty for itself, none for other paths.
pub(crate) fn below(path: &str) -> Option<&str> {
    let below = path.strip_prefix(v2::TOKENS)?;
    match below.strip_prefix('/') {
        Some(below) => Some(below),
        None => below.is_empty().then_some(""),
    }
}

/// Lists, makes and revokes tokens.
pub(crate) async fn serve(app: &App, below: &str, head: &Parts, body: Body) -> Response {
    let answer = match (&head.method, below) {
        (&Method::GET | &Method::HEAD, "") => list(app, head).await,
        (&Method::POST, "") => make(app, head, body).await,
        (&Method::DELETE, id) if !id.is_empty() => revoke(app, head, id).await,
        _ => {
            let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "invalid HTTP method");
            let allowed = if below.is_empty() {
                "GET, HEAD, POST"
            } else {
                "DELETE"
            };
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allowed));
            return response;
        }
    };
    let mut response = answer.unwrap_or_else(|error| answer::error(&error));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn list(app: &App, head: &Parts) -> Result<Response> {
    let caller = credential::caller(&head.headers);
    let tokens = in_time(app.options.deadline, app.access.tokens(&caller)).await?;
    Ok(json(
        Reader::of(&head.headers),
        &v2::tokens_to_json(&tokens),
        None,
    ))
}

async fn make(app: &App, head: &Parts, body: Body) -> Result<Response> {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if content_type.and_then(|it| it.split(';').next()).map(str::trim) != Some("application/json") {
        return Err(Error::invalid("content-type", "send application/json"));
    }
    let body = tokio::time::timeout(app.options.deadline, to_bytes(body, MOST_BYTES)).await;
    let Ok(Ok(body)) = body else {
        let why = format!("could not be read in time, or has more than {MOST_BYTES} bytes");
        return Err(Error::invalid("body", why));
    };
    let new = v2::new_token_from_json(&body)?;
    let caller = credential::caller(&head.headers);
    let issued = in_time(app.options.deadline, app.access.issue_token(&caller, new)).await?;
    let mut response = json(Reader::of(&head.headers), &v2::issued_to_json(&issued), None);
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

async fn revoke(app: &App, head: &Parts, id: &str) -> Result<Response> {
    let id: TokenId = id
        .parse()
        .map_err(|_| Error::not_found(format!("token `{id}`")))?;
    let caller = credential::caller(&head.headers);
    in_time(app.options.deadline, app.access.revoke_token(&caller, id)).await?;
    Ok(json(Reader::of(&head.headers), &serde_json::json!({}), None))
}
