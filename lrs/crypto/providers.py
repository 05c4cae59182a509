"""Where the keyring comes from: a file that only its owner may read, or the environment."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from lrs.crypto.keyring import Keyring
from lrs.errors import ConfigurationError, KeyUnavailable

if TYPE_CHECKING:
    from lrs.settings import Settings

_MODE = 0o400


def key_file(settings: Settings) -> Path:
    """Give the path of the keyring file."""
    return settings.key_file or settings.data / "keys.json"


def open_keyring(settings: Settings, *, create: bool) -> Keyring:
    """Read the keyring; make one, with keys for ``settings.tenant``, where there is none and ``create`` allows it.

    Raises :class:`lrs.errors.KeyUnavailable` when it is missing, damaged, or readable by others.
    """
    if settings.keyring is not None:
        return _from_text(settings.keyring)
    path = key_file(settings)
    try:
        return _read(path)
    except FileNotFoundError:
        if not create:
            raise KeyUnavailable(f"the keyring {path} is missing, but there is data that needs it") from None
    try:
        _write(path, Keyring.generate(settings.tenant).to_json())
    except FileExistsError:
        pass  # Another process was first: its keyring it is.
    except OSError as error:
        raise ConfigurationError(
            f"the keyring {path} can't be written: {error.strerror}", hint="Give a data directory that you may write."
        ) from None
    return _read(path)


def add_tenant(settings: Settings, name: str) -> Keyring:
    """Give a new tenant its keys, durably; raises :class:`lrs.errors.KeyUnavailable` where the keyring is not a file."""
    if settings.keyring is not None:
        raise KeyUnavailable("a keyring in the environment can't be added to", hint="Keep the keyring in a file to add tenants.")
    path = key_file(settings)
    keyring = _read(path)
    if name in keyring.tenants:
        return keyring
    keyring = keyring.with_tenant(name)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    _write(fresh, keyring.to_json())
    fresh.rename(path)
    _sync(path.parent)
    return keyring


def _from_text(text: str) -> Keyring:
    try:
        return Keyring.from_json(text if text.lstrip().startswith("{") else base64.b64decode(text, validate=True))
    except binascii.Error:
        raise KeyUnavailable("the keyring in the environment is neither JSON nor base64") from None


def _read(path: Path) -> Keyring:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyUnavailable(f"the keyring {path} may be read by others (mode {mode:04o})", hint=f"chmod 0400 {path}")
            return Keyring.from_json(file.read())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyUnavailable(f"the keyring {path} can't be read: {error.strerror}") from None


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
