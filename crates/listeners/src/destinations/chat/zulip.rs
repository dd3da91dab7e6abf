//! Zulip.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use weir_status_api::ListenerError;

use super::markup::{calm, fenced, markdown, one_line};
use super::service;
use crate::text::Measure::Characters;
use crate::{About, Destination, Http, OptionError, Outlet, Report};

/// The longest content. The server takes 10,000 letters unless it is set up otherwise.
const CONTENT: usize = 9000;

/// The longest title, within the content.
const TITLE: usize = 300;

/// The longest topic.
const TOPIC: usize = 60;

/// How a [`Zulip`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZulipOptions {
    /// The server's address. Required.
    pub server: String,
    /// The bot's mail address. Required.
    pub email: String,
    /// The bot's API key. Required. Secret.
    pub key: String,
    /// The channel (stream) to post to. This or `people` is required.
    pub channel: String,
    /// The topic in the channel (the builder's name).
    pub topic: String,
    /// The mail addresses of those who get a direct message in place of a channel.
    pub people: Vec<String>,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for ZulipOptions {
    fn default() -> Self {
        Self {
            server: String::new(),
            email: String::new(),
            key: String::new(),
            channel: String::new(),
            topic: String::new(),
            people: vec![],
            ca: String::new(),
            timeout: 30.0,
        }
    }
}

/// Posts reports to a topic of Zulip, or to people.
///
/// `POST /api/v1/messages` with the bot's key. Zulip has no key for repeated messages: what was taken without an answer is
/// posted twice. Nobody is called by what a text holds: it is in a block of code, or its `@` calls nobody. Buildbot's
/// `ZulipStatusPush` posts JSON to an integration of the server (`/api/v1/external/buildbot`), which makes the text; here
/// it is the report's own.
pub struct Zulip {
    options: ZulipOptions,
    url: Url,
    http: Http,
}

impl Zulip {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: ZulipOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let server = service::url("server", &options.server, "https://chat.example.org")?;
        service::required("email", &options.email)?;
        service::required("key", &options.key)?;
        if options.channel.is_empty() == options.people.is_empty() {
            return Err(OptionError::new(
                "channel",
                "or 'people' must be given, and not both",
            ));
        }
        Ok(Self {
            url: service::within(&server, &["api", "v1", "messages"]),
            http: service::client(outlet, options.timeout, &options.ca)?,
            options,
        })
    }

    fn topic(&self, report: &Report) -> String {
        let topic = match (&report.about, self.options.topic.as_str()) {
            (About::Build(it), "") => &it.builder.name,
            (About::Request(it), "") => &it.builder.name,
            (About::Worker(it), "") => &it.name,
            (About::Buildset(_), "") => "buildsets",
            (_, topic) => topic,
        };
        Characters.cut(&one_line(topic), TOPIC)
    }
}

fn content(report: &Report) -> String {
    let title = Characters.cut_escaped(&service::title(report), TITLE, markdown);
    let title = match service::link(report, 2000) {
        Some(url) => format!("**[{title}]({})**", url.replace('(', "%28").replace(')', "%29")),
        None => format!("**{title}**"),
    };
    let room = CONTENT - Characters.length(&title);
    let text = match &report.message.markdown {
        Some(markdown) => Characters.cut_escaped(markdown, room, calm),
        None => fenced(&Characters.cut(&report.message.text, room / 2)),
    };
    format!("{title}\n{text}")
}

#[async_trait]
impl Destination for Zulip {
    fn kind(&self) -> &'static str {
        "zulip"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let (topic, content) = (self.topic(report), content(report));
        let people = serde_json::json!(self.options.people).to_string();
        let form = match self.options.channel.is_empty() {
            true => vec![("type", "direct"), ("to", &people), ("content", &content)],
            false => {
                let channel = self.options.channel.as_str();
                vec![
                    ("type", "stream"),
                    ("to", channel),
                    ("topic", &topic),
                    ("content", &content),
                ]
            }
        };
        let request = self.http.request(Method::POST, self.url.clone());
        let request = request
            .basic_auth(&self.options.email, Some(&self.options.key))
            .form(&form);
        self.http.send(request).await.map(drop)
    }
}
