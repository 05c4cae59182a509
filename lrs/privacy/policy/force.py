"""The policies in force: one a tenant, read when the tenant is first met; a change in a file counts from the next start on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs

from lrs.privacy.freetext import FreeText
from lrs.privacy.policy.intake import Intake
from lrs.privacy.policy.model import Fate, Policy, Retention
from lrs.privacy.policy.reader import policy_of

if TYPE_CHECKING:
    from lrs.settings import Settings


class Terms(NamedTuple):
    """How many days statements of some purposes are kept with their people, and at all; None: without limit. Held: they stay, out of sight, after."""

    identity_days: int | None
    statement_days: int | None
    held: bool


@attrs.frozen(eq=False)
class InForce:
    """A policy, and what carries it out."""

    policy: Policy
    texts: FreeText
    intake: Intake
    _terms: dict[tuple[str, ...], Terms] = attrs.field(factory=dict, init=False, repr=False)

    def terms(self, purposes: tuple[str, ...]) -> Terms:
        """Say how long a statement is kept that serves these purposes, and whether it stays after, out of sight."""
        found = self._terms.get(purposes)
        if found is None:
            retention = self.retention(purposes)
            found = self._terms[purposes] = Terms(retention.identity_days, retention.statement_days, self.holds(purposes))
        return found

    def retention(self, purposes: tuple[str, ...]) -> Retention:
        """Say how long a statement is kept that serves these purposes: as long as the one that needs it longest. Serving none, as serving all."""
        return _together([each.retention for each in self.policy.purposes if not purposes or each.id in purposes])

    def holds(self, purposes: tuple[str, ...]) -> bool:
        """Tell whether statements that serve these purposes stay, out of sight, until :mod:`lrs.retention` sees to their end."""
        return self.policy.public_archive or self.retention(purposes).fate is not Fate.ELIMINATE


class Policies:
    """The policies of all tenants. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, InForce] = {}

    def of(self, tenant: str) -> InForce:
        """Give what is in force for a tenant; raises :class:`lrs.errors.ConfigurationError` when its file is wrong."""
        found = self._known.get(tenant)
        if found is None:
            found = self._known.setdefault(tenant, carried_out(policy_of(self._settings, tenant)))
        return found


def carried_out(policy: Policy) -> InForce:
    """Put a policy in force."""
    texts = FreeText(free_text=policy.ingest.free_text, keep_extensions=policy.ingest.keep_extensions)
    return InForce(policy, texts, Intake(policy))


def _together(served: Sequence[Retention]) -> Retention:
    identity = _longest(each.identity_days for each in served)
    whole = _longest(each.statement_days for each in served)
    fate = max((each.fate for each in served), key=list(Fate).index)
    # What is handed over with its people keeps them until that is done, and nobody reads it meanwhile.
    return Retention(identity_days=None if fate is Fate.TRANSFER and identity == whole else identity, statement_days=whole, fate=fate)


def _longest(limits: Iterable[int | None]) -> int | None:
    """Give the longest of some limits in days; None, no limit, is longer than any."""
    known = list(limits)
    return None if None in known else max(limit for limit in known if limit is not None)
