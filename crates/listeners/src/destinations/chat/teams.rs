//! Microsoft Teams, by the webhook of a workflow.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::{ListenerError, Results};

use super::service;
use crate::text::Measure::{Characters, Json};
use crate::{Destination, Http, Occasion, OptionError, Outlet, Report};

/// The longest text, in bytes of JSON: a message may have 28 KiB of it.
const TEXT: usize = 23_000;

/// How a [`Teams`] goes about it; the defaults are those in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TeamsOptions {
    /// The address that the workflow *When a Teams webhook request is received* shows. Required. Secret.
    pub webhook: String,
    /// How long one request may take, seconds (30).
    pub timeout: f64,
}

impl Default for TeamsOptions {
    fn default() -> Self {
        Self {
            webhook: String::new(),
            timeout: 30.0,
        }
    }
}

/// Posts reports to Microsoft Teams as an Adaptive Card.
///
/// `POST` of a message with one card of version 1.4 to a workflow's webhook (the connectors of Office that were there
/// before are retired). Texts are in `RichTextBlock`s, which have no markup. A workflow has no key for repeated
/// messages: what was taken without an answer is posted twice. Buildbot has no such reporter.
pub struct Teams {
    url: Url,
    http: Http,
}

impl Teams {
    /// One of these options.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: TeamsOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            url: service::url(
                "webhook",
                &options.webhook,
                "https://….logic.azure.com/workflows/…",
            )?,
            http: service::client(outlet, options.timeout, "")?,
        })
    }
}

fn card(report: &Report) -> Value {
    let text = |text: String, more: Value| {
        let mut run = json!({ "type": "TextRun", "text": text });
        if let (Value::Object(run), Value::Object(more)) = (&mut run, more) {
            run.extend(more);
        }
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let title = Characters.cut(&service::title(report), 300);
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": [
            {
                "type": "Container",
                "style": style(report),
                "bleed": true,
                "items": [text(title, json!({ "weight": "Bolder", "size": "Medium" }))],
            },
            text(Json.cut(&report.message.text, TEXT), json!({ "fontType": "Monospace" })),
        ],
    });
    if let Some(url) = service::link(report, 2000) {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": "Look at it", "url": url }]);
    }
    card
}

/// The card's name for the colour.
fn style(report: &Report) -> &'static str {
    match report.about.results() {
        _ if report.occasion == Occasion::WorkerMissing => "attention",
        Some(Results::Success) => "good",
        Some(Results::Warnings) => "warning",
        Some(Results::Failure | Results::Exception) => "attention",
        Some(Results::Retry) => "accent",
        Some(Results::Skipped | Results::Cancelled) => "emphasis",
        None => "default",
    }
}

#[async_trait]
impl Destination for Teams {
    fn kind(&self) -> &'static str {
        "teams"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card(report),
            }],
        });
        let request = self.http.request(Method::POST, self.url.clone());
        self.http.send(request.json(&body)).await.map(drop)
    }
}
