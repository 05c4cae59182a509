"""The register of what persons asked for (GDPR art. 12 and 15 to 21): by when it is due, and what became of it.

It holds no text of anybody's: a person is a subject number, which an erasure takes out; reasons are words from a list; a reference names the file
in the institution's own books. What is left when a person is gone says that a request came and was met.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.access import LOCAL
from lrs.accountability.deadline import due
from lrs.accountability.reference import check_reference
from lrs.accountability.request import OPEN, Delay, Kind, Refusal, Request, State
from lrs.crypto.providers import open_keyring
from lrs.errors import ConfigurationError, Conflict, InvalidRequest, NotFound
from lrs.privacy.audit import Audit, Event, open_trail
from lrs.storage.contract import RequestRow
from lrs.storage.vault import Vault
from lrs.xapi.query import from_arguments

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.settings import Settings

_MICROSECONDS = 1_000_000


class Requests:
    """The register. Thread-safe. Every change is in the audit trail before it is told."""

    def __init__(self, vault: Vault, *, tenant: str, keys: Callable[[str], TenantKeys], clock: Callable[[], int], audit: Audit) -> None:
        self._vault = vault
        self._tenant = tenant
        self._keys = keys
        self._clock = clock
        self._audit = audit

    def add(self, kind: str, *, agent: Any = None, received: date | None = None, reference: str = "", tenant: str | None = None) -> Request:
        """Enter a request that came on a day, today if not given -> the entry. ``agent`` is whom it is about, if the store knows them.

        ``reference`` names the file in the institution's books: letters, digits and ``. / _ -``, never a person. Raises :class:`lrs.errors.InvalidRequest`,
        :class:`lrs.errors.ConfigurationError`.
        """
        today, tenant = self.today(), tenant or self._tenant
        check_reference(reference)
        if received is not None and received > today:
            raise InvalidRequest("the day of receipt is yet to come", parameter="received")
        if tenant not in self._vault.tenants():
            raise ConfigurationError("the store has no such tenant", hint="lrs credentials add --tenant makes one.")
        sid = self._sid(agent, tenant)
        row = RequestRow(
            number=0, kind=_member(Kind, kind, "kind"), state=State.RECEIVED, sid=sid, received=str(received or today), reference=reference
        )
        stored = self._vault.enter(tenant, row)
        self._record("add a request", tenant, stored)
        return _shown(tenant, stored)

    def entries(self, *, tenant: str | None = None, only_open: bool = False) -> list[Request]:
        """Give the entries, oldest first."""
        tenant = tenant or self._tenant
        found = [_shown(tenant, row) for row in self._vault.entries(RequestRow, tenant)]
        return [each for each in found if each.is_open] if only_open else found

    def identify(self, number: int, *, tenant: str | None = None) -> Request:
        """Note that who asks was checked to be the person (art. 12(6))."""

        def change(row: RequestRow) -> RequestRow:
            _check(row, {State.RECEIVED})
            return msgspec.structs.replace(row, state=State.IDENTIFIED)

        return self._change("identify a request", number, tenant, change)

    def extend(self, number: int, delay: str, *, tenant: str | None = None) -> Request:
        """Give a request two further months (art. 12(3)): once, within the first one, and the person is told why."""
        reason = _member(Delay, delay, "reason")

        def change(row: RequestRow) -> RequestRow:
            _check(row, OPEN)
            if row.delay:
                raise Conflict("this request was extended before", hint="It can be extended once (GDPR art. 12(3)).")
            if self.today() > due(date.fromisoformat(row.received), extended=False):
                raise Conflict("its first month is over", hint="An extension is told within the first month (GDPR art. 12(3)).")
            return msgspec.structs.replace(row, delay=reason)

        return self._change("extend a request", number, tenant, change)

    def close(self, number: int, *, refusal: str = "", tenant: str | None = None) -> Request:
        """Note that a request was met, or refused and why. One whose person was not identified can't be met."""
        reason = _member(Refusal, refusal, "reason") if refusal else ""

        def change(row: RequestRow) -> RequestRow:
            _check(row, OPEN if reason else {State.IDENTIFIED})
            state = State.REFUSED if reason else State.DONE
            return msgspec.structs.replace(row, state=state, refusal=reason, closed=str(self.today()))

        return self._change("refuse a request" if reason else "meet a request", number, tenant, change)

    @contextmanager
    def meeting(self, number: int, *kinds: Kind, sids: Collection[int] = (), tenant: str | None = None) -> Iterator[None]:
        """Do what a request asks for: it is checked first, and met when the block ends without an error.

        Raises :class:`lrs.errors.Conflict` unless it is open, identified, of one of these kinds, and about one of these people where it names one.
        """
        row = self._row(number, tenant)
        _check(row, {State.IDENTIFIED})
        if row.kind not in kinds:
            raise Conflict(f"request {number} asks for something else: {row.kind}")
        if row.sid is not None and row.sid not in sids:
            raise Conflict(f"request {number} is about another person")
        yield
        self.close(number, tenant=tenant)

    def overdue(self, *, within: int = 0) -> list[Request]:
        """Give the open entries of all tenants whose day has passed, or passes within so many days."""
        today = self.today()
        still_open = [each for tenant in self._vault.tenants() for each in self.entries(tenant=tenant, only_open=True)]
        return [each for each in still_open if (each.due - today).days < within]

    def today(self) -> date:
        """Give the day that it is (UTC)."""
        return datetime.fromtimestamp(self._clock() / _MICROSECONDS, UTC).date()

    def _change(self, action: str, number: int, tenant: str | None, change: Callable[[RequestRow], RequestRow]) -> Request:
        tenant = tenant or self._tenant
        row = self._vault.change_entry(RequestRow, tenant, number, lambda found: change(_found(found, number)))
        self._record(action, tenant, row)
        return _shown(tenant, row)

    def _row(self, number: int, tenant: str | None) -> RequestRow:
        return _found(self._vault.entry(RequestRow, tenant or self._tenant, number), number)

    def _record(self, action: str, tenant: str, row: RequestRow) -> None:
        sids = () if row.sid is None else (row.sid,)
        self._audit.record(Event(action=action, tenant=tenant, credential=LOCAL, object=f"request {row.number}: {row.kind}", sids=sids))

    def _sid(self, agent: Any, tenant: str) -> int | None:
        asked = from_arguments(agent=agent).agent
        if asked is None:
            return None
        index = self._keys(tenant).blind_index(asked.ifi)
        found = self._vault.subjects(tenant, [index]).get(index)
        return None if found is None else found[0]


