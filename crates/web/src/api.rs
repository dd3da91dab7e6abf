//! `/api`: which version, which method, which endpoint.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use weir_status_api::{Error, Result};
use weir_status_http::v2::{self, Endpoint};

use crate::answer::{self, Reader};
use crate::kept::Kept;
use crate::load::{Class, WAIT};
use crate::reads::Answer;
use crate::shared::Made;
use crate::source::Source;
use crate::{Shared, build_data, control, depends, logs, reads, tokens};

/// Serves everything below `/api/v2` and its other name, `/api/latest`.
pub(crate) async fn serve(State(app): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(path) = below_version(head.uri.path()) else {
        return no_path(head.uri.path());
    };
    if let Some(below) = tokens::below(path) {
        return tokens::serve(&app, below, &head, body).await;
    }
    match head.method {
        Method::GET | Method::HEAD => read(&app, path, &head).await,
        Method::POST => control::serve(&app, path, &head.headers, body).await,
        _ => answer::refuse(StatusCode::BAD_REQUEST, "invalid HTTP method"),
    }
}

/// The path below the version: empty for the version itself, none for another version or a slash at the end.
fn below_version(path: &str) -> Option<&str> {
    let path = path.strip_prefix("/api/")?;
    let (version, below) = path.split_once('/').unwrap_or((path, ""));
    let known = matches!(version, "v2" | "latest") && !path.ends_with('/');
    known.then_some(below)
}

fn no_path(path: &str) -> Response {
    answer::error(&Error::not_found(format!("path `{path}`")))
}

async fn read(app: &Shared, path: &str, head: &Parts) -> Response {
    let reader = Reader::of(&head.headers);
    let class = Class::of(&head.headers);
    let whole = head.uri.path_and_query().map_or("", |it| it.as_str());
    if class == Class::Anonymous
        && let Some((kept, cursor)) = app.shared.kept(whole, reader)
    {
        return kept.respond(&head.headers, cursor).await;
    }
    let Some(endpoint) = Endpoint::parse(path) else {
        return no_path(path);
    };
    let query = v2::pairs(head.uri.query().unwrap_or_default());
    let api = app.open(&head.headers);
    let endpoint = match endpoint {
        Endpoint::Raw { log, inline } => {
            let raw = logs::raw(app, api, class, log, inline, &query).await;
            return raw.unwrap_or_else(|error| answer::error(&error));
        }
        Endpoint::BuildDataValue(build, name) => {
            let value = build_data::value(app, api, class, (build, name), &query).await;
            return value.unwrap_or_else(|error| answer::error(&error));
        }
        endpoint => endpoint,
    };
    let source = Source::new(Arc::clone(&api));
    let make = || make(Arc::clone(app), source, class, endpoint, query, reader);
    let given = match class {
        Class::Anonymous => app.shared.made(whole, reader, &api, make).await,
        // What somebody else may see is nobody's business.
        Class::Known => make().await.map(|made| app.shared.give(&made)),
    };
    match given {
        Ok((kept, cursor)) => kept.respond(&head.headers, cursor).await,
        Err(error) => answer::error(&error),
    }
}

/// Reads, when there is room for it.
async fn make(
    app: Shared,
    source: Source,
    class: Class,
    endpoint: Endpoint,
    query: Vec<(String, String)>,
    reader: Reader,
) -> Result<Made> {
    let room = app.rooms.of(class);
    let turn = room.turn().await?;
    let depends = depends::of(&endpoint, &query);
    let read = reads::read(&source, endpoint, &query, reader);
    let Answer { body, cursor } = answer::in_time(app.options.deadline, read).await?;
    // Others may read while this waits for room.
    drop(turn);
    let body = room.hold(body, WAIT).await?;
    Ok(Made {
        kept: Arc::new(Kept::new(reader.content_type(), cursor, body)),
        truth: source.since().zip(depends),
    })
}
