"""JSON Web Tokens that an issuer signed, checked against the keys that it publishes (RFC 7519, RFC 7517, RFC 8725).

Only public keys are ever used, and each only with the algorithm that its own type and the settings allow: a token can't choose how it is checked. PyJWT
does the checking, and is imported when the first token comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lrs.errors import NotAuthenticated

if TYPE_CHECKING:
    from jwt import PyJWK

LEEWAY = 30
"""Seconds by which the issuer's clock and ours may differ."""
_LONGEST = 16 * 1024
_REQUIRED = ["exp", "iss", "aud"]
_PUBLIC_KEY_TYPES = ("RSA", "EC", "OKP")


class UnknownKey(Exception):
    """The token names a key that is not in the set; a newer set may have it."""


class KeySet:
    """The public signing keys of an issuer, by their ids."""

    def __init__(self, keys: Sequence[Mapping[str, Any]]) -> None:
        self._keys = keys
        self._made: dict[tuple[str | None, str], PyJWK] = {}

    @classmethod
    def of(cls, published: object) -> KeySet:
        """Read a JWK set (RFC 7517 5); raises ValueError where there is no key in it that can check a signature."""
        listed = published.get("keys") if isinstance(published, dict) else None
        keys = [key for key in listed if _checks_signatures(key)] if isinstance(listed, list) else []
        if not keys:
            raise ValueError("no public signing key")
        return cls(keys)

    def key(self, key_id: str | None, algorithm: str) -> PyJWK:
        """Give the key of an id, made ready for an algorithm; without an id the only key there is. Raises :class:`UnknownKey`."""
        wanted = (key_id, algorithm)
        if wanted not in self._made:
            self._made[wanted] = self._make(key_id, algorithm)
        return self._made[wanted]

    def _make(self, key_id: str | None, algorithm: str) -> PyJWK:
        from jwt import PyJWK

        found = [key for key in self._keys if key_id is None or key.get("kid") == key_id]
        if len(found) != 1:
            raise UnknownKey
        if found[0].get("alg", algorithm) != algorithm:
            raise NotAuthenticated("the token is signed by another algorithm than its key is for")
        return PyJWK(dict(found[0]), algorithm)

    def __repr__(self) -> str:
        return f"KeySet({len(self._keys)} keys)"


def check_token(token: str, keys: KeySet, *, issuer: str, audience: str, algorithms: Sequence[str]) -> dict[str, Any]:
    """Token -> its claims, when ``issuer`` signed it for ``audience`` and it is in force now.

    Raises :class:`UnknownKey`, and :class:`lrs.errors.NotAuthenticated` for whatever else is wrong with it; quotes nothing of it.
    """
    import jwt

    if len(token) > _LONGEST:
        raise NotAuthenticated("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = str(header.get("alg"))
        if algorithm not in algorithms:
            raise NotAuthenticated("the token is not signed by an algorithm that is allowed here")
        key = keys.key(header.get("kid"), algorithm)
        options: Any = {"require": _REQUIRED, "enforce_minimum_key_length": True}
        return jwt.decode(token, key, [algorithm], options, audience=audience, issuer=issuer, leeway=LEEWAY)
    except jwt.PyJWTError as error:
        raise NotAuthenticated(_reason(error)) from None


def _reason(error: Exception) -> str:
    import jwt

    if isinstance(error, jwt.ExpiredSignatureError):
        return "the token has expired"
    if isinstance(error, jwt.ImmatureSignatureError):
        return "the token is not in force yet"
    if isinstance(error, jwt.InvalidAudienceError):
        return "the token is for another audience"
    if isinstance(error, jwt.InvalidIssuerError):
        return "the token is from another issuer"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return "the token lacks one of " + ", ".join(_REQUIRED)
    return "the token is malformed, or its signature is wrong"


def _checks_signatures(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") in _PUBLIC_KEY_TYPES and key.get("use", "sig") == "sig" and "d" not in key
