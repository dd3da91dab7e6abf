//! A server's certificate and key.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::pem::{self, Error};

/// What is offered, best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where a server's certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate and then those that lead to its authority, as PEM.
    pub certificate: PathBuf,
    /// The key of the first, as PEM.
    pub key: PathBuf,
}

impl Files {
    fn read(&self) -> Result<CertifiedKey, Error> {
        let chain = pem::certificates(&self.certificate, &pem::read(&self.certificate)?)?;
        let key = pem::key(&self.key, &pem::read(&self.key)?)?;
        let broken = |path: &Path, why: rustls::Error| Error::Broken {
            path: path.to_owned(),
            why: why.to_string(),
        };
        CertifiedKey::from_der(chain, key, &crate::provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => Error::Mismatch {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
            },
            rustls::Error::InvalidCertificate(_) => broken(&self.certificate, error),
            _ => broken(&self.key, error),
        })
    }
}

/// A server's certificate and key, as their files had them when they were last whole. Whoever connects is shown the
/// newest; connections that stand go on.
pub struct Identity {
    files: Files,
    shown: RwLock<Arc<CertifiedKey>>,
    looks: Mutex<Looks>,
}

/// How the files were found.
#[derive(Default)]
struct Looks {
    /// When they were last read.
    read: Option<Marks>,
    /// When they were last looked at.
    last: Option<Marks>,
}

/// What changes when one of the files does; none for one that is not there.
type Marks = [Option<(u64, u64, i64, i64, i64)>; 2];

/// What came of a look at the files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// They are as they were.
    Unchanged,
    /// From now on there is another certificate.
    Renewed,
    /// There is something wrong with them; the certificate is the one that it was.
    Kept(Error),
}

impl Identity {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Error`] if they are not there, or not a certificate and its key.
    pub fn read(files: Files) -> Result<Self, Error> {
        let read = Some(marks(&files));
        Ok(Self {
            shown: RwLock::new(Arc::new(files.read()?)),
            looks: Mutex::new(Looks { read, last: read }),
            files,
        })
    }

    /// Where they are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Looks at the files, and reads them again if they have changed and then were still for as long as it is from
    /// one look to the next: whoever renews them writes one after the other.
    pub fn look(&self) -> Renewal {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Some(marks(&self.files));
        let is_still = looks.last == now;
        looks.last = now;
        if !is_still || looks.read == now {
            return Renewal::Unchanged;
        }
        looks.read = now;
        self.renew()
    }

    /// Reads the files again, changed or not.
    pub fn read_again(&self) -> Renewal {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.read = Some(marks(&self.files));
        self.renew()
    }

    fn renew(&self) -> Renewal {
        match self.files.read() {
            Ok(read) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                Renewal::Renewed
            }
            Err(error) => Renewal::Kept(error),
        }
    }

    /// What makes TLS of connections, by HTTP/2 or HTTP/1.1.
    ///
    /// # Panics
    /// Never: what encrypts is built in.
    pub fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(crate::provider())
            .with_safe_default_protocol_versions()
            .expect("ring has what both versions of TLS need")
            .with_no_client_auth()
            .with_cert_resolver(self);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn marks(files: &Files) -> Marks {
    [&files.certificate, &files.key].map(|path| {
        let it = std::fs::metadata(path).ok()?;
        Some((it.ino(), it.len(), it.mtime(), it.mtime_nsec(), it.ctime_nsec()))
    })
}
