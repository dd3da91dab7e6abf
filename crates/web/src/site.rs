//! What is about the site itself: its versions, its configuration for pages, what robots need not read.

use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};
use weir_status_api::Result;
use weir_status_http::v2;

use crate::answer::{self, Reader, in_time, json};
use crate::{App, Assets, Shared, credential};

/// What programs that follow links need not read. Badges and pages stay open to them.
const ROBOTS: &str = "User-agent: *\nDisallow: /api\nDisallow: /auth\nDisallow: /cc.xml\nDisallow: /config\n\
                      Disallow: /health\nDisallow: /metrics\nDisallow: /ready\nDisallow: /sse\nDisallow: /ws\n";

/// `/api`: where the versions of the API are.
pub(crate) async fn versions(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let v2 = format!("{}api/v2", base_url(&app, &headers, &uri));
    json(Reader::of(&headers), &json!({"api_versions": {"v2": v2}}), None)
}

/// `/config`: what Buildbot's web pages want to know at their start.
pub(crate) async fn config(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    match configuration(&app, &headers, &uri).await {
        Ok(body) => json(Reader::of(&headers), &body, None),
        Err(error) => answer::error(&error),
    }
}

/// What `/config` says to whoever asks so.
pub(crate) async fn configuration(app: &App, headers: &HeaderMap, uri: &Uri) -> Result<Value> {
    let url = base_url(app, headers, uri);
    let caller = credential::caller(headers);
    let who = in_time(app.options.deadline, app.access.identify(&caller)).await?;
    let auth = if app.options.sign_in {
        "UserPasswordAuth"
    } else {
        "NoAuth"
    };
    let mut versions = vec![json!(["Weir", env!("CARGO_PKG_VERSION")])];
    let (mut plugins, mut settings) = (Map::new(), Map::new());
    if let Assets::Buildbot(pages) = &app.options.assets {
        versions.push(json!(["Buildbot's pages", pages.version()]));
        let names = pages.plugins().iter().map(|it| it.name.clone());
        plugins.extend(names.map(|name| (name, json!({}))));
        settings.clone_from(pages.settings());
    }
    Ok(json!({
        "title": app.options.title,
        "titleURL": url,
        "buildbotURL": url,
        "multiMaster": false,
        "versions": versions,
        "auth": {"name": auth},
        "authz": {},
        "avatar_methods": [{"name": "letters"}],
        "user": v2::identity_to_json(&who),
        "plugins": plugins,
        "ui_default_config": settings,
        "user_any_access_allowed": true,
    }))
}

/// The address under which the site was asked, or is known to be reached.
pub(crate) fn base_url(app: &App, headers: &HeaderMap, uri: &Uri) -> String {
    let scheme = if app.options.over_tls { "https" } else { "http" };
    match (&app.options.base_url, host(headers, uri)) {
        (Some(url), _) => format!("{}/", url.trim_end_matches('/')),
        (None, Some(host)) => format!("{scheme}://{host}/"),
        (None, None) => "/".to_owned(),
    }
}

/// The host and port under which it was asked; over HTTP/2 the URL has them.
pub(crate) fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.or_else(|| uri.authority().map(|it| it.as_str()))
}

/// `/robots.txt`.
pub(crate) async fn robots() -> &'static str {
    ROBOTS
}
