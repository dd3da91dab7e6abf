//! Whether the gateway is well: that it lives, and that all it depends on answers.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use weir_status_api::{Caller, Cursor, Error, Kind, List, ListParts, Result};

use crate::answer::{Reader, in_time, json};
use crate::fresh::Watching;
use crate::{App, Shared};

/// How long a dependency may take to be called ready.
const READY: Duration = Duration::from_secs(5);

/// `/health`: the process answers.
pub(crate) async fn alive(headers: HeaderMap) -> Response {
    json(Reader::of(&headers), &json!({"status": "ok"}), None)
}

/// `/ready`: the process and all that it depends on answer.
pub(crate) async fn ready(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let patience = READY.min(app.options.deadline);
    let (source, watch) = tokio::join!(in_time(patience, source(&app)), in_time(patience, watch(&app)));
    let cursor = source.as_ref().ok().copied().flatten();
    let is_ready = source.is_ok() && watch.is_ok();
    let mut dependencies = Map::new();
    dependencies.insert("status_api".to_owned(), entry(source.map(|_| None)));
    dependencies.insert("watch".to_owned(), entry(watch));
    let status = if is_ready { "ready" } else { "unready" };
    let body = json!({"status": status, "dependencies": dependencies});
    let mut response = json(Reader::of(&headers), &body, cursor);
    if !is_ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// How one dependency is, with what there is to say of it.
fn entry(outcome: Result<Option<&'static str>>) -> Value {
    match outcome {
        Ok(None) => json!({"ok": true}),
        Ok(Some(note)) => json!({"ok": true, "note": note}),
        Err(error) => {
            tracing::debug!(%error, "a dependency is not ready");
            json!({"ok": false, "error": error.to_string()})
        }
    }
}

/// The newest event, as the status API tells it; none if it answers, but not to this gateway itself.
async fn source(app: &App) -> Result<Option<Cursor>> {
    // One read at a time, however many ask: it takes no turn from other reads, nor they from it.
    let _alone = app.readiness.lock().await;
    let mut parts = ListParts::new(Kind::Master);
    parts.limit = Some(0);
    // Whether the source answers is no secret, whoever may read what.
    let api = app.access.open(&Caller::named("gateway"));
    match api.list(List::from_parts(parts)?).await {
        Ok(page) => Ok(Some(page.cursor)),
        Err(Error::Unauthenticated { .. } | Error::PermissionDenied { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The watch that tells how long kept answers are true; it is begun if nobody did yet.
async fn watch(app: &App) -> Result<Option<&'static str>> {
    if app.options.kept_bytes == 0 {
        return Ok(Some("no answers are kept, so that there is none"));
    }
    app.shared.watch(&app.access.open(&Caller::anonymous()));
    match app.shared.fresh.watching().await {
        Watching::Runs => Ok(None),
        Watching::Refused => Ok(Some("callers without a credential may not watch")),
        Watching::Lost(why) => Err(Error::unavailable(why)),
        Watching::Begins => Err(Error::unavailable("the watch has not begun")),
    }
}
