//! Mattermost, by an incoming webhook or as a bot.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::delivered::Delivered;
use super::markup::{calm, fenced, markdown};
use super::{mood, service};
use crate::text::Measure::Characters;
use crate::{Destination, Http, OptionError, Outlet, Report};

/// The longest text of an attachment; a post may have 16,383 letters, its attachments counted.
const TEXT: usize = 7000;

/// The longest title.
const TITLE: usize = 300;

/// How a [`Mattermost`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MattermostOptions {
    /// An incoming webhook's address: it knows its channel. This or `server` and `token` are required. Secret.
    pub webhook: String,
    /// The server's address, with a token.
    pub server: String,
    /// A bot's access token. Secret.
    pub token: String,
    /// With a token: the channels' ids. With a webhook: at most one name of another channel, if it may choose.
    pub channels: Vec<String>,
    /// With a webhook: the name that the message comes from (the webhook's).
    pub username: String,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for MattermostOptions {
    fn default() -> Self {
        Self {
            webhook: String::new(),
            server: String::new(),
            token: String::new(),
            channels: vec![],
            username: String::new(),
            ca: String::new(),
            timeout: 30.0,
        }
    }
}

enum Way {
    Webhook {
        url: Url,
        channel: Option<String>,
        username: String,
    },
    Api {
        url: Url,
        token: String,
        channels: Vec<String>,
    },
}

/// Posts reports to Mattermost as a message attachment with the colour of their results.
///
/// `POST` to an incoming webhook, or to `/api/v4/posts` for each channel. There the delivery id is the post's
/// `pending_post_id`, by which the server tells a post that comes again soon; what one channel has it does not get again
/// because another one did not take it. With a webhook, what was taken without an answer is posted twice. Who is called
/// with `@` in a text is not. Buildbot has no such reporter.
pub struct Mattermost {
    way: Way,
    http: Http,
    delivered: Delivered,
}

impl Mattermost {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: MattermostOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let http = service::client(outlet, options.timeout, &options.ca)?;
        let mut channels = options.channels;
        let way = match (options.webhook.is_empty(), options.token.is_empty()) {
            (false, true) if channels.len() > 1 => {
                return Err(OptionError::new(
                    "channels",
                    "has several; a webhook posts to one",
                ));
            }
            (false, true) => Way::Webhook {
                url: service::url("webhook", &options.webhook, "https://chat.example.org/hooks/…")?,
                channel: channels.pop(),
                username: options.username,
            },
            (true, false) if channels.is_empty() => {
                return Err(OptionError::new(
                    "channels",
                    "is empty; a token needs at least one",
                ));
            }
            (true, false) => Way::Api {
                url: service::within(
                    &service::url("server", &options.server, "https://chat.example.org")?,
                    &["api", "v4", "posts"],
                ),
                token: options.token,
                channels,
            },
            _ => {
                return Err(OptionError::new(
                    "webhook",
                    "or 'token' must be given, and not both",
                ));
            }
        };
        Ok(Self {
            way,
            http,
            delivered: Delivered::default(),
        })
    }

    async fn by_webhook(
        &self,
        url: &Url,
        channel: Option<&String>,
        username: &str,
        attachment: Value,
    ) -> Result<(), ListenerError> {
        let mut body = json!({ "attachments": [attachment] });
        if let Some(channel) = channel {
            body["channel"] = channel.as_str().into();
        }
        if !username.is_empty() {
            body["username"] = username.into();
        }
        let request = self.http.request(Method::POST, url.clone()).json(&body);
        self.http.send(request).await.map(drop)
    }
}

fn attachment(report: &Report) -> Value {
    let title = service::title(report);
    let text = match &report.message.markdown {
        Some(markdown) => Characters.cut_escaped(markdown, TEXT, calm),
        None => fenced(&Characters.cut(&report.message.text, TEXT)),
    };
    let mut attachment = json!({
        "fallback": Characters.cut_escaped(&title, TITLE, markdown),
        "color": mood::of(report).css(),
        "title": Characters.cut_escaped(&title, TITLE, markdown),
        "text": text,
    });
    if let Some(url) = service::link(report, 2000) {
        attachment["title_link"] = url.into();
    }
    attachment
}

#[async_trait]
impl Destination for Mattermost {
    fn kind(&self) -> &'static str {
        "mattermost"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let attachment = attachment(report);
        let (url, token, channels) = match &self.way {
            Way::Webhook {
                url,
                channel,
                username,
            } => {
                return self.by_webhook(url, channel.as_ref(), username, attachment).await;
            }
            Way::Api { url, token, channels } => (url, token, channels),
        };
        let send = |channel: &str| {
            let body = json!({
                "channel_id": channel,
                "message": "",
                "pending_post_id": format!("{}:{channel}", report.delivery),
                "props": { "attachments": [attachment] },
            });
            let request = self
                .http
                .request(Method::POST, url.clone())
                .bearer_auth(token)
                .json(&body);
            async move { self.http.send(request).await.map(drop) }
        };
        let channels = channels.iter().map(String::as_str);
        self.delivered.to_each(&report.delivery, channels, send).await
    }
}
