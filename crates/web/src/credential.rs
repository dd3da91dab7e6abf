//! The credential that comes with a request, in one place.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use weir_status_api::Caller;

/// Whoever holds the token that the request presents.
pub(crate) fn caller(headers: &HeaderMap) -> Caller {
    let text = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = text.and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Caller::bearer(token.trim()),
        _ => Caller::anonymous(),
    }
}
