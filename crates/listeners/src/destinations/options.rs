//! Options that several destinations have.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::OptionError;

/// The time that the seconds of `option` are.
///
/// # Errors
/// If it is none, or endless.
pub(crate) fn seconds(option: &'static str, seconds: f64) -> Result<Duration, OptionError> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => {
            let why = format!("is {seconds}; it must be more than 0 seconds");
            Err(OptionError::new(option, why))
        }
    }
}

/// The certificates of authorities as PEM, which `pem`, the value of `option`, has to be.
///
/// # Errors
/// If there is no certificate in it, or what is not one.
pub(crate) fn authorities(option: &'static str, pem: &str) -> Result<Vec<u8>, OptionError> {
    let mut found = CertificateDer::pem_slice_iter(pem.as_bytes()).peekable();
    match found.peek().is_some() && found.all(|it| it.is_ok()) {
        true => Ok(pem.as_bytes().to_vec()),
        false => Err(OptionError::new(option, "is no certificate as PEM")),
    }
}
