//! The authorities that a client trusts.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;

use crate::pem::{self, Error};

/// Authorities of one's own, which a client trusts in place of the public ones.
#[derive(Clone, PartialEq, Eq)]
pub struct Ca {
    pem: Arc<[u8]>,
}

impl Ca {
    /// The authorities whose certificates the file holds, as PEM.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read or holds none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = pem::read(path)?;
        let certificates = pem::certificates(path, &bytes)?;
        // Bundles hold old ones that nobody understands any more; one that can be used is enough.
        let (usable, _) = RootCertStore::empty().add_parsable_certificates(certificates);
        if usable == 0 {
            return Err(Error::Broken {
                path: path.to_owned(),
                why: "none of its certificates can be understood".to_owned(),
            });
        }
        Ok(Self { pem: bytes.into() })
    }

    /// Their certificates, as PEM; at least one.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ca({} bytes of PEM)", self.pem.len())
    }
}
