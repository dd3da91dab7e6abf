//! A forge: where its API is, and which repositories are its.

use std::fmt;

use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use weir_status_api::{ListenerError, SourceStamp};

use super::location::{Location, parts};
use super::newest::Newest;
use crate::options::http;
use crate::{Answer, Http, OptionError, Outlet, Report};

/// Where a forge is. These options are the same for all forges, and stand beside their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct ForgeOptions {
    /// The base URL of its API, or of the forge where its API is at a fixed place below.
    pub url: Option<String>,
    /// The repository that all statuses go to, as the forge names it (`owner/name`), whatever the source stamps say.
    pub repository: Option<String>,
    /// The hosts that repositories of the forge have in their URLs; that of `url` if empty. Source stamps of other hosts
    /// are left out.
    pub hosts: Vec<String>,
    /// How many seconds one request may take.
    pub timeout: f64,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
}

impl Default for ForgeOptions {
    /// The forge's own place, and 30 seconds.
    fn default() -> Self {
        Self {
            url: None,
            repository: None,
            hosts: vec![],
            timeout: 30.0,
            ca: None,
        }
    }
}

/// What kind of forge it is.
pub(super) struct Kind {
    /// The base URL of the one that everybody means, if there is one.
    pub(super) url: Option<&'static str>,
    /// The hosts of its repositories' URLs.
    pub(super) hosts: &'static [&'static str],
    /// What of a URL's path names the repository.
    pub(super) path: fn(Vec<String>) -> Option<Vec<String>>,
}

/// A forge that is sent to.
pub(super) struct Forge {
    http: Http,
    newest: Newest,
    base: Url,
    hosts: Vec<String>,
    repository: Option<Vec<String>>,
    path: fn(Vec<String>) -> Option<Vec<String>>,
    dry: bool,
}

impl fmt::Debug for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forge")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Forge {
    /// As the options say; connects to nothing yet.
    pub(super) fn new(options: &ForgeOptions, kind: &Kind, outlet: &Outlet) -> Result<Self, OptionError> {
        let Some(url) = options.url.as_deref().or(kind.url) else {
            return Err(OptionError::new(
                "url",
                "is missing; write the forge's, e.g. \"https://git.example.org\"",
            ));
        };
        let base = base(url)?;
        let hosts: Vec<String> = if !options.hosts.is_empty() {
            options.hosts.iter().map(|it| it.to_lowercase()).collect()
        } else if options.url.is_none() {
            kind.hosts.iter().map(|it| (*it).to_owned()).collect()
        } else {
            let host = base.host_str().unwrap_or_default();
            vec![host.strip_prefix("api.").unwrap_or(host).to_owned()]
        };
        let repository = options.repository.as_deref().map(parts);
        if repository.as_ref().is_some_and(|it| it.len() < 2) {
            return Err(OptionError::new(
                "repository",
                "is no repository; write it as the forge does, e.g. \"owner/name\"",
            ));
        }
        let http = http(outlet, options.timeout, options.ca.as_deref())?;
        Ok(Self {
            http,
            newest: Newest::default(),
            base,
            hosts,
            repository,
            path: kind.path,
            dry: outlet.is_dry(),
        })
    }

    /// Whether nothing is sent, so that answers are empty.
    pub(super) fn is_dry(&self) -> bool {
        self.dry
    }

    /// Whether all goes to one repository, which the options name.
    pub(super) fn is_of_one(&self) -> bool {
        self.repository.is_some()
    }

    /// The base URL.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The URL of these parts below the base; what has a `/` in it is one part.
    pub(super) fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// A request to be given a body and who asks.
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a request, with `body` as JSON if it has one.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        body: Option<&Value>,
    ) -> Result<Answer, ListenerError> {
        self.http.send(with_body(request, body)).await
    }

    /// As [`Forge::send`], to a forge that answers 409 while something else changes the same.
    pub(super) async fn send_unless_busy(
        &self,
        request: RequestBuilder,
        body: &Value,
    ) -> Result<Answer, ListenerError> {
        let request = with_body(request, Some(body));
        self.http.send_again_at(request, &[StatusCode::CONFLICT]).await
    }

    /// Whether these source stamps are of one repository of the forge, so that what is known of a build is known of it, and
    /// of none beside it.
    pub(super) fn has_one_of(&self, stamps: &[SourceStamp]) -> bool {
        let mut ours = stamps.iter().filter_map(|it| self.repository(it));
        let first = ours.next();
        ours.all(|it| Some(&it) == first.as_ref())
    }

    /// Has the report told of `what`, whose state it sets, by `tell`; not if a newer one was told of it.
    pub(super) async fn in_order(
        &self,
        what: String,
        report: &Report,
        tell: impl Future<Output = Result<(), ListenerError>>,
    ) -> Result<(), ListenerError> {
        self.newest.tell(what, report, tell).await
    }

    /// The repository of a source stamp as the forge names it; none if it is another forge's.
    pub(super) fn repository(&self, stamp: &SourceStamp) -> Option<Vec<String>> {
        if let Some(repository) = &self.repository {
            return Some(repository.clone());
        }
        if stamp.repository.is_empty() {
            // Buildbot's hooks name it in the project.
            return (self.path)(parts(&stamp.project)).filter(|_| stamp.project.contains('/'));
        }
        let location = Location::of(&stamp.repository)?;
        match self.hosts.contains(&location.host) {
            true => (self.path)(location.path),
            false => None,
        }
    }
}

fn with_body(request: RequestBuilder, body: Option<&Value>) -> RequestBuilder {
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

/// The token, if there is one.
pub(super) fn required_token(token: String) -> Result<String, OptionError> {
    match token.is_empty() {
        true => Err(OptionError::new("token", "is missing")),
        false => Ok(token),
    }
}

/// The last two parts: `owner/name`.
pub(super) fn owner_and_name(mut path: Vec<String>) -> Option<Vec<String>> {
    let first = path.len().checked_sub(2)?;
    Some(path.split_off(first))
}

fn base(url: &str) -> Result<Url, OptionError> {
    let wrong = |why: String| OptionError::new("url", format!("is no http or https URL: {why}"));
    let url = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        other => Err(wrong(format!("its scheme is {other}"))),
    }
}
