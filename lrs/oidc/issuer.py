"""What an issuer publishes about itself: its keys and the address of its token endpoint (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import BaseHandler, HTTPRedirectHandler, HTTPSHandler, ProxyHandler, build_opener

from lrs.crypto.bearer import KeySet
from lrs.errors import IssuerUnavailable
from lrs.settings import LOOPBACK, is_safe_address

_log = logging.getLogger("lrs.oidc")

_CONFIGURATION = "/.well-known/openid-configuration"
_FRESH = 300.0
"""Seconds after which what was published is asked for again."""
_KEPT = 3600.0
"""Seconds for which it is used while the issuer does not answer."""
_APART = 10.0
"""Seconds between two attempts: nobody makes this store call the issuer more often."""
_PATIENCE = 5.0
_LARGEST = 512 * 1024


class Published(NamedTuple):
    """The issuer's signing keys, and the address by which an application is named (xAPI 1.0.3 Data 2.4.9)."""

    keys: KeySet
    token_endpoint: str


class Issuer:
    """One issuer. Thread-safe; what is fresh is given without waiting."""

    def __init__(self, address: str, *, ca: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._ca = ca
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Published | None = None
        self._fetched = self._tried = float("-inf")

    def current(self) -> Published:
        """Give what the issuer publishes; old keys for an hour where it does not answer, then :class:`lrs.errors.IssuerUnavailable`."""
        held, age = self._held, self._clock() - self._fetched
        if held is None or age > _KEPT:
            with self._lock:
                return self._renewed()
        if age > _FRESH and self._lock.acquire(blocking=False):
            # One caller asks the issuer; the others go on with what is known.
            try:
                return self._renewed()
            except IssuerUnavailable:
                return held
            finally:
                self._lock.release()
        return held

    def newer(self, than: Published) -> Published:
        """Give what is published now, where ``than`` lacked a key; the same again if the issuer was asked a moment ago."""
        with self._lock:
            answered_lately = self._tried == self._fetched and self._clock() - self._tried < _APART
            if self._held is than and not answered_lately:
                return self._fetch()
            return self._held or than

    def _renewed(self) -> Published:
        if self._held is not None and self._clock() - self._fetched <= _FRESH:
            return self._held
        return self._fetch()

    def _fetch(self) -> Published:
        now = self._clock()
        if now - self._tried < _APART:
            raise IssuerUnavailable("the issuer of bearer tokens did not answer a moment ago")
        self._tried = now
        try:
            self._held = self._ask()
        except IssuerUnavailable as error:
            _log.warning("%s", error.message)
            raise
        self._fetched = now
        return self._held

    def _ask(self) -> Published:
        about = fetch_json(self._address.rstrip("/") + _CONFIGURATION, ca=self._ca)
        if not isinstance(about, dict) or about.get("issuer") != self._address:
            raise IssuerUnavailable(
                "the issuer of bearer tokens says that it is another one: oidc_issuer must be spelled as it spells itself"
            )
        place, endpoint = about.get("jwks_uri"), about.get("token_endpoint", self._address)
        if not isinstance(place, str) or not is_safe_address(place) or not isinstance(endpoint, str) or not urlsplit(endpoint).scheme:
            raise IssuerUnavailable("the issuer of bearer tokens publishes no keys at an https address")
        try:
            return Published(KeySet.of(fetch_json(place, ca=self._ca)), endpoint)
        except ValueError:
            raise IssuerUnavailable("the issuer of bearer tokens publishes no key that can check a signature") from None


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """Follow nowhere: keys are what the configured address itself answers."""


def fetch_json(address: str, *, ca: Path | None) -> Any:
    """Read a small JSON document within seconds, over verified TLS; raises :class:`lrs.errors.IssuerUnavailable`."""
    handlers: list[BaseHandler] = [_NoRedirect()]
    if urlsplit(address).hostname in LOOPBACK:
        handlers.append(ProxyHandler({}))
    end = time.monotonic() + _PATIENCE
    try:
        handlers.append(HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
        with build_opener(*handlers).open(address, timeout=_PATIENCE) as answer:
            text = b""
            while chunk := answer.read1(_LARGEST):
                text += chunk
                if len(text) > _LARGEST or time.monotonic() > end:
                    raise IssuerUnavailable("the issuer of bearer tokens answers too much, or too slowly")
            if answer.status != HTTPStatus.OK:
                raise IssuerUnavailable(f"the issuer of bearer tokens answers {answer.status}")
            return json.loads(text)
    except (URLError, OSError, HTTPException, ValueError, RecursionError) as error:
        raise IssuerUnavailable(f"the issuer of bearer tokens does not answer as it should: {type(error).__name__}") from None
