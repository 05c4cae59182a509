"""The record store itself: everything opened, wired and closed in one place."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import attrs
import msgspec

from lrs import selftest as drills
from lrs.access import BEARER, LOCAL, Action, Principal, Scope, View, software_authority
from lrs.accountability.breaches import Breaches
from lrs.accountability.request import Kind
from lrs.accountability.requests import Requests
from lrs.aside import Aside, keeps
from lrs.backup.making import Backups
from lrs.batch import Batch, Receipt
from lrs.committer import Committer
from lrs.credentials import Credentials
from lrs.crypto.providers import open_keyring
from lrs.documents import Documents
from lrs.errors import InvalidRequest, LRSError, NotAuthenticated, NotPermitted, StoreUnavailable
from lrs.exchange import emitters, export, targets
from lrs.exchange.channel import Origin
from lrs.exchange.forward import Forwarding, Standing
from lrs.exchange.reception import Reception
from lrs.exchange.replay import Replay, Replayed
from lrs.metrics import Metrics
from lrs.privacy import mentions
from lrs.privacy.audit import DONE, FAILED, REFUSED, Audit, Event
from lrs.privacy.consent.mirror import Mirror
from lrs.privacy.consent.readings import Readings
from lrs.privacy.identity import Identities
from lrs.privacy.policy.changes import record_changes
from lrs.privacy.policy.force import Policies
from lrs.privacy.presence import Presences
from lrs.privacy.projects import Projects
from lrs.privacy.quarantine import Held, Quarantine
from lrs.privacy.suppression import Suppression
from lrs.read import Page, Reader
from lrs.retention.desk import Desk
from lrs.retention.retention import Retention
from lrs.rights import consents
from lrs.rights.erasure import Erasures, Outcome, Place
from lrs.rights.erasure.ledger import Ledger, Step
from lrs.rights.persons import sids_of
from lrs.rights.subjects import Subjects
from lrs.spool.folder import Folder, Waiting, check_empty, folder_of
from lrs.spool.spooling import Spooling
from lrs.storage.vault import Vault
from lrs.storage.warehouse import Warehouse
from lrs.stored import MICROSECONDS, SharedTimes, StoredTimes, Times
from lrs.tenants.tenants import Tenants
from lrs.write import Preparer, TenantWriter, Writer
from lrs.xapi import codec, lookup, parameters
from lrs.xapi.formats import month_of
from lrs.xapi.multipart import Content, check_hash
from lrs.xapi.query import StatementQuery, from_arguments, person_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from lrs.crypto.keyring import Keyring, TenantKeys
    from lrs.oidc.bearer import Bearers
    from lrs.privacy.policy import Policy
    from lrs.settings import Settings
    from lrs.xapi.model import Person
    from lrs.xapi.multipart import Contents

Json = Mapping[str, Any]
Lines = Sequence[tuple[int, bytes]]
Statements = bytes | Json | Sequence[Json] | Iterable[bytes] | Iterable[Json]

_LINES = 1000
"""Lines or dicts of a stream that are checked and put together."""
_AHEAD = 16
"""Chunks of lines that may wait for their insert."""
_GROUPS_AHEAD = 2
"""Groups of a stream that may wait: one is being stored while the next is checked."""
_DEFAULT_VERSION = "1.0.3"


class LineOutcome(msgspec.Struct, frozen=True):
    """What became of one line: ``number`` counts from 1; ``replayed`` of its statements were stored before; or ``error``.

    ``held``: what was refused is in quarantine.
    """

    number: int
    ids: tuple[UUID, ...]
    replayed: bool
    error: LRSError | None
    held: bool = False


class LRS:
    """A record store that is open. Thread-safe; one process at a time may hold an embedded one.

    Statements come in through :meth:`ingest` and go out through :meth:`query`; both return when the work is done. ``documents`` holds states and
    profiles. Who calls without a ``principal`` is the program that opened the store: it may do everything and sees people as they are.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], int] | None = None) -> None:
        self.settings = settings
        self._clock = clock or _microseconds
        self._owner = Principal(
            tenant=settings.tenant,
            credential_id="local",
            scopes=frozenset({Scope.ALL}),
            view=View.IDENTIFIED,
            authority=software_authority(settings.home_page, "local"),
        )
        self._policies = Policies(settings)
        # A policy that can't be followed keeps the store closed.
        digest = self._digest(settings.tenant)
        with ExitStack() as opened:
            self._vault = Vault.open(settings)
            opened.callback(self._vault.close)
            self._keyring = self._checked_keyring(create=not self._vault.tenants())
            self._warehouse = Warehouse.open(settings)
            opened.callback(self._warehouse.close)
            self._audit = Audit(settings, signer=lambda: self._keyring.signer, keys=self._keys, clock=self._clock, policy=self._digest)
            opened.callback(self._audit.close)
            self._audit.record(Event(action="open the store", credential=LOCAL, policy=digest))
            record_changes(self._vault, self._audit, self._digest)
            self._times = self._agreed_times()
            opened.callback(self._times.close)
            self._writers: dict[str, TenantWriter] = {}
            self._preparer = Preparer(settings, self._policies.of, self._keys)
            self._projects: dict[str, Projects] = {}
            readings = Readings(self._policy, Mirror(self._vault, self._warehouse), self._clock)
            self._reader = Reader(
                self._vault,
                self._warehouse,
                keys=self._keys,
                settings=settings,
                clock=self._clock,
                audit=self._audit,
                projects=self._projects_of,
                readings=readings,
            )
            self.metrics = Metrics(
                waiting_statements=lambda: self._committer.waiting.size,
                waiting_batches=lambda: len(self._committer.waiting),
                spooled_statements=lambda: self.spooled.statements,
                spooled_bytes=lambda: self.spooled.size,
                spool_unreadable=lambda: self.spooled.unreadable,
            )
            writer = Writer(
                tenants=self._tenant,
                warehouse=self._warehouse,
                stored=self._reader.stored_json,
                times=self._times,
                policy=self._policies.of,
                audit=self._audit,
                forget=self._forget,
                metrics=self.metrics,
            )
            self._writer = writer
            self._spooling = None if settings.warehouse is None else self._opened_spool()
            self._committer = Committer(
                self._spooling.prepare if self._spooling else writer.prepare,
                writer.store,
                group=settings.group_statements,
                queue=settings.queue_statements,
                rescue=self._spooling.rescue if self._spooling else lambda _: None,
            )
            opened.callback(writer.close)
            opened.callback(self._committer.close)
            self.documents = Documents(
                self._vault,
                keys=self._keys,
                owner=self._owner,
                clock=self._clock,
                month=self._month,
                largest=settings.max_document_bytes,
                audit=self._audit,
                readings=readings,
            )
            self.consent = consents.ledger(
                self._vault, keys=self._keys, policy=self._policy, owner=self._owner, clock=self._clock, audit=self._audit
            )
            self.credentials = Credentials(self._vault, settings, clock=self._clock, audit=self._audit)
            self.quarantine = Quarantine(
                self._vault, keys=self._keys, clock=self._clock, audit=self._audit, most=settings.max_quarantine_bytes
            )
            self.quarantine.prune()
            self._vault.prune_presences(now=self._clock())
            self._aside = Aside(self._preparer, self._committer, self.quarantine, settings)
            self._bearers = self._issuers_bearers()
            self.erasures = Erasures(self._place_of_erasures())
            # Before anything is served: what was interrupted, and whoever a restore brought back.
            self.erasures.resume()
            if self._spooling is not None:
                self._spooling.start(self._committer)
                opened.callback(self._spooling.close)
            self._open = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LRS(data={str(self.settings.data)!r})"

    def close(self) -> None:
        """Store what was taken, then release engines and files. Calling it twice is no error."""
        self._open.close()

    @property
    def owner(self) -> Principal:
        """Who calls without a principal: the program that opened the store."""
        return self._owner

    # Writing

    def ingest(
        self,
        statements: Statements,
        *,
        attachments: Mapping[str, bytes] | None = None,
        principal: Principal | None = None,
        version: str = _DEFAULT_VERSION,
    ) -> list[UUID]:
        """Store statements and return their ids, in order, when all of them are durable.

        ``bytes`` is the JSON of a statement or an array of them; it, a dict, or a list of dicts is one batch: all of it is stored, or
        nothing. Any other iterable is a stream: each ``bytes`` in it is a batch of its own, dicts are batched by the thousand, and what
        was stored before an error stays stored. A statement that was stored before is no error and changes nothing.

        ``attachments`` of one batch are the contents of what it attaches without a fileUrl, by SHA-2 (xAPI 1.0.3 Data 2.4.11).

        Raises :class:`lrs.InvalidStatement`, :class:`lrs.Conflict` (its ``index`` counts within the batch), :class:`lrs.StoreUnavailable`.
        """
        if isinstance(statements, Mapping | list | tuple):
            statements = codec.encode(statements)
        if isinstance(statements, bytes | bytearray | memoryview):
            batch = self._prepare(bytes(statements), principal or self._owner, version, attachments or {})
            self._committer.put(batch, wait=True)
            return batch.done.result().ids
        if attachments:
            raise InvalidRequest("attachments go with one batch of statements, not with a stream", parameter="attachments")
        waiting: deque[Batch] = deque()
        ids: list[UUID] = []
        try:
            for group in self._groups(statements, principal or self._owner, version):
                self._committer.put(*group, wait=True)
                waiting.extend(group)
                while len(waiting) > _GROUPS_AHEAD * len(group):
                    ids += waiting.popleft().done.result().ids
            while waiting:
                ids += waiting.popleft().done.result().ids
        finally:
            # Whatever stops the stream, nothing of it is on its way any more when the caller hears of it.
            wait([batch.done for batch in waiting])
        return ids

    def ingest_lines(
        self, lines: Iterable[bytes], *, principal: Principal | None = None, version: str = _DEFAULT_VERSION
    ) -> Iterator[LineOutcome]:
        """Store each line's statement or array on its own, and say what became of each line; a refused one stops nothing.

        Lines are stored in groups; two empty lines in a row end one, as a sender writes them who has nothing more for now. Empty lines are passed
        over. Outcomes come in the order of the lines, as soon as they are durable.
        """
        caller = principal or self._owner
        waiting: deque[tuple[Lines, list[int], dict[int, LRSError], Batch]] = deque()
        for chunk in codec.groups(lines, most=_LINES):
            with self._refusals(Action.WRITE_STATEMENTS, caller):
                batch, places, refused = self._preparer.prepare_lines([line for _, line in chunk], caller, version=version)
            self._committer.put(batch, wait=True)
            waiting.append((chunk, places, refused, batch))
            if len(waiting) > _AHEAD:
                yield from self._held(caller, *waiting.popleft())
        for each in waiting:
            yield from self._held(caller, *each)

    def _held(
        self, principal: Principal, chunk: Lines, places: list[int], refused: dict[int, LRSError], batch: Batch
    ) -> Iterator[LineOutcome]:
        """Say what became of lines, once what can't be taken is in quarantine where the principal has one."""
        outcomes = _outcomes([number for number, _ in chunk], places, refused, batch)
        if not principal.handling.quarantine_days:
            return outcomes
        lines, told = dict(chunk), list(outcomes)
        held = {each.number: Held(lines[each.number], each.error) for each in told if each.error and keeps(each.error, lines[each.number])}
        self.quarantine.add(principal, "", list(held.values()))
        return (msgspec.structs.replace(each, held=each.number in held) for each in told)

    def submit(
        self, body: bytes, *, principal: Principal, version: str, statement_id: str | None = None, contents: Contents | None = None
    ) -> Future[Receipt]:
        """Take a batch, with contents of its attachments, without waiting for it: the future resolves when it is durable.

        Whatever can be said at once is raised at once: what is wrong with the batch, :class:`lrs.NotPermitted`, :class:`lrs.StoreBusy`.
        """
        wanted = None if statement_id is None else _uuid(statement_id)
        if principal.handling.quarantine_days and wanted is None and not contents:
            with self._refusals(Action.WRITE_STATEMENTS, principal):
                return self._aside.submit(body, principal, version=version)
        most = self.settings.max_batch_statements
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            batch = self._preparer.prepare(body, principal, version=version, limit=most, statement_id=wanted, contents=contents or {})
        self._committer.put(batch, wait=False)
        return batch.done

    @cached_property
    def forwarding(self) -> Forwarding:
        """The record stores that statements are forwarded to, as ``forward.toml`` names them; raises :class:`lrs.ConfigurationError`."""
        origin = Origin(
            vault=self._vault,
            reader=self._reader,
            naming=lambda tenant, sids, until: self._warehouse.naming(tenant, sids, until=until, now=self._clock()),
            keys=self._keys,
            through=self._times.consistent_through,
            newest=self._warehouse.last_stored,
            clock=self._clock,
            audit=self._audit,
            home_page=self.settings.home_page,
        )
        return Forwarding(targets.load(self.settings), origin)

    @cached_property
    def reception(self) -> Reception:
        """The platforms whose events are taken, as ``sources.toml`` names them; raises :class:`lrs.ConfigurationError`."""
        return Reception(emitters.load(self.settings), self._take, presences=self._presences, quarantine=self.quarantine, audit=self._audit)

    def _presences(self, tenant: str, source: str) -> Presences:
        return Presences(tenant, source, vault=self._vault, keys=self._keys(tenant), clock=self._clock)

    def replay(self, *keys: str, principal: Principal | None = None) -> list[Replayed]:
        """Try once more what is in quarantine under these keys, in whose name it came, or in a ``principal``'s: what is taken now leaves it.

        Repairs and profiles are those that the credential has now. Raises :class:`lrs.NotFound`, :class:`lrs.ConfigurationError`.
        """
        return self.replays.all((principal or self._owner).tenant, keys, principal)

    @cached_property
    def replays(self) -> Replay:
        """What tries quarantined entries once more: those that other processes ask for while ``replays.following()`` runs."""
        return Replay(self.quarantine, self._take, lambda: self.reception, self.credentials.principal)

    def _take(self, lines: Iterator[bytes], principal: Principal) -> Iterator[LineOutcome]:
        return self.ingest_lines(lines, principal=principal)

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

    @cached_property
    def requests(self) -> Requests:
        """The register of what persons asked for."""
        return Requests(self._vault, tenant=self.settings.tenant, keys=self._keys, clock=self._clock, audit=self._audit)

    @cached_property
    def retention(self) -> Retention:
        """What ends when, and taking it off the disk; who has to be warned before they are forgotten."""
        return Retention(self._desk, tenant=self.settings.tenant)

    @cached_property
    def tenants(self) -> Tenants:
        """The tenants of the store: who they are, what they get back, and their end."""
        return Tenants(
            self.settings,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys,
            projects=self._projects_of,
            policy=self._policies.of,
            signer=lambda: self._keyring.signer,
            audit=self._audit,
            clock=self._clock,
            ingest=self.ingest,
            documents=self.documents,
            ended=self._ended,
        )

    @cached_property
    def backups(self) -> Backups:
        """Backups into the three places of the settings, while the store works."""
        return Backups(
            self.settings,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys,
            signer=lambda: self._keyring.signer,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def subjects(self) -> Subjects:
        """What a person may ask for: what is kept of them, a copy of it, to have it corrected; see :class:`lrs.rights.subjects.Subjects`."""
        return Subjects(
            settings=self.settings,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys,
            revealer=self._reader.revealer,
            policy=lambda tenant: self._policies.of(tenant).policy,
            targets=self._standing,
            signer=lambda: self._keyring.signer,
            through=self._times.consistent_through,
            meeting=self._meeting,
            clock=self._clock,
            audit=self._audit,
        )

    @cached_property
    def breaches(self) -> Breaches:
        """The register of breaches."""
        return Breaches(self._vault, tenant=self.settings.tenant, clock=self._clock, audit=self._audit)

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

    @property
    def spooled(self) -> Waiting:
        """How much waits in the spool for the warehouse."""
        return Waiting() if self._spooling is None else self._spooling.folder.waiting()

    @property
    def pings(self) -> dict[str, Callable[[], None]]:
        """What asks each store whether it answers, and raises :class:`lrs.StoreUnavailable` if it does not."""
        return {"vault": self._vault.ping, "warehouse": self._warehouse.ping}

    def _ping(self) -> None:
        for ping in self.pings.values():
            ping()

    def _opened_spool(self) -> Spooling:
        return Spooling(
            Folder(folder_of(self.settings), self._keys, most=self.settings.spool_bytes),
            prepare=self._writer.prepare,
            preparer=self._preparer,
            known=lambda tenant: frozenset(each.id for each in self._policy(tenant).purposes),
            ping=self._ping,
            quarantine=lambda: self.quarantine,
            audit=self._audit,
            clock=self._clock,
        )

    def _issuers_bearers(self) -> Bearers | None:
        if self.settings.oidc_issuer is None:
            return None
        from lrs.oidc.bearer import Bearers

        return Bearers(self.settings, keys=self._keys)

    @contextmanager
    def _refusals(self, action: Action, principal: Principal | None) -> Iterator[None]:
        """Have the audit trail say who was refused; it is written within milliseconds, nobody waits for it."""
        try:
            yield
        except NotPermitted:
            self._audit.put(Event.by(principal or self._owner, action, outcome=REFUSED))
            raise

    def _prepare(self, body: bytes, principal: Principal, version: str, attachments: Mapping[str, bytes]) -> Batch:
        contents = {check_hash(sha2, data): Content(data) for sha2, data in attachments.items()}
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            return self._preparer.prepare(body, principal, version=version, limit=sys.maxsize, contents=contents)

    def _groups(self, statements: Iterable[bytes] | Iterable[Json], principal: Principal, version: str) -> Iterator[list[Batch]]:
        """Check a stream's batches and gather them to the size of an insert; what was checked before an error is stored."""
        group: list[Batch] = []
        size = 0
        try:
            for body in _bodies(statements):
                batch = self._prepare(body, principal, version, {})
                if group and size + len(batch) > self.settings.group_statements:
                    yield group
                    group, size = [], 0
                group.append(batch)
                size += len(batch)
        except LRSError:
            if group:
                yield group
            raise
        if group:
            yield group

    def _checked_keyring(self, *, create: bool) -> Keyring:
        """Open the keyring and make sure that it is the one of this vault, before anything is written."""
        keyring = open_keyring(self.settings, create=create)
        for name in {*self._vault.tenants(), self.settings.tenant}:
            self._vault.check_keyring(name, keyring.tenant(name).check)
        return keyring

    def _keys(self, tenant: str) -> TenantKeys:
        if tenant not in self._keyring.tenants:
            # Another process may have added the tenant since.
            self._keyring = self._checked_keyring(create=False)
        return self._keyring.tenant(tenant)

    def _tenant(self, name: str) -> TenantWriter:
        writer = self._writers.get(name)
        if writer is None:
            keys = self._keys(name)
            suppression = Suppression(name, keys, self._vault, clock=self._clock)
            identities = Identities(name, keys, self._vault, month=self._month, suppression=suppression)
            writer = self._writers[name] = TenantWriter(keys, identities, suppression)
        return writer

    def _meeting(self, request: int | None, kinds: Sequence[str], sids: Collection[int], tenant: str) -> AbstractContextManager[None]:
        """Do what a request of one of these kinds asks for, or what nobody asked for in the register."""
        return nullcontext() if request is None else self.requests.meeting(request, *map(Kind, kinds), sids=sids, tenant=tenant)

    def _standing(self) -> list[Standing]:
        return self.forwarding.standing()

    def _agreed_times(self) -> Times:
        """Give out times alone where the warehouse is embedded; to a server other processes write too."""
        last = self._warehouse.last_stored()
        return (StoredTimes if self.settings.warehouse is None else SharedTimes)(self._vault, self._clock, last)

    def _policy(self, tenant: str) -> Policy:
        return self._policies.of(tenant).policy

    def _digest(self, tenant: str) -> str:
        return self._policy(tenant).digest

    def _projects_of(self, tenant: str) -> Projects:
        found = self._projects.get(tenant)
        if found is None:
            made = Projects(tenant, self._keys(tenant), self._vault, clock=self._clock, month=self._month)
            found = self._projects.setdefault(tenant, made)
        return found

    def _desk(self, tenant: str) -> Desk:
        return Desk(
            tenant=tenant,
            force=self._policies.of(tenant),
            vault=self._vault,
            endings=self._warehouse.endings,
            keys=self._keys(tenant),
            projects=self._projects_of(tenant),
            signer=self._keyring.signer,
            audit=self._audit,
            settings=self.settings,
            clock=self._clock,
            forget=self._forget_all,
        )

    def _forget_all(self) -> None:
        with self._writer.quiet():
            self._forget()

    def _reads(self, principal: Principal | None, purpose: str, reason: str) -> Principal:
        """Say who reads, for what, and why in the archive: a principal's own purpose and reason, unless the program names others."""
        caller = principal or self._owner
        return attrs.evolve(caller, purpose=purpose or caller.purpose, reason=reason or caller.reason)

    def _place_of_erasures(self) -> Place:
        ledger = Ledger(self._vault, self._keys, self._audit, self._clock, self.settings.home_page, self.settings.suppression_days)
        return Place(
            ledger=ledger,
            warehouse=self._warehouse,
            signer=lambda: self._keyring.signer,
            quiet=self._writer.quiet,
            forget=self._forget,
            tell=lambda ids, tenant: self.forwarding.tell_erasure(ids, tenant=tenant),
            times=self._times,
            policy=self._digest,
            alone=self.settings.warehouse is None,
        )

    def _ended(self, tenant: str) -> None:
        """Drop from memory the keys of a tenant that has ended."""
        self._keyring = self._checked_keyring(create=False)
        self._forget_all()
        self._writers.pop(tenant, None)
        self._projects.pop(tenant, None)

    def _forget(self) -> None:
        """Drop from memory whatever is cached of people: somebody was erased."""
        for writer in list(self._writers.values()):
            writer.identities.forget()
        self._preparer.forget()
        self._writer.forget()
        self._reader.forget()
        self.documents.forget()
        self.credentials.forget()
        if self._bearers is not None:
            self._bearers.forget()
        mentions.forget()

    def _month(self) -> int:
        return month_of(self._clock())


def _bodies(statements: Iterable[bytes] | Iterable[Json]) -> Iterator[bytes]:
    items = iter(statements)
    for item in items:
        if isinstance(item, Mapping):
            yield codec.encode([item, *(_dict(other) for other in islice(items, _LINES - 1))])
        else:
            yield bytes(item)  # type: ignore[arg-type] # whatever is no mapping is bytes-like, or fails here


def _dict(item: object) -> Json:
    if not isinstance(item, Mapping):
        raise InvalidRequest("a stream holds either bytes or dicts, not both")
    return item


def _outcomes(numbers: list[int], places: list[int], refused: dict[int, LRSError], batch: Batch) -> Iterator[LineOutcome]:
    receipt = batch.done.result()
    ids: dict[int, list[UUID]] = {}
    errors = dict(refused)
    replayed: dict[int, bool] = {}
    for index, (place, statement_id) in enumerate(zip(places, receipt.ids, strict=True)):
        if index in receipt.refused:
            errors.setdefault(place, receipt.refused[index])
        else:
            ids.setdefault(place, []).append(statement_id)
            replayed[place] = replayed.get(place, True) and index in receipt.replayed
    for place, number in enumerate(numbers):
        yield LineOutcome(number, tuple(ids.get(place, ())), replayed.get(place, False), errors.get(place))


def _uuid(text: str) -> UUID:
    from lrs.xapi.formats import parse_uuid

    return parse_uuid(text)


def _microseconds() -> int:
    return time.time_ns() // 1000
