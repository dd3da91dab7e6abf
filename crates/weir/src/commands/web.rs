//! `weir web`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use weir_web::Relay;

use crate::failure::Failure;
use crate::hosts::{Hosts, Names};
use crate::pages::Pages;
use crate::readers::Readers;
use crate::tls::Tls;
use crate::upstream::Upstream;
use crate::{assets, log, server, signals, tls};

/// Serves the JSON API and the web status of a master elsewhere, also of a Buildbot master. It keeps nothing; run as many
/// as you like.
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
    tls: Tls,
    #[command(flatten)]
    hosts: Hosts,
    #[command(flatten)]
    readers: Readers,
    #[command(flatten)]
    pages: Pages,
    /// The title that the web status shows.
    #[arg(long, default_value = "Weir")]
    title: String,
}

impl Web {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        let identity = self.tls.identity(None)?;
        let permission = "give --plain-text-beyond-loopback";
        tls::check(
            self.listen,
            identity.as_ref(),
            self.plain_text_beyond_loopback,
            permission,
        )?;
        let stop = signals::ending()?;
        let pages = self.pages.buildbot()?;
        let passage = self.upstream.passage()?;
        if passage.is_some() && pages.is_some() {
            return Err(Failure::usage(
                "--ui buildbot shows masters at grpc://… and grpcs://…; a site with JSON has pages of its own",
            ));
        }
        // Whoever calls is known to the master alone: their token goes there with what they ask for.
        let access = Arc::new(Relay::new(self.upstream.connect_for_others()?));
        let readers = weir_web::Options {
            over_tls: identity.is_some(),
            passage,
            ..self.readers.gateway()
        };
        let router = assets::gateway(
            access,
            self.title,
            self.allow_origin,
            readers,
            pages,
            stop.clone(),
        );
        let names = Names::of(self.listen, &self.hosts);
        let listener = server::bind(self.listen).await?;
        if let Some(identity) = &identity {
            tls::keep_renewed(Arc::clone(identity), stop.clone())?;
        }
        let scheme = tls::scheme(identity.as_ref());
        tracing::info!("serving {scheme}://{}", listener.local_addr()?);
        server::serve(listener, server::join(router, None, names), identity, stop).await;
        Ok(())
    }
}
