"""The audit trail as the rest of the store sees it: events go in, and are durable when they have to be (GDPR art. 5(2), 32).

Whoever waits for an entry writes all that are waiting, its own and the others', with one fsync; entries that nobody waits for are written by a thread of the
trail's own, which signs a checkpoint every hour too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lrs.crypto.box import nonces
from lrs.crypto.providers import open_keyring
from lrs.errors import ConfigurationError, LRSError, StoreUnavailable
from lrs.privacy.audit.chain import Chain, chains, checkpoints, first_of, free, held, segments
from lrs.privacy.audit.entry import JOIN, PRUNE, STORE, Event, Imprint, written
from lrs.privacy.policy.reader import policy_of

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring, TenantKeys
    from lrs.crypto.notes import NoteSigner
    from lrs.settings import Settings

_log = logging.getLogger("lrs.audit")
_MICROSECONDS = 1_000_000
_CHECKPOINT_SECONDS = 3600.0


def folder_of(settings: Settings) -> Path:
    """Give the folder of all chains."""
    return settings.data / "audit"


class Pending:
    """An entry on its way: taken, and not yet known to be durable."""

    __slots__ = ("error", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.error: LRSError | None = None


def open_trail(settings: Settings, *, clock: Callable[[], int]) -> Audit:
    """Open the trail alone, for what is done without a record store: its keyring is read when the first event comes."""

    def keyring() -> Keyring:
        return open_keyring(settings, create=False)

    def policy(tenant: str) -> str:
        # A file that somebody is in the middle of writing must not keep a credential from being revoked.
        try:
            return policy_of(settings, tenant).digest
        except ConfigurationError:
            return "unreadable"

    return Audit(settings, signer=lambda: keyring().signer, keys=lambda name: keyring().tenant(name), clock=clock, policy=policy)


def _no_policy(_tenant: str) -> str:
    return ""


class Audit:
    """Where this process records what it does. Thread-safe. Nothing is opened before the first event.

    ``signer`` gives the key that signs, ``keys`` those of a tenant, which seal people, ``policy`` the digest of the policy of a tenant.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        signer: Callable[[], NoteSigner],
        keys: Callable[[str], TenantKeys],
        clock: Callable[[], int],
        policy: Callable[[str], str] = _no_policy,
    ) -> None:
        self._settings = settings
        self._signer = signer
        self._keys = keys
        self._clock = clock
        self._policy = policy
        self._chain: Chain | None = None
        self._joined: dict[str, str] = {}
        self._waiting: list[Pending] = []
        # The condition's own way in costs four times as much as its lock's.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._writing = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None

    def record(self, event: Event) -> None:
        """Write an event: it is durable on return. Raises :class:`lrs.errors.StoreUnavailable` when it can't be written."""
        self.wait(self._take(event))

    def put(self, event: Event) -> Pending:
        """Take an event that is written soon, within milliseconds; :meth:`wait` says when."""
        pending = self._take(event)
        with self._changed:
            self._changed.notify()
        return pending

    def wait(self, pending: Pending) -> None:
        """Return when an event is durable, or raise why it isn't."""
        self._write()
        if pending.error is not None:
            raise pending.error

    def checkpoint(self) -> str:
        """Sign where this process's chain stands, together with the last checkpoints of the other chains -> the note."""
        with self._writing:
            chain = self._opened()
            self._append(chain, [Pending(event) for event in self._joins(chain)])
            return self._signed(chain)

    def prune(self) -> int:
        """Let go of the segments that are past their time now, not within the hour -> how many."""
        with self._writing:
            return self._prune(self._opened())

    def close(self) -> None:
        """Write what waits, sign a checkpoint, and let go of the chain. Calling it twice is no error."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self._write()
        with self._writing:
            if self._chain is not None:
                last = (*self._joins(self._chain), Event(action="close the trail"))
                self._append(self._chain, [Pending(event) for event in last])
                self._signed(self._chain)
                self._chain.close()
                self._chain = None

    def _take(self, event: Event) -> Pending:
        pending = Pending(event)
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is being closed")
            self._waiting.append(pending)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lrs-audit", daemon=True)
                self._thread.start()
        return pending

    def _write(self) -> None:
        """Write all that waits. Who finds another one writing waits, and then mostly finds nothing left to do."""
        with self._writing:
            with self._lock:
                taken, self._waiting = self._waiting, []
            if taken:
                try:
                    self._append(self._opened(), taken)
                except Exception as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
                    _fail(taken, error)

    def _append(self, chain: Chain, taken: list[Pending]) -> None:
        now = self._clock()
        imprints = {name: self._imprint(name) for name in {pending.event.tenant for pending in taken}}
        entries = [
            written(pending.event, seq=seq, time=now, imprint=imprints[pending.event.tenant], nonce=nonce)
            for seq, (pending, nonce) in enumerate(zip(taken, nonces(len(taken)), strict=True), chain.tree.size)
        ]
        chain.append(entries, _month(now))

    def _imprint(self, tenant: str) -> Imprint:
        return Imprint(self._keys(tenant).trail, self._policy(tenant)) if tenant else STORE

    def _opened(self) -> Chain:
        if self._chain is None:
            self._chain = free(folder_of(self._settings), self._signer())
            self._take_up(self._chain)
            self._prune(self._chain)
        return self._chain

    def _take_up(self, chain: Chain) -> None:
        first = [Event(action="open the trail")]
        if chain.healed:
            first.append(Event(action="drop a torn line", counts={"bytes": chain.healed}))
        self._append(chain, [Pending(event) for event in (*first, *self._joins(chain))])

    def _joins(self, chain: Chain) -> list[Event]:
        """Say where the other chains stood when they were last signed: a chain that is cut or gone is missed by its neighbours."""
        joins = []
        for folder in chains(folder_of(self._settings)):
            notes = checkpoints(folder) if folder.name != chain.name else []
            if notes and notes[-1] != self._joined.get(folder.name):
                self._joined[folder.name] = notes[-1]
                _, size, root, *_ = notes[-1].split("\n")
                joins.append(Event(action=JOIN, object=f"{folder.name} {size} {root}"))
        return joins

    def _signed(self, chain: Chain) -> str:
        note = chain.checkpoint()
        if self._settings.audit_checkpoints is not None:
            _put_away(self._settings.audit_checkpoints / f"{chain.name}.txt", note)
        return note

    def _prune(self, own: Chain) -> int:
        """Let go of segments past their time, those of chains too that no process holds any more -> how many."""
        oldest = datetime.fromtimestamp(self._clock() / _MICROSECONDS, UTC) - timedelta(days=self._settings.audit_days)
        month = f"{oldest:%Y-%m}"
        gone = self._let_go(own, month)
        for path in chains(folder_of(self._settings)):
            if path.name != own.name and any(segment.name[:7] < month for segment in segments(path)):
                idle = held(path, self._signer())
                if idle is not None:
                    # Its first entry in years begins a segment, so that all before it can go.
                    self._take_up(idle)
                    gone += self._let_go(idle, month)
                    self._signed(idle)
                    idle.close()
        return gone

    def _let_go(self, chain: Chain, month: str) -> int:
        """First the entry that says so, then the files: what goes without one is missed."""
        old = chain.older(month)
        if old:
            kept = segments(old[0].parent)[len(old)]
            self._append(chain, [Pending(Event(action=PRUNE, counts={"before": first_of(kept), "segments": len(old)}))])
        for path in old:
            path.unlink()
        return len(old)

    def _run(self) -> None:
        following = time.monotonic() + _CHECKPOINT_SECONDS
        while True:
            with self._changed:
                if not self._waiting and not self._closed:
                    self._changed.wait(max(following - time.monotonic(), 0))
                if self._closed:
                    return
            self._write()
            if time.monotonic() >= following:
                following += _CHECKPOINT_SECONDS
                self._sign_hourly()

    def _sign_hourly(self) -> None:
        try:
            self.checkpoint()
            with self._writing:
                self._prune(self._opened())
        except LRSError as error:
            _log.error("no checkpoint of the audit trail could be signed: %s", error.message)  # the next hour is another try


def _fail(taken: list[Pending], error: Exception) -> None:
    if not isinstance(error, LRSError):
        error = StoreUnavailable(f"the audit trail can't be written: internal error {type(error).__name__}")
    _log.error("%d entries of the audit trail could not be written: %s", len(taken), error)
    for pending in taken:
        pending.error = error


def _put_away(path: Path, note: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(note + "\n")
    except OSError as error:
        raise StoreUnavailable(f"the checkpoint can't be put into {path.parent}: {error.strerror}") from None


def _month(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / _MICROSECONDS, UTC).strftime("%Y-%m")
