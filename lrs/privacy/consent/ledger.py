"""The ledger: what people say about purposes is recorded here, and read here by people. Nothing in it is changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from lrs.access import Action, Principal, decide
from lrs.errors import Conflict, NotPermitted
from lrs.privacy.audit import REFUSED, Audit, Event
from lrs.privacy.consent.entry import Entry, Kind, Method, said
from lrs.privacy.consent.notices import Notices
from lrs.privacy.consent.record import records
from lrs.privacy.consent.saying import Saying, check, moment, person_of
from lrs.privacy.consent.state import State, state
from lrs.storage.contract import ConsentRow, ConsentStore, PersonStore, SubjectStore

if TYPE_CHECKING:
    from lrs.privacy.identity import Identities
    from lrs.privacy.policy.model import Policy
    from lrs.xapi.model import Person

_ACTIONS = {
    Kind.GIVE: "give consent",
    Kind.WITHDRAW: "withdraw consent",
    Kind.RESTRICT: "restrict processing",
    Kind.LIFT: "lift a restriction",
    Kind.OBJECT: "object to a purpose",
    Kind.RETRACT: "retract an objection",
}
When = Any
"""A timestamp, a datetime with a time zone, microseconds since 1970 UTC, or None: now."""
Json = Mapping[str, Any] | str
"""An agent as a dict, or as its JSON."""


class Vault(ConsentStore, PersonStore, SubjectStore, Protocol):
    """What the ledger needs of the vault."""


class Ledger:
    """What people said, of all tenants. Thread-safe; each call is one transaction, in the audit trail before it returns, and counts in the next read.

    A person is an agent as a dict, who need not have been met before; everything counts for all identifiers that are known to be theirs. ``at`` is when it was
    said, now if not given. Each raises :class:`lrs.InvalidRequest` for what can't be said.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        sids_of: Callable[[str, Person], Collection[int]],
        identities: Callable[[str], Identities],
        policy: Callable[[str], Policy],
        owner: Principal,
        clock: Callable[[], int],
        audit: Audit,
    ) -> None:
        self._vault = vault
        self._sids_of = sids_of
        self._identities = identities
        self._policy = policy
        self._owner = owner
        self._clock = clock
        self._audit = audit
        self.notices = Notices(vault, policy=policy, owner=owner, clock=clock, audit=audit)

    def give(
        self, agent: Json, purpose: str, *, notice: str, method: str = Method.FORM, at: When = None, principal: Principal | None = None
    ) -> State:
        """Record a consent to a purpose (GDPR art. 6(1)(a)); ``notice`` is the digest of the registered text that was shown."""
        return self._say(Saying(agent=agent, kind=Kind.GIVE, purpose=purpose, notice=notice, method=Method(method), at=at), principal)

    def withdraw(
        self, agent: Json, purpose: str, *, method: str = Method.FORM, at: When = None, principal: Principal | None = None
    ) -> State:
        """Record that a consent is withdrawn (art. 7(3)): whatever it covered is not seen any more."""
        return self._say(Saying(agent=agent, kind=Kind.WITHDRAW, purpose=purpose, method=Method(method), at=at), principal)

    def restrict(self, agent: Json, *, method: str = Method.FORM, at: When = None, principal: Principal | None = None) -> State:
        """Record a restriction (art. 18): what is stored stays, and is used for nothing but what the law asks for."""
        return self._say(Saying(agent=agent, kind=Kind.RESTRICT, method=Method(method), at=at), principal)

    def lift(self, agent: Json, *, method: str = Method.FORM, at: When = None, principal: Principal | None = None) -> State:
        """Record the end of a restriction; the person is told before (art. 18(3))."""
        return self._say(Saying(agent=agent, kind=Kind.LIFT, method=Method(method), at=at), principal)

    def object(self, agent: Json, purpose: str, *, method: str = Method.FORM, at: When = None, principal: Principal | None = None) -> State:
        """Record an objection to a purpose (art. 21): it does not see the person any more."""
        return self._say(Saying(agent=agent, kind=Kind.OBJECT, purpose=purpose, method=Method(method), at=at), principal)

    def retract(
        self, agent: Json, purpose: str, *, method: str = Method.FORM, at: When = None, principal: Principal | None = None
    ) -> State:
        """Record that an objection is taken back, or was found to be overridden (art. 21(1))."""
        return self._say(Saying(agent=agent, kind=Kind.RETRACT, purpose=purpose, method=Method(method), at=at), principal)

    def record(self, sayings: Iterable[Saying], *, principal: Principal | None = None) -> int:
        """Record many sayings in one transaction, in their order -> the number of the last entry. All or nothing."""
        caller, now = self._allowed(principal, Action.RECORD_CONSENTS), self._clock()
        given = list(sayings)
        self._check(given, caller.tenant)
        persons = [person_of(each.agent) for each in given]
        times = [moment(each, now) for each in given]
        sids = self._claimed(persons, caller.tenant)
        rows = [
            ConsentRow(
                number=0,
                sid=sids[person.json],
                kind=each.kind,
                purpose=each.purpose,
                at=at,
                recorded=now,
                notice=each.notice,
                method=each.method,
                recorder=caller.shown,
            )
            for each, person, at in zip(given, persons, times, strict=True)
        ]
        last = self._vault.add_consents(caller.tenant, rows)
        for (kind, purpose), about in _grouped(rows).items():
            self._audit.record(
                Event.by(attrs.evolve(caller, purpose=purpose), _ACTIONS[Kind(kind)], counts={"people": len(about)}, sids=about)
            )
        return last

    def state(self, agent: Json, *, principal: Principal | None = None) -> State:
        """Say how a person stands to the purposes of the policy."""
        caller = self._allowed(principal, Action.READ_CONSENTS)
        return self._state(self._looked_up(agent, caller), caller.tenant)

    def history(self, agent: Json, *, principal: Principal | None = None) -> list[Entry]:
        """Give what a person said, in order of recording."""
        caller = self._allowed(principal, Action.READ_CONSENTS)
        return said(self._vault.consents(caller.tenant, self._looked_up(agent, caller)))

    def records(self, agent: Json, *, principal: Principal | None = None) -> bytes:
        """Give what a person said as JSON-LD, each consent with the text that was shown (:mod:`lrs.privacy.consent.record`)."""
        caller = principal or self._owner
        return records(self.history(agent, principal=caller), self._policy(caller.tenant), self.notices.all(tenant=caller.tenant))

    def _say(self, saying: Saying, principal: Principal | None) -> State:
        caller = principal or self._owner
        self.record([saying], principal=caller)
        return self._state(self._sids_of(caller.tenant, person_of(saying.agent)), caller.tenant)

    def _allowed(self, principal: Principal | None, action: Action) -> Principal:
        """Let the caller do this, and have the audit trail say who was refused."""
        caller = principal or self._owner
        try:
            decide(caller, action)
        except NotPermitted:
            self._audit.put(Event.by(caller, action, outcome=REFUSED))
            raise
        return caller

    def _looked_up(self, agent: Json, caller: Principal) -> Collection[int]:
        sids = self._sids_of(caller.tenant, person_of(agent))
        self._audit.record(Event.by(caller, Action.READ_CONSENTS, sids=sids))
        return sids

    def _claimed(self, persons: Sequence[Person], tenant: str) -> dict[bytes, int]:
        """Give the subject of each, by its JSON; who was not known is from now on."""
        identities = self._identities(tenant)
        identities.learn(persons)
        if any(identities.is_erased(person) for person in persons):
            raise Conflict("a person was erased a short while ago, and is not taken in again yet")
        return {person.json: identities.token(person)[0] for person in persons}

    def _check(self, said: Sequence[Saying], tenant: str) -> None:
        policy = self._policy(tenant)
        texts = {purpose: self.notices.about(purpose, tenant).keys() for purpose in {each.purpose for each in said}}
        for each in said:
            check(each, policy, texts[each.purpose])

    def _state(self, sids: Collection[int], tenant: str) -> State:
        policy = self._policy(tenant)
        current = {each.id: self.notices.about(each.id, tenant) for each in policy.purposes if each.on_consent}
        return state(self._vault.consents(tenant, sids), policy, current)


def _grouped(rows: Iterable[ConsentRow]) -> dict[tuple[str, str], set[int]]:
    """Gather whom rows are about by what they say of which purpose."""
    found: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        found.setdefault((row.kind, row.purpose), set()).add(row.sid)
    return found
