//! Answers in the forms of other programs: read as any other answer, shared and bounded as any other.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use weir_status_api::{Error, Result};
use weir_status_http::v2::{self, Endpoint, ViewName};

use crate::answer::{self, Reader, in_time};
use crate::kept::Kept;
use crate::load::{Class, WAIT};
use crate::shared::{Given, Made};
use crate::source::Source;
use crate::{Shared, badge, cctray, depends, metrics, site};

const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml; charset=utf-8");

/// What is asked for.
pub(crate) enum Page {
    /// What the status API tells for `/metrics`.
    Metrics(metrics::Form),
    /// `/cc.xml`.
    Projects(cctray::Asked),
    /// A badge.
    Badge(badge::Asked),
}

impl Page {
    fn content_type(&self) -> HeaderValue {
        match self {
            Self::Metrics(form) => form.content_type(),
            Self::Projects(_) => XML,
            Self::Badge(_) => SVG,
        }
    }

    async fn read(self, source: &Source) -> Result<String> {
        match self {
            Self::Metrics(form) => metrics::read(source, form).await,
            Self::Projects(asked) => cctray::read(source, asked).await,
            Self::Badge(asked) => badge::read(source, asked).await,
        }
    }
}

/// `/cc.xml`.
pub(crate) async fn projects(State(app): State<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let base = site::base_url(&app, &head.headers, &head.uri);
    // The links in it are those of the address under which it was asked for.
    let key = format!("{} {base}", whole(&head));
    let page = cctray::Asked::parse(&pairs(&head), base).map(Page::Projects);
    respond(&app, &head, &key, page).await
}

/// `/badges/…` and `/plugins/badges/…`.
pub(crate) async fn badge(State(app): State<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let page = badge::Asked::parse(head.uri.path(), &pairs(&head)).map(Page::Badge);
    let mut response = respond(&app, &head, whole(&head), page).await;
    // A picture that is opened as a page runs nothing.
    let nothing = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, nothing);
    response
}

fn whole(head: &Parts) -> &str {
    head.uri.path_and_query().map_or("", |it| it.as_str())
}

fn pairs(head: &Parts) -> Vec<(String, String)> {
    v2::pairs(head.uri.query().unwrap_or_default())
}

async fn respond(app: &Shared, head: &Parts, key: &str, page: Result<Page>) -> Response {
    let given = match page {
        Ok(page) => give(app, &head.headers, key, page).await,
        Err(error) => Err(error),
    };
    match given {
        Ok((kept, cursor)) => kept.respond(&head.headers, cursor).await,
        Err(error) => answer::error(&error),
    }
}

/// The page for whoever sent `headers`. Those without a credential share it, as long as it is true.
pub(crate) async fn give(app: &Shared, headers: &HeaderMap, key: &str, page: Page) -> Result<Given> {
    let class = Class::of(headers);
    if class == Class::Anonymous
        && let Some(given) = app.shared.kept(key, Reader::Person)
    {
        return Ok(given);
    }
    let api = app.open(headers);
    let source = Source::new(Arc::clone(&api));
    let make = || make(Arc::clone(app), source, class, page);
    match class {
        Class::Anonymous => app.shared.made(key, Reader::Person, &api, make).await,
        Class::Known => make().await.map(|made| app.shared.give(&made)),
    }
}

async fn make(app: Shared, source: Source, class: Class, page: Page) -> Result<Made> {
    let room = app.rooms.of(class);
    let turn = room.turn().await?;
    let content_type = page.content_type();
    let body = in_time(app.options.deadline, page.read(&source)).await?;
    drop(turn);
    let body = room.hold(body.into_bytes(), WAIT).await?;
    let cursor = source.since();
    let depends = depends::of(&Endpoint::View(ViewName::Home), &[]);
    Ok(Made {
        kept: Arc::new(Kept::new(content_type, cursor, body)),
        truth: cursor.zip(depends),
    })
}

/// `text` within an element or an attribute of XML. What no XML document can hold is left out.
pub(crate) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // In an attribute they would be read as spaces.
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#{};", u32::from(letter))),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter < ' ' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The whole number, or what is wrong with it.
pub(crate) fn number(name: &str, text: &str, most: u32) -> Result<u32> {
    let number = text.parse().ok().filter(|it| *it <= most);
    number.ok_or_else(|| Error::invalid(name, format!("takes a whole number from 0 to {most}")))
}
