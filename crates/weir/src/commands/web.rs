//! `weir web`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use weir_web::Relay;

use crate::failure::Failure;
use crate::hosts::{Hosts, Names};
use crate::readers::Readers;
use crate::upstream::Upstream;
use crate::{assets, log, server, signals};

/// Serves the JSON API and the web status of a master elsewhere. It keeps nothing; run as many as you like.
#[derive(Args)]
pub(crate) struct Web {
    #[command(flatten)]
    upstream: Upstream,
    /// Where to serve.
    #[arg(long, default_value = "127.0.0.1:8011", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Serve beyond this machine without TLS.
    #[arg(long)]
    plain_text_beyond_loopback: bool,
    /// Origins whose pages may use the API, e.g. `https://status.example`; may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    #[command(flatten)]
    hosts: Hosts,
    #[command(flatten)]
    readers: Readers,
    /// The title that the web status shows.
    #[arg(long, default_value = "Weir")]
    title: String,
}

impl Web {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        if !self.listen.ip().is_loopback() && !self.plain_text_beyond_loopback {
            return Err(Failure::usage(format!(
                "{} can be reached from other machines and has no TLS; put a proxy with TLS before a loopback \
                 address, or give --plain-text-beyond-loopback",
                self.listen
            )));
        }
        let stop = signals::ending()?;
        // Whoever calls is known to the master alone: their token goes there with what they ask for.
        let access = Arc::new(Relay::new(self.upstream.connect_for_others()?));
        let readers = self.readers.gateway();
        let router = assets::gateway(access, self.title, self.allow_origin, readers, stop.clone());
        let names = Names::of(self.listen, &self.hosts);
        let listener = server::bind(self.listen).await?;
        tracing::info!("serving http://{}", listener.local_addr()?);
        server::serve(listener, server::join(router, None, names), stop).await;
        Ok(())
    }
}
