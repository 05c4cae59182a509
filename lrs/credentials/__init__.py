"""Credentials: who may call, with which scopes and through which view; and whether a caller is who they say."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
import msgspec

from lrs.access import LOCAL, PLATFORM, Handling, Principal, View, scopes_from, software_authority
from lrs.credentials import launches, passes
from lrs.credentials.launches import Fetched
from lrs.credentials.ralph import Entry
from lrs.crypto import passwords
from lrs.crypto.providers import add_tenant, open_keyring
from lrs.errors import ConfigurationError, NotAuthenticated, StoreUnavailable
from lrs.handling import checked
from lrs.privacy.audit import DONE, REFUSED, Audit, Event, open_trail
from lrs.privacy.policy.reader import policy_of
from lrs.storage.contract import CredentialRow
from lrs.storage.vault import Vault

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring, TenantKeys
    from lrs.settings import Settings

_REMEMBERED = 10_000
_MICROSECONDS = 1_000_000
_REMEMBER_FOR = 60_000_000
_REREAD_AFTER = 2_000_000
_TENANT_LENGTH = 64
_NAME_LENGTH = 200


class Credentials:
    """The credentials of a vault. Thread-safe.

    A password that was found right is remembered for a minute by a keyed hash, so that its slow hash is computed once; whether its credential
    still stands is read again every two seconds, and at once in the process that revoked it.
    """

    def __init__(
        self, vault: Vault, settings: Settings, *, clock: Callable[[], int], audit: Audit, profile: passwords.Profile = passwords.OWASP
    ) -> None:
        self._audit = audit
        self._vault = vault
        self._settings = settings
        self._clock = clock
        self._profile = profile
        self._key = os.urandom(32)
        self._keyring: Keyring | None = None
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
        purpose: str = "",
        handling: Handling = Handling(),  # noqa: B008 -- frozen
    ) -> tuple[CredentialRow, str, str]:
        """Add a credential -> (what is kept, username, password); username and password are made up where none is given.

        ``purpose`` is one of the tenant's policy, its default one if none is named; ``handling`` is what is done with what it sends.
        A tenant that is new gets its keys.

        Raises :class:`lrs.errors.ConfigurationError`.
        """
        username = username or f"{name.lower().replace(' ', '-')}-{os.urandom(4).hex()}"
        password = password or passwords.new_password()
        secret = passwords.hash_password(password, self._profile)
        made = self._row(tenant or self._settings.tenant, name, username, secret, scopes=scopes, view=view, purpose=purpose)
        row = _handled(made, handling)
        self._vault.add_credentials([row])
        self._record("add credential", row)
        return row, username, password

    def take_over(
        self, entries: Sequence[Entry], *, tenant: str | None = None, scopes: Sequence[str] = (), view: str = View.IDENTIFIED
    ) -> list[CredentialRow]:
        """Add the users of another record store, all of them or none; what is given here stands in place of what the entries say.

        They keep their passwords: each is hashed anew when it is first used. Raises :class:`lrs.errors.ConfigurationError`.
        """
        rows = [
            self._row(
                tenant or entry.tenant or self._settings.tenant,
                entry.username,
                entry.username,
                entry.secret,
                scopes=scopes or entry.scopes,
                view=view,
                authority=entry.authority,
            )
            for entry in entries
        ]
        self._vault.add_credentials(rows)
        for row in rows:
            self._record("add credential", row)
        return rows

    def _row(
        self,
        tenant: str,
        name: str,
        username: str,
        secret: str,
        *,
        scopes: Sequence[str],
        view: str,
        authority: bytes | None = None,
        purpose: str = "",
    ) -> CredentialRow:
        if not 0 < len(tenant) <= _TENANT_LENGTH or not all(0 < len(text) <= _NAME_LENGTH for text in (name, username)) or ":" in username:
            raise ConfigurationError("a tenant has 1 to 64 characters, names and usernames 1 to 200, and a username no colon")
        if view not in set(View):
            raise ConfigurationError("unknown view", hint=f"The views are: {', '.join(View)}.")
        if purpose and purpose not in {each.id for each in policy_of(self._settings, tenant).purposes}:
            raise ConfigurationError("the policy has no such purpose", hint="`lrs policy show` lists them.")
        granted = tuple(sorted(scopes_from(tuple(scopes))))
        self._ensure_tenant(tenant)
        identifier = str(uuid4())
        authority = authority or software_authority(self._settings.home_page, identifier)
        sealed = self._keys(tenant).credentials.seal("authority", identifier.encode(), authority)
        return CredentialRow(identifier, tenant, name, username, secret, granted, view, sealed, self._clock(), purpose=purpose)

    def list(self, tenant: str | None = None) -> list[CredentialRow]:
        """Give all credentials, revoked ones too, oldest first."""
        return self._vault.credentials(tenant)

    def revoke(self, which: str) -> CredentialRow:
        """Revoke the credential of this id, username, or unambiguous name; raises :class:`lrs.errors.ConfigurationError`."""
        found = self._live(which)
        self._vault.revoke_credential(found.id, at=self._clock())
        self.forget()
        self._record("revoke credential", found)
        return found

    def change_handling(self, which: str, **changes: Any) -> CredentialRow:
        """Change what is done with what a credential sends; what is not named stays as it is. Raises :class:`lrs.errors.ConfigurationError`."""
        found = self._live(which)
        self._vault.change_credential(_handled(found, attrs.evolve(handling_of(found), **changes)))
        self._known.clear()
        self._record("change credential", found)
        return self._live(found.id)

    def issue(self, principal: Principal, asked: object) -> tuple[str, int]:
        """Make a pass for a browser: see :mod:`lrs.credentials.passes`."""
        token, until = passes.issue(principal, asked, keys=self._keys(principal.tenant), now=self._clock() // _MICROSECONDS)
        self._audit.put(Event.by(principal, "issue a pass"))
        return token, until

    def launch(self, principal: Principal, asked: object) -> tuple[str, int]:
        """Make a launch of cmi5: see :mod:`lrs.credentials.launches`."""
        token, until = launches.issue(principal, asked, keys=self._keys(principal.tenant), now=self._clock() // _MICROSECONDS)
        self._audit.put(Event.by(principal, "issue a launch"))
        return token, until

    def fetch(self, launch: str) -> Fetched:
        """Exchange a launch for its pass, once, whichever process is asked."""
        now = self._clock() // _MICROSECONDS
        owner, fetched = launches.fetch(
            launch,
            live=self._by_id,
            keys=self._keys,
            now=now,
            spend=lambda tenant, number, until: self._vault.spend(tenant, number, until=until, now=now),
        )
        if owner is not None:
            self._audit.put(Event.by(owner, "fetch a pass", outcome=REFUSED if fetched.error_code else DONE))
        return fetched

    def bearer(self, token: str) -> Principal:
        """Say who comes with a pass; raises :class:`lrs.errors.NotAuthenticated`."""
        return passes.opened(token, live=self._by_id, keys=self._keys, now=self._clock() // _MICROSECONDS)

    def _by_id(self, identifier: str) -> Principal | None:
        found = self._vault.credential_by_id(identifier)
        return self._principal(found) if found else None

    def principal(self, which: str) -> Principal:
        """Say who calls with the credential of this id, username or name, without its password: for whoever holds the keys of the store.

        Raises :class:`lrs.errors.ConfigurationError`.
        """
        return self._principal(self._live(which))

    def forget(self) -> None:
        """Drop from memory who was found to be whom."""
        self._known.clear()

    def _live(self, which: str) -> CredentialRow:
        live = [row for row in self.list() if row.revoked is None]
        found = [row for row in live if which in (row.id, row.username)] or [row for row in live if row.name == which]
        if len(found) != 1:
            reason = "no live credential has this id, username or name" if not found else "several credentials have this name"
            raise ConfigurationError(reason, hint="`lrs credentials list` shows their ids.")
        return found[0]

    def authenticate(self, username: str, password: str) -> Principal:
        """Say who this is, or raise :class:`lrs.errors.NotAuthenticated`; an unknown username takes as long as a wrong password."""
        return self.remembered(username, password) or self._verified(username, password, self._proof(username, password))

    def remembered(self, username: str, password: str) -> Principal | None:
        """Say who this is, if this password was found to be right lately, without the slow hash; None where that is needed."""
        known = self._known.get(self._proof(username, password))
        now = self._clock()
        if known is not None and now < known.until and (now < known.reread or self._stands(username, known, now)):
            return known.principal
        return None

    def _proof(self, username: str, password: str) -> bytes:
        return hashlib.blake2b(f"{len(username)}:{username}{password}".encode(), digest_size=32, key=self._key).digest()

    def _record(self, action: str, row: CredentialRow) -> None:
        self._audit.record(Event(action=action, tenant=row.tenant, credential=LOCAL, object=row.id))

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
                    self._audit.put(
                        Event(action="authenticate", outcome=REFUSED, tenant=row.tenant if row else "", object=row.id if row else "")
                    )
                    raise NotAuthenticated("username or password is wrong")
                principal = self._principal(row)
                if passwords.is_bcrypt(row.secret):
                    self._hash_anew(row, password)
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[proof] = _Known(principal, until=now + _REMEMBER_FOR, reread=now + _REREAD_AFTER)
                return principal
        finally:
            with self._lock:
                self._checking.pop(proof, None)

    def _stands(self, username: str, known: _Known, now: int) -> bool:
        row = self._vault.credential(username)
        if row is None or row.id != known.principal.credential_id:
            known.reread = 0
            return False
        known.principal = attrs.evolve(known.principal, handling=handling_of(row))
        known.reread = now + _REREAD_AFTER
        return True

    def _principal(self, row: CredentialRow) -> Principal:
        authority = self._keys(row.tenant).credentials.open("authority", row.id.encode(), row.authority)
        return Principal(
            row.tenant,
            row.id,
            scopes_from(row.scopes),
            View(row.view),
            authority,
            name=row.name,
            purpose=row.purpose,
            handling=handling_of(row),
        )

    def _hash_anew(self, row: CredentialRow, password: str) -> None:
        # bcrypt does not see all of a longer password: what was typed may not be the right one.
        if len(password.encode()) < passwords.BCRYPT_BYTES:
            with suppress(StoreUnavailable):
                self._vault.replace_secret(row.id, old=row.secret, new=passwords.hash_password(password, self._profile))

    def _keys(self, tenant: str) -> TenantKeys:
        if self._keyring is None or tenant not in self._keyring.tenants:
            self._keyring = open_keyring(self._settings, create=False)
        return self._keyring.tenant(tenant)

    def _ensure_tenant(self, tenant: str) -> None:
        if self._vault.has_ended(tenant):
            raise ConfigurationError(
                "this tenant has ended: its keys are destroyed", hint="Choose another name; `lrs tenant list` shows all."
            )
        keyring = open_keyring(self._settings, create=not self._vault.tenants())
        if tenant not in keyring.tenants:
            keyring = add_tenant(self._settings, tenant)
        self._vault.check_keyring(tenant, keyring.tenant(tenant).check)


def handling_of(row: CredentialRow) -> Handling:
    """Say what is done with what a credential sends."""
    return Handling(row.repairs, row.profiles, row.quarantine_days)


def _handled(row: CredentialRow, handling: Handling) -> CredentialRow:
    return msgspec.structs.replace(row, **attrs.asdict(checked(handling)))


class _Known:
    __slots__ = ("principal", "reread", "until")

    def __init__(self, principal: Principal, *, until: int, reread: int) -> None:
        self.principal = principal
        self.until = until
        self.reread = reread


@contextmanager
def open_credentials(settings: Settings, *, clock: Callable[[], int]) -> Iterator[Credentials]:
    """Open the credentials alone: the vault, not the warehouse, so that a running server need not stop for it."""
    vault, audit = Vault.open(settings), open_trail(settings, clock=clock)
    try:
        yield Credentials(vault, settings, clock=clock, audit=audit)
    finally:
        audit.close()
        vault.close()
