//! `HttpStatus`: the status API of a master behind its JSON.

mod access;
mod buildbot;
mod control;
mod http;
mod keys;
mod read;
mod sse;
mod watch;

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use weir_status_api::{Caller, Error, Result};
use weir_tls::Ca;

use crate::v2;

/// How a client goes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// How long an answer may take, from the first byte sent to the last received.
    pub timeout: Duration,
    /// The longest silence of an event stream; after it the connection counts as lost.
    pub silence: Duration,
    /// Bytes that an answer may have.
    pub max_answer: usize,
    /// The authorities to trust over TLS, in place of the public ones.
    pub ca: Option<Ca>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            silence: Duration::from_secs(35),
            max_answer: 256 << 20,
            ca: None,
        }
    }
}

/// The status API of a master behind its JSON: Weir's, or a Buildbot master's.
///
/// Over Weir's JSON it is equal to every other binding. Over a Buildbot master's it reads, watches and controls; times are
/// whole seconds, and answers have the cursor [`Cursor::ZERO`](weir_status_api::Cursor::ZERO), so that
/// [a watch cannot be resumed](HttpStatus::resumes). Events have numbers of this client's own, which grow. A watch that begins after a cursor tells first which builds
/// began or ended, and which changes came, since one of the same filter ended in this process. What only Weir understands
/// gets [`Error::NotSupported`] there, never a wrong answer.
#[derive(Clone, Debug)]
pub struct HttpStatus {
    client: reqwest::Client,
    /// The site's address, with a slash at its end.
    base: String,
    options: HttpOptions,
    /// Whose API it is, if it was opened to somebody: their token goes with each request.
    caller: Option<Caller>,
    /// Whether the server was found not to tell when lines of logs came.
    without_times: Arc<AtomicBool>,
    /// Whether the server is a Buildbot master, once that is known.
    is_buildbot: Arc<OnceLock<bool>>,
    /// Where watches of a Buildbot master ended.
    watches: Arc<buildbot::Watches>,
}

impl HttpStatus {
    /// The master whose site is at `base`, e.g. `https://ci.example.org/`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if `base` is no address of HTTP.
    pub fn new(base: &str, options: HttpOptions) -> Result<Self> {
        let bad = |why: &str| Error::invalid("url", format!("`{base}` {why}"));
        let url = reqwest::Url::parse(base).map_err(|error| bad(&format!("is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("is no address such as `https://ci.example.org/`"));
        }
        if options.ca.is_some() && url.scheme() == "http" {
            return Err(bad(
                "is an address without TLS, but a CA is given; with TLS it begins with `https://`",
            ));
        }
        let client = client(&options)
            .map_err(|error| Error::internal(format!("the HTTP client cannot start: {error}")))?;
        Ok(Self {
            client,
            base: format!("{}/", url.as_str().trim_end_matches('/')),
            options,
            caller: None,
            without_times: Arc::default(),
            is_buildbot: Arc::default(),
            watches: Arc::default(),
        })
    }
}

impl HttpStatus {
    /// Whether cursors tell places from which a watch can be resumed, as over every binding of Weir's. A Buildbot master
    /// numbers no events: what happens between a read and a watch, or between two watches, may be missed there, and
    /// whoever follows something reads it again once the watch has begun.
    ///
    /// # Errors
    /// Those of a read: the server is asked once what it is.
    pub async fn resumes(&self) -> Result<bool> {
        Ok(!self.is_buildbot().await?)
    }
}

fn client(options: &HttpOptions) -> reqwest::Result<reqwest::Client> {
    let mut client = reqwest::Client::builder()
        .connect_timeout(options.timeout.min(Duration::from_secs(10)))
        .redirect(reqwest::redirect::Policy::custom(follow));
    if let Some(ca) = &options.ca {
        client = client.tls_built_in_root_certs(false);
        for authority in reqwest::Certificate::from_pem_bundle(ca.pem())? {
            client = client.add_root_certificate(authority);
        }
    }
    client.build()
}

/// A few redirects are followed, but not from a signing out to the page that a browser would show then.
fn follow(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let from = attempt.previous().last().map_or("", |url| url.path());
    if from.ends_with(v2::SIGN_OUT) {
        return attempt.stop();
    }
    match attempt.previous().len() {
        0..=3 => attempt.follow(),
        _ => attempt.error("too many redirects"),
    }
}
