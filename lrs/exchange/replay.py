"""What is in quarantine, tried once more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import attrs

from lrs.access import Principal
from lrs.errors import InvalidEvent, LRSError
from lrs.exchange.reception import Reception, Take
from lrs.privacy.quarantine import Quarantine
from lrs.rounds import Stopped, rounds
from lrs.storage.contract import QuarantinedRow

_WHY = "replay quarantined"
_LOOK_AGAIN = 1.0
_log = logging.getLogger("lrs.quarantine")


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
        self._quarantine.check_there(tenant, keys)
        found = {row.key.hex(): row for row in self._quarantine.entries(tenant)}
        return [self._one(tenant, found[key], principal) for key in keys]

    def following(self) -> AbstractContextManager[None]:
        """Try what others ask for while the block runs, within a second; what goes wrong with the store is logged, and tried again."""
        return rounds("lrs-quarantine", self._asked, every=_LOOK_AGAIN, failed=_log_error)

    def _asked(self, stopped: Stopped) -> None:
        while not stopped() and (claimed := self._quarantine.claim()):
            tenant, row = claimed
            self._one(tenant, row, None)

    def _one(self, tenant: str, row: QuarantinedRow, principal: Principal | None) -> Replayed:
        key = row.key.hex()
        content = self._quarantine.content(tenant, key, why=_WHY)
        try:
            caller = principal or self._principal(row.asked or row.credential)
            # What fails again stays where it is.
            caller = attrs.evolve(caller, handling=attrs.evolve(caller.handling, quarantine_days=0))
            error = self._again(row.source, content, caller)
        except LRSError as refusal:
            error = refusal
        if error is None:
            self._quarantine.drop(tenant, [key], why=_WHY)
        elif error.retryable:
            # That the store can't answer now says nothing of the entry.
            self._quarantine.ask(tenant, [key], None)
        else:
            self._quarantine.note(tenant, key, error)
        return Replayed(key, error)

    def _again(self, source: str, content: bytes, principal: Principal) -> LRSError | None:
        if source:
            received = self._reception().receive(source, content, principal)
            return InvalidEvent(received.faults[0].message) if received.refused else None
        return next((line.error for line in self._take(iter([content]), principal) if line.error is not None), None)


def _log_error(error: LRSError) -> None:
    _log.error("what is in quarantine could not be tried: %s", error.code)
