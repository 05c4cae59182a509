"""KEKs in HashiCorp Vault: its transit engine wraps and unwraps, and never shows a key (Vault HTTP API, secret/transit).

Each tenant has a key of type aes256-gcm96 with ``derived``: Vault derives the wrapping key from the context of what it wraps, so that a
wrapped key opens in its own place alone. The versions of that key are the epochs.
"""

from __future__ import annotations

import http.client
import ssl
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lrs.crypto.document import LIVE_EPOCHS, two_are_live
from lrs.crypto.keks import Item
from lrs.errors import ConfigurationError, KeyUnavailable, StoreUnavailable, TamperedData

_SECONDS = 10
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_BATCH = 1000
"""Keys in one request: below Vault's limit on bodies by far."""
_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = {200, 204}, 400, 403, 404


class VaultServer:
    """A Vault server and where its transit engine is mounted: ``https://host:8200/v1/transit``.

    The token is read from its file for each request, so that an agent that renews it is followed. Redirects are not followed.
    """

    def __init__(self, address: str, *, token_file: Path | None, ca: Path | None) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ConfigurationError("the setting kms takes an address that starts with https://; plain HTTP is for this machine alone")
        if token_file is None:
            raise ConfigurationError(
                "the setting kms_token_file is missing", hint="Name the file into which Vault's agent writes its token."
            )
        self._parts = parts
        self._token_file = token_file
        self._tls = ssl.create_default_context(cafile=None if ca is None else str(ca)) if parts.scheme == "https" else None

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a request and give the ``data`` of its answer.

        Raises :class:`lrs.errors.TamperedData` when Vault says that what it was given is wrong, else :class:`lrs.errors.KeyUnavailable` or
        :class:`lrs.errors.StoreUnavailable`. Nothing of the answer is quoted.
        """
        status, answer = self._exchange(method, f"{self._parts.path.rstrip('/')}/{path}", body)
        if status in _OK:
            return msgspec.json.decode(answer)["data"] if answer.strip() else {}
        if status == _BAD_REQUEST:
            raise TamperedData("Vault refused a wrapped key: it is damaged, or is not in its place")
        if status == _NOT_FOUND:
            raise KeyUnavailable("Vault has no such key", hint="Check the setting kms and the mount of the transit engine.")
        if status == _FORBIDDEN:
            raise KeyUnavailable("Vault refuses the token", hint="Check the token's policy and age; docs/how-to/keys.md has a policy.")
        raise StoreUnavailable(f"Vault can't answer now (HTTP {status})")

    def _exchange(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        try:
            connection = self._connection()
            try:
                text = None if body is None else msgspec.json.encode(body)
                connection.request(method, path, text, {"X-Vault-Token": self._token(), "Content-Type": "application/json"})
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise StoreUnavailable(f"Vault does not answer: {type(error).__name__}") from None

    def _connection(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=self._tls)

    def _token(self) -> str:
        try:
            return self._token_file.read_text("utf-8").strip()
        except OSError as error:
            raise KeyUnavailable(f"the token file {self._token_file} can't be read: {error.strerror}") from None


class TransitKeks:
    """The KEKs of a tenant that Vault keeps. ``name`` is that of the key in the transit engine."""

    def __init__(self, name: str, server: VaultServer) -> None:
        self._name = name
        self._server = server
        self._epochs: dict[int, str] = {}

    def create(self) -> None:
        """Make the tenant's key; one that is there stays as it is."""
        self._server.call("POST", f"keys/{self._name}", {"type": "aes256-gcm96", "derived": True})

    def remove(self) -> None:
        """Destroy the tenant's key with all its epochs, for ever."""
        self._server.call("POST", f"keys/{self._name}/config", {"deletion_allowed": True})
        self._server.call("DELETE", f"keys/{self._name}")

    def epochs(self) -> Mapping[int, str]:
        """See :class:`lrs.crypto.keks.KekProvider`."""
        if not self._epochs:
            self.refresh()
        return self._epochs

    def refresh(self) -> None:
        """See :class:`lrs.crypto.keks.KekProvider`."""
        found = self._server.call("GET", f"keys/{self._name}")
        if not found["derived"]:
            raise KeyUnavailable("the key in Vault was not made by lrs: it does not derive keys from contexts")
        versions = {int(number): made for number, made in found["keys"].items() if int(number) >= found["min_decryption_version"]}
        self._epochs = {number: _time(made) for number, made in sorted(versions.items())}

    def wrap(self, epoch: int, keys: Sequence[Item]) -> list[bytes]:
        """See :class:`lrs.crypto.keks.KekProvider`."""
        asked = [{"plaintext": _text(key), "context": _text(context), "key_version": epoch} for key, context in keys]
        return [text.encode() for text in self._batches("encrypt", asked, "ciphertext")]

    def unwrap(self, epoch: int, wrapped: Sequence[Item]) -> list[bytes]:
        """See :class:`lrs.crypto.keks.KekProvider`."""
        asked = [{"ciphertext": _of_epoch(epoch, text), "context": _text(context)} for text, context in wrapped]
        return [b64decode(text) for text in self._batches("decrypt", asked, "plaintext")]

    def rewrap(self, old: int, new: int, wrapped: Sequence[Item]) -> list[bytes]:
        """See :class:`lrs.crypto.keks.KekProvider`."""
        asked = [{"ciphertext": _of_epoch(old, text), "context": _text(context), "key_version": new} for text, context in wrapped]
        return [text.encode() for text in self._batches("rewrap", asked, "ciphertext")]

    def rotate(self) -> None:
        """See :class:`lrs.crypto.keks.KekProvider`."""
        self.refresh()
        if len(self._epochs) >= LIVE_EPOCHS:
            raise two_are_live(min(self._epochs))
        self._server.call("POST", f"keys/{self._name}/rotate")
        self.refresh()

    def destroy(self, epoch: int) -> None:
        """See :class:`lrs.crypto.keks.KekProvider`; Vault destroys the older ones too."""
        least = epoch + 1
        self._server.call("POST", f"keys/{self._name}/config", {"min_decryption_version": least, "min_encryption_version": least})
        self._server.call("POST", f"keys/{self._name}/trim", {"min_available_version": least})
        self.refresh()

    def _batches(self, verb: str, asked: Sequence[dict[str, Any]], answer: str) -> list[str]:
        found: list[str] = []
        for start in range(0, len(asked), _BATCH):
            data = self._server.call("POST", f"{verb}/{self._name}", {"batch_input": asked[start : start + _BATCH]})
            found += [result.get(answer) or _refused() for result in data["batch_results"]]
        return found

    def __repr__(self) -> str:
        return f"TransitKeks({self._name!r})"


def _of_epoch(epoch: int, wrapped: bytes) -> str:
    if not wrapped.startswith(b"vault:v%d:" % epoch):
        _refused()
    return wrapped.decode("ascii", "replace")


def _refused() -> str:
    raise TamperedData("a wrapped key is damaged, or is not in its place")


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _time(made: Any) -> str:
    return datetime.fromtimestamp(int(made), UTC).isoformat(timespec="seconds")
