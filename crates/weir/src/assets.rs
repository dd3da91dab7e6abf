//! The gateway with the web status, which is built into the program when it was there at its build.

use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use rust_embed::RustEmbed;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_status_api::Access;
use weir_web::{Asset, Assets, BuildbotPages, Options};

/// The files of `web-status/dist`.
#[derive(RustEmbed)]
#[folder = "../../web-status/dist"]
#[allow_missing = true]
struct WebStatus;

/// What the site shows if the web status was not there when the program was built.
const MISSING: &str = "<!doctype html><title>Weir</title><p>This program was built without the web status. \
                       <code>cargo xtask web</code> builds it; then build the program again. \
                       The API is at <a href=\"api/v2/builders\">api/v2</a>.";

/// The gateway over what `access` opens, until `stop`; `readers` says how it goes about reads. It shows Buildbot's pages if
/// there are any, else the web status.
pub(crate) fn gateway(
    access: Arc<dyn Access>,
    title: String,
    allowed_origins: Vec<String>,
    readers: Options,
    buildbot: Option<BuildbotPages>,
    stop: CancellationToken,
) -> Router {
    let (closing, closed) = watch::channel(false);
    tokio::spawn(async move {
        stop.cancelled().await;
        // Without a gateway that listens there is nobody to tell.
        let _ = closing.send(true);
    });
    let built_in = WebStatus::get("index.html").is_some();
    let there = built_in || buildbot.is_some();
    // What another site is, the page finds out.
    let site = readers.passage.is_none().then(|| title.clone());
    let options = Options {
        title,
        allowed_origins,
        assets: match buildbot {
            Some(pages) => Assets::Buildbot(pages),
            None if built_in => Assets::embedded(move |path| match path {
                "config.json" => config(site.as_deref()),
                _ => asset(path),
            }),
            None => Assets::None,
        },
        closing: Some(closed),
        ..readers
    };
    let router = weir_web::router(access, options);
    if there {
        router
    } else {
        router.route("/", get(|| async { Html(MISSING) }))
    }
}

/// What the page reads first, with the answers to what it would ask next, where a master of Weir's with that title answers.
fn config(title: Option<&str>) -> Option<Asset> {
    let file = WebStatus::get("config.json")?;
    let mut config: Map<String, Value> = serde_json::from_slice(&file.data).ok()?;
    if let Some(title) = title
        && config.get("api").is_some_and(|api| api == ".")
    {
        config.entry("title").or_insert_with(|| title.into());
        config.entry("master").or_insert_with(|| "weir".into());
    }
    Some(Asset {
        bytes: Value::Object(config).to_string().into(),
        content_type: content_type("config.json").to_owned(),
        tag: None,
    })
}

fn asset(path: &str) -> Option<Asset> {
    let file = WebStatus::get(path)?;
    let hash = file.metadata.sha256_hash();
    Some(Asset {
        bytes: file.data.into_owned().into(),
        content_type: content_type(path).to_owned(),
        tag: Some(hash[..12].iter().map(|byte| format!("{byte:02x}")).collect()),
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
