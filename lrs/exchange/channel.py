"""The way to one target: what was erased is told, then everything new that it wants is given, oldest first, and how far it is is remembered.

    notices of erasures and withdrawn consents -> tell;  cursor -> read in the target's view -> deliver -> cursor and dead letters, in one transaction

Whatever ends it in between, the next run sends again what may have arrived: ids make that free.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

import attrs

from lrs.access import Principal, View
from lrs.errors import LRSError, NotPermitted
from lrs.exchange.delivery import deliver, tell
from lrs.exchange.export import pages, whole
from lrs.exchange.parcel import parcel
from lrs.exchange.peer import Peer
from lrs.exchange.targets import Erasure, Target
from lrs.exchange.withdrawals import Ledger, Naming, given, withdrawn
from lrs.privacy.audit import Audit, Event
from lrs.storage.contract import DeadLetter, ErasureNotice, ForwardStore
from lrs.xapi.formats import format_timestamp
from lrs.xapi.query import StatementQuery

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.pseudonyms import Pseudonyms
    from lrs.privacy.attachments import StoredContents

FORWARD, TELL = "forward statements", "tell an erasure"
_MICROSECONDS = 1_000_000
_log = logging.getLogger("lrs.forward")


class Vault(ForwardStore, Ledger, Protocol):
    """What forwarding needs of the vault."""


class Page(Protocol):
    """A page of statements, as :mod:`lrs.read` gives it."""

    @property
    def bodies(self) -> list[bytes]:
        """The JSON of each statement."""

    @property
    def more(self) -> str | None:
        """The token of the next page."""

    @property
    def attachments(self) -> StoredContents | None:
        """The contents of their attachments, if they were asked for."""


class Reader(Protocol):
    """The read path."""

    def read(self, query: StatementQuery, principal: Principal) -> Page:
        """Give the first page."""

    def read_more(self, token: str, principal: Principal) -> Page:
        """Give the next one."""

    def narrowed(self, principal: Principal) -> Principal:
        """Say as what a principal reads."""

    def pseudonyms(self, reader: Principal) -> Pseudonyms:
        """Give the pseudonyms that it sees."""


@attrs.frozen
class Origin:
    """The store that forwards: ``through`` gives the time up to which everything can be read, ``newest`` when the last statement was stored."""

    vault: Vault
    reader: Reader
    naming: Naming
    keys: Callable[[str], TenantKeys]
    through: Callable[[], int]
    newest: Callable[[], int]
    clock: Callable[[], int]
    audit: Audit
    home_page: str


class Told(NamedTuple):
    """What a run did for a target: statements given, those that it refused, erasures told, and the error that ended it, if one did."""

    target: str
    statements: int
    refused: int
    erasures: int
    error: LRSError | None = None


class Channel:
    """The way to one target. One thread at a time."""

    def __init__(
        self, target: Target, origin: Origin, *, environ: Mapping[str, str], pause: Callable[[float], object] = time.sleep
    ) -> None:
        self.target = target
        self._origin = origin
        self._environ = environ
        self._pause = pause
        self._principal = target.principal(origin.home_page)
        self._place = (target.tenant, target.name)
        self._done = {"statements": 0, "refused": 0, "erasures": 0}

    def run(self, *, replay: bool = False) -> Told:
        """Give the target what it lacks, what it refused before too when ``replay``; what goes wrong is told, not raised."""
        self._done = dict.fromkeys(self._done, 0)
        error = None
        peer = None
        try:
            peer = Peer(
                self.target.url,
                self.target.authorization(self._environ),
                version=self.target.version,
                rate=self.target.rate,
                pause=self._pause,
            )
            self._note_withdrawals()
            self._tell(peer)
            self._forward(peer)
            if replay:
                self._replay(peer)
        except LRSError as failure:
            # Its message may be another store's, which could quote what it was sent.
            _log.warning("target %s: stopped (%s)", self.target.name, failure.code)
            error = failure
        finally:
            if peer is not None:
                peer.close()
        return Told(self.target.name, **self._done, error=error)

    def named(self, statement_id: UUID) -> UUID:
        """Give the id by which the target knows a statement."""
        reader = self._origin.reader.narrowed(self._principal)
        return statement_id if reader.view is View.IDENTIFIED else self._origin.reader.pseudonyms(reader).uuid(statement_id)

    def notices(self, ids: Sequence[UUID]) -> list[ErasureNotice]:
        """Seal ids of erased statements until the target is told; none when nobody knows any more under which names it has them."""
        try:
            named = [self.named(each) for each in ids]
        except NotPermitted:
            _log.warning("target %s: its project has ended, so that it can't be told which statements were erased", self.target.name)
            return []
        keys = [self._keys.document_index(b"erasure", self.target.name.encode(), each.bytes) for each in named]
        return [ErasureNotice(key, self._keys.notices.seal(each.bytes, key)) for key, each in zip(keys, named, strict=True)]

    @property
    def _keys(self) -> TenantKeys:
        return self._origin.keys(self.target.tenant)

    def _note_withdrawals(self) -> None:
        """Have the target told, as of erasures, what it was given of people who have withdrawn their consent to its purpose since."""
        vault, tenant = self._origin.vault, self.target.tenant
        if self.target.erasure is Erasure.NONE:
            return
        purpose = self._origin.reader.narrowed(self._principal).purpose
        through = vault.forwarded_through(*self._place)
        for people, number in withdrawn(vault, tenant, purpose, after=vault.heard_through(*self._place)):
            # Who withdrew before the target was given anything is not in what it will be given.
            if through is not None:
                for ids in given(people, self.target, purpose, self._origin.naming, through=through):
                    vault.add_notices(*self._place, self.notices(ids))
            vault.hear(*self._place, number)

    def _forward(self, peer: Peer) -> None:
        since = self._origin.vault.forwarded_through(*self._place)
        # Never past what can be read: a statement that appears behind it later would be missed.
        through = self._origin.through() - int(self.target.settle_seconds * _MICROSECONDS)
        if since is not None and since >= min(through, self._origin.newest()):
            return
        for page in self._pages(since, through):
            self._give(peer, page)
        self._origin.vault.advance(*self._place, through)

    def _pages(self, since: int | None, until: int) -> Iterator[Page]:
        reader, query = self._origin.reader, whole(self.target.query(since), through=until)
        return pages(reader.read(query, self._principal), partial(reader.read_more, principal=self._principal))

    def _give(self, peer: Peer, page: Page) -> None:
        """Give a page of statements, and note in one transaction how far the target is and what it refused."""
        if page.bodies:
            last, refused = self._delivered(peer, page)
            self._origin.vault.advance(*self._place, last, refused)
            _log.info("target %s: has everything through %s", self.target.name, format_timestamp(last))

    def _delivered(self, peer: Peer, page: Page) -> tuple[int, list[DeadLetter]]:
        """Give a page of statements -> (when the last one was stored here, what was refused)."""
        parcels = [parcel(body, page.attachments) for body in page.bodies]
        refused = [DeadLetter(each.stored, error.code, self._origin.clock()) for each, error in deliver(peer, parcels, page.attachments)]
        given = len(parcels) - len(refused)
        self._done["statements"] += given
        self._done["refused"] += len(refused)
        self._record(FORWARD, {"statements": given, "refused": len(refused)})
        return parcels[-1].stored, refused

    def _replay(self, peer: Peer) -> None:
        """Read what was refused anew, and give it again: what is erased or past its limit by now is not there, and its letter goes."""
        vault = self._origin.vault
        for letter in vault.dead_letters(*self._place):
            found = [self._delivered(peer, page)[1] for page in self._pages(letter.stored - 1, letter.stored) if page.bodies]
            if not any(found):
                vault.drop_letters(*self._place, [letter])

    def _tell(self, peer: Peer) -> None:
        vault = self._origin.vault
        for notice in vault.notices(*self._place):
            named = UUID(bytes=self._keys.notices.open(notice.sealed, notice.key))
            if tell(peer, self.target.erasure, named, self._principal.authority):
                vault.drop_notices(*self._place, [notice])
                self._done["erasures"] += 1
                self._record(TELL, {"statements": 1})

    def _record(self, action: str, counts: dict[str, int]) -> None:
        self._origin.audit.record(Event.by(self._principal, action, counts=counts, object=self.target.name))
