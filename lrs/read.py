"""The read path, one named call a step.

request -> purpose -> authorise -> narrow (identifier -> sids) -> find -> reveal as the reader's view allows -> render -> project -> page
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import msgspec

from lrs.access import Action, Grant, Principal, View, decide
from lrs.definitions import definitions
from lrs.errors import InvalidRequest, NotFound, NotPermitted
from lrs.privacy.attachments import StoredContents
from lrs.privacy.audit import Audit, Event, Pending
from lrs.privacy.consent.readings import Readings
from lrs.privacy.identity import owner_of
from lrs.privacy.policy.reading import Reading, asked
from lrs.privacy.reveal import Revealer
from lrs.storage.contract import PersonStore, Selection, StatementStore, StoredStatement, SubjectStore
from lrs.xapi import render
from lrs.xapi.model import Person
from lrs.xapi.query import StatementQuery
from lrs.xapi.rules import check_authority

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.pseudonyms import Pseudonyms
    from lrs.privacy.projects import Projects
    from lrs.settings import Settings

_MICROSECONDS = 1_000_000
_TOKEN_SECONDS = 25 * 3600
"""A more token works for at least 24 hours (xAPI 1.0.3 Data 2.5)."""
_NOBODY = (0,)
_ALL_GROUPS = 0xFFFFFFFF


class Page(msgspec.Struct, frozen=True):
    """Some of the statements that match: the JSON of each one, and the token of the next page, or None on the last.

    ``attachments``, SHA-2 -> content, has what is stored of the attachments of these statements; it is None unless they were asked for.
    """

    bodies: list[bytes]
    more: str | None
    attachments: StoredContents | None = None

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The statements as Python values."""
        return [msgspec.json.decode(body) for body in self.bodies]

    def __repr__(self) -> str:
        return f"Page({len(self.bodies)} statements)"


class _Next(msgspec.Struct, frozen=True):
    """What a more token says: where to go on, with people as numbers."""

    selection: Selection
    format: str
    languages: str
    attachments: bool = False


class People(SubjectStore, PersonStore, Protocol):
    """What reading needs of the vault: subjects, and which of them are one person."""


