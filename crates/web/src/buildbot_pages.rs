//! Buildbot's own web pages over this gateway: its built files, and what its master puts into them.

use std::io;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::{Path as PathOf, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tower_http::services::ServeDir;

use crate::answer;
use crate::assets::{Assets, missing};
use crate::{Shared, site};

/// The first of Buildbot's pages, below its static files.
const INDEX: &str = "index.html";
/// Where Buildbot's master puts its configuration; its pages ask for `config` if they do not find it.
const CONFIG_PLACE: &str = "<!-- BUILDBOT_CONFIG_PLACEHOLDER -->";
/// A style sheet that each plugin's page asks for, and not each plugin has.
const STYLES: &str = "styles.css";

/// Buildbot's built pages, as its packages install them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildbotPages {
    folder: PathBuf,
    index: String,
    version: String,
    plugins: Vec<BuildbotPlugin>,
    settings: Map<String, Value>,
}

/// A package that adds views to Buildbot's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildbotPlugin {
    /// As Buildbot calls it, such as `waterfall_view`.
    pub name: String,
    /// The folder of its static files.
    pub folder: PathBuf,
}

impl BuildbotPages {
    /// The pages in `folder`, the static files of the package `buildbot_www`, with `plugins`. `version` is what they say
    /// that they are.
    ///
    /// # Errors
    /// If there is no page in that folder that can be read.
    pub fn open(folder: &Path, version: String, mut plugins: Vec<BuildbotPlugin>) -> io::Result<Self> {
        plugins.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            index: std::fs::read_to_string(folder.join(INDEX))?,
            folder: folder.to_owned(),
            version,
            plugins,
            settings: Map::new(),
        })
    }

    /// The same, whose settings have these values, such as `Grid.revisionLimit`, until a reader chooses others: Buildbot's
    /// `ui_default_config`.
    #[must_use]
    pub fn with_settings(self, settings: Map<String, Value>) -> Self {
        Self { settings, ..self }
    }

    pub(crate) fn settings(&self) -> &Map<String, Value> {
        &self.settings
    }

    /// What the pages' versions are.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The plugins, by name.
    #[must_use]
    pub fn plugins(&self) -> &[BuildbotPlugin] {
        &self.plugins
    }

    /// The folder of the pages' files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The first page with `config` in it, and the policy under which it may load what it needs.
    fn first_page(&self, config: &Value) -> (String, String) {
        // No text of the configuration can end the script.
        let config = config.to_string().replace('<', "\\u003c");
        let script = format!("\n    window.buildbotFrontendConfig = {config};\n");
        let hash = STANDARD.encode(Sha256::digest(&script));
        let element = format!("<script id=\"bb-config\">{script}</script>");
        let page = self.index.replacen(CONFIG_PLACE, &element, 1);
        (page, policy(&format!("'sha256-{hash}'")))
    }
}

/// What Buildbot's pages may load: their own site's files, `scripts`, and pictures and fonts that they hold themselves.
fn policy(scripts: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'self'"
    )
}

/// `/`: the first page, with what it needs to know of the site and of who asks.
pub(crate) async fn index(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let Assets::Buildbot(pages) = &app.options.assets else {
        return missing();
    };
    let config = match site::configuration(&app, &headers, &uri).await {
        Ok(config) => config,
        Err(error) => return answer::error(&error),
    };
    let (page, policy) = pages.first_page(&config);
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // It says who asks.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `/plugins/NAME/…`: a file of a plugin.
pub(crate) async fn plugin(
    State(app): State<Shared>,
    PathOf((name, path)): PathOf<(String, String)>,
    mut request: Request,
) -> Response {
    let Assets::Buildbot(pages) = &app.options.assets else {
        return missing();
    };
    let Some(plugin) = pages.plugins.iter().find(|it| it.name == name) else {
        return missing();
    };
    // As it was written: what is behind the name is the files' to decode.
    let below = request.uri().path().splitn(4, '/').nth(3).unwrap_or_default();
    let Ok(below) = format!("/{below}").parse() else {
        return missing();
    };
    *request.uri_mut() = below;
    let Ok(response) = ServeDir::new(&plugin.folder).try_call(request).await else {
        return missing();
    };
    let mut response = match response.status().is_client_error() {
        // The page asks each plugin for one; Buildbot's grid has none.
        true if path == STYLES => no_styles(),
        true => return missing(),
        false => response.map(Body::new),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn no_styles() -> Response {
    let mut response = Response::new(Body::empty());
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, css);
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_configuration_cannot_end_its_script() {
        let pages = BuildbotPages {
            folder: PathBuf::new(),
            index: format!("<body></body> {CONFIG_PLACE}</html>"),
            version: "4.3.0".to_owned(),
            plugins: vec![],
            settings: Map::new(),
        };
        let (page, policy) = pages.first_page(&json!({"title": "</script><b>"}));
        assert_eq!(page.matches("</script>").count(), 1, "{page}");
        let (_, rest) = page.split_once("<script id=\"bb-config\">").unwrap();
        let (script, _) = rest.split_once("</script>").unwrap();
        let hash = STANDARD.encode(Sha256::digest(script));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
        let told = script
            .trim()
            .trim_start_matches("window.buildbotFrontendConfig = ");
        let told: Value = serde_json::from_str(told.trim_end_matches(';')).unwrap();
        assert_eq!(told, json!({"title": "</script><b>"}));
    }
}
