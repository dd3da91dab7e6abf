//! How the gateway goes about it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use weir_status_api::{Cursor, StatusApi};

use crate::{Admission, Assets, Passage};

/// Tells the cursor of the newest event, without waiting.
#[derive(Clone)]
pub struct Present {
    newest: Arc<dyn Fn() -> Cursor + Send + Sync>,
    all: Option<Arc<dyn StatusApi>>,
}

impl Present {
    /// As `newest` tells it: an event counts from before the moment at which whoever caused it learns of its commit.
    pub fn new(newest: impl Fn() -> Cursor + Send + Sync + 'static) -> Self {
        Self {
            newest: Arc::new(newest),
            all: None,
        }
    }

    /// And the API in which nothing is hidden, so that an answer is kept no longer where its reader may not see any
    /// more what it showed, and is kept on whatever else happens that they do not see.
    #[must_use]
    pub fn seeing_all(self, api: Arc<dyn StatusApi>) -> Self {
        Self {
            all: Some(api),
            ..self
        }
    }

    pub(crate) fn all(&self) -> Option<&Arc<dyn StatusApi>> {
        self.all.as_ref()
    }

    pub(crate) fn cursor(&self) -> Cursor {
        (self.newest)()
    }
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Present({})", self.cursor())
    }
}

/// How often one address may ask: so many times at once, and so many times a second from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second; no limit if 0.
    pub per_second: u32,
    /// Requests at once, after a quiet time.
    pub burst: u32,
}

/// How a gateway goes about it; [`Options::default`] is safe everywhere.
#[derive(Clone, Debug)]
pub struct Options {
    /// What pages show as the site's name.
    pub title: String,
    /// The address under which people reach the site, with a slash at its end; if none, that of the request.
    pub base_url: Option<String>,
    /// Other origins whose pages may use the API, e.g. `https://status.example.org`; `*` stands for any
    /// characters. The site's own origin always may.
    pub allowed_origins: Vec<String>,
    /// The web status's files.
    pub assets: Assets,
    /// The site that has the API, if it is to be handed on from there.
    pub passage: Option<Passage>,
    /// What the web status's pages may load; see the header of that name.
    pub content_security_policy: String,
    /// How long the status API may take for a read or a command.
    pub deadline: Duration,
    /// The longest silence of an event stream; a bookmark or a ping ends it.
    pub heartbeat: Duration,
    /// How long a socket's client may take to give a sign of life, or to take what is sent.
    pub patience: Duration,
    /// How many event streams may be open at once.
    pub admission: Admission,
    /// Bytes that a message of a socket's client may have.
    pub max_frame: usize,
    /// Bytes that a command's body may have.
    pub max_body: usize,
    /// Bytes that a request's path and query may have together.
    pub max_url: usize,
    /// Bytes that a request's headers may have together.
    pub max_headers: usize,
    /// Bytes that kept answers may have together; nothing is kept if 0.
    pub kept_bytes: usize,
    /// Bytes that large answers may have together that clients are still taking; twice: for callers with and
    /// without a credential.
    pub answer_bytes: usize,
    /// The newest event of the status API. With it a kept answer is never older than what happened before it was
    /// asked for; without it, than what this gateway told before or did.
    pub present: Option<Present>,
    /// How often an address may ask without a credential.
    pub anonymous_rate: Rate,
    /// How often an address may ask with a credential, which is looked at only later.
    pub known_rate: Rate,
    /// Whether addresses of this machine are limited too.
    pub limit_loopback: bool,
    /// The proxies that are believed when they say, in `X-Forwarded-For`, for whom they ask.
    pub trusted_proxies: Vec<IpAddr>,
    /// How many reads without a credential may be under way at once.
    pub anonymous_reads: usize,
    /// How many reads with a credential may be under way at once.
    pub known_reads: usize,
    /// Whether people can sign in with a password; pages offer it then.
    pub sign_in: bool,
    /// Whether browsers reach the site over TLS only, so that links say so, and a session's cookie shall be sent over
    /// nothing else. That is so without this where [`Options::base_url`] says so.
    pub over_tls: bool,
    /// Becomes true when the server stops: event streams, which have no end of their own, end then.
    pub closing: Option<watch::Receiver<bool>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            title: "Weir".to_owned(),
            base_url: None,
            allowed_origins: vec![],
            assets: Assets::None,
            passage: None,
            // Svelte sets styles on elements; scripts come from files only.
            content_security_policy:
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                                      object-src 'none'; base-uri 'none'; form-action 'self'; \
                                      frame-ancestors 'self'"
                    .to_owned(),
            deadline: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            admission: Admission::default(),
            max_frame: 16 << 10,
            max_body: 1 << 20,
            max_url: 16 << 10,
            max_headers: 32 << 10,
            kept_bytes: 16 << 20,
            answer_bytes: 64 << 20,
            present: None,
            // A page of the web status asks a few dozen times when it is opened, and seldom after that.
            anonymous_rate: Rate {
                per_second: 100,
                burst: 400,
            },
            known_rate: Rate {
                per_second: 1_000,
                burst: 4_000,
            },
            limit_loopback: false,
            trusted_proxies: vec![],
            anonymous_reads: 16,
            known_reads: 32,
            sign_in: false,
            over_tls: false,
            closing: None,
        }
    }
}
