//! The files of the site's pages.

use std::convert::Infallible;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use tower_http::services::ServeDir;

use crate::answer::refuse;
use crate::buildbot_pages::BuildbotPages;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// What is in it.
    pub bytes: Bytes,
    /// Its content type.
    pub content_type: String,
    /// A text that changes with what is in it; made of that if none is given.
    pub tag: Option<String>,
}

/// Finds a file by its path.
pub type FindAsset = dyn Fn(&str) -> Option<Asset> + Send + Sync;

/// Where the site's pages come from.
#[derive(Clone, Default)]
pub enum Assets {
    /// There are none: an API alone.
    #[default]
    None,
    /// The program has them. The path has no slash before it; that of the site itself is `index.html`.
    Embedded(Arc<FindAsset>),
    /// They are in a folder.
    Folder(PathBuf),
    /// They are Buildbot's.
    Buildbot(BuildbotPages),
}

impl Assets {
    /// The files that the program finds by their paths, without a slash before them.
    pub fn embedded(find: impl Fn(&str) -> Option<Asset> + Send + Sync + 'static) -> Self {
        Self::Embedded(Arc::new(find))
    }
}

impl fmt::Debug for Assets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Embedded(_) => f.write_str("Embedded"),
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Buildbot(pages) => f.debug_tuple("Buildbot").field(pages).finish(),
        }
    }
}

/// Serves the files, with the headers that pages need.
#[derive(Clone)]
pub(crate) struct Files {
    assets: Assets,
    policy: HeaderValue,
}

impl Files {
    pub(crate) fn new(assets: Assets, content_security_policy: &str) -> Self {
        let policy = HeaderValue::from_str(content_security_policy);
        Self {
            assets,
            // Without a policy that can be sent, nothing may be loaded.
            policy: policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }

    /// Answers any request that no other part of the gateway takes.
    pub(crate) async fn serve(self, request: Request) -> Result<Response, Infallible> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are possible here",
            );
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(response);
        }
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let mut response = match &self.assets {
            Assets::None => missing(),
            Assets::Embedded(files) => embedded(files.as_ref(), &path, request.headers()),
            Assets::Folder(folder) => from_folder(folder, request).await,
            Assets::Buildbot(pages) => from_folder(pages.folder(), request).await,
        };
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching(&path)));
            headers.insert(CONTENT_SECURITY_POLICY, self.policy);
            headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        }
        Ok(response)
    }
}

/// The names below `assets/` hold a hash of what is in the file.
fn caching(path: &str) -> &'static str {
    match path.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

pub(crate) fn missing() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such page")
}

fn embedded(files: &FindAsset, path: &str, headers: &HeaderMap) -> Response {
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(asset) = files(path) else {
        return missing();
    };
    let tag = asset.tag.clone().unwrap_or_else(|| tag_of(&asset.bytes));
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).ok();
    let mut response = match known(headers, tag.as_ref()) {
        true => not_modified(),
        false => Response::new(Body::from(asset.bytes)),
    };
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(&asset.content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    response
}

fn not_modified() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

fn tag_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:x}-{:x}", bytes.len(), hasher.finish())
}

/// Whether the client has the file with this tag already.
fn known(headers: &HeaderMap, tag: Option<&HeaderValue>) -> bool {
    let (Some(tag), Some(wanted)) = (tag.and_then(|it| it.to_str().ok()), headers.get(IF_NONE_MATCH)) else {
        return false;
    };
    let mut wanted = wanted.to_str().unwrap_or_default().split(',').map(str::trim);
    wanted.any(|it| it == "*" || it.trim_start_matches("W/") == tag)
}

async fn from_folder(folder: &Path, request: Request) -> Response {
    let Ok(response) = ServeDir::new(folder).try_call(request).await else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the file cannot be read");
    };
    match response.status() {
        StatusCode::NOT_FOUND => missing(),
        _ => response.map(Body::new),
    }
}
