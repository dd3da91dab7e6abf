//! Certificates and keys in files: what is read, what is told of mistakes, and what a renewal does.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use weir_tls::{Ca, Error, Files, Identity, Renewal};

/// A certificate and its key, as PEM.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["ci.example".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Files with that in them.
fn files(folder: &TempDir, certificate: &str, key: &str) -> Files {
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    Files {
        certificate: write("server.pem", certificate),
        key: write("server.key", key),
    }
}

fn mistake(certificate: &str, key: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder, certificate, key);
    let error = Identity::read(files).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn each_mistake_is_a_sentence_with_the_way_out() {
    let ((certificate, key), (_, another)) = (pair(), pair());
    let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let garbled = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (certificate, key, told) in [
        ("", &*key, "server.pem holds no certificate as PEM"),
        (
            &*key,
            &*certificate,
            "server.pem holds no certificate as PEM, which begins with `-----BEGIN CERTIFICATE-----`; \
                                it holds a key: are the two files swapped?",
        ),
        (
            &*certificate,
            &*certificate,
            "server.key holds no private key as PEM, which begins with \
                                        `-----BEGIN PRIVATE KEY-----`; it holds a certificate",
        ),
        (&*certificate, "0\u{1}", "it looks like DER"),
        (
            &*certificate,
            &*encrypted,
            "`openssl pkey -in server.key -out plain.key` takes it off",
        ),
        (
            &*certificate,
            &*another,
            "the key in server.key is not that of the first certificate in server.pem",
        ),
        (&*certificate, garbled, "what server.key holds cannot be used"),
    ] {
        let found = mistake(certificate, key);
        assert!(found.contains(told), "{found}");
    }
    let absent = Files {
        certificate: "/nowhere/server.pem".into(),
        key: "/nowhere/server.key".into(),
    };
    let error = Identity::read(absent).unwrap_err();
    assert!(matches!(&error, Error::Missing { .. }), "{error}");
    assert_eq!(error.path(), Path::new("/nowhere/server.pem"));
    let error = Ca::read(Path::new("/dev")).unwrap_err().to_string();
    assert_eq!(error, "/dev cannot be read: it is no file");
}

#[test]
fn the_files_are_read_again_when_they_changed_and_are_still() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = pair();
    let identity = Identity::read(files(&folder, &certificate, &key)).unwrap();
    assert_eq!(identity.look(), Renewal::Unchanged);

    // Whoever renews them writes one after the other.
    let (certificate, key) = pair();
    std::fs::write(&identity.files().certificate, &certificate).unwrap();
    assert_eq!(identity.look(), Renewal::Unchanged);
    std::fs::write(&identity.files().key, &key).unwrap();
    assert_eq!(identity.look(), Renewal::Unchanged);
    assert_eq!(identity.look(), Renewal::Renewed);
    assert_eq!(identity.look(), Renewal::Unchanged);

    std::fs::remove_file(&identity.files().key).unwrap();
    assert_eq!(identity.look(), Renewal::Unchanged);
    assert!(matches!(identity.look(), Renewal::Kept(Error::Missing { .. })));
    // It is told once.
    assert_eq!(identity.look(), Renewal::Unchanged);
    std::fs::write(&identity.files().key, &key).unwrap();
    assert_eq!(identity.read_again(), Renewal::Renewed);
    assert_eq!(identity.look(), Renewal::Unchanged);
}

#[test]
fn a_ca_without_a_certificate_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = pair();
    let files = files(&folder, &certificate, &key);
    assert_eq!(
        Ca::read(&files.certificate).unwrap().pem(),
        certificate.as_bytes()
    );
    let error = Ca::read(&files.key).unwrap_err();
    assert!(matches!(error, Error::NoCertificate { .. }), "{error}");
}
