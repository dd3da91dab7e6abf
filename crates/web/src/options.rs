//! How the gateway goes about it.

use std::time::Duration;

use tokio::sync::watch;

use crate::Assets;

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
    /// What the web status's pages may load; see the header of that name.
    pub content_security_policy: String,
    /// How long the status API may take for a read or a command.
    pub deadline: Duration,
    /// The longest silence of an event stream; a bookmark ends it.
    pub heartbeat: Duration,
    /// How many event streams may be open at once.
    pub max_streams: usize,
    /// Bytes that a command's body may have.
    pub max_body: usize,
    /// Bytes that a request's path and query may have together.
    pub max_url: usize,
    /// Bytes that a request's headers may have together.
    pub max_headers: usize,
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
            // Svelte sets styles on elements; scripts come from files only.
            content_security_policy:
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                                      object-src 'none'; base-uri 'none'; form-action 'self'; \
                                      frame-ancestors 'self'"
                    .to_owned(),
            deadline: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            max_streams: 10_000,
            max_body: 1 << 20,
            max_url: 16 << 10,
            max_headers: 32 << 10,
            closing: None,
        }
    }
}
