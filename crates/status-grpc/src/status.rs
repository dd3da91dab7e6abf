//! Errors as gRPC statuses and back, without loss.
//!
//! A status carries the error in full in `grpc-status-details-bin`, in the form that gRPC's richer error model
//! has: a `google.rpc.Status` with our `ErrorDetail` and, where it helps to ask again, a `google.rpc.RetryInfo`. A
//! status without our detail was not made by the status service: it comes from the transport, a proxy, or gRPC itself,
//! and its code alone tells what to make of it.

use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use weir_status_api::Error;

use crate::convert::Wire;
use crate::v1;

/// The full name of our detail.
const DETAIL_TYPE: &str = "weir.status.v1.ErrorDetail";
/// The full name of the detail with which clients of gRPC's richer error model know when to ask again.
const RETRY_TYPE: &str = "google.rpc.RetryInfo";
/// How many bytes of a message go into `grpc-message`, which is for people; the details hold all of it.
const MAX_MESSAGE_BYTES: usize = 1_000;
/// How many bytes of details go out; what is larger is sent by its message alone. Headers are no place for more.
const MAX_DETAIL_BYTES: usize = 64 * 1024;
/// How many bytes of headers a client takes: the details in Base64, the message with every byte escaped, the rest.
pub(crate) const MAX_HEADER_BYTES: u32 = 128 * 1024;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

/// When to ask again, after the errors that pass by themselves.
fn retry(error: &Error) -> Option<Any> {
    let after = error.retry_after()?;
    let info = RetryInfo {
        retry_delay: prost_types::Duration::try_from(after).ok(),
    };
    Some(Any {
        type_url: format!("type.googleapis.com/{RETRY_TYPE}"),
        value: info.encode_to_vec(),
    })
}

fn code(error: &Error) -> Code {
    match error {
        Error::NotFound { .. } | Error::ContentDeleted { .. } => Code::NotFound,
        Error::InvalidQuery { .. } | Error::InvalidInput { .. } => Code::InvalidArgument,
        Error::CursorExpired { .. } => Code::OutOfRange,
        Error::Unauthenticated { .. } => Code::Unauthenticated,
        Error::PermissionDenied { .. } => Code::PermissionDenied,
        Error::Conflict { .. } => Code::FailedPrecondition,
        Error::Unavailable { .. } => Code::Unavailable,
        Error::TooMany { .. } => Code::ResourceExhausted,
        Error::NotSupported { .. } => Code::Unimplemented,
        _ => Code::Internal,
    }
}

/// The status that tells of `error`.
pub(crate) fn to_status(error: Error) -> Status {
    let code = code(&error);
    let mut message = error.to_string();
    message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
    let retry = retry(&error);
    let detail = Any {
        type_url: format!("type.googleapis.com/{DETAIL_TYPE}"),
        value: error.into_proto().encode_to_vec(),
    };
    let details = RpcStatus {
        code: code.into(),
        message: message.clone(),
        details: std::iter::once(detail).chain(retry).collect(),
    };
    if details.encoded_len() > MAX_DETAIL_BYTES {
        return Status::new(code, message);
    }
    Status::with_details(code, message, details.encode_to_vec().into())
}

/// The error that `status` tells of.
pub(crate) fn from_status(status: &Status) -> Error {
    detail(status).unwrap_or_else(|| without_detail(status))
}

fn detail(status: &Status) -> Option<Error> {
    if status.details().is_empty() {
        return None;
    }
    let details = RpcStatus::decode(status.details()).ok()?.details;
    let ours = details
        .iter()
        .find(|it| it.type_url.rsplit('/').next() == Some(DETAIL_TYPE))?;
    let detail = v1::ErrorDetail::decode(ours.value.as_slice()).ok()?;
    Error::from_proto(detail).ok()
}

fn without_detail(status: &Status) -> Error {
    let why = status.message().to_owned();
    match status.code() {
        // The connection itself; a server that wants TLS says so with the code for no permission.
        Code::Internal | Code::PermissionDenied if why.starts_with("h2 protocol error") => {
            Error::unavailable(reasons(status))
        }
        Code::PermissionDenied => Error::PermissionDenied { why },
        Code::NotFound => Error::NotFound { what: why },
        Code::InvalidArgument => Error::invalid("request", why),
        Code::Unauthenticated => Error::Unauthenticated { why },
        Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => Error::Conflict { why },
        Code::Unimplemented => Error::NotSupported {
            operation: if why.is_empty() {
                "the call".to_owned()
            } else {
                why
            },
            implementer: "the server".to_owned(),
        },
        Code::Internal | Code::OutOfRange | Code::DataLoss | Code::Ok => Error::Internal { why },
        // What tonic says of an answer that is above the client's limit once it is decompressed.
        Code::ResourceExhausted if why.starts_with("Error decompressing") => Error::Internal { why },
        Code::ResourceExhausted => Error::TooMany { why },
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::DeadlineExceeded => {
            Error::unavailable(reasons(status))
        }
    }
}

/// The status's message with those of its causes, such as `connection refused`; what is wrong with TLS in plain words.
fn reasons(status: &Status) -> String {
    if let Some(why) = std::error::Error::source(status).and_then(weir_tls::explain) {
        return why;
    }
    let mut reasons = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let text = error.to_string();
        if !text.is_empty() && !reasons.contains(&text) {
            reasons.push_str(": ");
            reasons.push_str(&text);
        }
        cause = error.source();
    }
    reasons
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::strategy;

    proptest! {
        #[test]
        fn an_error_comes_back_equal(error in strategy::error()) {
            let status = to_status(error.clone());
            prop_assert_eq!(from_status(&status), error);
        }

        #[test]
        fn foreign_details_are_no_panic(code in 0..20_i32, details in any::<Vec<u8>>(), message: String) {
            let status = Status::with_details(Code::from_i32(code), message, details.into());
            from_status(&status);
        }
    }

    #[test]
    fn errors_that_pass_say_when_to_ask_again() {
        let seconds = |error: Error| {
            let status = to_status(error);
            let details = RpcStatus::decode(status.details()).unwrap().details;
            let retry = details.iter().find(|it| it.type_url.ends_with(RETRY_TYPE))?;
            let info = RetryInfo::decode(retry.value.as_slice()).unwrap();
            Some(info.retry_delay?.seconds)
        };
        let why = "streams".to_owned();
        assert_eq!(seconds(Error::TooMany { why: why.clone() }), Some(10));
        assert_eq!(seconds(Error::unavailable("busy")), Some(1));
        assert_eq!(seconds(Error::Conflict { why }), None);
    }

    #[test]
    fn an_error_too_large_for_headers_keeps_its_decision() {
        let status = to_status(Error::Conflict {
            why: "ä".repeat(60_000),
        });
        assert!(status.details().is_empty());
        let Error::Conflict { why } = from_status(&status) else {
            panic!("{status:?}");
        };
        assert_eq!(why, "ä".repeat(MAX_MESSAGE_BYTES / 2));
    }

    #[test]
    fn a_status_from_elsewhere_is_read_by_its_code() {
        assert_eq!(
            from_status(&Status::unauthenticated("who?")),
            Error::Unauthenticated {
                why: "who?".to_owned()
            }
        );
        assert_eq!(
            from_status(&Status::resource_exhausted("slowly")),
            Error::TooMany {
                why: "slowly".to_owned()
            }
        );
        assert_eq!(
            from_status(&Status::cancelled("gone")),
            Error::unavailable("gone")
        );
        assert_eq!(
            from_status(&Status::deadline_exceeded("late")),
            Error::unavailable("late")
        );
    }
}
