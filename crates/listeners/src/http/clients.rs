//! The clients that listeners share.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};

use super::addresses::is_internal;

/// Clients that trust the same authorities, each made when it is first needed. What a client holds is large beside what
/// a listener does: its authorities, and the connections that rest. So all listeners of a process that trust only the
/// usual ones have the same.
#[derive(Default)]
pub(crate) struct Clients {
    authorities: Vec<Certificate>,
    configured: OnceLock<Client>,
    external: OnceLock<Client>,
}

impl Clients {
    /// Those that trust these authorities beside the usual ones.
    pub(super) fn trusting(authorities: Vec<Certificate>) -> Self {
        Self {
            authorities,
            ..Self::default()
        }
    }

    /// The client for addresses that are configured.
    ///
    /// # Errors
    /// If an authority cannot be used.
    pub(super) fn configured(&self) -> Result<Client, reqwest::Error> {
        made(&self.configured, || self.builder())
    }

    /// The client for addresses that others name: it goes nowhere within the own network.
    ///
    /// # Errors
    /// If an authority cannot be used.
    pub(super) fn external(&self) -> Result<Client, reqwest::Error> {
        // No proxy of the environment either, which would resolve names itself.
        made(&self.external, || {
            self.builder().dns_resolver(Arc::new(External)).no_proxy()
        })
    }

    fn builder(&self) -> ClientBuilder {
        // Redirects are followed elsewhere: by itself the client would turn a post into a get, and go anywhere.
        let builder = Client::builder()
            .user_agent(concat!("Weir/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none());
        let authorities = self.authorities.iter().cloned();
        authorities.fold(builder, ClientBuilder::add_root_certificate)
    }
}

/// What is in the place, or else what is built now.
fn made(place: &OnceLock<Client>, builder: impl Fn() -> ClientBuilder) -> Result<Client, reqwest::Error> {
    if let Some(client) = place.get() {
        return Ok(client.clone());
    }
    let client = builder().build()?;
    Ok(place.get_or_init(|| client).clone())
}

/// A name has no address but within the own network.
#[derive(Debug, thiserror::Error)]
#[error("it is within the own network, where no answer may redirect to")]
pub(super) struct OwnNetwork;

/// Resolves names to addresses that are not of the own network.
struct External;

impl Resolve for External {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.filter(|it| !is_internal(it.ip())).collect();
            match found.is_empty() {
                true => Err(OwnNetwork.into()),
                false => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}
