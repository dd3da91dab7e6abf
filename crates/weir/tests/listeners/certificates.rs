//! A receiver whose certificate is not right: what comes waits until people have mended it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::receiver::Receiver;
use crate::shown::{dead_letters, listener_is, says, waits};
use crate::site::Site;
use crate::{build, config, hook};

/// An authority that makes certificates.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { params, key, pem }
    }

    fn certify(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        server(&params.signed_by(&key, &issuer).unwrap().pem(), &key)
    }
}

/// A certificate's terms, for that name.
fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn self_signed() -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    server(&params("127.0.0.1").self_signed(&key).unwrap().pem(), &key)
}

fn expired() -> CertificateParams {
    let mut params = params("127.0.0.1");
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
    params
}

/// A server that presents that certificate.
fn server(pem: &str, key: &KeyPair) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// Accepts connections with TLS by the configuration of that moment.
struct Tls {
    listener: TcpListener,
    config: watch::Receiver<Arc<ServerConfig>>,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            let config = Arc::clone(&self.config.borrow());
            // Who does not trust us goes away.
            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A receiver with that certificate, and where it gets others.
async fn receiver(config: Arc<ServerConfig>) -> (Receiver, watch::Sender<Arc<ServerConfig>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let (renewed, config) = watch::channel(config);
    (Receiver::on(Tls { listener, config }, url), renewed)
}

fn trusting(name: &str, receiver: &Receiver, ca: Option<&Path>) -> String {
    let ca = ca.map(|it| format!("ca_file = {it:?}"));
    hook(name, &receiver.url, &ca.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_that_is_not_right_it_waits_and_says_why() {
    let authority = Authority::new();
    let right = || authority.certify(&params("127.0.0.1"));
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let (unknown, _same) = receiver(right()).await;
    let (own, own_renewed) = receiver(self_signed()).await;
    let (old, old_renewed) = receiver(authority.certify(&expired())).await;
    let (elsewhere, elsewhere_renewed) = receiver(authority.certify(&params("ci.example.org"))).await;
    let others = trusting("own", &own, Some(&ca))
        + &trusting("old", &old, Some(&ca))
        + &trusting("elsewhere", &elsewhere, Some(&ca));
    let site = Site::start(&config(&(trusting("unknown", &unknown, None) + &others))).await;
    let _worker = site.worker("w1");
    let build = build(&site).await;
    let names = ["unknown", "own", "old", "elsewhere"];
    for (name, why) in names.into_iter().zip([
        "the server's certificate is by no authority that is trusted here",
        "the server's certificate is by no authority that is trusted here",
        "the server's certificate has expired, or the clock here is wrong",
        "the server's certificate is for other names than the address has",
    ]) {
        waits(&site, name, why).await;
        assert!(dead_letters(&site, name).await.is_empty());
    }

    // People mend it: three get a right certificate, and one listener is told whom to trust.
    for renewed in [own_renewed, old_renewed, elsewhere_renewed] {
        renewed.send_replace(right());
    }
    std::fs::write(
        site.path("weir.star"),
        config(&(trusting("unknown", &unknown, Some(&ca)) + &others)),
    )
    .unwrap();
    says(&site, &["reconfig"]).await;
    for (name, receiver) in names.into_iter().zip([&unknown, &own, &old, &elsewhere]) {
        receiver.knows(&[build]).await;
        assert_eq!(receiver.taken(), [build]);
        listener_is(&site, name, "it is well", |it| it["waiting_reason"].is_null()).await;
        assert!(dead_letters(&site, name).await.is_empty());
    }
}
