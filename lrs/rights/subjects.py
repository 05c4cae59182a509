"""What a person may ask of the store, through whoever runs it: what is kept, a copy, a correction, identifiers that are one person."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from lrs.access import LOCAL
from lrs.crypto.pseudonyms import Pseudonyms
from lrs.errors import Conflict, InvalidRequest, NotFound
from lrs.privacy.audit import DONE, FAILED, Audit, Event
from lrs.privacy.audit.trail import folder_of
from lrs.privacy.consent import kin
from lrs.rights.access.archive import archive
from lrs.rights.access.count import count
from lrs.rights.access.export import Around, export
from lrs.rights.access.holdings import Holdings, Shelf, Vault
from lrs.rights.persons import alike, find, sids_of
from lrs.rights.rectification import identifying, renaming
from lrs.storage.contract import IndexTaken
from lrs.xapi.query import person_of
from lrs.xapi.rules import check_identified

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.notes import NoteSigner
    from lrs.crypto.seal import Dek
    from lrs.exchange.forward import Standing
    from lrs.privacy.policy.model import Policy
    from lrs.privacy.reveal import Revealer
    from lrs.settings import Settings
    from lrs.storage.contract import Correct, StatementStore
    from lrs.xapi.model import Person

Json = Mapping[str, Any]
_KEY_BYTES = 32
_COPIES, _CORRECTIONS = ("access", "portability"), ("rectification",)
"""Kinds of requests that a copy meets, and a correction."""
_ANY = {"homePage": "https://lrs.invalid/", "name": "any"}
"""An identifier with which a name can be checked."""


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Subjects:
    """The people of a store. Thread-safe. Agents are dicts, as in statements; the tenant is that of the settings unless another is named.

    Each call is written into the audit trail. Each raises :class:`lrs.NotFound` when nobody is known by an identifier, and
    :class:`lrs.InvalidRequest` for what is no Agent or identified Group. ``request`` is the one in the register that a call meets: it is checked before and
    closed after, and another one raises :class:`lrs.Conflict`.
    """

    _settings: Settings
    _vault: Vault
    _warehouse: StatementStore
    _keys: Callable[[str], TenantKeys]
    _revealer: Callable[[str], Revealer]
    _policy: Callable[[str], Policy]
    _targets: Callable[[], Sequence[Standing]]
    _signer: Callable[[], NoteSigner]
    _through: Callable[[], int]
    _meeting: Callable[[int | None, Sequence[str], Collection[int], str], AbstractContextManager[None]]
    _clock: Callable[[], int]
    _audit: Audit

    def show(self, agent: Json, *, tenant: str | None = None) -> dict[str, Any]:
        """Count what is kept of a person, by kind and place; ``alike`` are mailboxes that differ from theirs in case alone."""
        tenant, person = tenant or self._settings.tenant, person_of(agent)
        held = self._holdings(tenant, person)
        others = self._alike(tenant, person, held.sids)
        if not (held.sids or others or held.credentials()):
            raise _nobody()
        with self._recorded("look a person up", tenant, {*held.sids, *others}) as counts:
            told = count(held).told()
            counts.update(told["statements"])
        return told | {"alike": sorted(mailbox for sid in others for mailbox in self._mailboxes(tenant, sid))}

    def export(self, agent: Json, path: str | os.PathLike[str], *, request: int | None = None, tenant: str | None = None) -> dict[str, Any]:
        """Write everything that is kept of a person into a ZIP for that person, other people masked -> what was written, in counts (GDPR art. 15, 20).

        The file has its name once it is whole, and only its owner can read it. Raises :class:`lrs.ConfigurationError` where it can't be written.
        """
        tenant = tenant or self._settings.tenant
        held = self._holdings(tenant, person_of(agent))
        if not (held.sids or held.credentials()):
            raise _nobody()
        around = Around(self._policy(tenant), self._standing(tenant), self._signer())
        with (
            self._meeting(request, _COPIES, held.sids, tenant),
            self._recorded("export a person", tenant, held.sids) as counts,
            archive(Path(path), at=held.now) as made,
        ):
            told = export(held, around, made).told()
            counts.update(told["statements"])
        return told

    def rectify(
        self, agent: Json, *, name: str | None = None, to: Json | None = None, request: int | None = None, tenant: str | None = None
    ) -> list[str]:
        """Correct a person's name, under all their identifiers, or this identifier -> the targets that were given statements, to be told (GDPR art. 16, 19).

        No statement is changed; from now on every read shows what is right. What comes with the old name or identifier is corrected on its way in. Raises
        :class:`lrs.InvalidRequest` unless one of the two is given, and :class:`lrs.Conflict` when ``to`` is somebody whom the person was not joined with.
        """
        tenant = tenant or self._settings.tenant
        if (name is None) == (to is None):
            raise InvalidRequest("either a name or an identifier is corrected", parameter="name")
        person = person_of(agent)
        chosen = self._known(tenant, person) if to is None else (self._subject(tenant, agent),)
        with self._meeting(request, _CORRECTIONS, chosen, tenant), self._recorded("correct a person", tenant, chosen):
            for sid, dek in self._revealer(tenant).keys(chosen).items():
                self._correct(tenant, sid, self._change(tenant, sid, dek, name=name, to=to))
            self._vault.checkpoint()
        return [each.target.name for each in self._standing(tenant) if each.through is not None]

    def _change(self, tenant: str, sid: int, dek: Dek, *, name: str | None, to: Json | None) -> Correct:
        keys = self._keys(tenant)
        if to is None:
            checked = person_of({"account": _ANY, "name": name})
            return renaming(keys, sid, dek, str(msgspec.json.decode(checked.json)["name"]))
        identifier = person_of(to)
        index = keys.blind_index(identifier.ifi)
        found = self._vault.subjects(tenant, [index]).get(index)
        if found is not None and found[0] not in self._vault.joined(tenant, [sid]):
            raise Conflict(
                "somebody is known by this identifier already", hint="If it is the same person, join the two first: lrs subject join."
            )
        return identifying(keys, sid, dek, identifier, known=found is not None)

    def _correct(self, tenant: str, sid: int, change: Correct) -> None:
        try:
            self._vault.correct(tenant, sid, change)
        except IndexTaken:
            raise Conflict("somebody came by this identifier just now", hint="Look who it is: lrs subject show.") from None

    def join(self, agent: Json, other: Json, *, tenant: str | None = None) -> bool:
        """Make two identifiers one person, with all that were joined to either: for reading, export and erasure; False when they were one.

        Their statements, names and documents stay as they are.
        """
        tenant = tenant or self._settings.tenant
        one, two = (self._subject(tenant, each) for each in (agent, other))
        with self._recorded("join identifiers", tenant, (one, two)):
            new = self._vault.join(tenant, one, two)
            kin.changed(self._vault, tenant, (one, two))
        return new

    def unjoin(self, agent: Json, *, tenant: str | None = None) -> bool:
        """Take an identifier out of the person that it was joined to; False when it was joined to nobody."""
        tenant = tenant or self._settings.tenant
        sid = self._subject(tenant, agent)
        with self._recorded("unjoin identifiers", tenant, (sid,)):
            before = self._vault.same_person(tenant, (sid,))
            done = self._vault.unjoin(tenant, sid)
            kin.changed(self._vault, tenant, before)
        return done

    def _subject(self, tenant: str, agent: Json) -> int:
        """Give the one subject that came under exactly this identifier."""
        index = self._keys(tenant).blind_index(person_of(agent).ifi)
        found = self._vault.subjects(tenant, [index]).get(index)
        if found is None:
            raise _nobody()
        return found[0]

    def _standing(self, tenant: str) -> list[Standing]:
        return [each for each in self._targets() if each.target.tenant == tenant]

    def _known(self, tenant: str, person: Person) -> tuple[int, ...]:
        sids = sids_of(self._vault, self._keys(tenant), tenant, person)
        if not sids:
            raise _nobody()
        return sids

    def _holdings(self, tenant: str, person: Person) -> Holdings:
        found = find(self._vault, self._keys(tenant), tenant, person)
        shelf = Shelf(
            tenant,
            self._vault,
            self._warehouse,
            self._keys(tenant),
            self._revealer(tenant),
            folder_of(self._settings),
            self._settings.home_page,
        )
        # Masks are of this file alone: nobody has their key afterwards.
        return Holdings(
            shelf, frozenset(found.sids), found.indexes, until=self._through(), now=self._clock(), others=Pseudonyms(os.urandom(_KEY_BYTES))
        )

    def _alike(self, tenant: str, person: Person, sids: frozenset[int]) -> frozenset[int]:
        """Give the subjects whose mailbox differs from one of the person's in case alone."""
        spellings = [spelling for sid in sids for spelling in self._revealer(tenant).spellings(sid)]
        ifis = {person.ifi, *(check_identified(spelling).ifi for spelling in spellings)}
        return alike(self._vault, self._keys(tenant), tenant, ifis) - sids

    def _mailboxes(self, tenant: str, sid: int) -> set[str]:
        found = map(msgspec.json.decode, self._revealer(tenant).spellings(sid))
        return {each["mbox"] for each in found if "mbox" in each}

    @contextmanager
    def _recorded(self, action: str, tenant: str, sids: Collection[int]) -> Iterator[dict[str, int]]:
        """Have the audit trail say what was done for whom, whatever came of it."""
        counts: dict[str, int] = {}
        outcome = FAILED
        try:
            yield counts
            outcome = DONE
        finally:
            self._audit.record(Event(action=action, tenant=tenant, credential=LOCAL, outcome=outcome, counts=counts, sids=tuple(sids)))


def _nobody() -> NotFound:
    return NotFound("nobody is known by this identifier", hint="Try another of their identifiers: mailbox, account, OpenID.")
