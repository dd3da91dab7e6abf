//! Errors, in full.

use weir_status_api as api;

use super::{Field, Malformed, Wire, choice, message_field, take};
use crate::v1;

choice! {
    Error = ErrorDetail.error: error_detail::Error {
        ;
        NotFound { what: what } = error_detail::NotFound,
        InvalidQuery { field: field, why: why } = error_detail::InvalidQuery,
        InvalidInput { fields: fields } = error_detail::InvalidInput,
        CursorExpired { oldest: oldest } = error_detail::CursorExpired,
        PermissionDenied { why: why } = error_detail::PermissionDenied,
        Conflict { why: why } = error_detail::Conflict,
        Unavailable { why: why } = error_detail::Unavailable,
        NotSupported { operation: operation, implementer: implementer } = error_detail::NotSupported,
        Unauthenticated { why: why } = error_detail::Unauthenticated,
        TooMany { why: why } = error_detail::TooMany,
        ContentDeleted { what: what } = error_detail::ContentDeleted,
        Internal { why: why } = error_detail::Internal,
        ;
        _ => |error| api::Error::internal(error).into_proto()
    }
}
