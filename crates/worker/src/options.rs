//! What a worker is told at its start, and why it ends.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint, Error as TransportError};
use weir_tls::{AddressError, Ca, endpoint};

use crate::dial::Dial;
use crate::simulation::Simulation;

/// How much a worker keeps on disk for its master if nothing else is said, in bytes.
pub const DEFAULT_JOURNAL_SIZE: u64 = 1024 * 1024 * 1024;

/// What a worker is told at its start.
#[derive(Clone)]
pub struct Options {
    /// The master's address, e.g. `grpc://127.0.0.1:8010`; with TLS `grpcs://ci.example:8010`.
    pub master: String,
    /// The authorities to trust over TLS, in place of the public ones.
    pub ca: Option<Ca>,
    /// How to reach the master, if not over TCP; its address is for the log then.
    pub dial: Option<Dial>,
    /// The worker's name, as the master's configuration has it.
    pub name: String,
    /// The worker's token, as the master's configuration has it.
    pub token: String,
    /// The folder below which commands run; made if it does not exist.
    pub base_dir: PathBuf,
    /// A random text, a new one for each process. It also seeds the delays between attempts to connect.
    pub instance: String,
    /// The version of the program, for the master's lists.
    pub version: String,
    /// Who keeps the worker, for the master's lists; may be empty.
    pub admin: String,
    /// Where to reach the host, for the master's lists; may be empty.
    pub access_uri: String,
    /// The environment from which that of each command is made.
    pub environment: BTreeMap<OsString, OsString>,
    /// How much the worker keeps on disk of what its commands said and the master has not stored, in bytes.
    pub journal_size: u64,
    /// Makes up what commands do; they run if there is none.
    pub simulation: Option<Simulation>,
    /// The delay after the first lost connection.
    pub backoff_first: Duration,
    /// The longest delay between attempts to connect.
    pub backoff_most: Duration,
    /// How long an attempt to connect may take.
    pub connect_timeout: Duration,
    /// How long after a command's end its output may stay open because something that it started holds it.
    pub drain_grace: Duration,
}

impl Options {
    /// The usual options, with the environment of this process. `instance` is a new random text.
    pub fn new(
        master: impl Into<String>,
        name: impl Into<String>,
        token: impl Into<String>,
        base_dir: impl Into<PathBuf>,
        instance: impl Into<String>,
    ) -> Self {
        Self {
            master: master.into(),
            ca: None,
            dial: None,
            name: name.into(),
            token: token.into(),
            base_dir: base_dir.into(),
            instance: instance.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            admin: String::new(),
            access_uri: String::new(),
            environment: std::env::vars_os().collect(),
            journal_size: DEFAULT_JOURNAL_SIZE,
            simulation: None,
            backoff_first: Duration::from_millis(500),
            backoff_most: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(20),
            drain_grace: Duration::from_secs(2),
        }
    }

    pub(crate) fn target(&self) -> Result<Target, Error> {
        let endpoint = endpoint(&self.master, self.ca.as_ref())
            .map_err(|why| Error::Url {
                url: self.master.clone(),
                why,
            })?
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .initial_stream_window_size(1024 * 1024)
            .initial_connection_window_size(1024 * 1024);
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", self.token.trim())
            .parse()
            .ok()
            .filter(|_| !self.token.trim().is_empty())
            .ok_or(Error::Token)?;
        bearer.set_sensitive(true);
        let dial = self.dial.clone();
        Ok(Target {
            endpoint,
            dial,
            bearer,
        })
    }

    pub(crate) fn refused(&self, status: &tonic::Status) -> Error {
        match status.code() {
            tonic::Code::Unauthenticated => Error::Refused {
                url: self.master.clone(),
                name: self.name.clone(),
            },
            _ => Error::Protocol {
                url: self.master.clone(),
                why: status.message().to_owned(),
            },
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("master", &self.master)
            .field("name", &self.name)
            .field("base_dir", &self.base_dir)
            .finish_non_exhaustive()
    }
}

/// Where to connect to, and with what.
#[derive(Debug)]
pub(crate) struct Target {
    endpoint: Endpoint,
    dial: Option<Dial>,
    pub(crate) bearer: MetadataValue<Ascii>,
}

impl Target {
    /// Connects to it.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub(crate) async fn connect(&self) -> Result<Channel, TransportError> {
        let Some(dial) = self.dial.clone() else {
            return self.endpoint.connect().await;
        };
        let dialling = tower::service_fn(move |_| {
            let connection = dial.connect();
            async move { connection.await.map(TokioIo::new) }
        });
        self.endpoint.connect_with_connector(dialling).await
    }
}

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The master does not know the name, or the token is another.
    #[error(
        "the master at {url} refuses the worker `{name}`: the name or the token is wrong; compare them with \
         `worker(...)` in the master's configuration"
    )]
    Refused {
        /// The master.
        url: String,
        /// The worker's name.
        name: String,
    },
    /// The master found the worker to break the protocol.
    #[error("the master at {url} does not understand this worker ({why}); are their versions the same?")]
    Protocol {
        /// The master.
        url: String,
        /// What it said.
        why: String,
    },
    /// The address cannot be used.
    #[error("`{url}` {why}")]
    Url {
        /// The address.
        url: String,
        /// Why.
        why: AddressError,
    },
    /// The token cannot be sent.
    #[error("the token is empty, or has characters other than visible ASCII")]
    Token,
    /// The folder cannot be used.
    #[error("the folder {path} cannot be used: {source}", path = .path.display())]
    BaseDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has the folder.
    #[error("another worker runs in the folder {path}; each needs a folder of its own", path = .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}
