"""What pages of other origins may do (the Fetch standard's CORS protocol)."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.server.reply import Header, Reply
from lrs.server.request import Request

_METHODS = b"GET, HEAD, POST, PUT, DELETE, OPTIONS"
_REQUEST_HEADERS = b"Accept, Accept-Language, Authorization, Content-Type, Content-Encoding, If-Match, If-None-Match, X-Experience-API-Version, X-LRS-Reason"
_REPLY_HEADERS = b"ETag, Last-Modified, Retry-After, WWW-Authenticate, X-Experience-API-Consistent-Through, X-Experience-API-Version"
_MAX_AGE = b"7200"


class Cors:
    """The origins that the settings name; ``*`` for all. No cookies are involved, so no Allow-Credentials."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origin.rstrip("/").lower().encode() for origin in origins)

    def headers(self, request: Request) -> list[Header]:
        """Give the headers that let the asking page read the reply; none when there is no page or it is not allowed."""
        origin = request.headers.get(b"origin")
        if origin is None or not self._origins:
            return []
        if self._any:
            return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _REPLY_HEADERS)]
        if origin.lower() not in self._origins:
            return [(b"vary", b"Origin")]
        return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _REPLY_HEADERS), (b"vary", b"Origin")]

    def preflight(self, allowed: str) -> Reply:
        """Answer OPTIONS: it asks for nothing that needs a credential."""
        return Reply(
            204,
            headers=[
                (b"allow", allowed.encode()),
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _REQUEST_HEADERS),
                (b"access-control-max-age", _MAX_AGE),
            ]
            if self._origins
            else [(b"allow", allowed.encode())],
        )
