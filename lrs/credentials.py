"""Credentials: who may call, with which scopes and through which view; and whether a caller is who they say."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from lrs.access import PLATFORM, Principal, View, scopes_from, software_authority
from lrs.crypto import passwords
from lrs.crypto.providers import add_tenant, open_keyring
from lrs.errors import ConfigurationError, NotAuthenticated
from lrs.storage.contract import CredentialRow
from lrs.storage.vault import Vault

if TYPE_CHECKING:
    from lrs.settings import Settings

_REMEMBERED = 10_000
_REMEMBER_FOR = 60_000_000
_REREAD_AFTER = 2_000_000
_TENANT_LENGTH = 64
_NAME_LENGTH = 200


class Credentials:
    """The credentials of a vault. Thread-safe.

    A password that was found right is remembered for a minute by a keyed hash, so that its slow hash is computed once; whether its credential
    still stands is read again every two seconds, and at once in the process that revoked it.
    """

    def __init__(self, vault: Vault, settings: Settings, *, clock: Callable[[], int], profile: passwords.Profile = passwords.OWASP) -> None:
        self._vault = vault
        self._settings = settings
        self._clock = clock
        self._profile = profile
        self._key = os.urandom(32)
        self._nobody = passwords.hash_password(passwords.new_password(), profile)
        self._known: dict[bytes, _Known] = {}
        self._checking: dict[bytes, threading.Lock] = {}
        self._lock = threading.Lock()

    def add(
        self,
        name: str,
        *,
        tenant: str | None = None,
        username: str | None = None,
        password: str | None = None,
        scopes: Sequence[str] = PLATFORM,
        view: str = View.IDENTIFIED,
    ) -> tuple[CredentialRow, str, str]:
        """Add a credential -> (what is kept, username, password); username and password are made up where none is given.

        A tenant that is new gets its keys. Raises :class:`lrs.errors.ConfigurationError`.
        """
        tenant = tenant or self._settings.tenant
        username = username or f"{name.lower().replace(' ', '-')}-{os.urandom(4).hex()}"
        password = password or passwords.new_password()
        if not 0 < len(tenant) <= _TENANT_LENGTH or not 0 < len(name) <= _NAME_LENGTH or ":" in username or len(username) > _NAME_LENGTH:
            raise ConfigurationError("a tenant has 1 to 64 characters, names and usernames 1 to 200, and a username no colon")
        if view not in set(View):
            raise ConfigurationError("unknown view", hint=f"The views are: {', '.join(View)}.")
        self._ensure_tenant(tenant)
        identifier = str(uuid4())
        row = CredentialRow(
            id=identifier,
            tenant=tenant,
            name=name,
            username=username,
            secret=passwords.hash_password(password, self._profile),
            scopes=tuple(sorted(scopes_from(tuple(scopes)))),
            view=view,
            authority=software_authority(self._settings.home_page, identifier),
            created=self._clock(),
        )
        self._vault.add_credential(row)
        return row, username, password

    def list(self, tenant: str | None = None) -> list[CredentialRow]:
        """Give all credentials, revoked ones too, oldest first."""
        return self._vault.credentials(tenant)

    def revoke(self, which: str) -> CredentialRow:
        """Revoke the credential of this id, username, or unambiguous name; raises :class:`lrs.errors.ConfigurationError`."""
        live = [row for row in self.list() if row.revoked is None]
        found = [row for row in live if which in (row.id, row.username)] or [row for row in live if row.name == which]
        if len(found) != 1:
            reason = "no live credential has this id, username or name" if not found else "several credentials have this name"
            raise ConfigurationError(reason, hint="`lrs credentials list` shows their ids.")
        self._vault.revoke_credential(found[0].id, at=self._clock())
        self._known.clear()
        return found[0]

    def authenticate(self, username: str, password: str) -> Principal:
        """Say who this is, or raise :class:`lrs.errors.NotAuthenticated`; an unknown username takes as long as a wrong password."""
        proof = hashlib.blake2b(f"{len(username)}:{username}{password}".encode(), digest_size=32, key=self._key).digest()
        known = self._known.get(proof)
        now = self._clock()
        if known is not None and now < known.until and (now < known.reread or self._stands(username, known, now)):
            return known.principal
        return self._verified(username, password, proof)

    def _verified(self, username: str, password: str, proof: bytes) -> Principal:
        with self._lock:
            checking = self._checking.setdefault(proof, threading.Lock())
        try:
            # Callers that come together with the same credential wait for one slow hash.
            with checking:
                known = self._known.get(proof)
                now = self._clock()
                if known is not None and now < known.reread:
                    return known.principal
                row = self._vault.credential(username)
                right = passwords.verify_password(password, row.secret if row else self._nobody)
                if row is None or not right:
                    raise NotAuthenticated("username or password is wrong")
                principal = principal_of(row)
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[proof] = _Known(principal, until=now + _REMEMBER_FOR, reread=now + _REREAD_AFTER)
                return principal
        finally:
            with self._lock:
                self._checking.pop(proof, None)

    def _stands(self, username: str, known: _Known, now: int) -> bool:
        row = self._vault.credential(username)
        stands = row is not None and row.id == known.principal.credential_id
        known.reread = now + _REREAD_AFTER if stands else 0
        return stands

    def _ensure_tenant(self, tenant: str) -> None:
        keyring = open_keyring(self._settings, create=not self._vault.tenants())
        if tenant not in keyring.tenants:
            keyring = add_tenant(self._settings, tenant)
        self._vault.check_keyring(tenant, keyring.tenant(tenant).check)


class _Known:
    __slots__ = ("principal", "reread", "until")

    def __init__(self, principal: Principal, *, until: int, reread: int) -> None:
        self.principal = principal
        self.until = until
        self.reread = reread


@contextmanager
def open_credentials(settings: Settings, *, clock: Callable[[], int]) -> Iterator[Credentials]:
    """Open the credentials alone: the vault, not the warehouse, so that a running server need not stop for it."""
    vault = Vault.open(settings)
    try:
        yield Credentials(vault, settings, clock=clock)
    finally:
        vault.close()


def principal_of(row: CredentialRow) -> Principal:
    """Credential -> what it may do."""
    return Principal(tenant=row.tenant, credential_id=row.id, scopes=scopes_from(row.scopes), view=View(row.view), authority=row.authority)
