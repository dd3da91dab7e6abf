//! TLS of a server: its certificate from the command line or the configuration, and the renewal of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;
use weir_tls::{Files, Identity, Renewal};

use crate::failure::Failure;
use crate::signals;

/// How often the files are looked at; see [`Identity::look`].
const LOOK: Duration = Duration::from_secs(2);

/// The certificate of a server, from the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Tls {
    /// Serve with TLS: the certificate as PEM, and then those that lead to its authority. Read again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key of the certificate, as PEM without a password.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl Tls {
    /// The certificate and key to serve with: those given here, else those of the configuration. None without TLS.
    pub(crate) fn identity(self, configured: Option<Files>) -> Result<Option<Arc<Identity>>, Failure> {
        let given = self.tls_certificate.zip(self.tls_key);
        let given = given.map(|(certificate, key)| Files { certificate, key });
        let Some(files) = given.or(configured) else {
            return Ok(None);
        };
        let identity = Identity::read(files).map_err(|why| Failure::usage(format!("no TLS: {why}")))?;
        Ok(Some(Arc::new(identity)))
    }
}

/// Refuses to be reached from other machines without TLS, unless `allowed`, which `permission` does.
pub(crate) fn check(
    address: SocketAddr,
    tls: Option<&Arc<Identity>>,
    allowed: bool,
    permission: &str,
) -> Result<(), Failure> {
    if address.ip().is_loopback() || tls.is_some() || allowed {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{address} can be reached from other machines and has no TLS; give --tls-certificate and --tls-key, put a \
         proxy with TLS before a loopback address, or {permission}"
    )))
}

/// The beginning of the addresses that are served.
pub(crate) fn scheme(tls: Option<&Arc<Identity>>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// Renews the certificate until `stop`, when its files have changed or the process gets SIGHUP.
pub(crate) fn keep_renewed(identity: Arc<Identity>, stop: CancellationToken) -> Result<(), Failure> {
    let mut hangups = signals::hangups()?;
    tokio::spawn(async move {
        loop {
            let told = tokio::select! {
                () = tokio::time::sleep(LOOK) => false,
                _ = hangups.recv() => true,
                () = stop.cancelled() => return,
            };
            let looking = Arc::clone(&identity);
            let look = move || {
                if told {
                    looking.read_again()
                } else {
                    looking.look()
                }
            };
            let certificate = identity.files().certificate.display();
            match tokio::task::spawn_blocking(look).await {
                Ok(Renewal::Renewed) => {
                    tracing::info!("the certificate in {certificate} is served from now on")
                }
                Ok(Renewal::Kept(why)) => {
                    tracing::warn!(
                        "the certificate was not renewed, and the one from before is served on: {why}"
                    );
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the certificate's files could not be looked at"),
            }
        }
    });
    Ok(())
}
