//! What several listeners' options are checked by.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::{Http, HttpOptions, OptionError, Outlet};

/// The longest time that anything can be told to take: a day.
const LONGEST: f64 = 86_400.0;

/// That many seconds, more than none and a day at the most.
///
/// # Errors
/// If it is not.
pub(crate) fn seconds(option: &'static str, seconds: f64) -> Result<Duration, OptionError> {
    if seconds > 0.0 && seconds <= LONGEST {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(OptionError::new(
        option,
        format!("is {seconds} seconds; write more than 0, and a day at the most"),
    ))
}

/// Sees that `pem`, the value of `option`, is certificates of authorities as PEM, one at least.
///
/// # Errors
/// If there is no certificate in it, or what is not one.
pub(crate) fn check_authorities(option: &'static str, pem: &[u8]) -> Result<(), OptionError> {
    let mut found = CertificateDer::pem_slice_iter(pem).peekable();
    match found.peek().is_some() && found.all(|it| it.is_ok()) {
        true => Ok(()),
        false => Err(OptionError::new(option, "is no certificate as PEM")),
    }
}

/// An `http` or `https` URL.
///
/// # Errors
/// If it is none. The URL, which may hold a secret, is left out.
pub(crate) fn http_url(option: &'static str, text: &str) -> Result<Url, OptionError> {
    let wrong = |why: String| {
        OptionError::new(
            option,
            format!("is no http or https URL: {why}; write e.g. https://ci.example.org/"),
        )
    };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(wrong(format!("its scheme is {other}"))),
    }
}

/// `url` with `words` behind its path.
///
/// # Errors
/// If nothing can be behind it.
pub(crate) fn below(option: &'static str, mut url: Url, words: &[&str]) -> Result<Url, OptionError> {
    url.path_segments_mut()
        .map_err(|()| OptionError::new(option, "is no URL that paths can be below"))?
        .pop_if_empty()
        .extend(words);
    Ok(url)
}

/// Headers to send along, their values not shown to anybody.
///
/// # Errors
/// If one is none.
pub(crate) fn headers<'h>(
    headers: impl IntoIterator<Item = (&'h String, &'h String)>,
) -> Result<HeaderMap, OptionError> {
    let header = |(name, value): (&String, &String)| {
        let wrong = |what| OptionError::new("headers", format!("has {what}, of the header '{name}'"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("a name that is none"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong("a value that is none"))?;
        value.set_sensitive(true);
        Ok((key, value))
    };
    headers.into_iter().map(header).collect()
}

/// A client with that timeout in seconds, and an authority to trust beside the usual ones, as PEM; no answer may redirect
/// it into the own network.
///
/// # Errors
/// If the timeout is none, or the certificate.
pub(crate) fn http(outlet: &Outlet, timeout: f64, ca: Option<&str>) -> Result<Http, OptionError> {
    redirected(outlet, timeout, ca, false)
}

/// As [`http`], and answers may redirect it into the own network if that is allowed.
///
/// # Errors
/// As [`http`].
pub(crate) fn redirected(
    outlet: &Outlet,
    timeout: f64,
    ca: Option<&str>,
    internal_redirects: bool,
) -> Result<Http, OptionError> {
    let options = HttpOptions {
        timeout: seconds("timeout", timeout)?,
        ca: ca.map(|it| it.as_bytes().to_vec()),
        internal_redirects,
    };
    Http::new(outlet, &options)
}
