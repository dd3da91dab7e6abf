//! What chats over HTTP have in common.

use std::time::Duration;

use reqwest::Url;

use super::markup::one_line;
use super::mood;
use crate::{Http, HttpOptions, OptionError, Outlet, Report};

/// A client for a service.
///
/// # Errors
/// [`OptionError`] if `ca` (PEM, or empty) holds no certificate, or the timeout, in seconds, is none.
pub(super) fn client(outlet: &Outlet, timeout: f64, ca: &str) -> Result<Http, OptionError> {
    if !(0.001..=3600.0).contains(&timeout) {
        return Err(OptionError::new(
            "timeout",
            "is not between 0.001 and 3600 seconds",
        ));
    }
    let options = HttpOptions {
        timeout: Duration::from_secs_f64(timeout),
        ca: (!ca.is_empty()).then(|| ca.as_bytes().to_vec()),
        ..HttpOptions::default()
    };
    Http::new(outlet, &options)
}

/// The address that an option holds. It is not shown in the error: a part of it can be secret.
///
/// # Errors
/// [`OptionError`] if it is missing, no URL, or not of HTTP.
pub(super) fn url(option: &'static str, text: &str, example: &str) -> Result<Url, OptionError> {
    if text.is_empty() {
        return Err(OptionError::new(
            option,
            format!("is missing; write e.g. '{example}'"),
        ));
    }
    let url = Url::parse(text).map_err(|error| OptionError::new(option, format!("is no URL: {error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(OptionError::new(
            option,
            format!("is no URL of https; write e.g. '{example}'"),
        )),
    }
}

/// The address of something of a service: its base and the words of a path, each of any letters.
pub(super) fn within(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    // Only a URL without a host has no path, and those are no options.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// Sees that an option is there.
///
/// # Errors
/// [`OptionError`] if it is empty.
pub(super) fn required(option: &'static str, text: &str) -> Result<(), OptionError> {
    match text.is_empty() {
        true => Err(OptionError::new(option, "is missing")),
        false => Ok(()),
    }
}

/// The report's subject on one line, with the sign of its results.
pub(super) fn title(report: &Report) -> String {
    format!("{} {}", mood::of(report).sign, one_line(&report.message.subject))
}

/// Where people look at it, if the service takes links of that length.
pub(super) fn link(report: &Report, most: usize) -> Option<&str> {
    report
        .about
        .url()
        .filter(|it| it.len() <= most && it.starts_with("http"))
}
