//! Telegram: reports to chats, and the [bot](crate::bot) there.

mod updates;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::{Caller, Desk, ListenerError, SystemClock};

use super::delivered::Delivered;
use super::markup::html;
use super::mutes::Mutes;
use super::{mood, service};
use crate::bot::{Bot, BotOptions, Line, Voice};
use crate::text::Measure::Utf16;
use crate::{Answer, Destination, Http, OptionError, Outlet, Report};

/// The longest text of a message, its marks counted.
const TEXT: usize = 4096;

/// The longest title, within the text.
const TITLE: usize = 500;

/// How long a question for updates waits, seconds; a request takes at most its timeout more.
const POLL: u32 = 25;

/// How a [`Telegram`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelegramOptions {
    /// The bot's token. Required. Secret.
    pub token: String,
    /// The chats that are told of reports: numbers, names of channels (`@builds`), or a chat and the number of a topic
    /// there (`-1001234/5`). At least one, or `commands`.
    pub chats: Vec<String>,
    /// The Bot API's address (`https://api.telegram.org`).
    pub api: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
    /// Whether it answers commands (yes). Only one program can, of all that have the token.
    pub commands: bool,
    /// Who may give which commands, by user name or `id:NUMBER`.
    pub allow: BTreeMap<String, Vec<String>>,
    /// The API token with which it forces and stops. Secret.
    pub access_token: String,
    /// Where the web status is, for links in answers.
    pub web: String,
    /// It tells by itself of builders with these tags only.
    pub tags: Vec<String>,
    /// How many commands a person may give in a minute (20).
    pub commands_per_minute: usize,
}

impl Default for TelegramOptions {
    fn default() -> Self {
        Self {
            token: String::new(),
            chats: vec![],
            api: "https://api.telegram.org".to_owned(),
            timeout: 30.0,
            commands: true,
            allow: BTreeMap::new(),
            access_token: String::new(),
            web: String::new(),
            tags: vec![],
            commands_per_minute: BotOptions::default().per_minute,
        }
    }
}

impl TelegramOptions {
    fn bot(&self) -> BotOptions {
        BotOptions {
            // Telegram's own; the updates take it off.
            prefix: String::new(),
            allow: self.allow.clone(),
            caller: match self.access_token.is_empty() {
                true => Caller::anonymous(),
                false => Caller::bearer(&self.access_token),
            },
            web: (!self.web.is_empty()).then(|| self.web.clone()),
            tags: self.tags.clone(),
            per_minute: self.commands_per_minute,
            ..BotOptions::default()
        }
    }
}

/// Tells chats of Telegram of reports, and answers commands (Buildbot's `TelegramBot`).
///
/// `sendMessage` of the Bot API with `parse_mode = HTML`, texts escaped; what is quiet rings nowhere. The Bot API has no key
/// for repeated messages: what was taken without an answer is said twice; but a chat that has a report does not get it
/// again because another one did not take it. Commands come by `getUpdates`; up to where they are answered is kept, so
/// that none is lost or answered twice over a restart.
///
/// Mirrored of Buildbot's: `bot_token` as `token`, `chat_ids` as `chats`, `authz` as `allow`, long polling. There are no
/// buttons, and no webhook, for which the master would have to be reached from outside.
pub struct Telegram {
    options: TelegramOptions,
    base: Url,
    /// For what is answered at once.
    http: Http,
    /// For what waits for updates.
    polls: Http,
    outlet: Outlet,
    delivered: Delivered,
    mutes: Mutes,
}

