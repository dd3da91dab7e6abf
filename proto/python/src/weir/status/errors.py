"""The errors of the API. Each is a decision: what a caller can do about it."""

from __future__ import annotations

import grpc
from google.protobuf.message import DecodeError

from weir.status.v1 import errors_pb2

_DETAILS = "grpc-status-details-bin"
_DETAIL_TYPE = b"weir.status.v1.ErrorDetail"


class StatusError(Exception):
    """Why a call failed."""


class NotFound(StatusError):
    """There is no such resource, or it is hidden from the caller."""


class InvalidQuery(StatusError):
    """The query cannot be answered as asked."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        """The field or parameter that is wrong."""
        self.why = why
        """What is wrong with it."""


class InvalidInput(StatusError):
    """The parameters of a force do not fit its scheduler."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in sorted(fields.items())))
        self.fields = fields
        """What is wrong, by the full name of the field."""


class CursorExpired(StatusError):
    """The events after the cursor are no longer kept: read again, and watch from there."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the events after the cursor are no longer kept (the oldest cursor is {oldest})")
        self.oldest = oldest
        """The oldest cursor from which a watch can start."""


class ContentDeleted(NotFound):
    """The log is there, but its content is no longer kept."""


class Unauthenticated(StatusError):
    """The token that was presented is nobody's, or no longer valid."""


class PermissionDenied(StatusError):
    """The caller may not do this."""


class Conflict(StatusError):
    """The present state forbids it."""


class Unavailable(StatusError):
    """The master cannot be reached now; try again."""


class TooMany(StatusError):
    """The caller asks too often; try again later."""


class NotSupported(StatusError):
    """The master does not have the operation."""


class Internal(StatusError):
    """The master's fault; its log has the details."""


_BY_CODE: dict[grpc.StatusCode, type[StatusError]] = {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
    grpc.StatusCode.UNIMPLEMENTED: NotSupported,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: Unavailable,
    grpc.StatusCode.CANCELLED: Unavailable,
    grpc.StatusCode.UNKNOWN: Unavailable,
    grpc.StatusCode.RESOURCE_EXHAUSTED: TooMany,
}


def from_rpc(error: grpc.aio.AioRpcError) -> StatusError:
    """The typed error that a failed call tells of."""
    detail = _detail(error)
    if detail is not None:
        typed = _typed(detail)
        if typed is not None:
            return typed
    why = error.details() or error.code().name
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidQuery("request", why)
    return _BY_CODE.get(error.code(), Internal)(why)


def _detail(error: grpc.aio.AioRpcError) -> errors_pb2.ErrorDetail | None:
    for name, value in error.trailing_metadata() or ():
        if name == _DETAILS and isinstance(value, bytes):
            return _detail_of_status(value)
    return None


def _detail_of_status(status: bytes) -> errors_pb2.ErrorDetail | None:
    # `google.rpc.Status` has the details in its field 3, each a `google.protobuf.Any`.
    from google.protobuf import any_pb2

    for number, value in _fields(status):
        if number != 3:
            continue
        try:
            packed = any_pb2.Any.FromString(value)
            if packed.type_url.rpartition("/")[2].encode() == _DETAIL_TYPE:
                return errors_pb2.ErrorDetail.FromString(packed.value)
        except DecodeError:
            continue
    return None


def _fields(message: bytes) -> list[tuple[int, bytes]]:
    """The length-delimited fields of a message; what is malformed ends them."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            _, at = _varint(message, at)
        elif tag & 7 == 2:
            length, at = _varint(message, at)
            found.append((tag >> 3, message[at : at + length]))
            at += length
        else:
            break
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, at


def _typed(detail: errors_pb2.ErrorDetail) -> StatusError | None:
    match detail.WhichOneof("error"):
        case "not_found":
            return NotFound(f"there is no {detail.not_found.what}")
        case "invalid_query":
            return InvalidQuery(detail.invalid_query.field, detail.invalid_query.why)
        case "invalid_input":
            return InvalidInput(dict(detail.invalid_input.fields))
        case "cursor_expired":
            return CursorExpired(detail.cursor_expired.oldest)
        case "content_deleted":
            return ContentDeleted(f"the content of {detail.content_deleted.what} is no longer kept")
        case "unauthenticated":
            return Unauthenticated(detail.unauthenticated.why)
        case "permission_denied":
            return PermissionDenied(detail.permission_denied.why)
        case "conflict":
            return Conflict(detail.conflict.why)
        case "unavailable":
            return Unavailable(detail.unavailable.why)
        case "too_many":
            return TooMany(detail.too_many.why)
        case "not_supported":
            wanted = detail.not_supported
            return NotSupported(f"{wanted.operation} is not supported by {wanted.implementer}")
        case "internal":
            return Internal(detail.internal.why)
    return None
