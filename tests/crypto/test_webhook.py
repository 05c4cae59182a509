"""The signatures of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

from lrs.crypto.webhook import check_webhook
from lrs.errors import NotAuthenticated

BODY = b'{"event":"room_started"}'
SECRETS = {"APIkey": "a secret of thirty-two characters" * 2, "other": "another secret of thirty-two chars" * 2}
_HASHES = {"HS256": "sha256", "HS512": "sha512"}


def token(*, secret: str = SECRETS["APIkey"], body: bytes = BODY, algorithm: str = "HS256", **claims: object) -> str:
    """Make a token as RFC 7515 and LiveKit's documentation say, without the library that checks it."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    said = {"iss": "APIkey", "nbf": int(time.time()), "exp": int(time.time()) + 300, "sha256": digest} | claims
    parts = [{"alg": algorithm, "typ": "JWT"}, {name: value for name, value in said.items() if value is not None}]
    signed = ".".join(_part(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_part(hmac.digest(secret.encode(), signed.encode(), _HASHES[algorithm])) if algorithm != 'none' else ''}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize("scheme", ["", "Bearer "])
def test_a_signed_webhook_is_taken(scheme: str) -> None:
    """LiveKit sends the token bare; the key that signed it is told."""
    assert check_webhook(scheme + token(), BODY, SECRETS) == "APIkey"


@pytest.mark.parametrize(
    "given",
    [
        token(body=b"another body"),
        token(secret=SECRETS["APIkey"][:-1] + "S"),
        token(iss="other"),
        token(iss="nobody"),
        token(iss=None),
        token(iss=["APIkey"]),
        token(exp=int(time.time()) - 120),
        token(exp=None),
        token(nbf=int(time.time()) + 600),
        token(sha256=None),
        token(sha256=7),
        token(sha256=""),
        token(algorithm="none"),
        token(algorithm="HS512"),
        token() + "x" * 5000,
        token()[:-5],
        "",
        "Bearer ",
        "é.é.é",
        "..",
    ],
)
def test_any_other_is_refused(given: str) -> None:
    """Another body, secret, key, algorithm or time, and whatever is no token; nothing of it is quoted."""
    with pytest.raises(NotAuthenticated) as refused:
        check_webhook(given, BODY, SECRETS)
    assert not given or given not in str(refused.value)


def test_a_short_secret_signs_nothing() -> None:
    """Secrets of less than 32 characters can be guessed (RFC 7518 3.2)."""
    with pytest.raises(NotAuthenticated):
        check_webhook(token(secret="secret", iss="dev"), BODY, {"dev": "secret"})
