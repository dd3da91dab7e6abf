//! The signature of what is posted, by which a receiver knows us.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The header that has it: `sha256=` and the HMAC-SHA256 of the body in hexadecimal.
pub(crate) const SIGNATURE: &str = "x-weir-signature-256";

/// A key that signs.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// That of a secret.
    pub(crate) fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// The value of [`SIGNATURE`] for a body.
    pub(crate) fn sign(&self, body: &[u8]) -> String {
        let code = self.0.clone().chain_update(body).finalize().into_bytes();
        let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={hex}")
    }
}
