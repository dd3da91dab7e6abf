//! Files of certificates and keys, and what may be wrong with them.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The largest file that is read, in bytes: those with all public authorities have some 250 kB.
const MOST_BYTES: u64 = 4 << 20;

/// What is wrong with a certificate or key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("there is no file {path}; `openssl req -x509` makes a certificate, certbot gets a public one", path = .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read: {why}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no certificate in the file.
    #[error("{path} holds no certificate as PEM, which begins with `-----BEGIN CERTIFICATE-----`{hint}", path = .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is there in its place; may be empty.
        hint: &'static str,
    },
    /// There is no key in the file.
    #[error("{path} holds no private key as PEM, which begins with `-----BEGIN PRIVATE KEY-----`{hint}", path = .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is there in its place; may be empty.
        hint: &'static str,
    },
    /// The key needs a password.
    #[error(
        "the key in {path} is encrypted, and nobody is there to type its password; \
         `openssl pkey -in {path} -out plain.key` takes it off",
        path = .path.display()
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// A certificate or key cannot be understood.
    #[error("what {path} holds cannot be used: {why}; make or copy it again", path = .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key is another certificate's.
    #[error(
        "the key in {key} is not that of the first certificate in {certificate}; give the two that belong together, \
         the server's own certificate first",
        key = .key.display(),
        certificate = .certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

impl Error {
    /// The file at fault; the key's if the two do not belong together.
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing { path }
            | Self::Unreadable { path, .. }
            | Self::NoCertificate { path, .. }
            | Self::NoKey { path, .. }
            | Self::EncryptedKey { path }
            | Self::Broken { path, .. }
            | Self::Mismatch { key: path, .. } => path,
        }
    }
}

/// The whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |why: String| Error::Unreadable {
        path: path.to_owned(),
        why,
    };
    let mut bytes = vec![];
    // What is no file, such as a pipe, may have no end, or nobody at the other one.
    std::fs::metadata(path)
        .and_then(|facts| match facts.is_file() {
            true => std::fs::File::open(path),
            false => Err(std::io::Error::other("it is no file")),
        })
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Missing {
                path: path.to_owned(),
            },
            _ => unreadable(error.to_string()),
        })?;
    match bytes.len() as u64 {
        0..=MOST_BYTES => Ok(bytes),
        _ => Err(unreadable(format!("it has more than {MOST_BYTES} bytes"))),
    }
}

/// The certificates in `bytes`, which are those of the file `path`; at least one.
pub(crate) fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let found = found.map_err(|error| broken(path, &error))?;
    if !found.is_empty() {
        return Ok(found);
    }
    let hint = if has(bytes, "PRIVATE KEY-----") {
        "; it holds a key: are the two files swapped?"
    } else {
        other_form(bytes)
    };
    let path = path.to_owned();
    Err(Error::NoCertificate { path, hint })
}

/// The key in `bytes`, which are those of the file `path`.
pub(crate) fn key(path: &Path, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    if has(bytes, "-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(bytes, "Proc-Type: 4,ENCRYPTED") {
        let path = path.to_owned();
        return Err(Error::EncryptedKey { path });
    }
    if let Some(key) = PrivateKeyDer::pem_slice_iter(bytes).next() {
        return key.map_err(|error| broken(path, &error));
    }
    let hint = if has(bytes, "-----BEGIN CERTIFICATE-----") {
        "; it holds a certificate: are the two files swapped?"
    } else {
        other_form(bytes)
    };
    let path = path.to_owned();
    Err(Error::NoKey { path, hint })
}

fn broken(path: &Path, error: &pem::Error) -> Error {
    let why = match error {
        pem::Error::MissingSectionEnd { .. } => "it is cut off, its `-----END` is missing".to_owned(),
        other => other.to_string(),
    };
    let path = path.to_owned();
    Error::Broken { path, why }
}

/// A hint for files of DER, which all begin as a sequence does.
fn other_form(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x30, ..] => "; it looks like DER or PKCS #12, which `openssl` can turn into PEM",
        _ => "",
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}
