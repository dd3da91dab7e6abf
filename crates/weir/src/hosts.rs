//! The names under which a server may be reached.
//!
//! A page of any site can let its own name lead to this machine (DNS rebinding), and would then be of the same
//! origin as a server that answers to every name. One on a loopback address, which trusts whoever reaches it,
//! therefore answers to addresses, `localhost` and the names that it was given.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use clap::Args;
use http::uri::Authority;
use http::{Request, header};

/// What this machine calls itself.
pub(crate) fn own() -> String {
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|it| it.into_string().ok());
    name.unwrap_or_else(|| "localhost".to_owned())
}

/// Names of a server, from the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Hosts {
    /// A name under which people reach this address, e.g. through a proxy that passes it on; may be repeated.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

/// Which names a server answers to.
#[derive(Clone, Debug)]
pub(crate) struct Names(Option<Vec<String>>);

impl Names {
    /// Those of a server at `address`: any beyond loopback, where its name is the network's business.
    pub(crate) fn of(address: SocketAddr, hosts: &Hosts) -> Self {
        Self(address.ip().is_loopback().then(|| hosts.hosts.clone()))
    }

    /// Whether the request came under one of them.
    pub(crate) fn know(&self, request: &Request<Body>) -> bool {
        let Some(names) = &self.0 else { return true };
        let header = || request.headers().get(header::HOST)?.to_str().ok();
        let authority = match request.uri().authority() {
            Some(authority) => Some(authority.clone()),
            None => header().and_then(|it| it.parse::<Authority>().ok()),
        };
        let Some(authority) = authority else { return false };
        let host = authority.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(address: &str, host: &str) -> bool {
        let hosts = Hosts {
            hosts: vec!["ci.example".to_owned()],
        };
        let request = Request::builder().header(header::HOST, host);
        let names = Names::of(address.parse().unwrap(), &hosts);
        names.know(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn another_sites_name_is_not_known() {
        let here = "127.0.0.1:8010";
        for host in [
            "127.0.0.1:8010",
            "[::1]:8010",
            "localhost",
            "LOCALHOST:1",
            "ci.example:443",
        ] {
            assert!(knows(here, host), "{host}");
        }
        for host in ["evil.test:8010", "127.0.0.1.evil.test", "localhost.evil.test", ""] {
            assert!(!knows(here, host), "{host}");
        }
        assert!(knows("192.0.2.1:8010", "evil.test"));
    }
}
