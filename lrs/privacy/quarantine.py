"""Quarantine: what a credential sent and could not be taken, sealed under a key of the tenant, until somebody deals with it or its time is up.

Nobody can be looked for in what is sealed, and an erasure does not find them there: what bounds how long somebody stays is the time to live, after
which nothing is shown, and which :meth:`Quarantine.prune` takes off the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from lrs.access import LOCAL, Principal
from lrs.errors import LRSError, NotFound, StoreBusy
from lrs.privacy.audit import Audit, Event, open_trail
from lrs.storage.contract import QuarantinedRow, QuarantineStore

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.settings import Settings

_DAY = 86_400_000_000
_KIND = "quarantine"
LARGEST = 1 << 20
"""Bytes of the largest statement or event that is kept; a larger one is refused."""
_LONGEST_REASON = 500


class Held(NamedTuple):
    """What is to be kept, and why it could not be taken."""

    content: bytes
    reason: LRSError


class Quarantine:
    """The quarantine of all tenants. Thread-safe."""

    def __init__(
        self, vault: QuarantineStore, *, keys: Callable[[str], TenantKeys], clock: Callable[[], int], audit: Audit, most: int
    ) -> None:
        self._vault = vault
        self._keys = keys
        self._clock = clock
        self._audit = audit
        self._most = most

    def add(self, principal: Principal, source: str, held: Sequence[Held]) -> None:
        """Keep what a credential sent; durable on return. The same content is kept once.

        ``source`` is the endpoint whose events they are, empty for statements. Raises :class:`lrs.errors.StoreBusy` when there is no room: none is kept then.
        """
        if not held:
            return
        rows = [self._row(principal, source, each) for each in held]
        if not self._vault.quarantine(principal.tenant, rows, most=self._most):
            raise StoreBusy(
                "the quarantine is full",
                hint="What can't be taken is refused until there is room: `lrs quarantine list`, then replay or drop.",
            )
        self._audit.put(Event.by(principal, "quarantine", counts={"entries": len(rows)}))

    def entries(self, tenant: str) -> list[QuarantinedRow]:
        """List what is kept, oldest first, without its contents."""
        return self._vault.quarantined(tenant, now=self._clock())

    def content(self, tenant: str, key: str, *, why: str = "show quarantined") -> bytes:
        """Give what was sent under a key; the audit trail says that somebody looked. Raises :class:`lrs.errors.NotFound`."""
        found = self._vault.quarantined_content(tenant, _bytes(key), now=self._clock())
        if found is None:
            raise NotFound("nothing is in quarantine under this id", hint="`lrs quarantine list` shows the ids.")
        self._audit.record(Event(action=why, tenant=tenant, credential=LOCAL, object=key))
        return self._keys(tenant).quarantine.open(_KIND, found.key, found.sealed)

    def drop(self, tenant: str, keys: Sequence[str], *, why: str = "drop quarantined") -> int:
        """Let go of entries -> how many there were."""
        gone = self._vault.drop_quarantined(tenant, [_bytes(key) for key in keys])
        if gone:
            self._audit.record(Event(action=why, tenant=tenant, credential=LOCAL, counts={"entries": gone}))
        return gone

    def check_there(self, tenant: str, keys: Sequence[str]) -> None:
        """Raise :class:`lrs.errors.NotFound` unless there is an entry under each of these keys."""
        if not {row.key.hex() for row in self.entries(tenant)} >= set(keys):
            raise NotFound("something is not in quarantine under its id", hint="`lrs quarantine list` shows the ids.")

    def ask(self, tenant: str, keys: Sequence[str], who: str | None) -> None:
        """Ask whoever holds the store to try entries once more, in the name of the credential ``who``, or if empty of the one that sent each; None: no more."""
        self._vault.ask_replay(tenant, [_bytes(key) for key in keys], who)

    def claim(self) -> tuple[str, QuarantinedRow] | None:
        """Give (tenant, entry) of one that somebody asked for, to this caller alone."""
        return self._vault.claim_replay(now=self._clock())

    def note(self, tenant: str, key: str, error: LRSError) -> None:
        """Say why an entry could not be taken this time either."""
        self._vault.note_replay(tenant, _bytes(key), code=error.code, reason=error.message[:_LONGEST_REASON])

    def prune(self) -> int:
        """Take everything off the disk whose time is up, of all tenants -> how many entries that were."""
        gone = self._vault.prune_quarantine(now=self._clock())
        if gone:
            self._audit.record(Event(action="prune the quarantine", credential=LOCAL, counts={"entries": gone}))
        return gone

    def _row(self, principal: Principal, source: str, held: Held) -> QuarantinedRow:
        keys, now = self._keys(principal.tenant), self._clock()
        key = keys.document_index(b"quarantine", principal.credential_id.encode(), source.encode(), held.content)
        return QuarantinedRow(
            key=key,
            credential=principal.shown,
            source=source,
            code=held.reason.code,
            reason=held.reason.message[:_LONGEST_REASON],
            since=now,
            until=now + principal.handling.quarantine_days * _DAY,
            sealed=keys.quarantine.seal(_KIND, key, held.content),
        )


def _bytes(key: str) -> bytes:
    try:
        return bytes.fromhex(key)
    except ValueError:
        raise NotFound("nothing is in quarantine under this id", hint="`lrs quarantine list` shows the ids.") from None


@contextmanager
def open_quarantine(settings: Settings, *, clock: Callable[[], int]) -> Iterator[Quarantine]:
    """Open the quarantine alone: the vault, not the warehouse, so that a running server need not stop for it."""
    from lrs.crypto.providers import open_keyring
    from lrs.storage.vault import Vault

    keyring = open_keyring(settings, create=False)
    vault, audit = Vault.open(settings), open_trail(settings, clock=clock)
    try:
        yield Quarantine(vault, keys=keyring.tenant, clock=clock, audit=audit, most=settings.max_quarantine_bytes)
    finally:
        audit.close()
        vault.close()
