//! Posts events to a URL.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::json;
use sha2::Sha256;
use weir_status_api::{Event, Listener, ListenerError, StatusApi, TopicFilter};

/// How much of an answer's text an error quotes, in characters.
const QUOTED: usize = 200;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 100;

/// How a [`Webhook`] goes about it.
#[derive(Clone)]
pub struct WebhookOptions {
    /// Its name: letters, digits, `-`, `_` and `.`, at most 100.
    pub name: String,
    /// Where to post to: an `http` or `https` URL.
    pub url: String,
    /// Patterns of the topics that it wants, 1 to 100.
    pub events: Vec<String>,
    /// The key with which each body is signed; no signature if none.
    pub secret: Option<String>,
    /// How long one delivery may take, from connecting to the answer.
    pub timeout: Duration,
}

impl WebhookOptions {
    /// One that posts the ends of builds, without a signature, and waits 30 seconds for an answer.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            events: vec!["builds/*/finished".to_owned()],
            secret: None,
            timeout: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("events", &self.events)
            .field("secret", &self.secret.as_ref().map(|_| "…"))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Why there can be no such webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Its name does not fit into a header or a file's name.
    #[error("'{0}' is no name for a webhook; use letters, digits, '-', '_' and '.', at most 100")]
    Name(String),
    /// The URL is none, or not of http or https.
    #[error("'{url}' is no http or https URL: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The patterns are none.
    #[error("the events of the webhook are wrong: {0}")]
    Events(#[source] weir_status_api::Error),
    /// TLS or the resolver cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[source] reqwest::Error),
}

/// Posts events to a URL as JSON.
///
/// The body is `{"cursor": 17, "time": 1700000000, "topic": "builds/3/finished", "topics": […], "resource": {…}}`
/// with the resource in the form of the JSON API; `topic` is the first of the event's topics that the webhook wants.
/// The headers `X-Weir-Event` (the topic), `X-Weir-Cursor` and `X-Weir-Delivery` (`NAME-CURSOR`, the same each time
/// that the event is delivered) say the same without the body. With a secret, `X-Weir-Signature-256` is `sha256=` and
/// the HMAC-SHA256 of the body in hexadecimal.
///
/// An answer of 2xx takes the event; 408, 429, 5xx or none is tried again; any other parks it.
pub struct Webhook {
    name: String,
    url: Url,
    filter: TopicFilter,
    key: Option<Hmac<Sha256>>,
    client: Client,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("name", &self.name)
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// A webhook of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`WebhookError`] says which option is wrong.
    pub fn new(options: WebhookOptions) -> Result<Self, WebhookError> {
        let WebhookOptions {
            name,
            url,
            events,
            secret,
            timeout,
        } = options;
        let fits = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
            return Err(WebhookError::Name(name));
        }
        let filter =
            TopicFilter::parse_all(events.iter().map(String::as_str)).map_err(WebhookError::Events)?;
        let key = secret
            .map(|it| Hmac::<Sha256>::new_from_slice(it.as_bytes()).expect("HMAC takes a key of any length"));
        // A redirect would turn the post into a get, or send the event where nobody configured it to go.
        let client = Client::builder()
            .user_agent(concat!("Weir/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(WebhookError::Client)?;
        Ok(Self {
            name,
            url: parse_url(&url)?,
            filter,
            key,
            client,
        })
    }

    fn headers(&self, event: &Event, topic: &str, body: &[u8]) -> Result<HeaderMap, InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut add = |name, value: &str| {
            HeaderValue::from_bytes(value.as_bytes())
                .map(|it| drop(headers.insert(HeaderName::from_static(name), it)))
        };
        add("x-weir-event", topic)?;
        add("x-weir-cursor", &event.cursor.to_string())?;
        add("x-weir-delivery", &format!("{}-{}", self.name, event.cursor))?;
        if let Some(key) = &self.key {
            let code = key.clone().chain_update(body).finalize().into_bytes();
            let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
            add("x-weir-signature-256", &format!("sha256={hex}"))?;
        }
        Ok(headers)
    }
}

fn parse_url(text: &str) -> Result<Url, WebhookError> {
    let wrong = |why: String| WebhookError::Url {
        url: text.to_owned(),
        why,
    };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(wrong(format!("its scheme is {other}"))),
    }
}

#[async_trait]
impl Listener for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn filter(&self) -> TopicFilter {
        self.filter.clone()
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> Result<(), ListenerError> {
        let topics: Vec<String> = event.topics().iter().map(ToString::to_string).collect();
        let topic = match self.filter.matching(event) {
            Some(topic) => topic.to_string(),
            None => topics.first().cloned().unwrap_or_default(),
        };
        let body = json!({
            "cursor": event.cursor.0,
            "time": event.at.as_secs(),
            "topic": topic,
            "topics": topics,
            "resource": weir_status_http::v2::to_json(&event.entity),
        })
        .to_string();
        let headers = self.headers(event, &topic, body.as_bytes()).map_err(|error| {
            ListenerError::Never(format!("the topic {topic:?} is no header's value: {error}"))
        })?;
        let request = self.client.post(self.url.clone()).headers(headers).body(body);
        match request.send().await {
            Ok(answer) => judge(answer).await,
            // The URL and the headers are checked; what is left is the way there and back.
            Err(error) => Err(ListenerError::Later(with_causes(&error))),
        }
    }
}

/// Whether the answer takes the event.
async fn judge(mut answer: Response) -> Result<(), ListenerError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let transient = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
    let mut why = format!("the answer is {status}");
    // One chunk says enough, and is bounded.
    if let Ok(Some(chunk)) = answer.chunk().await {
        let text = String::from_utf8_lossy(&chunk);
        let quoted: String = text.trim().chars().take(QUOTED).map(one_line).collect();
        if !quoted.is_empty() {
            why.push_str(": ");
            why.push_str(&quoted);
        }
    }
    Err(if transient {
        ListenerError::Later(why)
    } else {
        ListenerError::Never(why)
    })
}

fn one_line(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// The error with what caused it: `reqwest` says little itself. The URL, which may hold a token, is left out.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "no whole answer".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
