"""Where the keyring comes from, a file that only its owner may read or the environment, and who keeps the KEKs."""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lrs.crypto import document
from lrs.crypto.document import Document, Tenant
from lrs.crypto.keyring import Keks, Keyring
from lrs.crypto.seal import check_value
from lrs.errors import ConfigurationError, KeyUnavailable

if TYPE_CHECKING:
    from lrs.crypto.transit import TransitKeks
    from lrs.settings import Settings

_MODE = 0o400


def key_file(settings: Settings) -> Path:
    """Give the path of the keyring file."""
    return settings.key_file or settings.data / "keys.json"


def open_keyring(settings: Settings, *, create: bool) -> Keyring:
    """Read the keyring; make one, with keys for ``settings.tenant``, where there is none and ``create`` allows it.

    Raises :class:`lrs.errors.KeyUnavailable` when it is missing, damaged, or readable by others.
    """
    home = _home(settings)
    if isinstance(home, KeyFile) and not home.path.exists():
        if not create:
            raise KeyUnavailable(f"the keyring {home.path} is missing, but there is data that needs it")
        home.make(_with_tenant(settings, document.fresh(), settings.tenant))
    return Keyring(home, _keks(settings))


def add_tenant(settings: Settings, name: str) -> Keyring:
    """Give a new tenant its keys, durably; raises :class:`lrs.errors.KeyUnavailable` where the keyring is not a file."""
    home = _home(settings)
    home.change(lambda found: _with_tenant(settings, found, name))
    return Keyring(home, _keks(settings))


def remove_tenant(settings: Settings, name: str) -> Keyring:
    """Destroy all keys of a tenant, for ever, those that a KMS keeps first; raises :class:`lrs.errors.KeyUnavailable` where the keyring is not a file."""
    home = _home(settings)
    found = home.read().tenants.get(name)
    if found is not None and settings.kms is not None:
        _transit(settings, found).remove()
    home.change(lambda document: document.without_tenant(name))
    return Keyring(home, _keks(settings))


class KeyFile:
    """A keyring in a file of its owner's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self, first: Document) -> None:
        """Write the file unless another process was first: its keyring it is then."""
        try:
            _write(self.path, document.encode(first))
        except FileExistsError:
            pass
        except OSError as error:
            raise ConfigurationError(
                f"the keyring {self.path} can't be written: {error.strerror}", hint="Give a data directory that you may write."
            ) from None

    def read(self) -> Document:
        """Read it; raises :class:`lrs.errors.KeyUnavailable` when it is missing, damaged, or readable by others."""
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if mode & 0o077:
                    raise KeyUnavailable(f"the keyring {self.path} may be read by others (mode {mode:04o})", hint=f"chmod 0400 {self.path}")
                return document.decode(file.read())
        except OSError as error:
            raise KeyUnavailable(f"the keyring {self.path} can't be read: {error.strerror}") from None

    def change(self, change: Callable[[Document], Document]) -> Document:
        """Replace it in one step by what ``change`` makes of it; other processes that change it wait."""
        with _locked(self.path.parent):
            before = self.read()
            after = change(before)
            if after != before:
                fresh = self.path.with_suffix(".new")
                fresh.unlink(missing_ok=True)
                _write(fresh, document.encode(after))
                fresh.rename(self.path)
                _sync(self.path.parent)
        return after


class KeyText:
    """A keyring in the environment, as JSON or in base64."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> Document:
        """Read it; raises :class:`lrs.errors.KeyUnavailable`."""
        try:
            text = self._text if self._text.lstrip().startswith("{") else base64.b64decode(self._text, validate=True)
        except binascii.Error:
            raise KeyUnavailable("the keyring in the environment is neither JSON nor base64") from None
        return document.decode(text)

    def change(self, change: Callable[[Document], Document]) -> Document:
        """Change nothing: raise :class:`lrs.errors.KeyUnavailable` unless nothing is to be changed."""
        found = self.read()
        if change(found) != found:
            raise KeyUnavailable(
                "a keyring in the environment can't be changed",
                hint="Keep it in a file to add tenants and to rotate keys, or KEKs in a KMS.",
            )
        return found


def _home(settings: Settings) -> KeyFile | KeyText:
    return KeyFile(key_file(settings)) if settings.keyring is None else KeyText(settings.keyring)


def _keks(settings: Settings) -> Keks | None:
    """Say who keeps the KEKs: Vault, where the setting ``kms`` names one."""
    if settings.kms is None:
        return None
    return lambda _name, tenant: _transit(settings, tenant)


def _transit(settings: Settings, tenant: Tenant) -> TransitKeks:
    from lrs.crypto.transit import TransitKeks, VaultServer

    if tenant.epochs:
        raise KeyUnavailable(
            "the keyring itself holds this tenant's KEKs, though the setting kms names Vault", hint="Take the setting kms away."
        )
    server = VaultServer(str(settings.kms), token_file=settings.kms_token_file, ca=settings.kms_ca)
    # Named by what tells keyrings apart, so that two stores that share a Vault never share a key.
    return TransitKeks(f"lrs-{check_value(tenant.mac).hex()}", server)


def _with_tenant(settings: Settings, found: Document, name: str) -> Document:
    made = found.with_tenant(name, epochs=settings.kms is None)
    if settings.kms is not None and made is not found:
        _transit(settings, made.tenants[name]).create()
    return made


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, text: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
