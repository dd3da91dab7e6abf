//! What every call of the server has in common: who asks, until when, and how it is answered.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use prost::Message;
use tonic::codec::SingleMessageCompressionOverride;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use weir_status_api::{Caller, Error, Result};

use crate::convert::{Field, take};
use crate::status::to_status;

/// Which answers are compressed for those who take that, by their size in bytes: smaller ones gain nothing, and
/// larger ones would keep other calls waiting.
const COMPRESSED_BYTES: std::ops::RangeInclusive<usize> = 1024..=4 * 1024 * 1024;

/// What came with a request beside its message.
pub(crate) struct Call {
    method: &'static str,
    caller: Result<Caller>,
    /// How long the client waits from now on.
    deadline: Option<Duration>,
    /// Whether the client takes any compression.
    takes_compression: bool,
}

impl Call {
    /// A call of `method`.
    pub(crate) fn of<T>(method: &'static str, request: &Request<T>) -> Self {
        Self {
            method,
            caller: caller(request.metadata()),
            deadline: deadline(request.metadata()),
            takes_compression: request.metadata().contains_key("grpc-accept-encoding"),
        }
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> Result<Caller> {
        self.caller.clone()
    }

    /// How long the client waits from now on; for ever if it did not say.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Answers with what `work` gives, within the client's deadline.
    pub(crate) async fn answer<T>(
        &self,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<Response<T>, Status> {
        let work = guarded(work);
        let done = match self.deadline {
            None => work.await,
            Some(deadline) => match tokio::time::timeout(deadline, work).await {
                Ok(done) => done,
                Err(_) => return Err(late(self.method)),
            },
        };
        done.map(Response::new)
            .map_err(|error| failed(self.method, error))
    }

    /// As [`Call::answer`], with one message, which is compressed if that is worth it.
    pub(crate) async fn message<T: Message>(
        &self,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<Response<T>, Status> {
        let mut response = self.answer(work).await?;
        if self.takes_compression && !COMPRESSED_BYTES.contains(&response.get_ref().encoded_len()) {
            uncompressed(&mut response);
        }
        Ok(response)
    }
}

/// Sends `response` as it is, though the client would take it compressed.
pub(crate) fn uncompressed<T>(response: &mut Response<T>) {
    response
        .extensions_mut()
        .insert(SingleMessageCompressionOverride::Disable);
}

/// Waits for `work`; a panic in it is an error like any other and ends nothing but this call.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the server met a bug while it answered")))
}

/// The status that tells of what `method` failed with; the server's own faults go into its log.
pub(crate) fn failed(method: &str, error: Error) -> Status {
    if matches!(error, Error::Internal { .. }) {
        tracing::error!(method, %error, "a call of the status API failed");
    } else {
        tracing::debug!(method, %error, "a call of the status API was refused");
    }
    to_status(error)
}

/// The status of a call for which its client waits no longer.
pub(crate) fn late(method: &str) -> Status {
    tracing::debug!(
        method,
        "a call of the status API took longer than its client waits"
    );
    Status::deadline_exceeded("the deadline that came with the call has passed")
}

/// A part of a request.
pub(crate) fn part<T: Field>(name: &str, proto: T::Proto) -> Result<T> {
    take(name, proto).map_err(|error| error.in_request())
}

/// Who calls, by the token presented. A name would be no proof.
fn caller(metadata: &MetadataMap) -> Result<Caller> {
    let Some(value) = metadata.get("authorization") else {
        return Ok(Caller::anonymous());
    };
    match value.to_str().ok().and_then(|text| text.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Caller::bearer(token.trim())),
        _ => Err(Error::Unauthenticated {
            why: "`authorization` must be `Bearer` and a token".to_owned(),
        }),
    }
}

/// `grpc-timeout`: up to eight digits and a unit. What is no such thing counts as absent, as gRPC has it.
fn deadline(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_as_grpc_writes_it() {
        let read = |text: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", text.parse().unwrap());
            deadline(&metadata)
        };
        assert_eq!(read("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(read("2M"), Some(Duration::from_secs(120)));
        assert_eq!(read("3S"), Some(Duration::from_secs(3)));
        assert_eq!(read("40m"), Some(Duration::from_millis(40)));
        assert_eq!(read("5u"), Some(Duration::from_micros(5)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
        for odd in ["", "S", "5", "5s", "-5S", "+5S", "5 S", "999999999S", "1é"] {
            let mut metadata = MetadataMap::new();
            let Ok(value) = odd.parse() else { continue };
            metadata.insert("grpc-timeout", value);
            assert_eq!(deadline(&metadata), None, "{odd}");
        }
        assert_eq!(deadline(&MetadataMap::new()), None);
    }

    #[test]
    fn who_calls_is_told_by_a_token_or_nobody() {
        let with = |text: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("authorization", text.parse().unwrap());
            caller(&metadata)
        };
        assert_eq!(caller(&MetadataMap::new()), Ok(Caller::anonymous()));
        assert_eq!(with("bearer  abc "), Ok(Caller::bearer("abc")));
        for odd in ["Basic YTpi", "abc", ""] {
            assert!(matches!(with(odd), Err(Error::Unauthenticated { .. })), "{odd}");
        }
    }
}
