"""The register of breaches (GDPR art. 33(5)): when each became known, what was found out, and who was told when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.access import LOCAL
from lrs.accountability.breach import HOURS, Breach, Outcome, Told
from lrs.accountability.reference import check_reference
from lrs.errors import ConfigurationError, Conflict, InvalidRequest, NotFound
from lrs.privacy.audit import Audit, Event
from lrs.storage.contract import BreachRow

if TYPE_CHECKING:
    from lrs.storage.vault import Vault
_HOUR = 3600 * 1_000_000


class Breaches:
    """The register. Thread-safe. Every change is in the audit trail before it is told."""

    def __init__(self, vault: Vault, *, tenant: str, clock: Callable[[], int], audit: Audit) -> None:
        self._vault = vault
        self._tenant = tenant
        self._clock = clock
        self._audit = audit

    def add(
        self, facts: Mapping[str, Any] | None = None, *, aware: int | None = None, reference: str = "", tenant: str | None = None
    ) -> Breach:
        """Enter a breach that became known at a time, now if not given, with the facts of its assessment.

        Raises :class:`lrs.errors.InvalidRequest`, :class:`lrs.errors.ConfigurationError`.
        """
        tenant, now = tenant or self._tenant, self._clock()
        check_reference(reference)
        if aware is not None and aware > now:
            raise InvalidRequest("the time is yet to come", parameter="aware")
        if tenant not in self._vault.tenants():
            raise ConfigurationError("the store has no such tenant", hint="lrs credentials add --tenant makes one.")
        text = msgspec.json.encode(facts or {}, order="sorted").decode()
        row = self._vault.enter(tenant, BreachRow(number=0, aware=now if aware is None else aware, facts=text, reference=reference))
        return self._recorded("add a breach", tenant, row)

    def entries(self, *, tenant: str | None = None) -> list[Breach]:
        """Give the entries, oldest first."""
        tenant = tenant or self._tenant
        return [_shown(tenant, row) for row in self._vault.entries(BreachRow, tenant)]

    def tell(self, number: int, whom: str, *, tenant: str | None = None) -> Breach:
        """Note that somebody was told now; the first time counts. Raises :class:`lrs.errors.Conflict` when it was closed."""

        def change(row: BreachRow) -> BreachRow:
            if row.closed is not None and whom != Told.PERSONS:
                raise Conflict("this breach was closed before")
            if getattr(row, whom) is not None:
                raise Conflict("this was noted before")
            return msgspec.structs.replace(row, **{Told(whom).value: self._clock()})

        return self._change("tell of a breach", number, tenant, change, whom=f": {Told(whom).value}")

    def close(self, number: int, *, no_risk: bool = False, tenant: str | None = None) -> Breach:
        """Close a breach of which the authority or the controller was told, or that puts nobody at risk."""

        def change(row: BreachRow) -> BreachRow:
            if row.closed is not None:
                raise Conflict("this breach was closed before")
            if not no_risk and row.authority is None and row.controller is None:
                raise Conflict(
                    "nobody was told of this breach",
                    hint="Note who was, with lrs breach tell, or close it with --no-risk (GDPR art. 33(1)).",
                )
            return msgspec.structs.replace(row, closed=self._clock(), outcome=Outcome.NO_RISK if no_risk else Outcome.NOTIFIED)

        return self._change("close a breach", number, tenant, change)

    def pending(self) -> list[Breach]:
        """Give the entries of all tenants of which the authority, or the controller, has still to be told."""
        return [each for tenant in self._vault.tenants() for each in self.entries(tenant=tenant) if each.pending]

    def late(self) -> list[Breach]:
        """Give those of them whose time has passed."""
        now = self._clock()
        return [each for each in self.pending() if each.due < now]

    def _change(self, action: str, number: int, tenant: str | None, change: Callable[[BreachRow], BreachRow], whom: str = "") -> Breach:
        tenant = tenant or self._tenant
        row = self._vault.change_entry(BreachRow, tenant, number, lambda found: change(_found(found, number)))
        return self._recorded(action, tenant, row, whom)

    def _recorded(self, action: str, tenant: str, row: BreachRow, whom: str = "") -> Breach:
        self._audit.record(Event(action=action, tenant=tenant, credential=LOCAL, object=f"breach {row.number}{whom}"))
        return _shown(tenant, row)


def _found(row: BreachRow | None, number: int) -> BreachRow:
    if row is None:
        raise NotFound(f"there is no breach {number}")
    return row


def _shown(tenant: str, row: BreachRow) -> Breach:
    told = {whom: at for whom in Told if (at := getattr(row, whom)) is not None}
    due, facts = row.aware + HOURS * _HOUR, msgspec.json.decode(row.facts)
    return Breach(tenant, row.number, row.aware, due, row.reference, told, row.closed, row.outcome, facts)
