//! `/api`: which version, which method, which endpoint.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use weir_status_api::Error;
use weir_status_http::v2::{self, Endpoint};

use crate::answer::{self, Reader};
use crate::source::Source;
use crate::{App, Shared, build_data, control, logs, reads};

/// Serves everything below `/api/v2` and its other name, `/api/latest`.
pub(crate) async fn serve(State(app): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(path) = below_version(head.uri.path()) else {
        return no_path(head.uri.path());
    };
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

async fn read(app: &App, path: &str, head: &Parts) -> Response {
    let Some(endpoint) = Endpoint::parse(path) else {
        return no_path(path);
    };
    let query = v2::pairs(head.uri.query().unwrap_or_default());
    let answer = match endpoint {
        Endpoint::Raw { log, inline } => logs::raw(app, app.open(&head.headers), log, inline, &query).await,
        Endpoint::BuildDataValue(build, name) => {
            build_data::value(app, app.open(&head.headers), build, name, &query).await
        }
        endpoint => {
            let deadline = app.options.deadline;
            let (source, reader) = (Source::new(app.open(&head.headers)), Reader::of(&head.headers));
            let answer = answer::in_time(deadline, reads::read(&source, endpoint, &query, reader)).await;
            answer.map(|it| answer::written(reader, it))
        }
    };
    answer.unwrap_or_else(|error| answer::error(&error))
}
