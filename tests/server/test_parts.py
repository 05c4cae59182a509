"""The pure parts of the server, and the table that every error has a place in."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lrs import errors
from lrs.errors import ConfigurationError, InvalidRequest, LimitExceeded, NotAuthenticated, RequestTimeout
from lrs.read import Page
from lrs.server import authentication, failures
from lrs.server.request import Request, decompress
from lrs.server.serving import Listening
from lrs.server.statements import _last_modified
from lrs.server.versions import negotiate

STATUSES = {
    "InvalidStatement": 400,
    "InvalidRequest": 400,
    "InvalidEvent": 400,
    "RequestTimeout": 408,
    "LimitExceeded": 413,
    "Conflict": 409,
    "PreconditionFailed": 412,
    "NotAuthenticated": 401,
    "NotPermitted": 403,
    "NotFound": 404,
    "StoreUnavailable": 503,
    "StoreBusy": 503,
    "IssuerUnavailable": 503,
    "DataDirectoryInUse": 503,
    "LRSError": 500,
    "ConfigurationError": 500,
    "MissingExtra": 500,
    "KeyUnavailable": 500,
    "TamperedData": 500,
}


def test_every_error_has_its_status() -> None:
    """A new class of error can't be forgotten here."""
    kinds = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.LRSError)}
    assert set(kinds) == set(STATUSES)
    for name, kind in kinds.items():
        error = kind("what", "extra") if name == "MissingExtra" else kind("what")
        assert failures.status_of(error) == STATUSES[name], name


@pytest.mark.parametrize("turn", [False, True])
def test_a_page_was_modified_when_its_latest_statement_was_stored(*, turn: bool) -> None:
    """Whichever end it stands at."""
    bodies = [b'{"stored":"2026-11-0%dT10:00:00.999Z"}' % day for day in (1, 2, 3)]
    page = Page(bodies[::-1] if turn else bodies, None)
    assert _last_modified(page) == [(b"last-modified", b"Tue, 03 Nov 2026 10:00:00 GMT")]


@pytest.mark.parametrize("supported", [("1.0.3",), ("2.0.0",), ("1.0.3", "2.0.0")])
@pytest.mark.parametrize("asked", ["1.0", "1.0.1", "2.0", "2.0.1", " 2.0.0 "])
def test_only_versions_that_are_switched_on_are_spoken(asked: str, supported: tuple[str, ...]) -> None:
    """A setting decides."""
    wanted = "1.0.3" if asked.strip().startswith("1") else "2.0.0"
    assert negotiate(asked, supported) == (wanted if wanted in supported else None)


@settings(max_examples=50, deadline=None)
@given(some.binary(max_size=5000), some.integers(0, 6000))
def test_decompression_is_bounded(body: bytes, limit: int) -> None:
    """What fits comes back; what does not is refused."""
    if len(body) <= limit:
        assert decompress(gzip.compress(body), limit) == body
    else:
        with pytest.raises(LimitExceeded):
            decompress(gzip.compress(body), limit)


@settings(max_examples=50, deadline=None)
@given(some.binary(min_size=1, max_size=200))
def test_rubbish_is_refused_as_such(body: bytes) -> None:
    """No other error comes out, whatever comes in."""
    with pytest.raises(InvalidRequest):
        decompress(b"\x00" + body, 1000)


@settings(max_examples=50, deadline=None)
@given(some.text(), some.text())
def test_basic_credentials_survive(username: str, password: str) -> None:
    """Any username without a colon, any password, in UTF-8 (RFC 7617)."""
    import base64

    username = username.replace(":", "")
    try:
        encoded = base64.b64encode(f"{username}:{password}".encode())
    except UnicodeEncodeError:
        return
    assert authentication.credentials(b"Basic " + encoded) == (username, password)


@settings(max_examples=50, deadline=None)
@given(some.binary(max_size=100))
def test_any_other_header_is_a_refusal(header: bytes) -> None:
    """Never another exception, and never the header in the message."""
    try:
        authentication.credentials(header)
    except NotAuthenticated as refusal:
        told = str(refusal)
    else:
        told = ""
    assert len(header) < 12 or header.decode("latin-1") not in told


@pytest.mark.parametrize(
    ("root_path", "path", "below"),
    [
        ("", "/xapi/about", "/xapi/about"),
        ("/lrs", "/lrs/xapi/about", "/xapi/about"),
        ("/lrs", "/xapi/about", "/xapi/about"),
        ("/lrs/", "/lrs/x", "/x"),
        ("/l", "/lrs/x", "/lrs/x"),
        ("/lrs", "/lrs", ""),
    ],
)
def test_a_mount_point_is_taken_off_a_path(root_path: str, path: str, below: str) -> None:
    """Frameworks differ in whether the path still has it; names that only begin alike are left alone."""
    scope = {"method": "GET", "headers": [], "query_string": b"", "root_path": root_path, "path": path}
    assert Request(scope, None).path == below


@pytest.mark.parametrize("read", [Request.body, Request.kept_body])
def test_a_body_has_its_time(read: Callable[[Request, int], Awaitable[bytes]]) -> None:
    """However it is read: who sends half of it and then nothing is given up."""

    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    scope = {"method": "POST", "headers": [], "query_string": b"", "path": "/"}
    with pytest.raises(RequestTimeout):
        asyncio.run(read(Request(scope, receive, seconds=0.01), 10))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    """It does not leave the machine."""
    assert Listening(host=host).scheme == "http"


def test_listening_is_checked_when_it_is_made(tmp_path: Path) -> None:
    """Not when the first client comes."""
    with pytest.raises(ConfigurationError):
        Listening(host="0.0.0.0")
    with pytest.raises(ConfigurationError):
        Listening(tls_cert=tmp_path / "a")
    assert Listening(host="0.0.0.0", behind_proxy=True, root_path="a/b/").root_path == "/a/b"
