//! ntfy: notices on phones and desks, by a server of anybody's.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::{ListenerError, Results};

use super::markup::one_line;
use super::{mood, service};
use crate::text::Measure::{Bytes, Json};
use crate::{Destination, Http, OptionError, Outlet, Report};

/// The longest message, in bytes: a longer one becomes a file. As JSON it may have no more either, since a server reads twice
/// that of JSON in all.
const MESSAGE: usize = 4096;

/// The longest title, in bytes.
const TITLE: usize = 250;

/// How an [`Ntfy`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NtfyOptions {
    /// The server's address (`https://ntfy.sh`).
    pub server: String,
    /// The topic. Required. On a public server it is as good as a password.
    pub topic: String,
    /// An access token (none). Secret.
    pub token: String,
    /// In place of a token: a user and password (none).
    pub user: String,
    /// The user's password. Secret.
    pub password: String,
    /// The priority, 1 to 5, by the name of results, or `default` (4 for what is bad, 2 for what is quiet, else 3).
    pub priorities: BTreeMap<String, i64>,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for NtfyOptions {
    fn default() -> Self {
        Self {
            server: "https://ntfy.sh".to_owned(),
            topic: String::new(),
            token: String::new(),
            user: String::new(),
            password: String::new(),
            priorities: BTreeMap::new(),
            ca: String::new(),
            timeout: 30.0,
        }
    }
}

/// Publishes reports to a topic of ntfy.
///
/// `POST` of JSON to the server. The delivery id is the notice's `sequence_id`: on servers that know it, the same report
/// again takes the place of the first and is seen once; others show it twice. Buildbot has no such reporter.
pub struct Ntfy {
    options: NtfyOptions,
    url: Url,
    http: Http,
}

impl Ntfy {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: NtfyOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let fits = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
        if options.topic.is_empty() || options.topic.len() > 64 || !options.topic.bytes().all(fits) {
            return Err(OptionError::new(
                "topic",
                "must be 1 to 64 letters, digits, '-' and '_'",
            ));
        }
        for (name, priority) in &options.priorities {
            let known = name == "default" || Results::ALL.iter().any(|it| it.name() == name);
            if !known || !(1..=5).contains(priority) {
                let why =
                    format!("has '{name}' for {priority}; use names of results or 'default' for 1 to 5");
                return Err(OptionError::new("priorities", why));
            }
        }
        if !options.token.is_empty() && !options.user.is_empty() {
            return Err(OptionError::new("token", "and 'user' are both given; use one"));
        }
        Ok(Self {
            url: service::url("server", &options.server, "https://ntfy.sh")?,
            http: service::client(outlet, options.timeout, &options.ca)?,
            options,
        })
    }

    fn priority(&self, report: &Report) -> i64 {
        let named = report
            .about
            .results()
            .and_then(|it| self.options.priorities.get(it.name()));
        let named = named.or_else(|| self.options.priorities.get("default")).copied();
        named.unwrap_or(match (mood::of(report).bad, report.message.quiet) {
            (true, _) => 4,
            (false, true) => 2,
            (false, false) => 3,
        })
    }

    fn body(&self, report: &Report) -> Value {
        let message = &report.message;
        let fits = |it: char| {
            if it.is_ascii_alphanumeric() || it == '-' {
                it
            } else {
                '_'
            }
        };
        let sequence: String = report.delivery.chars().map(fits).collect();
        let mut body = json!({
            "topic": self.options.topic,
            "title": Bytes.cut(&one_line(&message.subject), TITLE),
            "message": Json.cut(message.markdown_or_text().trim(), MESSAGE),
            "tags": [mood::of(report).sign_name],
            "priority": self.priority(report),
            "markdown": message.markdown.is_some(),
            // The end of an id is what differs.
            "sequence_id": &sequence[sequence.len().saturating_sub(64)..],
        });
        if let Some(url) = service::link(report, 2000) {
            body["click"] = url.into();
        }
        body
    }
}

#[async_trait]
impl Destination for Ntfy {
    fn kind(&self) -> &'static str {
        "ntfy"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let options = &self.options;
        let request = self.http.request(Method::POST, self.url.clone());
        let request = match (options.token.is_empty(), options.user.is_empty()) {
            (false, _) => request.bearer_auth(&options.token),
            (true, false) => request.basic_auth(&options.user, Some(&options.password)),
            (true, true) => request,
        };
        self.http.send(request.json(&self.body(report))).await.map(drop)
    }
}
