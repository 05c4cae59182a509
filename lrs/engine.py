"""The record store itself: all that a program can ask of it, one call after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import msgspec

from lrs import selftest as drills
from lrs.access import BEARER, Action, Principal
from lrs.accountability.request import Kind
from lrs.annex import Annex
from lrs.batch import Receipt
from lrs.errors import InvalidRequest, NotAuthenticated, StoreUnavailable
from lrs.exchange import export
from lrs.exchange.replay import Replayed
from lrs.intake import DEFAULT_VERSION, Statements
from lrs.privacy.audit import DONE, FAILED, REFUSED, Event
from lrs.privacy.projects import Projects
from lrs.read import Page
from lrs.rights.erasure import Outcome
from lrs.rights.erasure.ledger import Step
from lrs.rights.persons import sids_of
from lrs.spool.folder import check_empty
from lrs.stored import MICROSECONDS
from lrs.streams import Json, LineOutcome
from lrs.xapi import lookup, parameters
from lrs.xapi.query import StatementQuery, from_arguments, person_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from lrs.xapi.model import Person
    from lrs.xapi.multipart import Contents


class LRS(Annex):
    """A record store that is open. Thread-safe; one process at a time may hold an embedded one.

    Statements come in through :meth:`ingest` and go out through :meth:`query`; both return when the work is done. ``documents`` holds states and
    profiles. Who calls without a ``principal`` is the program that opened the store: it may do everything and sees people as they are.
    """

    # Writing

    def ingest(
        self,
        statements: Statements,
        *,
        attachments: Mapping[str, bytes] | None = None,
        principal: Principal | None = None,
        version: str = DEFAULT_VERSION,
    ) -> list[UUID]:
        """Store statements and return their ids, in order, when all of them are durable.

        ``bytes`` is the JSON of a statement or an array of them; it, a dict, or a list of dicts is one batch: all of it is stored, or
        nothing. Any other iterable is a stream: each ``bytes`` in it is a batch of its own, dicts are batched by the thousand, and what
        was stored before an error stays stored. A statement that was stored before is no error and changes nothing.

        ``attachments`` of one batch are the contents of what it attaches without a fileUrl, by SHA-2 (xAPI 1.0.3 Data 2.4.11).

        Raises :class:`lrs.InvalidStatement`, :class:`lrs.Conflict` (its ``index`` counts within the batch), :class:`lrs.StoreUnavailable`.
        """
        return self._intake.ingest(statements, principal or self._owner, attachments=attachments or {}, version=version)

    def ingest_lines(
        self, lines: Iterable[bytes], *, principal: Principal | None = None, version: str = DEFAULT_VERSION
    ) -> Iterator[LineOutcome]:
        """Store each line's statement or array on its own, and say what became of each line; a refused one stops nothing.

        Lines are stored in groups; two empty lines in a row end one, as a sender writes them who has nothing more for now. Empty lines are passed
        over. Outcomes come in the order of the lines, as soon as they are durable.
        """
        return self._intake.lines(lines, principal or self._owner, version=version)

    def check_may_write(self, principal: Principal) -> None:
        """Raise :class:`lrs.NotPermitted` unless somebody may write statements: what they send need not be read then."""
        self._intake.check(principal)

    def submit(
        self, body: bytes, *, principal: Principal, version: str, statement_id: str | None = None, contents: Contents | None = None
    ) -> Future[Receipt]:
        """Take a batch, with contents of its attachments, without waiting for it: the future resolves when it is durable.

        What can't be taken is said at once, or by the future where another process checks the batch, or a single statement is put together with others that
        came at the same time: what is wrong with it, :class:`lrs.NotPermitted`, :class:`lrs.StoreBusy`. Batches that nobody waited for in between may be
        stored in another order than they were handed in.
        """
        return self._intake.submit(body, principal, version=version, statement_id=statement_id, contents=contents)

    def replay(self, *keys: str, principal: Principal | None = None) -> list[Replayed]:
        """Try once more what is in quarantine under these keys, in whose name it came, or in a ``principal``'s: what is taken now leaves it.

        Repairs and profiles are those that the credential has now. Raises :class:`lrs.NotFound`, :class:`lrs.ConfigurationError`.
        """
        return self.replays.all((principal or self._owner).tenant, keys, principal)

    def projects(self, *, tenant: str | None = None) -> Projects:
        """Give the projects of a tenant, that of the settings if not given: the keys of its pseudonyms, one a purpose."""
        return self._projects_of(tenant or self.settings.tenant)

    def end_project(self, purpose: str, *, tenant: str | None = None) -> None:
        """Destroy the key of a purpose's pseudonyms, for ever: nobody can tell any more who was who, and nothing is read for it any more.

        Raises :class:`lrs.NotFound` when no project of this purpose goes on.
        """
        name = tenant or self.settings.tenant
        self._projects_of(name).end(purpose)
        self._audit.record(Event(action="end a project", tenant=name, credential=self._owner.credential_id, purpose=purpose))

    def consistent_through(self, *, fresh: bool = True) -> datetime:
        """Give the time up to which every stored statement can be read now; unless ``fresh``, at once, and as old as :meth:`is_late` says."""
        through = self._times.consistent_through() if fresh else self._times.announced()
        since = self.spooled.since
        if since:
            # Whoever sent it was told that it is stored, and can't read it yet.
            through = min(through, since - 1)
        return datetime.fromtimestamp(through / MICROSECONDS, UTC)

    def is_late(self) -> bool:
        """Tell whether what :meth:`consistent_through` gives at once is more than a second old: nobody has asked for so long."""
        return self._times.is_late()

    def last_stored(self) -> datetime | None:
        """Give the time at which the newest statement was stored; None when nothing is."""
        newest = self._warehouse.last_stored()
        return datetime.fromtimestamp(newest / MICROSECONDS, UTC) if newest else None

    # Reading

    def query(self, *, principal: Principal | None = None, purpose: str = "", reason: str = "", **filters: Any) -> Page:
        """Read a page of statements, newest first.

        Filters are those of the specification (xAPI 1.0.3 Communication 2.1.3): ``agent`` (a dict), ``verb``, ``activity``, ``registration``,
        ``related_agents``, ``related_activities``, ``since`` (exclusive), ``until`` (inclusive), ``limit``, ``ascending``, ``format``
        (``exact``, ``ids``, ``canonical``), ``language`` (as in Accept-Language), ``attachments`` (whether the page has their contents),
        ``statement_id``, ``voided_statement_id``; or ``more`` alone, the token of the page before. ``purpose`` is one of the policy's, its default
        one if none is named; the page shows no more than the purpose does. A read of the intermediate archive gives its ``reason``.
        Raises :class:`lrs.InvalidRequest`, :class:`lrs.NotFound`, :class:`lrs.NotPermitted`.
        """
        more = filters.pop("more", None)
        if more is not None:
            if filters:
                raise InvalidRequest("more stands alone: the filters are in it already", parameter="more")
            return self.read_more(more, principal=self._reads(principal, purpose, reason))
        language = filters.pop("language", "")
        return self.read(from_arguments(**filters), principal=self._reads(principal, purpose, reason), languages=language)

    def read(self, query: StatementQuery, *, principal: Principal | None = None, languages: str = "") -> Page:
        """Read the first page that a checked query asks for."""
        with self._refusals(Action.READ_STATEMENTS, principal):
            page = self._reader.read(query, principal or self._owner, languages=languages)
        self.metrics.read.add(number=len(page.bodies))
        return page

    def read_more(self, token: str, *, principal: Principal | None = None) -> Page:
        """Read the page that a ``more`` token stands for; it works for the credential that got it, for a day."""
        with self._refusals(Action.READ_STATEMENTS, principal):
            page = self._reader.read_more(token, principal or self._owner)
        self.metrics.read.add(number=len(page.bodies))
        return page

    def export(self, *, principal: Principal | None = None, purpose: str = "", reason: str = "", **filters: Any) -> Iterator[Page]:
        """Read all that matches, oldest first, page by page: everything that was readable when the first page is asked for, however much it is.

        Filters are those of :meth:`query`, ids of statements and ``more`` apart; ``limit`` is the size of a page. With ``until`` the time that
        :meth:`consistent_through` gave before, a later export ``since`` that time goes on where this one ended. Raises what
        :meth:`query` raises.
        """
        caller, language = self._reads(principal, purpose, reason), filters.pop("language", "")
        query = export.whole(from_arguments(**filters), through=self._times.consistent_through())
        counts, outcome = {"statements": 0}, FAILED
        try:
            for page in export.pages(self.read(query, principal=caller, languages=language), partial(self.read_more, principal=caller)):
                counts["statements"] += len(page.bodies)
                yield page
            outcome = DONE
        finally:
            self._audit.record(Event.by(caller, export.ACTION, counts=counts, outcome=outcome))

    def person(self, agent: Json, *, principal: Principal | None = None, purpose: str = "", reason: str = "") -> dict[str, Any]:
        """Look a person up -> a Person object (xAPI 1.0.3 Communication 2.4): every name and identifier that statements gave of this agent.

        Of an agent that is not known, it holds what was given. Raises :class:`lrs.InvalidRequest`, :class:`lrs.NotPermitted`.
        """
        asked = lookup.agent([("agent", parameters.spelled(agent))])
        found: dict[str, Any] = msgspec.json.decode(self.read_person(asked, principal=self._reads(principal, purpose, reason)))
        return found

    def read_person(self, agent: Person, *, principal: Principal | None = None) -> bytes:
        """Give the JSON of the Person object of a checked agent."""
        with self._refusals(Action.READ_PERSONS, principal):
            return self._reader.person(agent, principal or self._owner)

    def activity(self, iri: str, *, principal: Principal | None = None, purpose: str = "", reason: str = "") -> dict[str, Any]:
        """Look an activity up -> an Activity object (xAPI 1.0.3 Communication 2.5), with all that statements said of it.

        Of an activity that is not known, it holds the id alone. Raises :class:`lrs.InvalidRequest`, :class:`lrs.NotPermitted`.
        """
        found: dict[str, Any] = msgspec.json.decode(
            self.read_activity(lookup.activity([("activityId", iri)]), principal=self._reads(principal, purpose, reason))
        )
        return found

    def read_activity(self, iri: str, *, principal: Principal | None = None) -> bytes:
        """Give the JSON of the Activity object of a checked IRI."""
        with self._refusals(Action.READ_ACTIVITIES, principal):
            return self._reader.activity(iri, principal or self._owner)

    def count(
        self, by: str, *, principal: Principal | None = None, purpose: str = "", reason: str = "", **filters: Any
    ) -> list[tuple[Any, int]]:
        """Count matching statements by ``verb``, ``activity``, ``actor`` or ``day``, largest first."""
        caller = self._reads(principal, purpose, reason)
        with self._refusals(Action.COUNT_STATEMENTS, caller):
            return self._reader.count(by, from_arguments(**filters), caller)

    # Rights

    def erase(
        self,
        agent: Json,
        *,
        dry_run: bool = False,
        request: int | None = None,
        tenant: str | None = None,
        despite_restriction: bool = False,
        step: Step = lambda _: None,
    ) -> Outcome:
        """Erase a person: at once unreadable, and off the disk when this returns, with the signed receipt; ``dry_run`` counts and does nothing.

        The person is found under every identifier and in every role. Their own statements, documents and attachments go; in other people's
        statements one stub stands in their place, the same for all. ``request`` is the one in the register that this meets. ``step`` is told of each
        state. Raises :class:`lrs.InvalidRequest`, :class:`lrs.Conflict` when the request is another one, or the person's processing is restricted.
        """
        person = person_of(agent)
        tenant = tenant or self.settings.tenant
        if dry_run:
            return self.erasures.plan(person, tenant)
        check_empty(self.settings)
        if request is None:
            return self.erasures.erase(person, tenant, step=step, despite_restriction=despite_restriction)
        sids = sids_of(self._vault, self._keys(tenant), tenant, person)
        with self.requests.meeting(request, Kind.ERASURE, sids=sids, tenant=tenant):
            return self.erasures.erase(person, tenant, step=step, despite_restriction=despite_restriction)

    def selftest(self, *, tenant: str | None = None) -> drills.Outcome:
        """Try on made-up people what is promised about real ones, and erase them -> findings and a signed report; see :mod:`lrs.selftest`."""
        caller = attrs.evolve(self._owner, tenant=tenant or self._owner.tenant)
        place = drills.Place(
            store=self,
            caller=caller,
            settings=self.settings,
            policy=self._policies.of(caller.tenant).policy,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys(caller.tenant),
            signer=self._keyring.signer,
            audit=self._audit,
            clock=self._clock,
            person=person_of,
        )
        return drills.drill(place)

    # Access and health

    def authenticate(self, username: str, password: str) -> Principal:
        """Say who this is, or raise :class:`lrs.NotAuthenticated`."""
        return self.credentials.authenticate(username, password)

    def authenticate_bearer(self, token: str) -> Principal:
        """Say who stands behind a bearer token, or raise :class:`lrs.NotAuthenticated`, :class:`lrs.IssuerUnavailable`."""
        if self._bearers is None:
            raise NotAuthenticated("bearer tokens are not taken here: no issuer is set")
        try:
            return self._bearers.principal(token)
        except NotAuthenticated:
            self._audit.put(Event(action="authenticate", outcome=REFUSED, credential=BEARER))
            raise

    def ready(self) -> None:
        """Raise :class:`lrs.StoreUnavailable` unless vault and warehouse answer; while there is room in the spool, the warehouse may be away."""
        self._vault.ping()
        try:
            self._warehouse.ping()
        except StoreUnavailable:
            if self._spooling is None or not self._spooling.folder.has_room():
                raise

    def _reads(self, principal: Principal | None, purpose: str, reason: str) -> Principal:
        """Say who reads, for what, and why in the archive: a principal's own purpose and reason, unless the program names others."""
        caller = principal or self._owner
        return attrs.evolve(caller, purpose=purpose or caller.purpose, reason=reason or caller.reason)