class Reader:
    """Read statements. Thread-safe."""

    def __init__(
        self,
        vault: People,
        warehouse: StatementStore,
        *,
        keys: Callable[[str], TenantKeys],
        settings: Settings,
        clock: Callable[[], int],
        audit: Audit,
        projects: Callable[[str], Projects],
        readings: Readings,
    ) -> None:
        self._readings = readings
        self._audit = audit
        self._projects = projects
        self._vault = vault
        self._warehouse = warehouse
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._revealers: dict[str, Revealer] = {}

    def read(self, query: StatementQuery, principal: Principal, *, languages: str = "") -> Page:
        """Read the first page of a query, or the one statement that it names."""
        purpose, principal = self._readings.of(principal)
        grant = decide(principal, Action.READ_STATEMENTS)
        purpose.check_filters(query)
        wanted = query.statement_id or query.voided_statement_id
        if wanted is not None:
            return self._one(wanted, query, principal, grant, purpose, languages)
        selection = self._served(self._narrow(query, principal, grant), principal, purpose)
        following = _Next(selection, query.format, languages, query.attachments)
        return self._page(following, principal, grant, purpose)

    def read_more(self, token: str, principal: Principal) -> Page:
        """Read the page that a token stands for, for the purpose for which the page before was read."""
        purpose, principal = self._readings.of(principal)
        grant = decide(principal, Action.READ_STATEMENTS)
        payload = self._keys(principal.tenant).tokens.open(token, bound_to=_bound(principal, grant), now=self._clock() // _MICROSECONDS)
        following = msgspec.msgpack.decode(payload, type=_Next)
        fresh = msgspec.structs.replace(following, selection=self._served(following.selection, principal, purpose))
        return self._page(fresh, principal, grant, purpose)

    def count(self, by: str, query: StatementQuery, principal: Principal) -> list[tuple[Any, int]]:
        """Count what matches by ``verb``, ``activity``, ``actor`` or ``day`` -> (what, number), largest first."""
        purpose, principal = self._readings.of(principal)
        grant = decide(principal, Action.COUNT_STATEMENTS)
        if by not in ("verb", "activity", "actor", "day"):
            raise InvalidRequest("statements are counted by verb, activity, actor or day", parameter="by")
        if by == "actor" and grant.view is View.AGGREGATE:
            raise NotPermitted("this credential sees counts only, not people")
        purpose.check_filters(query)
        purpose.check_counted(by)
        served = self._served(self._narrow(query, principal, grant), principal, purpose)
        selection = msgspec.structs.replace(served, limit=query.limit or _ALL_GROUPS)
        counted = self._warehouse.count_by(principal.tenant, selection, by, now=self._clock())
        sids = {int(str(sid)) for sid, _ in counted} if by == "actor" else ()
        self._audit.record(Event.by(principal, Action.COUNT_STATEMENTS, counts={"groups": len(counted)}, sids=sids))
        if by != "actor":
            return list(counted)
        people = self.revealer(principal.tenant).people([int(str(sid)) for sid, _ in counted if sid], grant.view, principal.purpose)
        return [(msgspec.json.decode(people[int(str(sid))]) if sid else None, number) for sid, number in counted]

    def person(self, wanted: Person, principal: Principal) -> bytes:
        """Give the Person object of an agent: every name and identifier that was sent of it.

        It is what is ``wanted`` when nothing was, and to who reads only its own statements, for others sent the spellings too.
        """
        purpose, principal = self._readings.of(principal)
        purpose.check_shown("actor")
        if decide(principal, Action.READ_PERSONS).only_mine:
            return render.person([wanted.json])
        known = self._sids(wanted, principal.tenant)
        sids = sorted(set(known) - self._readings.unseen(purpose, principal.tenant, known, known))
        self._audit.record(Event.by(principal, Action.READ_PERSONS, sids=sids))
        spellings = [spelling for sid in sids for spelling in self.revealer(principal.tenant).spellings(sid)]
        return render.person(spellings or [wanted.json])

    def activity(self, iri: str, principal: Principal) -> bytes:
        """Give the Activity object of an IRI, with all that was said of it; the bare object when nothing was."""
        purpose, principal = self._readings.of(principal)
        purpose.check_shown("object")
        grant = decide(principal, Action.READ_ACTIVITIES)
        seen = self._definitions([iri], principal, grant, purpose)
        self._audit.record(Event.by(principal, Action.READ_ACTIVITIES, counts={"definitions": len(seen.get(iri, ()))}))
        return render.activity(iri, seen.get(iri, ()))

    def stored_json(self, tenant: str, statement_id: UUID) -> bytes | None:
        """Give a stored statement as it was sent, for comparing; None when it is gone."""
        found = self._warehouse.by_id(tenant, [statement_id], now=self._clock()).get(statement_id)
        return None if found is None else self.revealer(tenant).reveal([found[0]], View.IDENTIFIED)[0]

    def narrowed(self, principal: Principal) -> Principal:
        """Say as what a principal reads: for a purpose that the policy has, in the narrower of both views; raises :class:`lrs.errors.NotPermitted`."""
        return self._readings.of(principal)[1]

    def pseudonyms(self, reader: Principal) -> Pseudonyms:
        """Give the pseudonyms that a narrowed reader sees; raises :class:`lrs.errors.NotPermitted` when the project has ended."""
        return self._projects(reader.tenant).pseudonyms(reader.purpose)

    def forget(self) -> None:
        """Drop every spelling and key from memory."""
        for revealer in self._revealers.values():
            revealer.forget()

    def _one(self, wanted: UUID, query: StatementQuery, principal: Principal, grant: Grant, purpose: Reading, languages: str) -> Page:
        if grant.view is not View.IDENTIFIED:
            raise NotPermitted("this credential sees pseudonymous ids: it can't ask for a statement by its own")
        within = purpose.narrow(Selection())
        found = self._warehouse.by_id(principal.tenant, [wanted], now=self._clock(), within=within).get(wanted)
        if found is None or found[1] is not (query.voided_statement_id is not None) or not self._readable(principal, grant)(found[0]):
            raise NotFound("no statement that this credential may see is stored under this id")
        (row,) = self._needed([found[0]], principal, purpose)
        entry = self._recorded([row], principal)
        bodies = self.revealer(principal.tenant).reveal([row], grant.view, principal.purpose)
        attachments = self._attachments([row], principal.tenant, grant, purpose) if query.attachments else None
        page = Page(self._render(bodies, query.format, languages, principal, grant, purpose), None, attachments)
        self._audit.wait(entry)
        return page

    def _narrow(self, query: StatementQuery, principal: Principal, grant: Grant) -> Selection:
        """Turn identifiers into subject numbers, and IRIs into what may stand for them."""
        if grant.view is not View.IDENTIFIED and (query.agent is not None or query.registration is not None):
            raise NotPermitted("this credential may not ask for a person: the answer would confirm a guess")
        keys, most = self._keys(principal.tenant), self._settings.max_page_statements
        return Selection(
            sids=None if query.agent is None else self._sids(query.agent, principal.tenant),
            related_agents=query.related_agents,
            verbs=(query.verb, keys.hidden_iri(query.verb)) if query.verb else (),
            activities=(query.activity, keys.hidden_iri(query.activity)) if query.activity else (),
            related_activities=query.related_activities,
            registration=query.registration,
            authority_sids=self._own_authority(principal) if grant.only_mine else None,
            since=query.since,
            until=query.until,
            ascending=query.ascending,
            limit=min(query.limit or most, most),
        )

    def _page(self, following: _Next, principal: Principal, grant: Grant, purpose: Reading) -> Page:
        selection = following.selection
        # One row more than asked for tells whether there is a next page.
        rows = self._warehouse.find(principal.tenant, msgspec.structs.replace(selection, limit=selection.limit + 1), now=self._clock())
        shown = self._needed(rows[: selection.limit], principal, purpose)
        entry = self._recorded(shown, principal)
        more = None
        if len(rows) > len(shown):
            payload = msgspec.msgpack.encode(
                msgspec.structs.replace(following, selection=msgspec.structs.replace(selection, after=shown[-1].stored))
            )
            until = self._clock() // _MICROSECONDS + _TOKEN_SECONDS
            more = self._keys(principal.tenant).tokens.seal(payload, bound_to=_bound(principal, grant), until=until)
        bodies = self.revealer(principal.tenant).reveal(shown, grant.view, principal.purpose)
        attachments = self._attachments(shown, principal.tenant, grant, purpose) if following.attachments else None
        page = Page(self._render(bodies, following.format, following.languages, principal, grant, purpose), more, attachments)
        self._audit.wait(entry)
        return page

    def _recorded(self, rows: Sequence[StoredStatement], principal: Principal) -> Pending:
        """Have it written who is shown whom, while that is made ready; it has to be on the disk before it is shown."""
        sids = {sid for row in rows for sid in row.sids}
        return self._audit.put(
            Event.by(principal, Action.READ_STATEMENTS, counts={"people": len(sids), "statements": len(rows)}, sids=sids)
        )

    def _attachments(self, rows: list[StoredStatement], tenant: str, grant: Grant, purpose: Reading) -> StoredContents:
        """Find the contents of these statements: none where the view hides people or the purpose does not show attachments, or for whom no key is left."""
        now = self._clock()
        shown = rows if grant.view is View.IDENTIFIED and purpose.shows("attachments") else []
        owners = {row.id: owner for row in shown if (owner := owner_of(row.sids)) is not None}
        heads = self._warehouse.heads(tenant, [(row.stored, row.id) for row in rows if row.id in owners], now=now)
        keys = self.revealer(tenant).keys({owners[head.statement] for head in heads})
        known = {statement: keys[sid] for statement, sid in owners.items() if sid in keys}
        return StoredContents(self._warehouse, tenant, heads, known, now=now)

    def _render(self, bodies: list[bytes], form: str, languages: str, principal: Principal, grant: Grant, purpose: Reading) -> list[bytes]:
        """Write statements in a format, and show of them what the purpose shows, last of all: nothing comes in after it."""
        if form == "ids":
            bodies = [render.ids(body) for body in bodies]
        elif form == "canonical":
            activities = sorted({activity for body in bodies for activity in render.activities(body)})
            said = self._definitions(activities, principal, grant, purpose)
            bodies = [render.canonical(body, languages, said) for body in bodies]
        return [purpose.shown(body) for body in bodies]

    def _definitions(self, activities: list[str], principal: Principal, grant: Grant, purpose: Reading) -> Mapping[str, list[bytes]]:
        """Give what was said of activities: with free text from the statements that this reader sees with their people."""
        revealer = self.revealer(principal.tenant) if grant.reads and grant.view is View.IDENTIFIED else None
        return definitions(
            self._warehouse,
            principal.tenant,
            activities,
            revealer=revealer,
            within=purpose.narrow(Selection()),
            readable=self._readable(principal, grant),
            now=self._clock(),
        )

    def _readable(self, principal: Principal, grant: Grant) -> Callable[[StoredStatement], bool]:
        """Tell which of the statements that serve the purpose a reader may see."""
        if not grant.only_mine:
            return lambda _: True
        own = self._own_authority(principal)
        return lambda row: row.authority == own

    def _served(self, selection: Selection, principal: Principal, purpose: Reading) -> Selection:
        """Let a selection find only what serves the purpose, and nothing by people whom the purpose does not see."""
        if selection.sids is not None:
            seen = set(selection.sids) - self._readings.unseen(purpose, principal.tenant, selection.sids, selection.sids)
            selection = msgspec.structs.replace(selection, sids=tuple(sorted(seen)) or _NOBODY)
        return purpose.narrow(selection)

    def _needed(self, rows: Sequence[StoredStatement], principal: Principal, purpose: Reading) -> list[StoredStatement]:
        """Leave in rows the people whom the purpose sees."""
        sids = {sid for row in rows for sid in row.sids}
        unseen = self._readings.unseen(purpose, principal.tenant, sids, asked(rows))
        return [purpose.needed(row, unseen) for row in rows]

    def _sids(self, person: Person, tenant: str) -> tuple[int, ...]:
        index = self._keys(tenant).blind_index(person.ifi)
        found = self._vault.subjects(tenant, [index]).get(index)
        # Nobody has the number 0: who is not known matches nothing.
        return _NOBODY if found is None else tuple(sorted(self._vault.joined(tenant, [found[0]])))

    def _own_authority(self, principal: Principal) -> tuple[int, ...]:
        """Give the subjects that statements of this principal have as their authority, in order; nobody's when one of them is unknown."""
        keys = self._keys(principal.tenant)
        persons = [part for part in check_authority(principal.authority).parts if isinstance(part, Person)]
        indexes = [keys.blind_index(person.ifi) for person in persons]
        found = self._vault.subjects(principal.tenant, indexes)
        return tuple(sorted(found[index][0] for index in indexes)) if found.keys() >= set(indexes) else _NOBODY

    def revealer(self, tenant: str) -> Revealer:
        """Give what reveals the people of a tenant."""
        revealer = self._revealers.get(tenant)
        if revealer is None:
            revealer = self._revealers[tenant] = Revealer(tenant, self._keys(tenant), self._vault, self._projects(tenant))
        return revealer


def _bound(principal: Principal, grant: Grant) -> str:
    """Say what a more token is bound to: who got it, for which purpose, and what they might see."""
    return f"{principal.credential_id} {principal.purpose} {grant.view.value} {grant.only_mine}"
