//! Posts reports to a URL as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::{ListenerError, Results};

use crate::format::occasion;
use crate::signature::{SIGNATURE, SigningKey};
use crate::{Destination, Http, HttpOptions, OptionError, Outlet, Report};

/// How an [`HttpPush`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpPushOptions {
    /// Where to post to: an `http` or `https` URL. Required.
    pub url: String,
    /// Headers of each request, by name. Their values are shown to nobody.
    pub headers: BTreeMap<String, String>,
    /// The key with which each body is signed; no signature if none. A secret.
    pub secret: Option<String>,
    /// How many seconds one delivery may take.
    pub timeout: f64,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
    /// Whether an answer may redirect into the own network.
    pub internal_redirects: bool,
}

impl Default for HttpPushOptions {
    /// No URL, no headers and no signature, and 30 seconds.
    fn default() -> Self {
        Self {
            url: String::new(),
            headers: BTreeMap::new(),
            secret: None,
            timeout: 30.0,
            ca: None,
            internal_redirects: false,
        }
    }
}

/// Posts each report as a JSON object: the message in its forms, what it is about, and the builds that it tells of
/// (Buildbot's `HttpStatusPush`, which posts what its formatter gives).
///
/// The header `Idempotency-Key` is the [delivery id](Report::delivery), which is in the body too: who has seen it has the
/// report already. `X-Weir-Signature-256` is `sha256=` and the HMAC of the body with the secret, in hex.
pub struct HttpPush {
    url: Url,
    headers: HeaderMap,
    secret: Option<String>,
    http: Http,
}

impl HttpPush {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] if an option is wrong.
    pub fn new(options: HttpPushOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let url = Url::parse(&options.url)
            .ok()
            .filter(|it| matches!(it.scheme(), "http" | "https"))
            .ok_or_else(|| {
                OptionError::new(
                    "url",
                    "is no http or https URL; write e.g. https://example.org/push",
                )
            })?;
        let timeout = Duration::try_from_secs_f64(options.timeout)
            .ok()
            .filter(|it| !it.is_zero())
            .ok_or_else(|| OptionError::new("timeout", "must be longer than 0"))?;
        let http = HttpOptions {
            timeout,
            ca: options.ca.as_ref().map(|it| it.clone().into_bytes()),
            internal_redirects: options.internal_redirects,
        };
        let http = Http::new(outlet, &http)?;
        Ok(Self {
            url,
            headers: headers(&options.headers)?,
            secret: options.secret,
            http,
        })
    }
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, OptionError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let wrong = || {
            OptionError::new(
                "headers",
                format!("has '{name}', which with its value is no header"),
            )
        };
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn body(report: &Report) -> Value {
    let message = &report.message;
    let builds = report.about.builds().iter().map(|it| {
        json!({
            "id": it.build.id.0, "number": it.build.number, "builder": it.builder.name, "worker": it.worker,
            "results": it.build.results.map(Results::name), "state": it.build.state, "url": it.url,
            "blamelist": it.blamelist,
        })
    });
    let sources = report.about.source_stamps().iter().map(|it| {
        json!({
            "codebase": it.codebase, "repository": it.repository, "project": it.project, "branch": it.branch,
            "revision": it.revision,
        })
    });
    json!({
        "delivery": report.delivery,
        "occasion": occasion(report.occasion),
        "at": report.at.as_secs(),
        "results": report.about.results().map(Results::name),
        "url": report.about.url(),
        "builds": builds.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "markdown": message.markdown,
        "recipients": message.recipients,
        "attachments": message.attachments.iter().map(|it| json!({
            "name": it.name, "media_type": it.media_type, "text": String::from_utf8_lossy(&it.content),
        })).collect::<Vec<_>>(),
    })
}

#[async_trait]
impl Destination for HttpPush {
    fn kind(&self) -> &'static str {
        "http_push"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let body = body(report).to_string();
        let request = self.http.request(Method::POST, self.url.clone());
        let mut request = request.headers(self.headers.clone());
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, SigningKey::new(secret).sign(body.as_bytes()));
        }
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", &report.delivery)
            .body(body);
        self.http.send(request).await.map(drop)
    }
}
