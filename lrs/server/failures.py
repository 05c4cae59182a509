"""Every way to fail, in one shape: an error -> its HTTP status and its JSON.

    {"error": {"code": ..., "message": ..., "path": ..., "section": ..., "index": ..., "parameter": ..., "hint": ...,
               "retryable": ..., "request_id": ...}}

Only what applies is there. Nothing of what the client sent is.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec

from lrs.errors import (
    Conflict,
    InvalidRequest,
    InvalidStatement,
    IssuerUnavailable,
    LimitExceeded,
    LRSError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PreconditionFailed,
    RequestTimeout,
    StoreUnavailable,
)
from lrs.server.reply import JSON, Reply

_log = logging.getLogger("lrs.server")

_STATUSES: tuple[tuple[type[LRSError], int], ...] = (
    (InvalidStatement, 400),
    (LimitExceeded, 413),
    (RequestTimeout, 408),
    (InvalidRequest, 400),
    (Conflict, 409),
    (PreconditionFailed, 412),
    (NotAuthenticated, 401),
    (NotPermitted, 403),
    (NotFound, 404),
    (IssuerUnavailable, 503),
    (StoreUnavailable, 503),
)
RETRY_AFTER = b"1"
"""Seconds after which a client may try again: an insert is over by then, or the store is down for longer anyway."""


BASIC = b'Basic realm="lrs", charset="UTF-8"'
_INSUFFICIENT_SCOPE = b'Bearer realm="lrs", error="insufficient_scope"'


class MethodNotAllowed(LRSError):
    """The resource exists and does not do this; never leaves the server."""

    code = "method-not-allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__("the resource does not know this method")
        self.allowed = allowed


class Challenged(NotAuthenticated):
    """Who asks must say who they are, in one of these ways (RFC 9110 11.6.1); never leaves the server."""

    def __init__(self, message: str, *, challenges: tuple[bytes, ...] = (BASIC,)) -> None:
        super().__init__(message)
        self.challenges = challenges


class Failure(msgspec.Struct, omit_defaults=True):
    """What a client is told."""

    code: str
    message: str
    path: str = ""
    section: str = ""
    index: int | None = None
    parameter: str = ""
    hint: str = ""
    retryable: bool = False
    request_id: str = ""


def status_of(error: LRSError) -> int:
    """Give the HTTP status of an error; 500 for what the client can't have caused."""
    if isinstance(error, MethodNotAllowed):
        return 405
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def reply_to(error: Exception, request_id: str, *, bearer: bool = False) -> Reply:
    """Turn any error into an answer; ``bearer``: a token came with the request, and RFC 6750 3 says how to refuse it.

    An unexpected error is logged by type and place, and the client learns the request id alone.
    """
    status = status_of(error) if isinstance(error, LRSError) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or not isinstance(error, LRSError):
        _log.error("request %s failed: %s", request_id, _described(error))
        return _reply(
            status, Failure("internal-error", "something went wrong; the log has more under this request_id", request_id=request_id)
        )
    failure = Failure(
        code=error.code,
        message=error.message,
        path=getattr(error, "path", ""),
        section=getattr(error, "section", ""),
        index=getattr(error, "index", None),
        parameter=getattr(error, "parameter", ""),
        hint=error.hint,
        retryable=error.retryable,
        request_id=request_id,
    )
    reply = _reply(status, failure)
    if isinstance(error, Challenged):
        reply.headers += [(b"www-authenticate", challenge) for challenge in error.challenges]
    if isinstance(error, NotPermitted) and bearer:
        reply.headers.append((b"www-authenticate", _INSUFFICIENT_SCOPE))
    if isinstance(error, MethodNotAllowed):
        reply.headers.append((b"allow", error.allowed.encode()))
    if status == HTTPStatus.REQUEST_TIMEOUT:
        # The rest of the body is not waited for (RFC 9110 15.5.9).
        reply.headers.append((b"connection", b"close"))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        reply.headers.append((b"retry-after", RETRY_AFTER))
    return reply


def _reply(status: int, failure: Failure) -> Reply:
    return Reply(status, msgspec.json.encode({"error": failure}), [JSON])


def _described(error: BaseException) -> str:
    """Type and places of an error. The message of a foreign one could quote a statement; ours name places only."""
    text = f"{type(error).__name__}: {error.message}" if isinstance(error, LRSError) else type(error).__name__
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{text} at {' < '.join(reversed(places)) or '?'}"
