//! The credential that comes with a request, in one place: a token as bearer, or a session's in a cookie.

use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use weir_status_api::Caller;
use weir_status_http::v2::SESSION_COOKIE as SESSION;

use crate::guard::is_own_origin;
use crate::options::Options;

/// Where a browser says a request comes from.
pub(crate) const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The credential of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// None.
    Nothing,
    /// A token that a program presents.
    Bearer(String),
    /// A session's token, which a browser sends by itself, whoever made it send the request.
    Cookie(String),
}

impl Credential {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if let Some(token) = authorization(headers, "bearer") {
            return Self::Bearer(token.to_owned());
        }
        let lines = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
        let mut cookies = lines
            .flat_map(|line| line.split(';'))
            .filter_map(|it| it.trim().split_once('='));
        match cookies.find(|(name, _)| *name == SESSION) {
            Some((_, token)) if !token.is_empty() => Self::Cookie(token.to_owned()),
            _ => Self::Nothing,
        }
    }

    pub(crate) fn caller(self) -> Caller {
        match self {
            Self::Nothing => Caller::anonymous(),
            Self::Bearer(token) | Self::Cookie(token) => Caller::bearer(token),
        }
    }
}

/// What stands after the scheme in the header of that name.
pub(crate) fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    // An empty token is presented as well, and is nobody's.
    let (theirs, rest) = text.split_once(' ').unwrap_or((text, ""));
    theirs.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// Whoever sent the request.
pub(crate) fn caller(headers: &HeaderMap) -> Caller {
    Credential::of(headers).caller()
}

/// Whether a page of another site may have made a browser send this with a cookie, to change something.
pub(crate) fn is_forged(options: &Options, method: &Method, headers: &HeaderMap, uri: &Uri) -> bool {
    if method.is_safe() || !matches!(Credential::of(headers), Credential::Cookie(_)) {
        return false;
    }
    // A page cannot set either of them. A browser so old that it sends none cannot be told from a page's doing.
    if let Some(site) = headers.get(FETCH_SITE) {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    match headers.get(ORIGIN) {
        Some(origin) => !is_own_origin(options, origin, headers, uri),
        None => true,
    }
}

/// Whether a page of another site made the browser come here.
pub(crate) fn is_led_here(headers: &HeaderMap) -> bool {
    headers
        .get(FETCH_SITE)
        .is_some_and(|site| matches!(site.as_bytes(), b"cross-site" | b"same-site"))
}

/// The cookie that keeps a session for `seconds`; 0 takes it away.
pub(crate) fn cookie(options: &Options, uri: &Uri, token: &str, seconds: i64) -> Option<HeaderValue> {
    let secure = if is_secure(options, uri) { "; Secure" } else { "" };
    let path = site_path(options);
    let text = format!("{SESSION}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Whether people reach the site over TLS.
fn is_secure(options: &Options, uri: &Uri) -> bool {
    let https = |url: &str| url.get(..8).is_some_and(|it| it.eq_ignore_ascii_case("https://"));
    options.over_tls
        || options.base_url.as_deref().is_some_and(https)
        || uri
            .scheme_str()
            .is_some_and(|it| it.eq_ignore_ascii_case("https"))
}

/// The path of the site, with a slash at its end.
fn site_path(options: &Options) -> String {
    let url = options.base_url.as_deref().unwrap_or_default();
    let below = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let path = below.map_or("", |(_, path)| path.trim_matches('/'));
    let fits = path.bytes().all(|it| it.is_ascii_graphic() && it != b';');
    match path {
        "" => "/".to_owned(),
        path if fits => format!("/{path}/"),
        _ => "/".to_owned(),
    }
}

/// The address of the site for a redirect within it. Without one of its own it is relative, so that it leads nowhere
/// else whatever the request's headers say.
pub(crate) fn site(options: &Options) -> String {
    match &options.base_url {
        Some(url) => format!("{}/", url.trim_end_matches('/')),
        None => "/".to_owned(),
    }
}
