//! Discord, by a webhook of a channel.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::markup::{fenced, markdown, one_line};
use super::{mood, service};
use crate::text::Measure::Utf16;
use crate::{Destination, Http, OptionError, Outlet, Report};

/// The longest title of an embed.
const TITLE: usize = 256;

/// The longest description. The service takes 4096; all of an embed together may have 6000.
const DESCRIPTION: usize = 4096;

/// The longest text, which its fence and what keeps it within make longer, by a half at the most.
const TEXT: usize = 2700;

/// The flag of a message that makes no sound (`SUPPRESS_NOTIFICATIONS`).
const QUIET: u64 = 1 << 12;

/// How a [`Discord`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiscordOptions {
    /// The webhook's address. Required. Secret.
    pub webhook: String,
    /// The name that the message comes from (the webhook's).
    pub username: String,
    /// The thread of the channel, by its id (none).
    pub thread: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for DiscordOptions {
    fn default() -> Self {
        Self {
            webhook: String::new(),
            username: String::new(),
            thread: String::new(),
            timeout: 30.0,
        }
    }
}

/// Posts reports to a channel of Discord as an embed with the colour of their results.
///
/// `POST` to *Execute Webhook* of Discord's API v10 with `wait=true`, so that an answer of success means that the message
/// is there. Webhooks have no key for repeated messages: what was taken without an answer is posted twice. Nobody is
/// pinged: `allowed_mentions` is empty. Buildbot has no such reporter; people use its `HttpStatusPush` for it.
pub struct Discord {
    options: DiscordOptions,
    url: Url,
    http: Http,
}

impl Discord {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: DiscordOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let mut url = service::url(
            "webhook",
            &options.webhook,
            "https://discord.com/api/webhooks/1/token",
        )?;
        url.query_pairs_mut().append_pair("wait", "true");
        if !options.thread.is_empty() {
            url.query_pairs_mut().append_pair("thread_id", &options.thread);
        }
        let http = service::client(outlet, options.timeout, "")?;
        Ok(Self { options, url, http })
    }

    fn body(&self, report: &Report) -> Value {
        let message = &report.message;
        let description = match &message.markdown {
            Some(markdown) => Utf16.cut(markdown, DESCRIPTION),
            None => fenced(&Utf16.cut(&message.text, TEXT)),
        };
        let mut embed = json!({
            "title": Utf16.cut_escaped(&service::title(report), TITLE, markdown),
            "description": Utf16.cut(&description, DESCRIPTION),
            "color": mood::of(report).colour,
            "timestamp": report.at.to_iso_millis(),
        });
        if let Some(url) = service::link(report, 2048) {
            embed["url"] = url.into();
        }
        let mut body = json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } });
        if !self.options.username.is_empty() {
            body["username"] = Utf16.cut(&one_line(&self.options.username), 80).into();
        }
        if message.quiet {
            body["flags"] = QUIET.into();
        }
        body
    }
}

#[async_trait]
impl Destination for Discord {
    fn kind(&self) -> &'static str {
        "discord"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let request = self.http.request(Method::POST, self.url.clone());
        self.http.send(request.json(&self.body(report))).await.map(drop)
    }
}
