"""For which purpose somebody reads, and whom this purpose does not see now."""

from __future__ import annotations

from collections.abc import Callable, Collection

from lrs.access import Principal
from lrs.privacy.consent.mirror import Mirror
from lrs.privacy.policy import Policy
from lrs.privacy.policy.reading import ALWAYS, Reading, Times, reading

_NOBODY: frozenset[int] = frozenset()


class Readings:
    """The reads of all tenants. Thread-safe. ``policy`` gives the policy of a tenant."""

    def __init__(self, policy: Callable[[str], Policy], mirror: Mirror, clock: Callable[[], int]) -> None:
        self.policy = policy
        self._mirror = mirror
        self._clock = clock

    def of(self, principal: Principal) -> tuple[Reading, Principal]:
        """Say what a principal reads for, and let it see no more than that, as :func:`lrs.privacy.policy.reading.reading` does."""
        return reading(self.policy(principal.tenant), principal, self._clock(), self._mirror.hiding(principal.tenant))

    def unseen(self, purpose: Reading, tenant: str, sids: Collection[int], asked: Collection[int]) -> frozenset[int]:
        """Say which of some people a read does not see; ``asked`` are those whose consent it needs if its purpose rests on it."""
        if purpose.sees_everybody:
            return _NOBODY
        return purpose.unseen(asked, self._mirror.standings(tenant, purpose.heeds, sids))

    def times(self, purpose: Reading, tenant: str, sids: Collection[int]) -> Times:
        """Say of which times a read sees what is about one person, who may have several numbers, or about nobody."""
        if purpose.sees_everybody or not sids:
            return ALWAYS
        return purpose.times(self._mirror.standings(tenant, purpose.heeds, sids))
