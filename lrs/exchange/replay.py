"""What is in quarantine, tried once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import attrs

from lrs.access import Principal
from lrs.errors import LRSError, NotFound
from lrs.exchange.reception import Reception, Take
from lrs.privacy.quarantine import Quarantine
from lrs.storage.contract import QuarantinedRow

_WHY = "replay quarantined"


class Replayed(NamedTuple):
    """What became of an entry: it is stored and gone from quarantine, or why it is still there."""

    key: str
    error: LRSError | None


class Replay:
    """Try entries once more, each in the name of the credential that sent it, or of whoever is named."""

    def __init__(
        self, quarantine: Quarantine, take: Take, reception: Callable[[], Reception], principal: Callable[[str], Principal]
    ) -> None:
        self._quarantine = quarantine
        self._take = take
        self._reception = reception
        self._principal = principal

    def all(self, tenant: str, keys: tuple[str, ...], principal: Principal | None) -> list[Replayed]:
        """Try the entries of these keys; raises :class:`lrs.errors.NotFound` before the first where one is not there."""
        found = {row.key.hex(): row for row in self._quarantine.entries(tenant)}
        if not found.keys() >= set(keys):
            raise NotFound("something is not in quarantine under its id", hint="`lrs quarantine list` shows the ids.")
        return [self._one(tenant, key, found[key], principal or self._principal(found[key].credential)) for key in keys]

    def _one(self, tenant: str, key: str, row: QuarantinedRow, principal: Principal) -> Replayed:
        content = self._quarantine.content(tenant, key, why=_WHY)
        # What fails again stays where it is.
        caller = attrs.evolve(principal, handling=attrs.evolve(principal.handling, quarantine_days=0))
        try:
            error = self._again(row.source, content, caller)
        except LRSError as refusal:
            error = refusal
        if error is None:
            self._quarantine.drop(tenant, [key], why=_WHY)
        return Replayed(key, error)

    def _again(self, source: str, content: bytes, principal: Principal) -> LRSError | None:
        if source:
            received = self._reception().receive(source, content, principal)
            return LRSError(received.faults[0].message) if received.refused else None
        return next((line.error for line in self._take(iter([content]), principal) if line.error is not None), None)
