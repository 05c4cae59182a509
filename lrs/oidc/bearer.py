"""A bearer token -> who is asking (RFC 6750)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

from lrs.access import BEARER, Principal
from lrs.crypto.bearer import UnknownKey, check_token
from lrs.errors import KeyUnavailable, NotAuthenticated
from lrs.oidc import claims
from lrs.oidc.issuer import Issuer, Published

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.settings import Settings

_REMEMBERED = 10_000
_REMEMBER_FOR = 60.0


class Bearers:
    """Who stands behind the tokens of one issuer. Thread-safe.

    A token that was found good is remembered for a minute, or until it expires if that is sooner, by a digest under a key of this process.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        keys: Callable[[str], TenantKeys],
        issuer: Issuer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._tenant_keys = keys
        self._issuer = issuer or Issuer(str(settings.oidc_issuer), ca=settings.oidc_ca)
        self._clock = clock
        self._scopes = claims.known_scopes(settings)
        self._key = os.urandom(32)
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def principal(self, token: str) -> Principal:
        """Say who this is; raises :class:`lrs.errors.NotAuthenticated`, or :class:`lrs.errors.IssuerUnavailable` when that can't be told now."""
        digest = blake2b(token.encode(), key=self._key, digest_size=16).digest()
        until, principal = self._known.get(digest, (0.0, None))
        if principal is None or until <= self._clock():
            until, principal = self._checked(token)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[digest] = until, principal
        return principal

    def forget(self) -> None:
        """Drop every token's bearer from memory."""
        self._known.clear()

    def _checked(self, token: str) -> tuple[float, Principal]:
        published = self._issuer.current()
        try:
            found = self._claims(token, published)
        except UnknownKey:
            published = self._issuer.newer(published)
            try:
                found = self._claims(token, published)
            except UnknownKey:
                raise NotAuthenticated("the token is signed by a key that its issuer does not publish") from None
        return min(self._clock() + _REMEMBER_FOR, int(found["exp"])), self._bearer(found, published)

    def _claims(self, token: str, published: Published) -> claims.Claims:
        settings = self._settings
        return check_token(
            token,
            published.keys,
            issuer=str(settings.oidc_issuer),
            audience=str(settings.oidc_audience),
            algorithms=settings.oidc_algorithms,
        )

    def _bearer(self, found: claims.Claims, published: Published) -> Principal:
        tenant = claims.tenant_of(found, self._settings)
        authority = claims.authority_of(found, self._settings, published.token_endpoint)
        return Principal(
            tenant=tenant,
            credential_id=f"{BEARER}:{self._keys(tenant).blind_index(authority).hex()}",
            scopes=claims.scopes_of(found, self._scopes),
            view=claims.view_of(found, self._settings),
            authority=authority,
        )

    def _keys(self, tenant: str) -> TenantKeys:
        try:
            return self._tenant_keys(tenant)
        except KeyUnavailable:
            raise NotAuthenticated("the token is for a tenant that is not known here") from None
