//! Posts events to a URL.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use weir_status_api::{Event, Listener, ListenerError, StatusApi, TopicFilter};

use crate::events::wanted::{Handover, Wanted};
use crate::options;
use crate::signature::{SIGNATURE, SigningKey};
use crate::{Http, OptionError, Outlet};

/// Headers that are a webhook's own: none of these can be configured.
const OWN_HEADERS: [&str; 6] = [
    "content-type",
    "content-length",
    "x-weir-event",
    "x-weir-cursor",
    "x-weir-delivery",
    "x-weir-signature-256",
];

/// How a [`Webhook`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookOptions {
    /// Where to post to: an `http` or `https` URL.
    pub url: String,
    /// Patterns of the topics that it wants, 1 to 100.
    pub events: Vec<String>,
    /// The key with which each body is signed; no signature if none.
    pub secret: Option<String>,
    /// Headers to send along. Their values are shown to nobody.
    pub headers: BTreeMap<String, String>,
    /// Whether the body is an event of CloudEvents 1.0, with what it is otherwise as data.
    pub cloudevents: bool,
    /// Where the event happened, a URI, as a CloudEvent has to say: the address of the web status, for instance.
    pub source: String,
    /// How long one delivery may take, from connecting to the answer, in seconds.
    pub timeout: f64,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
    /// Whether an answer may redirect to an address within the own network.
    pub internal_redirects: bool,
}

impl Default for WebhookOptions {
    /// One that posts the ends of builds, without a signature, and waits 30 seconds for an answer.
    fn default() -> Self {
        Self {
            url: String::new(),
            events: vec!["builds/*/finished".to_owned()],
            secret: None,
            headers: BTreeMap::new(),
            cloudevents: false,
            source: "/weir".to_owned(),
            timeout: 30.0,
            ca: None,
            internal_redirects: false,
        }
    }
}

impl WebhookOptions {
    /// The defaults, to that URL.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions")
            .field("events", &self.events)
            .field("secret", &self.secret.as_ref().map(|_| "…"))
            .field("headers", &self.headers.keys())
            .field("cloudevents", &self.cloudevents)
            .field("source", &self.source)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Posts events to a URL as JSON (Buildbot's `HttpStatusPush`, with events in the place of reports).
///
/// The body is `{"cursor": 17, "time": 1700000000, "topic": "builds/3/finished", "topics": […], "resource": {…}}`
/// with the resource in the form of the JSON API; `topic` is the first of the event's topics that the webhook wants.
/// The headers `X-Weir-Event` (the topic), `X-Weir-Cursor` and `X-Weir-Delivery` (`NAME-CURSOR`, the same each time
/// that the event is delivered) say the same without the body. With a secret, `X-Weir-Signature-256` is `sha256=` and
/// the HMAC-SHA256 of the body in hexadecimal.
///
/// With [`WebhookOptions::cloudevents`] the body is a CloudEvent (version 1.0, structured mode of the HTTP binding) that
/// holds the same as its data. Its id is the delivery's, and `source` and `id` together are no other event's.
///
/// An answer of 2xx takes the event; 408, 429, 5xx or none is tried again; any other parks it.
pub struct Webhook {
    wanted: Wanted,
    url: Url,
    headers: HeaderMap,
    key: Option<SigningKey>,
    /// The source of CloudEvents, if it posts those.
    source: Option<String>,
    http: Http,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("name", &self.wanted.name())
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// The webhook `name` of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: WebhookOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        if let Some(name) = options
            .headers
            .keys()
            .find(|it| OWN_HEADERS.contains(&it.to_ascii_lowercase().as_str()))
        {
            let why = format!("has '{name}', which the webhook sets itself");
            return Err(OptionError::new("headers", why));
        }
        if options.source.is_empty() || !options.source.bytes().all(|it| it.is_ascii_graphic()) {
            let why = "is no URI; write e.g. https://ci.example.org/";
            return Err(OptionError::new("source", why));
        }
        let key = options.secret.as_deref().map(SigningKey::new);
        Ok(Self {
            wanted: Wanted::new(name, &options.events)?,
            url: options::http_url("url", &options.url)?,
            headers: options::headers(&options.headers)?,
            key,
            source: options.cloudevents.then_some(options.source),
            http: options::redirected(
                outlet,
                options.timeout,
                options.ca.as_deref(),
                options.internal_redirects,
            )?,
        })
    }

    fn headers(&self, event: &Event, told: &Handover, body: &[u8]) -> Result<HeaderMap, InvalidHeaderValue> {
        let mut headers = self.headers.clone();
        let media_type = match self.source {
            Some(_) => "application/cloudevents+json; charset=utf-8",
            None => "application/json",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        let mut add = |name, value: &str| {
            HeaderValue::from_bytes(value.as_bytes())
                .map(|it| drop(headers.insert(HeaderName::from_static(name), it)))
        };
        add("x-weir-event", &told.topic)?;
        add("x-weir-cursor", &event.cursor.to_string())?;
        add("x-weir-delivery", &told.delivery)?;
        if let Some(key) = &self.key {
            add(SIGNATURE, &key.sign(body))?;
        }
        Ok(headers)
    }
}

#[async_trait]
impl Listener for Webhook {
    fn name(&self) -> &str {
        self.wanted.name()
    }

    fn kind(&self) -> &str {
        "webhook"
    }

    fn filter(&self) -> TopicFilter {
        self.wanted.filter().clone()
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> Result<(), ListenerError> {
        let told = self.wanted.hand_over(event);
        let body = match &self.source {
            Some(source) => told.cloud_event(event, source),
            None => told.body.clone(),
        };
        let body = body.to_string();
        let headers = self.headers(event, &told, body.as_bytes()).map_err(|error| {
            ListenerError::Never(format!(
                "the topic {:?} is no header's value: {error}",
                told.topic
            ))
        })?;
        let request = self.http.request(Method::POST, self.url.clone());
        self.http
            .send(request.headers(headers).body(body))
            .await
            .map(drop)
    }
}
