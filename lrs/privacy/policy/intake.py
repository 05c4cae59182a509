"""What a policy does with each statement on its way in: what it serves, what is taken out of it, or why it is not taken."""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

from lrs.errors import NotPermitted
from lrs.privacy.policy import minimise
from lrs.privacy.policy.matching import Facts, facts, matches
from lrs.privacy.policy.model import REFUSE, WITHOUT_IDENTITY, Care, Granularity, Policy

Purposes = tuple[str, ...]
"""Ids of the purposes that a statement serves; none: it is stored without identity."""
_ORDER = list(Granularity)
_NULL = b"null"
_MOST_KINDS = 10_000


class Said(NamedTuple):
    """What the policy says of statements of one kind: which purposes they serve, none if nobody said, and what is done with them."""

    purposes: Purposes
    cares: tuple[Care, ...]
    coarsest: Granularity


class Intake:
    """Apply one policy to statements. Thread-safe; of them it remembers which kinds there are, such as verbs and platforms."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        conditions = (*policy.rules, *policy.ingest.care)
        self._looks_closer = bool(conditions)
        self._by_activity = any(each.activities for each in conditions)
        self._said: dict[Facts, Said] = {}
        self._unassigned: Purposes = () if policy.unassigned == WITHOUT_IDENTITY else (policy.unassigned,)

    @property
    def takes_all(self) -> bool:
        """Tell whether every statement is taken as it is, and serves the same purpose: then nothing need be looked at."""
        return not self._looks_closer and not self._policy.ingest.drop_devices and self._policy.unassigned != REFUSE

    @property
    def unassigned(self) -> Purposes:
        """Give the purposes of a statement that no rule matches."""
        return self._unassigned

    def take(self, statement: bytes, credential: str) -> tuple[bytes, Purposes]:
        """Take the checked JSON of a statement -> (what is stored of it, the purposes that it serves).

        Raises :class:`lrs.errors.NotPermitted` for one that the policy does not want.
        """
        said = self._look_up(facts(statement, credential, activity=self._by_activity))
        purposes = said.purposes or self._unruled()
        return self._minimised(statement, said), purposes

    def _look_up(self, found: Facts) -> Said:
        known = self._said.get(found)
        if known is None:
            if len(self._said) >= _MOST_KINDS:
                self._said = {}
            known = self._said[found] = self._find(found)
        return known

    def _find(self, found: Facts) -> Said:
        served = dict.fromkeys(purpose for rule in self._policy.rules if matches(rule, found) for purpose in rule.purposes)
        cares = tuple(care for care in self._policy.ingest.care if matches(care, found))
        return Said(tuple(served), cares, max((care.precision for care in cares), key=_ORDER.index, default=Granularity.EXACT))

    def _unruled(self) -> Purposes:
        if self._policy.unassigned == REFUSE:
            raise NotPermitted(
                "the statement serves no purpose of the policy (GDPR art. 5(1)(b))",
                hint="A rule in the policy says which statements serve which purpose; `lrs policy show` prints them.",
            )
        return self._unassigned

    def _minimised(self, statement: bytes, said: Said) -> bytes:
        """Take out what the policy asks for; the bytes that came, when nothing is to be taken out."""
        cares = said.cares
        if any(care.refuse for care in cares):
            raise NotPermitted("the policy keeps no statements of this kind", hint="Don't send them; `lrs policy show` prints which.")
        self._check_extensions(statement, {iri for care in cares for iri in care.needs_extensions})
        out = reduce(minimise.without, [path for care in cares for path in care.drop], statement)
        dropped = frozenset(iri for care in cares for iri in care.drop_extensions)
        # A key that is written with escapes is found by its backslash.
        if (dropped or self._policy.ingest.drop_devices) and (b'"extensions"' in out or b"\\" in out):
            out = minimise.without_extensions(out, dropped.__contains__, devices=self._policy.ingest.drop_devices)
        return out if said.coarsest is Granularity.EXACT else minimise.at_precision(out, said.coarsest)

    @staticmethod
    def _check_extensions(statement: bytes, needed: set[str]) -> None:
        given = minimise.context_extensions(statement) if needed else {}
        if any(given.get(iri, _NULL) in (_NULL, b'""') for iri in needed):
            raise NotPermitted(
                "the policy takes no statement of this kind without an extension that is missing here",
                hint="`lrs policy show` prints which one; of a recording it is the digest of the notice that was shown.",
            )
