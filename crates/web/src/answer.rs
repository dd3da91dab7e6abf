//! Answers: JSON in the form that the client accepts, with its cursor; and errors.

use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use weir_status_api::{Cursor, Error, Result};
use weir_status_http::v2;
use weir_status_http::v2::envelope::CURSOR_HEADER;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// What a client reads best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reader {
    /// A program: compact JSON.
    Program,
    /// A person: indented JSON, as text.
    Person,
}

impl Reader {
    /// How many there are.
    pub(crate) const COUNT: usize = 2;

    /// A program says `application/json` in `Accept`, as with Buildbot.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut accepted = headers.get_all(ACCEPT).iter();
        match accepted.any(|value| value.to_str().is_ok_and(|text| text.contains("application/json"))) {
            true => Self::Program,
            false => Self::Person,
        }
    }

    /// `body` as they read it.
    pub(crate) fn write(self, body: &impl Serialize) -> Vec<u8> {
        let text = match self {
            Self::Program => serde_json::to_vec(body),
            Self::Person => serde_json::to_vec_pretty(body),
        };
        // All keys are texts, so that it can always be written.
        text.unwrap_or_default()
    }

    pub(crate) const fn content_type(self) -> HeaderValue {
        match self {
            Self::Program => JSON,
            Self::Person => TEXT,
        }
    }
}

/// An answer that is true at `cursor`.
pub(crate) fn json(reader: Reader, body: &impl Serialize, cursor: Option<Cursor>) -> Response {
    let mut response = Response::new(Body::from(reader.write(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, reader.content_type());
    if let Some(cursor) = cursor {
        headers.insert(CURSOR_HEADER, HeaderValue::from(cursor.0));
    }
    response
}

/// The answer that tells of `error`.
pub(crate) fn error(error: &Error) -> Response {
    if let Error::Internal { why } = error {
        tracing::error!(why, "a request failed by the server's fault");
    }
    let mut response = Response::new(Body::from(v2::error_body(error).to_string()));
    *response.status_mut() = http_status(v2::status(error));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    response
}

/// The answer to a request that is refused before anybody looks at what it asks for.
pub(crate) fn refuse(status: StatusCode, why: &str) -> Response {
    let body = serde_json::json!({"error": why});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}

pub(crate) fn http_status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What `work` gives, if it does in time.
pub(crate) async fn in_time<T>(deadline: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(deadline, work).await {
        Ok(result) => result,
        Err(_) => Err(Error::unavailable(format!(
            "there was no answer within {} s",
            deadline.as_secs()
        ))),
    }
}