impl Telegram {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: TelegramOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        service::required("token", &options.token)?;
        if options.chats.is_empty() && !options.commands {
            return Err(OptionError::new(
                "chats",
                "is empty, and there are no commands; name at least one",
            ));
        }
        let is_none = |it: &&String| {
            chat_and_topic(it)
                .0
                .as_str()
                .is_some_and(|name| !name.starts_with('@'))
        };
        if let Some(chat) = options.chats.iter().find(is_none) {
            let why = format!("has '{chat}'; write a chat's number, '@channel', or 'NUMBER/TOPIC'");
            return Err(OptionError::new("chats", why));
        }
        options.bot().check()?;
        let api = service::url("api", &options.api, "https://api.telegram.org")?;
        Ok(Self {
            base: service::within(&api, &[&format!("bot{}", options.token)]),
            http: service::client(outlet, options.timeout, "")?,
            polls: service::client(outlet, options.timeout + f64::from(POLL), "")?,
            outlet: outlet.clone(),
            options,
            delivered: Delivered::default(),
            mutes: Mutes::default(),
        })
    }

    /// Calls a method of the Bot API, and gives its result; null if nothing is sent.
    async fn call(&self, http: &Http, method: &str, body: &Value) -> Result<Value, ListenerError> {
        let request = http.request(Method::POST, service::within(&self.base, &[method]));
        let Answer { body, .. } = http.send(request.json(body)).await?;
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(answer["result"].take())
    }

    /// Whether the place of our configuration is one of the muted.
    async fn is_muted(&self, name: &str, muted: &BTreeSet<String>) -> Result<bool, ListenerError> {
        if muted.is_empty() {
            return Ok(false);
        }
        let (chat, topic) = chat_and_topic(name);
        let id = match chat.as_i64() {
            Some(id) => Some(id),
            // What is said there comes with the chat's number.
            None => self
                .call(&self.http, "getChat", &json!({ "chat_id": chat }))
                .await?["id"]
                .as_i64(),
        };
        Ok(id.is_some_and(|id| muted.contains(&place(id, topic))))
    }

    /// Sends a text of Telegram's HTML to a chat, or to a topic of it.
    async fn send(&self, place: &str, text: &str, quiet: bool) -> Result<(), ListenerError> {
        let (chat, topic) = chat_and_topic(place);
        let mut body = json!({
            "chat_id": chat,
            "text": text,
            "parse_mode": "HTML",
            "disable_notification": quiet,
            "link_preview_options": { "is_disabled": true },
        });
        if let Some(topic) = topic {
            body["message_thread_id"] = topic.into();
        }
        self.call(&self.http, "sendMessage", &body).await.map(drop)
    }
}

/// What a place is known by: its chat, and the topic there if it is one.
fn place(chat: i64, topic: Option<i64>) -> String {
    topic.map_or_else(|| chat.to_string(), |topic| format!("{chat}/{topic}"))
}

/// A chat, and the topic there that its name ends with, as the Bot API has them.
fn chat_and_topic(place: &str) -> (Value, Option<i64>) {
    let parted = place
        .split_once('/')
        .and_then(|(chat, topic)| Some((chat, topic.parse().ok()?)));
    let (chat, topic) = parted.map_or((place, None), |(chat, topic)| (chat, Some(topic)));
    (
        chat.parse::<i64>().map_or_else(|_| json!(chat), |it| json!(it)),
        topic,
    )
}

/// The report in Telegram's HTML.
fn text(report: &Report) -> String {
    let title = Utf16.cut_escaped(&service::title(report), TITLE, html);
    let title = match service::link(report, 1000) {
        Some(url) => format!(
            "<b><a href=\"{}\">{title}</a></b>",
            url.chars().map(html).collect::<String>()
        ),
        None => format!("<b>{title}</b>"),
    };
    let body = report.message.text.trim();
    let room = TEXT.saturating_sub(Utf16.length(&title) + "\n<pre></pre>".len());
    match body.is_empty() {
        true => title,
        false => format!("{title}\n<pre>{}</pre>", Utf16.cut_escaped(body, room, html)),
    }
}

#[async_trait]
impl Voice for Telegram {
    async fn say(&self, place: &str, lines: &[Line]) -> Result<(), ListenerError> {
        let signed = lines.iter().map(|it| match it.results {
            Some(results) => format!("{} {}", mood::of_results(Some(results)).sign, it.text),
            None => it.text.clone(),
        });
        let text = signed.collect::<Vec<_>>().join("\n");
        self.send(place, &Utf16.cut_escaped(&text, TEXT, html), false)
            .await
    }
}

#[async_trait]
impl Destination for Telegram {
    fn kind(&self) -> &'static str {
        "telegram"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let text = text(report);
        let muted = self.mutes.places().await?;
        let send = async |chat: &str| match self.is_muted(chat, &muted).await? {
            true => Ok(()),
            false => self.send(chat, &text, report.message.quiet).await,
        };
        let chats = self.options.chats.iter().map(String::as_str);
        self.delivered.to_each(&report.delivery, chats, send).await
    }

    async fn attend(&self, desk: Desk) {
        if !self.options.commands || self.outlet.is_dry() {
            return;
        }
        let open = Bot::open(self.options.bot(), desk, Arc::new(SystemClock));
        let bot = self.mutes.known_by(open).await;
        tokio::join!(updates::answer(self, &bot), bot.tell(self));
    }
}
