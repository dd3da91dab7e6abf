//! Pushover: notices on phones.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use weir_status_api::{ListenerError, Results};

use super::service;
use crate::text::Measure::Characters;
use crate::{Destination, Http, OptionError, Outlet, Report};

/// The longest title, message and link.
const TITLE: usize = 250;
const MESSAGE: usize = 1024;
const LINK: usize = 512;

/// How many receivers one message takes.
const RECEIVERS: usize = 50;

/// How a [`Pushover`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushoverOptions {
    /// The application's token. Required. Secret.
    pub token: String,
    /// The keys of users or of one group. Required. Secret.
    pub users: Vec<String>,
    /// The priority, -2 to 2, by the name of results, or `default` (0; -1 for what is quiet).
    pub priorities: BTreeMap<String, i64>,
    /// Of a message of priority 2: how often it rings until somebody says that they have it, seconds (60; at least 30).
    pub retry: u32,
    /// Of a message of priority 2: how long it rings, seconds (3600; at most 10,800).
    pub expire: u32,
    /// The one device of the user (all).
    pub device: String,
    /// The sound (the user's).
    pub sound: String,
    /// The service's address (`https://api.pushover.net`).
    pub api: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for PushoverOptions {
    fn default() -> Self {
        Self {
            token: String::new(),
            users: vec![],
            priorities: BTreeMap::new(),
            retry: 60,
            expire: 3600,
            device: String::new(),
            sound: String::new(),
            api: "https://api.pushover.net".to_owned(),
            timeout: 30.0,
        }
    }
}

/// Sends reports to phones by Pushover (Buildbot's `PushoverNotifier`).
///
/// `POST /1/messages.json` for up to 50 users at once. The service has no key for repeated messages: what was taken
/// without an answer rings twice. Mirrored of Buildbot's: `user_key` as `users`, `api_token` as `token`, `priorities`
/// (by results here, by modes there), and of `otherParams` what is of use.
pub struct Pushover {
    options: PushoverOptions,
    url: Url,
    http: Http,
}

impl Pushover {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: PushoverOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        service::required("token", &options.token)?;
        if options.users.is_empty() || options.users.len() > RECEIVERS {
            return Err(OptionError::new("users", "must be 1 to 50"));
        }
        for (name, priority) in &options.priorities {
            let known = name == "default" || Results::ALL.iter().any(|it| it.name() == name);
            if !known || !(-2..=2).contains(priority) {
                let why =
                    format!("has '{name}' for {priority}; use names of results or 'default' for -2 to 2");
                return Err(OptionError::new("priorities", why));
            }
        }
        if options.retry < 30 || options.expire > 10_800 {
            return Err(OptionError::new(
                "retry",
                "is below 30 or 'expire' above 10800 seconds",
            ));
        }
        let api = service::url("api", &options.api, "https://api.pushover.net")?;
        Ok(Self {
            url: service::within(&api, &["1", "messages.json"]),
            http: service::client(outlet, options.timeout, "")?,
            options,
        })
    }

    fn priority(&self, report: &Report) -> i64 {
        let named = report
            .about
            .results()
            .and_then(|it| self.options.priorities.get(it.name()));
        let named = named.or_else(|| self.options.priorities.get("default")).copied();
        named.unwrap_or(if report.message.quiet { -1 } else { 0 })
    }

    fn form(&self, report: &Report) -> Vec<(&'static str, String)> {
        let options = &self.options;
        let title = Characters.cut(&service::title(report), TITLE);
        let text = Characters.cut(report.message.text.trim(), MESSAGE);
        let priority = self.priority(report);
        let mut form = vec![
            ("token", options.token.clone()),
            ("user", options.users.join(",")),
            // It takes no message without a text.
            ("message", if text.is_empty() { title.clone() } else { text }),
            ("title", title),
            ("timestamp", report.at.as_secs().to_string()),
            ("priority", priority.to_string()),
        ];
        if priority == 2 {
            form.push(("retry", options.retry.to_string()));
            form.push(("expire", options.expire.to_string()));
        }
        let given = [("device", &options.device), ("sound", &options.sound)];
        form.extend(
            given
                .into_iter()
                .filter(|it| !it.1.is_empty())
                .map(|(name, value)| (name, value.clone())),
        );
        if let Some(url) = service::link(report, LINK) {
            form.push(("url", url.to_owned()));
            form.push(("url_title", "Look at it".to_owned()));
        }
        form
    }
}

#[async_trait]
impl Destination for Pushover {
    fn kind(&self) -> &'static str {
        "pushover"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let request = self.http.request(Method::POST, self.url.clone());
        self.http.send(request.form(&self.form(report))).await.map(drop)
    }
}
