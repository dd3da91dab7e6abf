//! The one error of the API. Its variants are decisions: what a caller can do about it.
//!
//! Bindings map each variant to one gRPC code and one HTTP status and back, so that a client sees the
//! same error over each binding. Everything that the caller cannot act on is [`Error::Internal`].

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Cursor;

/// What the API's calls give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such resource (gRPC `NOT_FOUND`, HTTP 404).
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for, e.g. `build 17`.
        what: String,
    },
    /// The query cannot be answered as asked (gRPC `INVALID_ARGUMENT`, HTTP 400).
    #[error("{field}: {why}")]
    InvalidQuery {
        /// The field or parameter that is wrong.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The parameters of a force do not fit its scheduler, or a configuration has mistakes (gRPC `INVALID_ARGUMENT`, HTTP 400, JSON-RPC -32602).
    #[error("{}", list_fields(.fields))]
    InvalidInput {
        /// What is wrong, by the full name of the field.
        fields: BTreeMap<String, String>,
    },
    /// The events after the cursor are no longer kept; read again and watch from there
    /// (gRPC `OUT_OF_RANGE`, HTTP 410).
    #[error("the events after the cursor are no longer kept (the oldest cursor is {oldest}); read again")]
    CursorExpired {
        /// The oldest cursor from which a watch can start.
        oldest: Cursor,
    },
    /// The log is there, but its content is no longer kept (gRPC `NOT_FOUND`, HTTP 410).
    #[error("the content of {what} is no longer kept")]
    ContentDeleted {
        /// The log, e.g. `log 17`.
        what: String,
    },
    /// The credential that was presented is nobody's, or no longer valid (gRPC `UNAUTHENTICATED`, HTTP 401).
    #[error("not signed in: {why}")]
    Unauthenticated {
        /// What is wrong with it.
        why: String,
    },
    /// The caller may not do this (gRPC `PERMISSION_DENIED`, HTTP 403).
    #[error("permission denied: {why}")]
    PermissionDenied {
        /// Which permission is missing.
        why: String,
    },
    /// The present state forbids it (gRPC `FAILED_PRECONDITION`, HTTP 409).
    #[error("{why}")]
    Conflict {
        /// What stands against it.
        why: String,
    },
    /// The binding cannot reach its source now; try again (gRPC `UNAVAILABLE`, HTTP 503).
    #[error("unavailable: {why}")]
    Unavailable {
        /// What could not be reached.
        why: String,
    },
    /// The caller asks too often, or as much as may be is kept already; try again later (gRPC `RESOURCE_EXHAUSTED`,
    /// HTTP 429).
    #[error("too many: {why}")]
    TooMany {
        /// Of what, and when to try again.
        why: String,
    },
    /// This binding or its server does not have the operation (gRPC `UNIMPLEMENTED`, HTTP 501).
    #[error("{operation} is not supported by {implementer}")]
    NotSupported {
        /// What was asked for.
        operation: String,
        /// Who does not have it.
        implementer: String,
    },
    /// The server's fault; its log has the details (gRPC `INTERNAL`, HTTP 500).
    #[error("internal error: {why}")]
    Internal {
        /// What is known of it.
        why: String,
    },
}

impl Error {
    /// There is no `what`.
    pub fn not_found(what: impl ToString) -> Self {
        Self::NotFound {
            what: what.to_string(),
        }
    }

    /// `field` is wrong, because `why`.
    pub fn invalid(field: impl ToString, why: impl ToString) -> Self {
        Self::InvalidQuery {
            field: field.to_string(),
            why: why.to_string(),
        }
    }

    /// The server's fault.
    pub fn internal(why: impl ToString) -> Self {
        Self::Internal { why: why.to_string() }
    }

    /// The source cannot be reached now.
    pub fn unavailable(why: impl ToString) -> Self {
        Self::Unavailable { why: why.to_string() }
    }

    /// Whether the same call can succeed later without a change of its own.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::TooMany { .. } | Self::Internal { .. }
        )
    }

    /// How long a client had better wait before it asks again, where that is known to help: HTTP's `Retry-After`, and
    /// `google.rpc.RetryInfo` of gRPC. Whole seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { .. } => Some(Duration::from_secs(1)),
            // Whoever has too much of something is not rid of it in a second.
            Self::TooMany { .. } => Some(Duration::from_secs(10)),
            _ => None,
        }
    }
}

fn list_fields(fields: &BTreeMap<String, String>) -> String {
    fields
        .iter()
        .map(|(name, why)| format!("{name}: {why}"))
        .collect::<Vec<_>>()
        .join("; ")
}
