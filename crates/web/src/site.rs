//! What is about the site itself: its versions, its configuration for pages, whether it is well.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use weir_status_api::{Caller, Kind, List, ListParts};
use weir_status_http::v2;

use crate::answer::{self, Reader, in_time, json};
use crate::{App, Shared, credential};

/// How long the store may take to be called ready.
const READY: Duration = Duration::from_secs(5);

/// `/api`: where the versions of the API are.
pub(crate) async fn versions(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let v2 = format!("{}api/v2", base_url(&app, &headers));
    json(Reader::of(&headers), &json!({"api_versions": {"v2": v2}}), None)
}

/// `/config`: what Buildbot's web pages want to know at their start.
pub(crate) async fn config(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let url = base_url(&app, &headers);
    let caller = credential::caller(&headers);
    let who = app.access.identify(&caller);
    let who = match in_time(app.options.deadline, who).await {
        Ok(who) => who,
        Err(error) => return answer::error(&error),
    };
    let auth = if app.options.sign_in {
        "UserPasswordAuth"
    } else {
        "NoAuth"
    };
    let body: Value = json!({
        "title": app.options.title,
        "titleURL": url,
        "buildbotURL": url,
        "multiMaster": false,
        "versions": [["Weir", env!("CARGO_PKG_VERSION")]],
        "auth": {"name": auth},
        "authz": {},
        "avatar_methods": [],
        "user": v2::identity_to_json(&who),
        "plugins": {},
        "ui_default_config": {},
        "user_any_access_allowed": true,
    });
    json(Reader::of(&headers), &body, None)
}

/// `/health`: the process answers.
pub(crate) async fn health(headers: HeaderMap) -> Response {
    json(Reader::of(&headers), &json!({"status": "ok"}), None)
}

/// `/ready`: the process and what it reads from answer.
pub(crate) async fn ready(State(app): State<Shared>, headers: HeaderMap) -> Response {
    // Whether the source answers is no secret, whoever may read what.
    let api = app.access.open(&Caller::named("gateway"));
    let read = async {
        let mut parts = ListParts::new(Kind::Master);
        parts.limit = Some(0);
        api.list(List::from_parts(parts)?).await
    };
    match in_time(READY.min(app.options.deadline), read).await {
        Ok(page) => json(
            Reader::of(&headers),
            &json!({"status": "ready"}),
            Some(page.cursor),
        ),
        Err(error) => {
            let mut response = answer::error(&error);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
    }
}

fn base_url(app: &App, headers: &HeaderMap) -> String {
    match (
        &app.options.base_url,
        headers.get(HOST).and_then(|host| host.to_str().ok()),
    ) {
        (Some(url), _) => format!("{}/", url.trim_end_matches('/')),
        (None, Some(host)) => format!("http://{host}/"),
        (None, None) => "/".to_owned(),
    }
}
