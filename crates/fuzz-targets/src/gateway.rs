//! Requests to the gateway: a line with the path and the query, then headers by which a client says where it is, then,
//! for a command, the body.

use std::cell::LazyCell;

use axum::body::Body;
use axum::http::Request;

use crate::Server;

thread_local! {
    static SERVER: LazyCell<Server> = const { LazyCell::new(Server::gateway) };
}

pub(crate) fn try_it(text: &str) {
    let mut lines = text.splitn(3, '\n');
    let (path, header, body) = (
        lines.next().unwrap_or(""),
        lines.next().unwrap_or(""),
        lines.next(),
    );
    let request = match body {
        Some(_) => Request::post(path).header("content-type", "application/json"),
        None => Request::get(path).header("accept", "application/json"),
    };
    let request = request
        .header("last-event-id", header)
        .header("if-none-match", header)
        .header("range", header)
        .body(Body::from(body.unwrap_or("").to_owned()));
    // Not all text is a path, or a header's value.
    let Ok(request) = request else { return };
    let answer = SERVER.with(|it| it.ask(request));
    // Some operations are told of as not supported.
    let fault = answer.status.is_server_error() && answer.status != 501;
    assert!(!fault, "{answer:?}");
    let of = answer
        .headers
        .get("content-type")
        .map_or(&b""[..], |it| it.as_bytes());
    if of.starts_with(b"application/json") && !answer.body.is_empty() {
        serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON");
    }
}
