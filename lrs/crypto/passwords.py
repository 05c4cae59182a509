"""Passwords of credentials: made up at random, kept as Argon2id hashes (RFC 9106). Those that came from elsewhere may still have bcrypt's."""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from lrs.errors import MissingExtra

_LENGTH = 32
_SALT = 16
BCRYPT_BYTES = 72
"""What bcrypt sees of a password: the rest is cut off."""
_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}")
"""Costs up to 14: about a second; each step more doubles it."""


class Profile(NamedTuple):
    """Cost of one hash: passes, lanes, memory in KiB."""

    passes: int
    lanes: int
    memory: int


OWASP = Profile(passes=2, lanes=1, memory=19 * 1024)
"""The OWASP Password Storage Cheat Sheet's first choice for Argon2id."""
CHEAPEST = Profile(passes=1, lanes=1, memory=8)
"""For tests only."""
_SCRYPT = Profile(passes=2**15, lanes=1, memory=8)
"""Where OpenSSL has no Argon2: n, p, r for about 30 MiB."""


def new_password() -> str:
    """Make up a password with 192 random bits."""
    return secrets.token_urlsafe(24)


def hash_password(password: str, profile: Profile = OWASP) -> str:
    """Password -> hash in PHC string format."""
    salt = os.urandom(_SALT)
    try:
        digest = _argon2(password, salt, profile)
        return f"$argon2id$v=19$m={profile.memory},t={profile.passes},p={profile.lanes}${_b64(salt)}${_b64(digest)}"
    except UnsupportedAlgorithm:
        digest = _scrypt(password, salt, _SCRYPT)
        return f"$scrypt$n={_SCRYPT.passes},p={_SCRYPT.lanes},r={_SCRYPT.memory}${_b64(salt)}${_b64(digest)}"


def verify_password(password: str, hashed: str) -> bool:
    """Tell whether a password has this hash, in constant time for a given hash.

    Raises :class:`lrs.errors.MissingExtra` for one of bcrypt's where the package is not installed.
    """
    if is_bcrypt(hashed):
        return _verify_bcrypt(password, hashed)
    scheme, *_, parameters, salt, digest = hashed.split("$")[1:]
    numbers = [int(part.partition("=")[2]) for part in parameters.split(",")]
    if scheme == "argon2id":
        memory, passes, lanes = numbers
        found = _argon2(password, _unb64(salt), Profile(passes, lanes, memory))
    else:
        found = _scrypt(password, _unb64(salt), Profile(*numbers))
    return hmac.compare_digest(found, _unb64(digest))


def is_bcrypt(hashed: str) -> bool:
    """Tell whether this is a hash of bcrypt, of a cost that a server can bear."""
    return _BCRYPT.fullmatch(hashed) is not None


def _verify_bcrypt(password: str, hashed: str) -> bool:
    try:
        import bcrypt
    except ImportError:
        raise MissingExtra("checking the password of an imported credential", "server") from None
    return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], hashed.encode())


def _argon2(password: str, salt: bytes, profile: Profile) -> bytes:
    kdf = Argon2id(salt=salt, length=_LENGTH, iterations=profile.passes, lanes=profile.lanes, memory_cost=profile.memory)
    return kdf.derive(password.encode())


def _scrypt(password: str, salt: bytes, profile: Profile) -> bytes:
    return Scrypt(salt=salt, length=_LENGTH, n=profile.passes, r=profile.memory, p=profile.lanes).derive(password.encode())


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
