"""What whoever reads for a purpose gets to see: which statements, which of their properties, how finely their times (GDPR art. 5(1)(b))."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs
import msgspec

from lrs.access import Principal, narrower
from lrs.errors import NotPermitted
from lrs.privacy.policy.minimise import rounded, span
from lrs.privacy.policy.model import UNLIMITED, Granularity, LegalBasis, Policy, Purpose
from lrs.privacy.policy.projection import project
from lrs.storage.contract import ERASED, EVERY_PURPOSE, NO_UUID, Selection, Standing, StoredStatement
from lrs.xapi.model import GROUP, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lrs.xapi.query import StatementQuery

Times = tuple[tuple[int, int], ...]
"""Pairs of a first time and one that is too late, in microseconds."""
ALWAYS: Times = ((0, 1 << 62),)
_DAY = 86_400_000_000
_COUNTED = {"verb": "verb.id", "activity": "object.id", "actor": "actor", "day": "timestamp"}
_REASON = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./:_-]{2,99}")
"""A file's reference: no place for a person's name or address is made here."""
_ROLE = 31
_AUTHORITIES = (Role.AUTHORITY, Role.AUTHORITY_MEMBER)
_HINT = "`lrs policy show` prints what each purpose shows."


@attrs.frozen
class Reading:
    """A read for one purpose at one time. ``everything``: there is no policy, so that all that is stored serves the purpose.

    ``hidden_for`` are the purposes whose objections and restrictions count here, if there are any.
    """

    purpose: Purpose
    everything: bool
    now: int
    hidden_for: tuple[str, ...] = ()

    @property
    def kept_since(self) -> int | None:
        """Give the time before which a statement is too old for the purpose."""
        return self._ago(self.purpose.seen_days)

    @property
    def identified_since(self) -> int | None:
        """Give the time before which a statement shows nobody any more."""
        return self._ago(self.purpose.retention.identity_days)

    def narrow(self, selection: Selection) -> Selection:
        """Let a selection find only what serves the purpose, and times only as finely as it shows them."""
        size = span(self.purpose.granularity)
        return msgspec.structs.replace(
            selection,
            purpose=None if self.everything else self.purpose.id,
            kept_since=self.kept_since,
            identified_since=self.identified_since,
            hidden_for=self.hidden_for,
            covered_by=self.purpose.id if self.purpose.on_consent else None,
            since=None if selection.since is None else rounded(selection.since, self.purpose.granularity),
            until=None if selection.until is None else rounded(selection.until, self.purpose.granularity) + size - 1,
        )

    def needed(self, row: StoredStatement, unseen: frozenset[int] = frozenset()) -> StoredStatement:
        """Leave people out of a row that is too old for the purpose to know them; put nobody in place of those whom it does not see."""
        if self.identified_since is not None and row.timestamp <= self.identified_since:
            return msgspec.structs.replace(row, sids=(), vids=(), roles=(), sealed=(), registration=NO_UUID)
        if unseen and not unseen.isdisjoint(row.sids):
            return msgspec.structs.replace(row, sids=[ERASED if sid in unseen else sid for sid in row.sids])
        return row

    @property
    def sees_everybody(self) -> bool:
        """Tell whether there is nobody whom the purpose does not see."""
        return not self.hidden_for and not self.purpose.on_consent

    @property
    def heeds(self) -> tuple[str, ...]:
        """Give the purposes for which it counts how people stand to them."""
        return (*self.hidden_for, self.purpose.id) if self.purpose.on_consent else self.hidden_for

    def unseen(self, asked: Collection[int], standings: Collection[Standing]) -> frozenset[int]:
        """Say whom the purpose does not see: who is hidden from it, and of those whose consent is asked for, who has none in force."""
        hidden = frozenset(each.sid for each in standings if each.hidden)
        return hidden | frozenset(asked) - {each.sid for each in standings if each.covered} if self.purpose.on_consent else hidden

    def times(self, standings: Collection[Standing]) -> Times:
        """Say of which times the purpose sees what is about one person."""
        if any(each.hidden for each in standings):
            return ()
        if self.purpose.on_consent:
            return tuple(interval for each in standings if each.purpose == self.purpose.id for interval in each.covered)
        return ALWAYS

    def shown(self, body: bytes) -> bytes:
        """Give what the purpose shows of the JSON of a statement."""
        if not self.purpose.fields and self.purpose.granularity is Granularity.EXACT:
            return body
        return project(body, self.purpose.fields, self.purpose.granularity)

    def shows(self, path: str) -> bool:
        """Tell whether the purpose shows the whole of a property."""
        steps = path.split(".")
        known = {".".join(steps[: n + 1]) for n in range(len(steps))}
        return not self.purpose.fields or not known.isdisjoint(self.purpose.fields)

    def check_filters(self, query: StatementQuery) -> None:
        """Refuse filters on what the purpose does not show: the answer would show it."""
        asked = {
            "actor": query.agent,
            "verb.id": query.verb,
            "object.id": query.activity,
            "context.registration": query.registration,
            "id": query.statement_id or query.voided_statement_id,
        }
        for path, value in asked.items():
            if value is not None:
                self.check_shown(path)

    def check_counted(self, by: str) -> None:
        """Refuse to count by what the purpose does not show, or not as finely."""
        self.check_shown(_COUNTED[by])
        if by == "day" and self.purpose.granularity is Granularity.WEEK:
            raise NotPermitted("the purpose shows times by the week", hint=_HINT)

    def check_shown(self, path: str) -> None:
        """Refuse what would show a property that the purpose does not."""
        if not self.shows(path):
            raise NotPermitted(f"the purpose does not show {path}", hint=_HINT)

    def _ago(self, days: int | None) -> int | None:
        return None if days is None else self.now - days * _DAY


def reading(policy: Policy, principal: Principal, now: int, hiding: Collection[str] = ()) -> tuple[Reading, Principal]:
    """Say what a principal reads for -> (the reading, the principal with the narrower of its own view and the purpose's).

    ``hiding`` are the purposes from which somebody is hidden. Raises :class:`lrs.errors.NotPermitted` for a purpose that the policy does not have (LAW-1), and
    for a read of the archive without a reason.
    """
    purpose = policy.purpose(principal.purpose)
    if purpose.archive and not _REASON.fullmatch(principal.reason):
        raise NotPermitted(
            "a read of the intermediate archive needs a reason: the reference of a file, of letters, digits and ./:_-",
            hint="Give it with reason= in Python, --reason, or the header X-LRS-Reason. The audit trail keeps it, so it names no person.",
        )
    # What a restriction leaves: the law asks for it (GDPR art. 18(2)).
    heeded = () if purpose.legal_basis is LegalBasis.LEGAL_OBLIGATION else (EVERY_PURPOSE, purpose.id)
    view = narrower(principal.view, purpose.view)
    read = Reading(purpose, policy is UNLIMITED, now, tuple(each for each in heeded if each in hiding))
    return read, attrs.evolve(principal, view=view, purpose=purpose.id, file=principal.reason if purpose.archive else "")


def asked(rows: Iterable[StoredStatement]) -> frozenset[int]:
    """Give the people in statements whose consent a purpose that rests on it asks for: not groups, nor who sent them, most often a program."""
    places = ((sid, role) for row in rows for sid, role in zip(row.sids, row.roles, strict=True))
    return frozenset(sid for sid, role in places if not role & GROUP and role & _ROLE not in _AUTHORITIES)
