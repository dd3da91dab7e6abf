//! How readers are served, from the command line.

use std::net::IpAddr;
use std::sync::Arc;

use clap::Args;
use weir_status_api::Result;
use weir_status_db::Store;
use weir_status_grpc::{Admit, Asking};
use weir_web::{Admission, Options, Present, Rate, StreamLimits};

/// How many reads of the same store may be under way at once for callers without a credential: fewer than the
/// store has connections, so that there is always one for everybody else.
const READS_OF_A_STORE: usize = 2;

/// Counts the watches of gRPC with the other event streams. Whoever presents a good token, such as a gateway of the
/// site's own, is bounded with all others alone.
pub(crate) struct Watches {
    admission: Admission,
    trusted: Vec<IpAddr>,
}

impl Watches {
    /// Beside the streams that are served with `options`.
    pub(crate) fn beside(options: &Options) -> Self {
        Self {
            admission: options.admission.clone(),
            trusted: options.trusted_proxies.clone(),
        }
    }
}

impl Admit for Watches {
    fn admit(&self, asking: Asking<'_>) -> Result<Box<dyn Send>> {
        let admitted = match asking.known {
            true => self.admission.admit_many(),
            false => self
                .admission
                .admit_from(&self.trusted, asking.extensions, asking.headers),
        };
        Ok(Box::new(admitted?))
    }
}

/// What readers may take.
#[derive(Args, Clone, Debug)]
pub(crate) struct Readers {
    /// How often a second one address may ask without a token; 0 for no limit.
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().anonymous_rate.per_second)]
    read_rate: u32,
    /// How often it may ask at once after a quiet time.
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().anonymous_rate.burst)]
    read_burst: u32,
    /// Limit addresses of this machine too.
    #[arg(long)]
    limit_loopback: bool,
    /// A proxy that is believed when it says for whom it asks (`X-Forwarded-For`); may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
    /// How many event streams (server-sent events, WebSockets, and watches over gRPC) may be open at once.
    #[arg(long, value_name = "NUMBER", default_value_t = StreamLimits::default().total)]
    max_streams: usize,
    /// How many of them one address may have.
    #[arg(long, value_name = "NUMBER", default_value_t = StreamLimits::default().per_address)]
    streams_per_address: usize,
    /// How many of them an address of this machine may have, such as that of a proxy.
    #[arg(long, value_name = "NUMBER", default_value_t = StreamLimits::default().per_loopback)]
    streams_per_loopback: usize,
}

impl Readers {
    /// For a gateway to a master elsewhere.
    pub(crate) fn gateway(&self) -> Options {
        Options {
            anonymous_rate: Rate {
                per_second: self.read_rate,
                burst: self.read_burst,
            },
            limit_loopback: self.limit_loopback,
            trusted_proxies: self.trusted_proxy.clone(),
            admission: Admission::new(StreamLimits {
                total: self.max_streams,
                per_address: self.streams_per_address,
                per_loopback: self.streams_per_loopback,
            }),
            ..Options::default()
        }
    }

    /// For a master, beside `store`.
    pub(crate) fn master(&self, store: Store) -> Options {
        let all = Arc::new(store.clone());
        let present = Present::new(move || store.newest()).seeing_all(all);
        Options {
            present: Some(present),
            anonymous_reads: READS_OF_A_STORE,
            ..self.gateway()
        }
    }
}