@contextmanager
def open_requests(settings: Settings) -> Iterator[Requests]:
    """Open the register alone: the vault, not the warehouse, so that a running server need not stop for it."""

    def clock() -> int:
        return time.time_ns() // 1000

    def keys(tenant: str) -> TenantKeys:
        found = open_keyring(settings, create=False).tenant(tenant)
        vault.check_keyring(tenant, found.check)
        return found

    vault, audit = Vault.open(settings), open_trail(settings, clock=clock)
    try:
        yield Requests(vault, tenant=settings.tenant, keys=keys, clock=clock, audit=audit)
    finally:
        audit.close()
        vault.close()


def _check(row: RequestRow, allowed: Collection[State]) -> None:
    if row.state not in allowed:
        hint = "Check who asks first: lrs request identify" if row.state == State.RECEIVED else "It was answered before."
        raise Conflict(f"request {row.number} is {row.state}", hint=hint)


def _found(row: RequestRow | None, number: int) -> RequestRow:
    if row is None:
        raise NotFound(f"there is no request {number}")
    return row


def _member(kind: type[StrEnum], value: str, parameter: str) -> str:
    try:
        return kind(value).value
    except ValueError:
        raise InvalidRequest(f"it is one of: {', '.join(kind)}", parameter=parameter) from None


def _shown(tenant: str, row: RequestRow) -> Request:
    received = date.fromisoformat(row.received)
    return Request(
        tenant=tenant,
        number=row.number,
        kind=Kind(row.kind),
        state=State(row.state),
        received=received,
        due=due(received, extended=bool(row.delay)),
        closed=date.fromisoformat(row.closed) if row.closed else None,
        delay=row.delay,
        refusal=row.refusal,
        reference=row.reference,
        known=row.sid is not None,
    )
