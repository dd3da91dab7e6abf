//! TLS, as every listener and every client of Weir uses it.
//!
//! A server has an [`Identity`]: a certificate and its key, read again when their files change. A client trusts the
//! public authorities, or those of a [`Ca`]; [`endpoint`] makes one for an address, with TLS or without. What went
//! wrong between them is [`explained`](explain) in words.
//!
//! # Goals
//! - One place says which protocols, ciphers and authorities there are: those of rustls with ring, no settings.
//! - A renewed certificate needs no restart, and a broken one does no harm.
//! - Each mistake with files is one sentence with the way out.
//!
//! # Non-goals
//! - Certificates of clients: a token tells who calls.
//! - Getting certificates: certbot and the like do it.

mod ca;
#[cfg(feature = "client")]
mod endpoint;
mod explain;
mod identity;
mod pem;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

pub use ca::Ca;
#[cfg(feature = "client")]
pub use endpoint::{AddressError, endpoint};
pub use explain::explain;
pub use identity::{Files, Identity, Renewal};
pub use pem::Error;
pub use tokio_rustls::TlsAcceptor;

/// What encrypts.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
