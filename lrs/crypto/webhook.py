"""The signatures of webhooks: a JSON Web Token beside the body, with the body's digest in it (LiveKit)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from lrs.crypto.bearer import LEEWAY
from lrs.errors import NotAuthenticated

__all__ = ["check_webhook"]

_LONGEST = 4096
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
