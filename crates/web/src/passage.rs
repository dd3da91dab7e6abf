//! The API of a site that has it itself, such as a Buildbot master's, handed on.
//!
//! Requests and answers pass as they are, but for what is about one connection only, and for the page that asks: the guard
//! has looked at where that is from, and the site would take the gateway's own pages for another site's.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, LOCATION, ORIGIN, REFERER, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::any;
use futures::{StreamExt, TryStreamExt};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use weir_status_api::{Error, Result};
use weir_tls::Ca;

use crate::admission::Admitted;
use crate::answer::{self, in_time};
use crate::credential::FETCH_SITE;
use crate::guard::is_own_origin;
use crate::rate::client_of;
use crate::socket::Hold;
use crate::sse::closed;
use crate::{App, Shared, site};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is about one connection, RFC 9110, section 7.6.1, and what the client of the site writes itself.
const OF_A_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    CONTENT_LENGTH,
    HOST,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The way to a site that has the API.
#[derive(Clone, Debug)]
pub struct Passage {
    client: reqwest::Client,
    /// The site's address, with a slash at its end.
    base: String,
}

impl Passage {
    /// To the site at `base`, e.g. `https://ci.example.org/buildbot/`; over TLS the authorities `ca` are trusted, in place of the
    /// public ones. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Internal`] if `ca` is of no use.
    pub fn new(base: &str, ca: Option<&Ca>) -> Result<Self> {
        let client =
            client(ca).map_err(|error| Error::internal(format!("the HTTP client cannot start: {error}")))?;
        Ok(Self {
            client,
            base: format!("{}/", base.trim_end_matches('/')),
        })
    }
}

fn client(ca: Option<&Ca>) -> reqwest::Result<reqwest::Client> {
    // A browser follows redirects itself.
    let mut client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    if let Some(ca) = ca {
        client = client.tls_built_in_root_certs(false);
        for authority in reqwest::Certificate::from_pem_bundle(ca.pem())? {
            client = client.add_root_certificate(authority);
        }
    }
    client.build()
}

/// What is handed on.
pub(crate) fn routes() -> Router<Shared> {
    let paths = [
        "/api",
        "/api/{*path}",
        "/sse/{*path}",
        "/ws",
        "/auth/{*path}",
        "/config",
        "/avatar",
        "/change_hook/{*path}",
    ];
    let router = Router::new();
    paths
        .into_iter()
        .fold(router, |router, path| router.route(path, any(serve)))
}

async fn serve(State(app): State<Shared>, request: Request) -> Response {
    match hand_on(&app, request).await {
        Ok(response) => response,
        Err(error) => answer::error(&error),
    }
}

async fn hand_on(app: &App, request: Request) -> Result<Response> {
    let passage = app.options.passage.as_ref();
    let passage = passage.ok_or_else(|| Error::internal("there is no site to hand requests on to"))?;
    let (mut head, body) = request.into_parts();
    let streams = ["/sse/", "/ws"].iter().any(|it| head.uri.path().starts_with(it));
    let admitted = streams.then(|| app.admit(&head)).transpose()?;
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let hold: Option<Hold> = head.extensions.get().cloned();
    let body = to_bytes(body, app.options.max_body).await;
    let body = body.map_err(|_| {
        Error::invalid(
            "body",
            format!("it has more than {} bytes, or ended early", app.options.max_body),
        )
    })?;
    let path = head.uri.path_and_query().map_or("/", |it| it.as_str());
    let url = format!("{}{}", passage.base, path.trim_start_matches('/'));
    let asked = passage
        .client
        .request(head.method.clone(), url)
        .headers(asked_with(app, &head, upgrade.is_some()))
        .body(body);
    let answered = in_time(app.options.deadline, async {
        asked
            .send()
            .await
            .map_err(|error| Error::unavailable(format!("the site does not answer: {error}")))
    });
    let answered = answered.await?;
    let switches = answered.status() == StatusCode::SWITCHING_PROTOCOLS;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answered.status();
    *response.headers_mut() = passed(answered.headers(), switches);
    let own = site::base_url(app, &head.headers, &head.uri);
    lead_back(response.headers_mut(), &passage.base, &own);
    let mut closing = app.options.closing.clone();
    match upgrade {
        Some(upgrade) if switches => {
            tokio::spawn(relay(upgrade, answered, closing, (admitted, hold)));
        }
        _ => {
            let pieces = answered
                .bytes_stream()
                .take_until(Box::pin(async move { closed(&mut closing).await }))
                .inspect_ok(move |_| {
                    // Held as long as the answer is taken.
                    let _held = &admitted;
                });
            *response.body_mut() = Body::from_stream(pieces);
        }
    }
    Ok(response)
}

