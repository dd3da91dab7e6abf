//! What is checked before any request is looked at: sizes, and where it comes from.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    RETRY_AFTER, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use weir_status_api::Error;

use crate::answer::{self, refuse};
use crate::credential::{self, Credential};
use crate::rate::Limits;
use crate::{Options, Shared, site};

/// Lets a request through to its handler, if its sizes and its origin are as they should be.
pub(crate) async fn check(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let options = &app.options;
    let refused = too_large(options, &request)
        .or_else(|| too_often(&app.limits, &request))
        .or_else(|| forged(options, &request));
    let session = matches!(Credential::of(request.headers()), Credential::Cookie(_));
    let uri = request.uri().clone();
    let mut response = match refused {
        Some(refused) => refused,
        None => cross_origin(options, request, next).await,
    };
    // A session that has ended must not stand in the way of who comes without one.
    let ended = session && response.status() == StatusCode::UNAUTHORIZED;
    if ended
        && !response.headers().contains_key(SET_COOKIE)
        && let Some(cookie) = credential::cookie(options, &uri, "", 0)
    {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn too_large(options: &Options, request: &Request) -> Option<Response> {
    let url = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    if url > options.max_url {
        let why = format!("the path and query have more than {} bytes", options.max_url);
        return Some(refuse(StatusCode::URI_TOO_LONG, &why));
    }
    let headers = request.headers().iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers > options.max_headers {
        let why = format!("the headers have more than {} bytes", options.max_headers);
        return Some(refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &why));
    }
    None
}

fn forged(options: &Options, request: &Request) -> Option<Response> {
    // Whoever signs in presents a password; the session before that does not matter.
    let signs_in = request.uri().path() == "/auth/login";
    let forged = credential::is_forged(options, request.method(), request.headers(), request.uri());
    (forged && !signs_in).then(|| {
        answer::error(&Error::PermissionDenied {
            why: "a request with a session's cookie must come from this site's own pages; programs present a token \
                  as `Authorization: Bearer`"
                .to_owned(),
        })
    })
}

fn too_often(limits: &Limits, request: &Request) -> Option<Response> {
    let wait = limits.take(request).err()?;
    let why = "this address asks too often".to_owned();
    let mut refused = answer::error(&Error::TooMany { why });
    let seconds = wait.as_secs().saturating_add(1);
    refused
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    Some(refused)
}

async fn cross_origin(options: &Options, request: Request, next: Next) -> Response {
    let preflight = request.method() == Method::OPTIONS;
    let origin = match request.headers().get(ORIGIN).cloned() {
        None if preflight => return refuse(StatusCode::BAD_REQUEST, "invalid origin"),
        None => return next.run(request).await,
        Some(origin) => origin,
    };
    if !may_use(options, &origin, request.headers(), request.uri()) {
        return refuse(StatusCode::BAD_REQUEST, "invalid origin");
    }
    let mut response = match preflight {
        true => answer_preflight(request.headers()),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
    let exposed = HeaderValue::from_static("X-Weir-Cursor, ETag, Retry-After");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    response
}

fn answer_preflight(headers: &HeaderMap) -> Response {
    let method = headers.get(ACCESS_CONTROL_REQUEST_METHOD);
    let known = method.is_some_and(|it| matches!(it.as_bytes(), b"GET" | b"HEAD" | b"POST" | b"DELETE"));
    if !known {
        return refuse(StatusCode::BAD_REQUEST, "invalid method");
    }
    [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, DELETE"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID",
        ),
        (ACCESS_CONTROL_MAX_AGE, "3600"),
    ]
    .into_response()
}

/// Whether pages of `origin` may use the API: those of this site, and of the origins that were allowed.
fn may_use(options: &Options, origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> bool {
    let Ok(text) = origin.to_str() else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    let mut allowed = options.allowed_origins.iter().map(|it| it.to_ascii_lowercase());
    is_own_origin(options, origin, headers, uri) || allowed.any(|it| glob(&it, &text))
}

/// Whether the pages of `origin` are this site's.
pub(crate) fn is_own_origin(options: &Options, origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> bool {
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let origin = origin.to_ascii_lowercase();
    // Behind a proxy that ends TLS the schemes differ, so that host and port decide.
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = site::host(headers, uri);
    let same = matches!((authority, host), (Some(it), Some(host)) if it == host.to_ascii_lowercase());
    let own = options.base_url.as_deref().and_then(origin_of);
    same || own.is_some_and(|own| own == origin)
}

/// The origin of a URL.
fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    Some(format!("{scheme}://{authority}").to_ascii_lowercase())
}

/// Whether `text` is `pattern`, in which `*` stands for any characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, matches) in [
            ("https://a.org", "https://a.org", true),
            ("https://a.org", "https://a.org.evil.org", false),
            ("https://*.a.org", "https://x.a.org", true),
            ("https://*.a.org", "https://a.org", false),
            ("*", "https://a.org", true),
            ("http://*:80*", "http://b:8010", true),
            ("http://*b*b", "http://b", false),
            ("", "http://b", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
