"""The way out for people: from a stored row to the JSON of a statement, as much of it as a view shows.

Whoever has no key in the vault any more is shown as the same stub as everybody else without one, in every view.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from lrs.access import View
from lrs.errors import NotPermitted
from lrs.privacy.body import KIND, PSEUDONYM, Shown, written
from lrs.privacy.identity import owner_of, text_record
from lrs.privacy.suppression import ACCOUNT
from lrs.storage.contract import NO_UUID, StoredStatement, SubjectStore

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.pseudonyms import Pseudonyms
    from lrs.crypto.seal import Dek
    from lrs.privacy.projects import Projects

_FIRST = 1
"""The number of the spelling under which a person came first."""
_MAX_PEOPLE = 20_000


class _Person(msgspec.Struct, gc=False):
    """A person whose key is unwrapped: vid -> the JSON of a spelling of this revision, as far as they were asked for."""

    key: Dek
    spellings: dict[int, bytes]
    revision: int

    def __repr__(self) -> str:
        return "_Person(<identity>)"


People = Mapping[int, _Person]
"""Those of some subjects who are still known."""


class Revealer:
    """Reveal the rows of one tenant. Thread-safe; remembers the people who were asked for last."""

    def __init__(self, tenant: str, keys: TenantKeys, vault: SubjectStore, projects: Projects, *, capacity: int = _MAX_PEOPLE) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._projects = projects
        self._capacity = capacity
        self._people: OrderedDict[int, _Person] = OrderedDict()
        self._forgotten = 0
        self._lock = threading.Lock()

    def reveal(self, rows: Sequence[StoredStatement], view: View, purpose: str = "") -> list[bytes]:
        """Rows -> the JSON of each statement, as this view shows it to who reads for this purpose.

        ``identified`` shows what was sent, byte for byte, with ``id``, ``stored`` and ``authority``, and ``timestamp`` where it had none.
        ``pseudonymous`` shows pseudonyms for people, statement ids and registrations, those of the purpose, and nothing that was sealed. Each call
        asks the vault who is still known, so that an erasure counts at once, whichever process does it. Raises :class:`lrs.errors.TamperedData` when
        a sealed value is not in its place.
        """
        if view is View.IDENTIFIED:
            people = self.open(rows)
            return [written(row, spelled(people), texts_of(row, people)) for row in rows]
        if view is View.PSEUDONYMOUS:
            pseudonyms = self._projects.pseudonyms(purpose)
            names = self._pseudonyms({sid for row in rows for sid in row.sids}, pseudonyms)
            return [written(_renamed(row, pseudonyms), _named(names), ()) for row in rows]
        raise NotPermitted("this credential sees counts only, not statements")

    def whole(self, rows: Sequence[StoredStatement]) -> dict[UUID, bytes]:
        """Statement id -> JSON as it was sent, for those rows of which nothing is hidden from the identified view."""
        people = self.open(rows)
        kept = [row for row in rows if owner_of(row.sids) in people]
        return {row.id: written(row, spelled(people), texts_of(row, people)) for row in kept}

    def open(self, rows: Sequence[StoredStatement]) -> People:
        """Open the spellings of everybody in these rows who is still known."""
        return self._open([pair for row in rows for pair in zip(row.sids, row.vids, strict=True)])

    def people(self, sids: Collection[int], view: View, purpose: str = "") -> dict[int, bytes]:
        """Subjects -> the JSON of an agent for each, in the first spelling that came; one stub for all who are no longer known."""
        found: dict[int, bytes] = {}
        if view is View.IDENTIFIED:
            people = self._open([(sid, _FIRST) for sid in sids])
            found = {sid: person.spellings[_FIRST] for sid, person in people.items() if _FIRST in person.spellings}
        elif view is View.PSEUDONYMOUS:
            found = {
                sid: KIND[False] + name + b"}" for sid, name in self._pseudonyms(set(sids), self._projects.pseudonyms(purpose)).items()
            }
        return {sid: found.get(sid) or KIND[False] + ACCOUNT + b"}" for sid in sids}

    def spellings(self, sid: int) -> list[bytes]:
        """Give the JSON of every spelling of a person, oldest first; nothing of somebody who is no longer known."""
        key = self._vault.keys(self._tenant, [sid]).get(sid)
        if key is None:
            return []
        dek = self._keys.dek(sid, key.epoch, key.wrapped, key.check)
        return [dek.open("variant", fingerprint, sealed) for fingerprint, sealed in self._vault.spellings(self._tenant, sid)]

    def keys(self, sids: Collection[int]) -> dict[int, Dek]:
        """Give the keys of those of these subjects who are still known."""
        return self._keys.deks(self._vault.keys(self._tenant, list(sids)))

    def forget(self, sid: int | None = None) -> None:
        """Drop a person's spellings and key from memory, or everybody's; a read that is under way won't bring them back."""
        with self._lock:
            self._forgotten += 1
            if sid is None:
                self._people.clear()
            else:
                self._people.pop(sid, None)

    def _open(self, pairs: Collection[tuple[int, int]]) -> dict[int, _Person]:
        """Open the spellings of these (sid, vid): one look-up of keys, and one of spellings unless all are remembered."""
        wanted = set(pairs)
        remembered, forgotten = self._remembered({sid for sid, _ in wanted})
        keys = self._vault.keys(self._tenant, list({sid for sid, _ in wanted}))
        known = {sid: person for sid, person in remembered.items() if sid in keys and person.revision == keys[sid].revision}
        opened = self._keys.deks({sid: key for sid, key in keys.items() if sid not in known})
        people = {sid: known.get(sid) or _Person(opened[sid], {}, key.revision) for sid, key in keys.items()}
        missing = [(sid, vid) for sid, vid in wanted if sid in people and vid not in people[sid].spellings]
        if missing:
            for (sid, vid), (fingerprint, sealed) in self._vault.variants(self._tenant, missing).items():
                people[sid].spellings[vid] = people[sid].key.open("variant", fingerprint, sealed)
        self._remember(people, remembered.keys() - people.keys(), forgotten)
        return people

    def _remembered(self, sids: Collection[int]) -> tuple[dict[int, _Person], int]:
        with self._lock:
            return {sid: self._people[sid] for sid in sids if sid in self._people}, self._forgotten

    def _remember(self, people: People, gone: Collection[int], forgotten: int) -> None:
        with self._lock:
            for sid in gone:
                self._people.pop(sid, None)
            if forgotten != self._forgotten:
                return
            for sid, person in people.items():
                self._people[sid] = person
                self._people.move_to_end(sid)
            while len(self._people) > self._capacity:
                self._people.popitem(last=False)

    def _pseudonyms(self, sids: Collection[int], pseudonyms: Pseudonyms) -> dict[int, bytes]:
        return {sid: PSEUDONYM % pseudonyms.person(sid).encode() for sid in self._vault.keys(self._tenant, list(sids))}


def _renamed(row: StoredStatement, pseudonyms: Pseudonyms) -> StoredStatement:
    rename = pseudonyms.uuid
    registration = row.registration if row.registration == NO_UUID else rename(row.registration)
    return msgspec.structs.replace(row, id=rename(row.id), registration=registration, references=[rename(each) for each in row.references])


def spelled(people: People) -> Shown:
    """Show people as they were sent, or as erased."""

    def show(row: StoredStatement, n: int, group: bool) -> bytes:  # noqa: FBT001 -- the shape of Shown
        person = people.get(row.sids[n])
        json = person.spellings.get(row.vids[n]) if person else None
        return KIND[group] + ACCOUNT if json is None else json[:-1]

    return show


def _named(names: Mapping[int, bytes]) -> Shown:
    return lambda row, n, group: KIND[group] + names.get(row.sids[n], ACCOUNT)


def texts_of(row: StoredStatement, people: People) -> Sequence[bytes]:
    """Open the sealed texts of a row; none where the key of their owner is gone."""
    sid = owner_of(row.sids) if row.sealed else None
    owner = None if sid is None else people.get(sid)
    if owner is None:
        return ()
    return [owner.key.open("text", text_record(row.id, n), sealed) for n, sealed in enumerate(row.sealed)]