/// The headers with which the site is asked: who asks, and whether a page of its own does, is the gateway's to say.
fn asked_with(app: &App, head: &Parts, upgrades: bool) -> HeaderMap {
    let mut headers = passed(&head.headers, upgrades);
    for name in [REFERER, FORWARDED_FOR] {
        headers.remove(name);
    }
    if let Some(origin) = headers.remove(ORIGIN) {
        let is_own = is_own_origin(&app.options, &origin, &head.headers, &head.uri);
        let from = if is_own { "same-origin" } else { "cross-site" };
        headers.insert(FETCH_SITE, HeaderValue::from_static(from));
    }
    let client = client_of(&head.extensions, &head.headers, &app.options.trusted_proxies);
    if let Some(client) = client.and_then(|it| HeaderValue::from_str(&it.to_string()).ok()) {
        headers.insert(FORWARDED_FOR, client);
    }
    headers
}

/// The headers that go on to the other side; an upgrade is asked for, or agreed to, on both.
fn passed(headers: &HeaderMap, upgrades: bool) -> HeaderMap {
    let mut passed = headers.clone();
    // What `Connection` names is about that connection too.
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.trim().parse().ok())
        .collect();
    for name in OF_A_CONNECTION.iter().chain(&named) {
        passed.remove(name);
    }
    if upgrades && let Some(to) = headers.get(UPGRADE) {
        passed.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        passed.insert(UPGRADE, to.clone());
    }
    passed
}

/// A redirect to a page of the site leads to the gateway's.
fn lead_back(headers: &mut HeaderMap, site: &str, own: &str) {
    let to = headers.get(LOCATION).and_then(|it| it.to_str().ok());
    let below = to.and_then(|it| it.strip_prefix(site));
    if let Some(to) = below.and_then(|it| HeaderValue::from_str(&format!("{own}{it}")).ok()) {
        headers.insert(LOCATION, to);
    }
}

/// Lets a socket's two ends talk until one of them is gone, or the gateway ends.
async fn relay(
    client: OnUpgrade,
    site: reqwest::Response,
    mut closing: Option<watch::Receiver<bool>>,
    _held: (Option<Admitted>, Option<Hold>),
) {
    let (client, mut site) = match tokio::join!(client, site.upgrade()) {
        (Ok(client), Ok(site)) => (client, site),
        (Err(error), _) => return tracing::debug!(%error, "a socket's client is gone"),
        (_, Err(error)) => return tracing::debug!(%error, "a socket's site is gone"),
    };
    let mut client = TokioIo::new(client);
    tokio::select! {
        ended = tokio::io::copy_bidirectional(&mut client, &mut site) => if let Err(error) = ended {
            tracing::debug!(%error, "a socket broke off");
        },
        () = closed(&mut closing) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_connection_stays_behind() {
        let headers: HeaderMap = [
            (CONNECTION, "keep-alive, X-Own"),
            (HOST, "gateway"),
            (HeaderName::from_static("x-own"), "1"),
            (HeaderName::from_static("accept"), "text/html"),
        ]
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .into_iter()
        .collect();
        let passed = passed(&headers, false);
        assert_eq!(passed.len(), 1);
        assert_eq!(passed["accept"], "text/html");
    }

    #[test]
    fn redirects_lead_to_the_gateway() {
        let lead = |to: &'static str| {
            let mut headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))]);
            lead_back(&mut headers, "http://master/ci/", "https://gateway/");
            headers[LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(lead("http://master/ci/#/builders"), "https://gateway/#/builders");
        assert_eq!(lead("https://forge/login"), "https://forge/login");
        assert_eq!(lead("/other"), "/other");
    }
}
