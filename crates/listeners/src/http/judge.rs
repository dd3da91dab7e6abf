//! What an answer means for the event.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use weir_status_api::ListenerError;

/// How much of an answer's text an error quotes, in characters.
const QUOTED: usize = 200;

/// The longest that an answer can make us wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How long the answer asks to wait (RFC 9110's `Retry-After`, in seconds or as a date), an hour at the most.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text(RETRY_AFTER)?;
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            // By the server's own clock, by which it was written.
            let now = httpdate::parse_http_date(text(DATE)?).ok()?;
            let then = httpdate::parse_http_date(value).ok()?;
            then.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Whether the answer tells that a rate limit is spent, as forges say it beside a 403.
pub(super) fn spent(headers: &HeaderMap) -> bool {
    ["x-ratelimit-remaining", "ratelimit-remaining"]
        .iter()
        .any(|name| headers.get(*name).is_some_and(|it| it.as_bytes() == b"0"))
}

/// Whether the answer takes the event. The statuses `again` too say that another one may.
pub(super) fn judge(
    status: StatusCode,
    delay: Option<Duration>,
    spent: bool,
    body: &[u8],
    again: &[StatusCode],
) -> Result<(), ListenerError> {
    if status.is_success() {
        return Ok(());
    }
    let limited = status == StatusCode::FORBIDDEN && (spent || delay.is_some());
    let transient = status.is_server_error()
        || limited
        || again.contains(&status)
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
    let why = why(status, body);
    Err(match (transient, delay) {
        (true, Some(delay)) => ListenerError::After(why, delay),
        (true, None) => ListenerError::Later(why),
        (false, _) => ListenerError::Never(why),
    })
}

fn why(status: StatusCode, body: &[u8]) -> String {
    let mut why = format!("the answer is {status}");
    let text = String::from_utf8_lossy(body);
    let quoted: String = text.trim().chars().take(QUOTED).map(one_line).collect();
    if !quoted.is_empty() {
        why.push_str(": ");
        why.push_str(&quoted);
    }
    why
}

fn one_line(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// The error with what caused it: `reqwest` says little itself. What is wrong with TLS is in plain words. The URL, which may
/// hold a token, is left out.
pub(super) fn with_causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "no whole answer".to_owned()
    };
    if let Some(why) = weir_tls::explain(error) {
        return format!("{text}: {why}");
    }
    for cause in causes(error) {
        text.push_str(&format!(": {cause}"));
    }
    text
}

/// Whether a `T` is among what caused the error.
pub(super) fn is_because_of<T: Error + 'static>(error: &reqwest::Error) -> bool {
    causes(error).any(|it| it.is::<T>())
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: Option<&(dyn Error + 'static)> = error.source();
    std::iter::successors(first, |it| (*it).source())
}
