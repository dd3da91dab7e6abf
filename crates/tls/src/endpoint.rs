//! Addresses of gRPC, with TLS or without.

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::Ca;

/// Why an address cannot be used; each reads on after the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is none.
    #[error("is no address such as `grpc://127.0.0.1:8010`, or `grpcs://ci.example:8010` with TLS")]
    Malformed,
    /// Authorities are given for an address without TLS, where they would protect nothing.
    #[error("is an address without TLS, but a CA is given; with TLS it begins with `grpcs://` or `https://`")]
    CaWithoutTls,
    /// TLS cannot be set up for it.
    #[error("cannot be used with TLS: {why}")]
    Tls {
        /// Why.
        why: String,
    },
}

/// The endpoint at `url`: `grpc://host:port` or `http://…` without TLS, `grpcs://host:port` or `https://…` with it.
/// With TLS the server must have a certificate for that host by one of the authorities of `ca`, else by a public one.
///
/// # Errors
/// [`AddressError`] if the address cannot be used, or a `ca` is given for one without TLS.
pub fn endpoint(url: &str, ca: Option<&Ca>) -> Result<Endpoint, AddressError> {
    let (scheme, address) = url.split_once("://").ok_or(AddressError::Malformed)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "grpc" | "http" => "http",
        "grpcs" | "https" => "https",
        _ => return Err(AddressError::Malformed),
    };
    let endpoint =
        Endpoint::from_shared(format!("{scheme}://{address}")).map_err(|_| AddressError::Malformed)?;
    match (scheme, ca) {
        ("http", None) => Ok(endpoint),
        ("http", Some(_)) => Err(AddressError::CaWithoutTls),
        (_, ca) => endpoint.tls_config(trusting(ca)).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let why = cause.unwrap_or_else(|| error.to_string());
            AddressError::Tls { why }
        }),
    }
}

fn trusting(ca: Option<&Ca>) -> ClientTlsConfig {
    match ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca.pem())),
        None => ClientTlsConfig::new().with_webpki_roots(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_whether_it_has_tls() {
        for (url, scheme) in [
            ("grpc://127.0.0.1:8010", "http"),
            ("http://localhost:8010/", "http"),
            ("grpcs://ci.example:8010", "https"),
            ("HTTPS://[::1]:8010", "https"),
        ] {
            let endpoint = endpoint(url, None).unwrap();
            assert_eq!(endpoint.uri().scheme_str(), Some(scheme), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "127.0.0.1:8010",
            "ftp://host",
            "grpc:s//host",
            "grpc://",
            "grpcs://a b",
        ] {
            assert_eq!(endpoint(url, None).unwrap_err(), AddressError::Malformed, "{url}");
        }
    }
}
