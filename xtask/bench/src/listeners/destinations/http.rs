//! Destinations of HTTP: one server for all, in which the first word of a path is the listener.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Book, Kind, Mood};
use crate::Result;

/// Starts the server: its URL.
pub(super) async fn start(book: Book) -> Result<String> {
    let failed = |error| format!("there is no destination: {error}");
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    let router = Router::new().fallback(take).with_state(book);
    tokio::spawn(async move { axum::serve(socket, router).await });
    Ok(format!("http://{address}"))
}

async fn take(State(book): State<Book>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut words = uri.path().split('/').skip(1);
    let listener = words.next().unwrap_or_default();
    let Some(kind) = Kind::named(listener) else {
        if listener.starts_with("crowd") {
            book.count();
            return StatusCode::NO_CONTENT.into_response();
        }
        return StatusCode::NOT_FOUND.into_response();
    };
    if kind == Kind::Matrix && words.any(|it| it == "join") {
        return axum::Json(json!({"room_id": "!room:example.org"})).into_response();
    }
    let Some(id) = id(kind, &uri, &headers, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match book.take(kind, id) {
        Mood::Well => axum::Json(json!({})).into_response(),
        Mood::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Hangs => {
            book.hang(kind).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Mood::Mute => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// By what a delivery is known.
fn id(kind: Kind, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let json = || serde_json::from_slice::<Value>(body).ok();
    match kind {
        Kind::Webhook | Kind::WebhookOverJson => header("x-weir-delivery"),
        Kind::HttpPush => header("idempotency-key"),
        Kind::CloudEvents => Some(json()?["id"].as_str()?.to_owned()),
        // The last word is the transaction.
        Kind::Matrix => Some(uri.path().rsplit('/').next()?.to_owned()),
        Kind::Gitea => {
            let status = json()?;
            Some(format!(
                "{} {}",
                status["target_url"].as_str()?,
                status["state"].as_str()?
            ))
        }
        Kind::InfluxDb => {
            let point = std::str::from_utf8(body).ok()?;
            let (measurement, _) = point.split_once(',')?;
            let (_, time) = point.rsplit_once(' ')?;
            Some(format!("{measurement} {time}"))
        }
        Kind::LogFile | Kind::Mail | Kind::Program => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(kind: Kind, path: &str, header: (&'static str, &str), body: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(header.0),
            header.1.parse().unwrap(),
        )]);
        id(kind, &path.parse().unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn each_kind_is_known_by_what_its_receiver_would_know_it_by() {
        let none = ("accept", "*/*");
        let cases = [
            (
                Kind::Webhook,
                "/webhook",
                ("x-weir-delivery", "webhook-7"),
                "{}",
                "webhook-7",
            ),
            (
                Kind::HttpPush,
                "/http_push",
                ("idempotency-key", "http_push-7"),
                "{}",
                "http_push-7",
            ),
            (
                Kind::CloudEvents,
                "/c",
                none,
                r#"{"id": "cloudevents-7"}"#,
                "cloudevents-7",
            ),
            (
                Kind::Matrix,
                "/m/rooms/r/send/m.room.message/matrix-7",
                none,
                "{}",
                "matrix-7",
            ),
            (
                Kind::Gitea,
                "/g/statuses/1",
                none,
                r#"{"state": "pending", "target_url": "http://w/1"}"#,
                "http://w/1 pending",
            ),
            (
                Kind::InfluxDb,
                "/i",
                none,
                r#"weir_build,builder=a\ b number=1i 17"#,
                "weir_build 17",
            ),
        ];
        for (kind, path, header, body, expected) in cases {
            assert_eq!(
                id_of(kind, path, header, body).as_deref(),
                Some(expected),
                "{kind:?}"
            );
        }
        assert_eq!(id_of(Kind::Webhook, "/webhook", none, "{}"), None);
    }
}
