//! `/auth`: people sign in and out, as with Buildbot.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use weir_status_api::{Caller, Error, IssuedToken, Result};
use weir_status_http::v2;

use crate::answer::{self, Reader, in_time, json};
use crate::{App, Shared, credential};

/// Bytes that the request to sign in may have.
const MOST_BYTES: usize = 16 << 10;

/// `GET /auth/login`: Buildbot's clients present name and password as HTTP's Basic; others are asked to.
pub(crate) async fn ask(State(app): State<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    match basic(&head.headers) {
        Some((user, password)) => match signed_in(&app, &user, &password).await {
            Ok(session) => welcome(&app, &head, &session, redirect(&app, &head)),
            Err(error) => refused(&error),
        },
        None => refused(&Error::Unauthenticated {
            why: "present a name and a password".to_owned(),
        }),
    }
}

/// `POST /auth/login`, with a form or JSON. A form leads on to a page, JSON tells who it is.
pub(crate) async fn sign_in(State(app): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let content_type = content_type.and_then(|it| it.split(';').next()).map(str::trim);
    let is_json = content_type == Some("application/json");
    let answer = async {
        if !is_json && content_type != Some("application/x-www-form-urlencoded") {
            return Err(Error::invalid("content-type", "send a form or application/json"));
        }
        let body = whole(&app, body).await?;
        let (user, password) = match is_json {
            true => v2::sign_in_from_json(&body)?,
            false => v2::sign_in_from_form(&String::from_utf8_lossy(&body))?,
        };
        signed_in(&app, &user, &password).await
    };
    match answer.await {
        Ok(session) if is_json => {
            let who = app.access.identify(&Caller::bearer(&session.text)).await;
            let told = who.map(|who| v2::signed_in_to_json(&who, &session.token));
            let told = told.map(|body| json(Reader::of(&head.headers), &body, None));
            let response = told.unwrap_or_else(|error| answer::error(&error));
            with_cookie(&app, &head, &session, response)
        }
        Ok(session) => welcome(&app, &head, &session, redirect(&app, &head)),
        Err(error) => answer::error(&error),
    }
}

/// `/auth/logout`: the session ends, in the browser and in the store.
pub(crate) async fn sign_out(State(app): State<Shared>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    if credential::is_led_here(&head.headers) {
        return answer::error(&Error::PermissionDenied {
            why: "a page of another site cannot sign you out".to_owned(),
        });
    }
    let caller = credential::caller(&head.headers);
    match in_time(app.options.deadline, app.access.sign_out(&caller)).await {
        // A session that has ended before needs no end.
        Ok(()) | Err(Error::Unauthenticated { .. }) => {}
        Err(error) => return answer::error(&error),
    }
    let mut response = lead(redirect(&app, &head));
    if let Some(cookie) = credential::cookie(&app.options, &head.uri, "", 0) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

async fn whole(app: &App, body: Body) -> Result<Vec<u8>> {
    match tokio::time::timeout(app.options.deadline, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(body)) => Ok(body.into()),
        Ok(Err(_)) => Err(Error::invalid(
            "body",
            format!("could not be read, or has more than {MOST_BYTES} bytes"),
        )),
        Err(_) => Err(Error::invalid("body", "did not come in time")),
    }
}

async fn signed_in(app: &App, user: &str, password: &str) -> Result<IssuedToken> {
    in_time(app.options.deadline, app.access.sign_in(user, password)).await
}

/// Name and password as HTTP's Basic.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = STANDARD
        .decode(credential::authorization(headers, "basic")?)
        .ok()?;
    let text = String::from_utf8(text).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The error; a browser that can ask for name and password is told to.
fn refused(error: &Error) -> Response {
    let mut response = answer::error(error);
    if response.status() == StatusCode::UNAUTHORIZED {
        let basic = HeaderValue::from_static("Basic realm=\"weir\", charset=\"UTF-8\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, basic);
    }
    response
}

/// Where to go on: a place of the web status. Nothing leads out of the site.
fn redirect(app: &App, head: &Parts) -> String {
    let query = v2::pairs(head.uri.query().unwrap_or_default());
    let wanted = query.iter().find(|(name, _)| name == "redirect");
    let is_place =
        |it: &str| it.starts_with('/') && it.bytes().all(|it| it.is_ascii_graphic()) && !it.contains('#');
    let place = wanted.map(|(_, it)| it.as_str()).filter(|it| is_place(it));
    let site = credential::site(&app.options);
    match place {
        Some(place) => format!("{site}#{place}"),
        None => site,
    }
}

fn lead(to: String) -> Response {
    let mut response = Response::new(Body::empty());
    // 303: whatever the method was, the page is fetched.
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(to) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn welcome(app: &App, head: &Parts, session: &IssuedToken, to: String) -> Response {
    with_cookie(app, head, session, lead(to))
}

fn with_cookie(app: &App, head: &Parts, session: &IssuedToken, mut response: Response) -> Response {
    let token = &session.token;
    let seconds = token
        .expires_at
        .map_or(0, |end| end.as_secs() - token.created_at.as_secs());
    let headers = response.headers_mut();
    if let Some(cookie) = credential::cookie(&app.options, &head.uri, &session.text, seconds) {
        headers.insert(SET_COOKIE, cookie);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
