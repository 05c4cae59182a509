"""The signatures of webhooks: a JSON Web Token with the body's digest in it (LiveKit), a shared secret or a checksum made with it (BigBlueButton)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import new, sha256
from hmac import compare_digest
from typing import Any

from lrs.crypto.bearer import LEEWAY
from lrs.errors import NotAuthenticated

__all__ = ["check_checksum", "check_webhook"]

_LONGEST = 4096
_CHECKSUMS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
"""What BigBlueButton may be set to, by the length of a digest in hexadecimal."""
_REFUSED = "the webhook's token is malformed, expired, or its signature is wrong"


def check_webhook(authorization: str, body: bytes, secrets: Mapping[str, str]) -> str:
    """Check the ``Authorization`` header of a webhook -> the API key that signed it.

    ``secrets`` are the secrets of the API keys that may sign, of at least 32 characters (RFC 7518 3.2). The token must be signed with HS256, be in force now,
    and hold the SHA-256 of the body in base64. Raises :class:`lrs.errors.NotAuthenticated` for whatever is wrong, and quotes nothing of it.
    """
    token = authorization.removeprefix("Bearer ").strip()
    if len(token) > _LONGEST:
        raise NotAuthenticated("the webhook's token is too long")
    claims = _claims(token, secrets)
    expected = base64.b64encode(sha256(body).digest())
    if not compare_digest(str(claims["sha256"]).encode(), expected):
        raise NotAuthenticated("the webhook's token was made for another body")
    return str(claims["iss"])


def check_checksum(authorization: str, checksum: str, body: bytes, *, secret: str, address: str) -> None:
    """Check a webhook of BigBlueButton: the ``secret`` as a bearer token, or a ``checksum`` of callback ``address``, body and secret, by a SHA.

    The algorithm is told by the length of the checksum. Raises :class:`lrs.errors.NotAuthenticated`.
    """
    if authorization:
        right = compare_digest(authorization.removeprefix("Bearer ").strip().encode(), secret.encode())
    else:
        algorithm = _CHECKSUMS.get(len(checksum))
        expected = new(algorithm, address.encode() + body + secret.encode()).hexdigest() if algorithm else ""
        right = bool(expected) and compare_digest(checksum.encode(), expected.encode())
    if not right:
        raise NotAuthenticated(
            "the webhook's checksum or secret is missing or wrong", hint="Compare secret and address in sources.toml with BigBlueButton's."
        )


def _claims(token: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    import jwt

    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        secret = secrets.get(issuer) if isinstance(issuer, str) else None
        if not secret:
            raise NotAuthenticated("the webhook is signed by a key that is not known here")
        options: Any = {"require": ["exp", "iss", "sha256"], "enforce_minimum_key_length": True}
        return jwt.decode(token, secret, ["HS256"], options, leeway=LEEWAY)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise NotAuthenticated(_REFUSED) from None
