//! Matrix.

use std::collections::HashMap;

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use weir_status_api::ListenerError;

use super::delivered::Delivered;
use super::markup::html;
use super::{mood, service};
use crate::text::Measure::{Bytes, Json};
use crate::{Destination, Http, OptionError, Outlet, Report};

/// The longest text and the longest HTML, in bytes of JSON: an event may have 65,536 of it.
const TEXT: usize = 22_000;

/// The longest title, in bytes.
const TITLE: usize = 500;

/// How a [`Matrix`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixOptions {
    /// The address of the homeserver's client-server API. Required.
    pub homeserver: String,
    /// The access token of the bot's user. Required. Secret.
    pub token: String,
    /// The rooms, by id (`!id:example.org`) or alias (`#weir:example.org`); it joins them. At least one.
    pub rooms: Vec<String>,
    /// Whether messages are notices, which no bot answers and few clients ring for (yes).
    pub notice: bool,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for MatrixOptions {
    fn default() -> Self {
        Self {
            homeserver: String::new(),
            token: String::new(),
            rooms: vec![],
            notice: true,
            ca: String::new(),
            timeout: 30.0,
        }
    }
}

/// Sends reports to rooms of Matrix.
///
/// The client-server API v3: `join` once for each room, then `PUT …/send/m.room.message/{txnId}` with the delivery id as the
/// transaction id, by which the homeserver takes each report once for each room, however often it comes. A room that
/// refuses it is joined again first: it may have been put out, or the alias names another room now. Nobody is called:
/// `m.mentions` is empty, and texts are escaped. Rooms that are encrypted take plain messages too, which clients show with
/// a warning. Buildbot has no such reporter.
pub struct Matrix {
    options: MatrixOptions,
    base: Url,
    http: Http,
    /// The ids of rooms that it has joined, by what the options call them.
    joined: Mutex<HashMap<String, String>>,
    delivered: Delivered,
}

impl Matrix {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: MatrixOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        service::required("token", &options.token)?;
        if options.rooms.is_empty() {
            return Err(OptionError::new("rooms", "is empty; name at least one"));
        }
        if let Some(room) = options.rooms.iter().find(|it| !it.starts_with(['!', '#'])) {
            let why = format!("has '{room}'; write '!id:example.org' or '#alias:example.org'");
            return Err(OptionError::new("rooms", why));
        }
        let homeserver = service::url("homeserver", &options.homeserver, "https://matrix.example.org")?;
        Ok(Self {
            base: service::within(&homeserver, &["_matrix", "client", "v3"]),
            http: service::client(outlet, options.timeout, &options.ca)?,
            options,
            joined: Mutex::default(),
            delivered: Delivered::default(),
        })
    }

    /// Joins the room, and gives its id. Who is in it already stays.
    async fn join(&self, name: &str) -> Result<String, ListenerError> {
        let url = service::within(&self.base, &["join", name]);
        let request = self
            .http
            .request(Method::POST, url)
            .bearer_auth(&self.options.token)
            .json(&json!({}));
        let answer = self.http.send(request).await?.json();
        // Nothing is answered if nothing is sent.
        let id = answer["room_id"].as_str().unwrap_or(name).to_owned();
        self.joined.lock().await.insert(name.to_owned(), id.clone());
        Ok(id)
    }

    /// Sends the content to the room, as the transaction of that id.
    async fn send(&self, name: &str, transaction: &str, content: &Value) -> Result<(), ListenerError> {
        let known = self.joined.lock().await.get(name).cloned();
        if let Some(room) = known {
            match self.put(&room, transaction, content).await {
                // Perhaps it is no longer in the room, which joining again mends.
                Err(ListenerError::Never(_)) => {}
                sent => return sent,
            }
        }
        let room = self.join(name).await?;
        self.put(&room, transaction, content).await
    }

    /// Sends the content to the room of that id.
    async fn put(&self, room: &str, transaction: &str, content: &Value) -> Result<(), ListenerError> {
        let path = ["rooms", room, "send", "m.room.message", transaction];
        let request = self.http.request(Method::PUT, service::within(&self.base, &path));
        let request = request.bearer_auth(&self.options.token).json(content);
        self.http.send(request).await.map(drop)
    }

    fn content(&self, report: &Report) -> Value {
        let title = service::title(report);
        let link = service::link(report, 2000);
        let text = Json.cut(report.message.text.trim_end(), TEXT);
        let plain_title = Bytes.cut(&title, TITLE);
        let plain = match link {
            Some(url) => format!("{plain_title}\n{url}\n{text}"),
            None => format!("{plain_title}\n{text}"),
        };
        json!({
            "msgtype": if self.options.notice { "m.notice" } else { "m.text" },
            "body": plain,
            "format": "org.matrix.custom.html",
            "formatted_body": formatted(report, &title, link),
            "m.mentions": {},
        })
    }
}

fn formatted(report: &Report, title: &str, link: Option<&str>) -> String {
    let title = Bytes.cut_escaped(title, TITLE, html);
    let title = format!(
        "<font data-mx-color=\"{}\">{title}</font>",
        mood::of(report).css()
    );
    let title = match link {
        Some(url) => format!(
            "<a href=\"{}\">{title}</a>",
            url.chars().map(html).collect::<String>()
        ),
        None => title,
    };
    let text = match &report.message.html {
        // Clients take what HTML they trust; but a whole document is none for them.
        Some(part) if Json.length(part) <= TEXT && !is_document(part) => part.clone(),
        _ => {
            let text = Json.cut_escaped(report.message.text.trim_end(), TEXT, html);
            format!("<pre><code>{text}</code></pre>")
        }
    };
    format!("<strong>{title}</strong><br>{text}")
}

fn is_document(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    ["<html", "<body", "<style", "<!doctype"]
        .iter()
        .any(|it| part.contains(it))
}

#[async_trait]
impl Destination for Matrix {
    fn kind(&self) -> &'static str {
        "matrix"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let content = self.content(report);
        let send = |name| self.send(name, &report.delivery, &content);
        let rooms = self.options.rooms.iter().map(String::as_str);
        self.delivered.to_each(&report.delivery, rooms, send).await
    }
}
