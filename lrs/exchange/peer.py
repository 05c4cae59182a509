"""Another record store, spoken to over one HTTP connection that is kept: with patience, at a rate, and readably only on this machine."""

from __future__ import annotations

import base64
import http.client
import random
import time
from collections.abc import Callable, Container, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import msgspec

from lrs.errors import ConfigurationError, InvalidRequest, NotAuthenticated, NotPermitted, StoreUnavailable

_TIMEOUT = 60
ATTEMPTS = 8
_LONGEST_PAUSE = 30.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Answers after which the same request is sent again later."""


class Answer(NamedTuple):
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


class _Failure(msgspec.Struct):
    message: str = ""


class _Failed(msgspec.Struct):
    error: _Failure


class Peer:
    """A record store at an address. One thread at a time.

    ``authorization`` is the header of this name, ``version`` that of xAPI; ``rate`` is the most requests in a second. ``pause`` is called with seconds.
    """

    def __init__(
        self,
        url: str,
        authorization: str,
        *,
        version: str,
        rate: float | None = None,
        attempts: int = ATTEMPTS,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ConfigurationError("the address of a record store starts with https:// and holds no password")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ConfigurationError("statements and passwords don't go over the network by plain HTTP", hint="Use https://.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._headers = {"Authorization": authorization, "X-Experience-API-Version": version}
        self._attempts = attempts
        self._pause = pause
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0
        self.name = parts.netloc
        self.statements = statements_path(parts.path)
        """The path of the statements resource."""

    def __repr__(self) -> str:
        return f"Peer({self.name!r})"

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        later: Container[int] = LATER,
        expected: Container[int] = (),
        **headers: str,
    ) -> Answer:
        """Send a request until there is an answer that is not among ``later`` -> that one.

        Raises :class:`lrs.errors.StoreUnavailable` when attempts are over, :class:`lrs.errors.NotAuthenticated`, and
        :class:`lrs.errors.NotPermitted` for what no other request would change, unless it is ``expected``.
        """
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        for attempt in range(self._attempts):
            self._keep_the_rate()
            try:
                self._connection.request(method, target, body, sent)
                response = self._connection.getresponse()
                answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
            except (OSError, http.client.HTTPException):
                self._connection.close()
                self._pause(_wait(attempt, ""))
                continue
            if answer.status in later:
                self._pause(_wait(attempt, answer.headers.get("retry-after", "")))
                continue
            return answer if answer.status in expected else _checked(answer)
        raise StoreUnavailable(
            f"the record store {self.name} did not answer as it should in {self._attempts} attempts",
            hint="Run the same command again later: what was stored is recognised.",
        )

    def target(self, link: str) -> str:
        """Give what to ask for to follow a link; one that leads to another place raises :class:`lrs.errors.InvalidRequest`."""
        parts = urlsplit(urljoin(self._origin, link))
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            raise InvalidRequest("the record store sends its reader elsewhere: this password is for it alone", parameter="more")
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _keep_the_rate(self) -> None:
        now = time.monotonic()
        if now < self._next:
            self._pause(self._next - now)
        self._next = max(now, self._next) + self._interval


def basic(credential: str) -> str:
    """``user:password`` -> header; raises :class:`lrs.errors.ConfigurationError`."""
    if ":" not in credential:
        raise ConfigurationError("a credential is written as USER:PASSWORD")
    return "Basic " + base64.b64encode(credential.encode()).decode()


def bearer(token: str) -> str:
    """Token -> header; raises :class:`lrs.errors.ConfigurationError`."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError("a bearer token has no spaces and no characters beyond ASCII")
    return f"Bearer {token}"


def statements_path(path: str) -> str:
    """Find the statements resource under an address: ``/lrs`` -> ``/lrs/xapi/statements``, ``/xAPI`` -> ``/xAPI/statements``."""
    path = path.rstrip("/")
    last = path.rpartition("/")[2].lower()
    if last == "statements":
        return path
    return f"{path}/statements" if last == "xapi" else f"{path}/xapi/statements"


def said(answer: Answer) -> str:
    """Give the message of an error of a store of our kind, which quotes nothing; of others none."""
    try:
        return msgspec.json.decode(answer.body, type=_Failed).error.message
    except msgspec.DecodeError:
        return ""


def _checked(answer: Answer) -> Answer:
    message = f"the record store answered {answer.status}"
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise NotAuthenticated(said(answer) or message)
    if answer.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        raise NotPermitted(said(answer) or message, hint="Check the address, and whether the credential may do this.")
    return answer


def _wait(attempt: int, asked: str) -> float:
    """Give the seconds before the next attempt: what the server asks for, or doubling; a share of chance keeps clients apart."""
    least = float(asked) if asked.isdigit() else 0.5 * 2**attempt
    return min(least, _LONGEST_PAUSE) * random.uniform(1.0, 1.25)  # noqa: S311 -- spreads load, keeps no secret
