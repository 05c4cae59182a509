"""Sending statements to a record store over HTTP: in batches, with retries, and one by one where a batch is refused."""

from __future__ import annotations

import base64
import http.client
import random
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec

from lrs.cli.outcomes import Outcome
from lrs.errors import (
    ConfigurationError,
    Conflict,
    InvalidRequest,
    LimitExceeded,
    LRSError,
    NotAuthenticated,
    NotPermitted,
    StoreUnavailable,
)
from lrs.xapi import codec

_BATCH = 500
_BATCH_BYTES = 1_000_000
_TIMEOUT = 60
_ATTEMPTS = 8
_LONGEST_PAUSE = 30.0
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_Line = tuple[int, bytes]


class _Failure(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Failed(msgspec.Struct):
    error: _Failure


class Remote:
    """A record store at an address, over one connection that is kept.

    What the server stored before can't be told from what is new: an accepted line counts as stored. ``pause`` is called with seconds.
    """

    def __init__(self, url: str, credential: str | None, *, version: str, pause: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError("--url takes an address that starts with https://")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ConfigurationError("statements and passwords don't go over the network by plain HTTP", hint="Use https://.")
        if not credential or ":" not in credential:
            raise ConfigurationError(
                "--url needs a credential", hint="Give --credential USER:PASSWORD, or better LRS_CREDENTIAL in the environment."
            )
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT)
        self._path = statements_path(parts.path)
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(credential.encode()).decode(),
            "Content-Type": "application/json",
            "X-Experience-API-Version": version,
        }
        self._pause = pause

    def send(self, lines: Iterator[bytes]) -> Iterator[Outcome]:
        """Send lines, and say what became of each."""
        for batch in codec.groups(lines, most=_BATCH, most_bytes=_BATCH_BYTES):
            yield from self._batch(batch)

    def _batch(self, batch: list[_Line]) -> Iterator[Outcome]:
        """Send lines as one batch; where it is refused, halve it until the lines that are at fault stand alone."""
        ready = [(number, line, statements) for number, line in batch if (statements := _statements(line)) is not None]
        if len(ready) == len(batch) > 1 or len(batch) == 1:
            error = (
                self._post(b"[" + b",".join(statements for _, line, statements in ready) + b"]")
                if ready
                else InvalidRequest("the line is not valid JSON")
            )
            if error is None:
                yield from (Outcome(number, line, _count(line)) for number, line, _ in ready)
                return
            if len(batch) == 1:
                yield Outcome(*batch[0], error=error)
                return
        middle = len(batch) // 2
        yield from self._batch(batch[:middle])
        yield from self._batch(batch[middle:])

    def _post(self, body: bytes) -> LRSError | None:
        """Send a batch until there is an answer: None when it was stored, else why not; raises what no batch would survive."""
        for attempt in range(_ATTEMPTS):
            try:
                self._connection.request("POST", self._path, body, self._headers)
                response = self._connection.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()
                self._pause(_wait(attempt, ""))
                continue
            if response.status in _LATER:
                self._pause(_wait(attempt, response.getheader("Retry-After") or ""))
                continue
            return _verdict(response.status, answer)
        raise StoreUnavailable(
            f"the record store did not take a batch in {_ATTEMPTS} attempts",
            hint="Run the same command again later: what was stored is recognised.",
        )


def statements_path(path: str) -> str:
    """Find the statements resource under an address: ``/lrs`` -> ``/lrs/xapi/statements``, ``/xAPI`` -> ``/xAPI/statements``."""
    path = path.rstrip("/")
    last = path.rpartition("/")[2].lower()
    if last == "statements":
        return path
    return f"{path}/statements" if last == "xapi" else f"{path}/xapi/statements"


def _verdict(status: int, answer: bytes) -> LRSError | None:
    if status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
        return None
    try:
        failure = msgspec.json.decode(answer, type=_Failed).error
    except msgspec.DecodeError:
        failure = _Failure()
    message = failure.message or f"the record store answered {status}"
    if status == HTTPStatus.UNAUTHORIZED:
        raise NotAuthenticated(message)
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        raise NotPermitted(message, hint="Check the address, and whether the credential may write statements.")
    if status == HTTPStatus.CONFLICT:
        return Conflict(message)
    return LimitExceeded(message) if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else InvalidRequest(message)


def _statements(line: bytes) -> bytes | None:
    """Give the statements of a line without the brackets of an array; None for what is no JSON."""
    try:
        return (
            b",".join(bytes(raw) for raw in _ARRAY.decode(line))
            if line.lstrip()[:1] == b"["
            else bytes(msgspec.json.decode(line, type=msgspec.Raw))
        )
    except (msgspec.DecodeError, RecursionError):
        return None


def _count(line: bytes) -> int:
    return len(_ARRAY.decode(line)) if line.lstrip()[:1] == b"[" else 1


def _wait(attempt: int, asked: str) -> float:
    """Give the seconds before the next attempt: what the server asks for, or doubling; a share of chance keeps clients apart."""
    least = float(asked) if asked.isdigit() else 0.5 * 2**attempt
    return min(least, _LONGEST_PAUSE) * random.uniform(1.0, 1.25)  # noqa: S311 -- spreads load, keeps no secret
