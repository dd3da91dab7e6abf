//! Slack, by an incoming webhook or as an app.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::delivered::Delivered;
use super::markup::mrkdwn;
use super::{mood, service};
use crate::text::Measure::Characters;
use crate::{Answer, Destination, Http, OptionError, Outlet, Report};

/// The longest text of a section.
const SECTION: usize = 3000;

/// The longest title. With its link it is the message's text, of which Slack wants 4000 letters at the most.
const TITLE: usize = 500;

/// The errors of Slack's Web API after which the same request can work later.
const TRANSIENT: [&str; 6] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
];

/// How a [`Slack`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackOptions {
    /// An incoming webhook's address: it knows its channel. This or `token` is required. Secret.
    pub webhook: String,
    /// The token of an app with the scope `chat:write`. Secret.
    pub token: String,
    /// With a token: the channels, by id (`C0123`) or name (`#builds`).
    pub channels: Vec<String>,
    /// The Web API's address (`https://slack.com/api`).
    pub api: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for SlackOptions {
    fn default() -> Self {
        Self {
            webhook: String::new(),
            token: String::new(),
            channels: vec![],
            api: "https://slack.com/api".to_owned(),
            timeout: 30.0,
        }
    }
}

enum Way {
    Webhook(Url),
    Api {
        url: Url,
        token: String,
        channels: Vec<String>,
    },
}

/// Posts reports to Slack: a title with a link, and the text in an attachment with the colour of the results.
///
/// `POST` to an incoming webhook, or `chat.postMessage` of the Web API for each channel. Slack has no key for repeated
/// messages: what was taken without an answer is posted twice; but a channel that has a report does not get it again
/// because another one did not take it. Nothing in a text is a mention: it is escaped by Slack's rules or plain text,
/// and `link_names` is off. Buildbot has no such reporter; people use its `HttpStatusPush` for it.
pub struct Slack {
    way: Way,
    http: Http,
    delivered: Delivered,
}

impl Slack {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: SlackOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let http = service::client(outlet, options.timeout, "")?;
        let way = match (options.webhook.is_empty(), options.token.is_empty()) {
            (false, true) => Way::Webhook(service::url(
                "webhook",
                &options.webhook,
                "https://hooks.slack.com/services/…",
            )?),
            (true, false) if options.channels.is_empty() => {
                return Err(OptionError::new(
                    "channels",
                    "is empty; a token needs at least one",
                ));
            }
            (true, false) => Way::Api {
                url: service::within(
                    &service::url("api", &options.api, "https://slack.com/api")?,
                    &["chat.postMessage"],
                ),
                token: options.token,
                channels: options.channels,
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
}

fn body(report: &Report) -> Value {
    let title = Characters.cut_escaped(&service::title(report), TITLE, mrkdwn);
    let linked = match service::link(report, 2000) {
        // What ends a link within its address is escaped there.
        Some(url) => format!(
            "*<{}|{title}>*",
            url.replace('|', "%7C").replace('>', "%3E").replace('&', "&amp;")
        ),
        None => format!("*{title}*"),
    };
    let mut body = json!({
        "text": linked,
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    let text = report.message.text.trim();
    if !text.is_empty() {
        let text = Characters.cut(text, SECTION);
        let section =
            json!({ "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } });
        body["attachments"] = json!([{ "color": mood::of(report).css(), "blocks": [section] }]);
    }
    body
}

/// The Web API says in the body of a 200 that it did not work.
fn judge(answer: &Answer) -> Result<(), ListenerError> {
    let answer = answer.json();
    match (answer["ok"].as_bool(), answer["error"].as_str()) {
        (Some(false), Some(error)) if TRANSIENT.contains(&error) => {
            Err(ListenerError::Later(format!("Slack says: {error}")))
        }
        (Some(false), error) => Err(ListenerError::Never(format!(
            "Slack says: {}",
            error.unwrap_or("no")
        ))),
        _ => Ok(()),
    }
}

#[async_trait]
impl Destination for Slack {
    fn kind(&self) -> &'static str {
        "slack"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let body = body(report);
        let (url, token, channels) = match &self.way {
            Way::Webhook(url) => {
                let request = self.http.request(Method::POST, url.clone()).json(&body);
                return self.http.send(request).await.map(drop);
            }
            Way::Api { url, token, channels } => (url, token, channels),
        };
        let send = |channel| {
            let mut body = body.clone();
            body["channel"] = Value::from(channel);
            let request = self
                .http
                .request(Method::POST, url.clone())
                .bearer_auth(token)
                .json(&body);
            async move { self.http.send(request).await.and_then(|it| judge(&it)) }
        };
        let channels = channels.iter().map(String::as_str);
        self.delivered.to_each(&report.delivery, channels, send).await
    }
}
