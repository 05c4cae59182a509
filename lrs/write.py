"""The write path, one named call a step.

    bytes -> authorise -> decode -> repair -> check -> hold to profiles -> purpose & minimise
          -> stamp -> match contents -> check signatures
          -> cut out people                                                   in the caller's thread: Preparer
          -> batch                                                            the committer gathers groups
          -> tokenise (vault commit) -> recognise -> seal -> record           in its first thread: Writer.prepare
          -> insert -> ids                                                    in its second thread: Writer.store

What a step needs from the one before is a type: bytes become a ``Statement`` by being checked, statements become ``Drafts`` when their people are
cut out, drafts are ``Tokenised`` and then sealed to be ``TokenisedStatements``, and the warehouse takes nothing else. The vault commits
before the warehouse: a crash between leaves a person without statements, never a statement without its person.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

import msgspec

from lrs.access import Action, Principal, decide
from lrs.batch import NO_CONTENTS, Batch, Earlier, Group, Receipt, Share, by_tenant, drafts_of, future, settle, shares
from lrs.checking import Checked, Checking
from lrs.collection import paused_collection
from lrs.confine import confine
from lrs.definitions import Notebook
from lrs.errors import Conflict, InvalidRequest, KeyUnavailable, LRSError, StoreUnavailable
from lrs.handling import hold, repair
from lrs.privacy.attachments import seal_contents
from lrs.privacy.audit import FAILED, Audit, Event
from lrs.privacy.drafts import Drafts, cut_out
from lrs.privacy.identity import Identities, Signature, owner_of, seal_texts, tokenise
from lrs.privacy.nameless import nameless
from lrs.privacy.suppression import Suppression, left_of, stubbed
from lrs.signed import check_signatures
from lrs.storage.contract import ERASED, FOREVER, NO_UUID, KnownStatement, SealedPiece, StatementStore, TokenisedStatements
from lrs.xapi import compare
from lrs.xapi.attachments import check_contents
from lrs.xapi.formats import month_of
from lrs.xapi.memory import CAPACITY
from lrs.xapi.model import Authority, Statement
from lrs.xapi.multipart import Contents
from lrs.xapi.rules import check_authority
from lrs.xapi.versions import V1, V2

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.metrics import Metrics
    from lrs.privacy.policy.force import InForce
    from lrs.privacy.policy.intake import Purposes
    from lrs.settings import Settings
    from lrs.stored import Times

T = TypeVar("T")
_DAY = 86_400
_MICROSECONDS = 1_000_000
_ATTEMPTS = 3
_ENDED = 0
"""The fingerprint of a stored statement whose people are past their limit."""
_NEVER, _NOW = -sys.maxsize, sys.maxsize
_MAX_AUTHORITIES = 10_000
_FEW = 16
"""A batch with at least this many has its people cut out at once, in the caller's thread; smaller ones together, in the committer's thread."""


class Preparer:
    """The first half: from bytes to a batch of checked statements. Thread-safe; touches no store. ``capacity`` is that of :class:`lrs.checking.Checking`."""

    def __init__(
        self, settings: Settings, policy: Callable[[str], InForce], keys: Callable[[str], TenantKeys], *, capacity: int = CAPACITY
    ) -> None:
        self._keys = keys
        self._checking = Checking(policy, max_statement_bytes=settings.max_statement_bytes, capacity=capacity)
        self._authorities: dict[bytes, Authority] = {}

    def prepare(
        self,
        body: bytes,
        principal: Principal,
        *,
        version: str,
        limit: int,
        statement_id: UUID | None = None,
        contents: Contents = NO_CONTENTS,
    ) -> Batch:
        """Make a batch of at most ``limit`` statements of what was sent, or raise what is wrong with it. Nothing is stored yet."""
        grant = decide(principal, Action.WRITE_STATEMENTS)
        counts: Counter[str] = Counter()
        with paused_collection():
            raws, single = self._checking.split(body, limit)
            statements, purposes = self._check(raws, principal, version, counts)
        if statement_id is not None and not single:
            raise InvalidRequest("PUT takes one statement, not an array", parameter="statementId", section="xAPI 1.0.3 Communication 2.1.1")
        ids = _stamp([statement.id for statement in statements], statement_id)
        check_contents(statements, contents)
        if contents:
            check_signatures(
                statements, contents, partial(self._one, principal=principal, version=version), statement_id=statement_id, version=version
            )
        # Columns for a single statement cost as much as five of many.
        made = statements if len(statements) < _FEW else self._checking.cut_out(statements, principal.tenant)
        return Batch(principal, ids, made, self.authority(principal), future(), grant.defines, purposes, contents=contents, counts=counts)

    def prepare_lines(self, lines: Sequence[bytes], principal: Principal, *, version: str) -> tuple[Batch, list[int], dict[int, LRSError]]:
        """Make a batch of independent lines -> (batch, the line of each of its statements, the lines that were refused)."""
        grant = decide(principal, Action.WRITE_STATEMENTS)
        statements: list[Statement] = []
        places: list[int] = []
        purposes: list[Purposes] = []
        refused: dict[int, LRSError] = {}
        counts: Counter[str] = Counter()
        for place, line in enumerate(lines):
            try:
                found, served = self._check(self._checking.split(line, sys.maxsize)[0], principal, version, counts)
                check_contents(found, NO_CONTENTS)
            except LRSError as error:
                refused[place] = error
                continue
            statements += found
            purposes += served
            places += [place] * len(found)
        drafts = self._checking.cut_out(statements, principal.tenant)
        ids = [each or uuid4() for each in drafts.ids]
        authority = self.authority(principal)
        batch = Batch(principal, ids, drafts, authority, future(), grant.defines, purposes, independent=True, counts=counts)
        return batch, places, refused

    def assemble(self, checked: Checked, principal: Principal, *, independent: bool = False) -> Batch:
        """Make a batch of statements that another process has checked, without attachments."""
        self._keys(principal.tenant)  # Without keys nothing is taken: whoever else is in the group would not be stored either.
        grant = decide(principal, Action.WRITE_STATEMENTS)
        ids = [each or uuid4() for each in checked.drafts.ids] if independent else _stamp(checked.drafts.ids, None)
        authority = self.authority(principal)
        return Batch(principal, ids, checked.drafts, authority, future(), grant.defines, checked.purposes, independent=independent)

    def drafts(self, batch: Batch) -> Drafts:
        """Give the drafts of a batch."""
        return drafts_of([batch], self._checking.cut_out)

    def check_again(self, texts: Sequence[bytes], versions: Sequence[str], purposes: Sequence[Purposes], tenant: str) -> Drafts:
        """Make drafts again of what was checked before, minimised and all, under the version of each; what serves no purpose loses its people."""
        statements = [
            self._checking.check([text], tenant, V2 if version.startswith("2.") else V1)[0]
            for text, version in zip(texts, versions, strict=True)
        ]
        left = [statement if served else nameless(statement) for statement, served in zip(statements, purposes, strict=True)]
        return self._checking.cut_out(left, tenant)

    def forget(self) -> None:
        """Drop from memory whatever was cached of statements and people."""
        self._checking.forget()
        self._authorities.clear()

    def _check(
        self, raws: Sequence[msgspec.Raw], principal: Principal, version: str, counts: Counter[str]
    ) -> tuple[list[Statement], list[Purposes]]:
        """Repair and check statements, and do with each what the policy says -> (what is left of them, the purposes of each)."""
        tenant = principal.tenant
        sent = repair([bytes(raw) for raw in raws], principal.handling, self._keys(tenant).document_index, counts)
        statements = self._checking.check(sent, tenant, version)
        confine(sent, principal.narrow)
        hold(sent, principal.handling, counts)
        return statements, self._checking.take(sent, statements, tenant, principal.name, version)

    def _one(self, body: bytes, *, principal: Principal, version: str) -> Statement:
        raws, single = self._checking.split(body, 1)
        if not single:
            raise InvalidRequest("an array is not one statement")
        return self._check(raws, principal, version, Counter())[0][0]

    def authority(self, principal: Principal) -> Authority:
        """Give what a principal's statements get as their authority, checked."""
        authority = self._authorities.get(principal.authority)
        if authority is None:
            if len(self._authorities) >= _MAX_AUTHORITIES:
                self._authorities.clear()
            authority = self._authorities[principal.authority] = check_authority(principal.authority)
        return authority


class TenantWriter(msgspec.Struct, eq=False):
    """What writing for one tenant needs."""

    keys: TenantKeys
    identities: Identities
    suppression: Suppression


Stored = Callable[[str, UUID], bytes | None]
"""(tenant, id) -> the exact JSON of a stored statement, for comparing."""


class Writer:
    """The second half: from groups of batches to durable rows.

    One thread at a time makes groups ready, another one may store them meanwhile, in the same order; what is not good any more is made ready again there.
    """

    def __init__(
        self,
        *,
        tenants: Callable[[str], TenantWriter],
        warehouse: StatementStore,
        stored: Stored,
        times: Times,
        policy: Callable[[str], InForce],
        audit: Audit,
        forget: Callable[[], None],
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._audit = audit
        self._forget = forget
        self._tenant = tenants
        self._warehouse = warehouse
        self._stored = stored
        self._times = times
        self._policy = policy
        self._notebook = Notebook(lambda tenant: tenants(tenant).keys, texts=lambda tenant: policy(tenant).texts.keeps_any)
        self._preparing = threading.Lock()
        self._under_way: dict[Group, None] = {}

    def forget(self) -> None:
        """Drop from memory which definitions were noted: some may have lost the statement that has their texts."""
        self._notebook.forget()

    def prepare(self, batches: Sequence[Batch]) -> Group:
        """Tokenise the statements of some batches, tell which are new, and seal those; raises when a store can't answer."""
        with self._preparing, paused_collection():
            # First of all: from here on no other process can begin to store them, and what one has stored already is found below.
            first = self._times.claim([(batch.tenant, each) for batch in batches for each in batch.ids])
            try:
                going = self._going_on(batches)
                group = self._recognised(going, first)
                self._seal(group)
                self._write(group)
            except BaseException:
                self._times.settle(first)
                raise
            self._under_way[group] = None
            return group

    def store(self, group: Group) -> None:
        """Store a group and settle the futures of its batches; raises when a store can't answer, and leaves the futures open."""
        try:
            if not self._is_good_still(group):
                self._give_up(group)
                group = self.prepare(group.batches)
                if not group.stands:
                    # A later group has it by now, and may fail as well: nobody is told that it is stored before it is.
                    raise StoreUnavailable("what this repeats could not be stored yet", hint="Send it again.")
            with paused_collection(), self._recorded(group.batches):
                start = perf_counter()
                self._insert(group)
            group.stored = True
            self._count(group, perf_counter() - start)
        finally:
            self._give_up(group)
        for batch, receipt in zip(group.batches, group.receipts, strict=True):
            settle(batch, receipt)

    def _is_good_still(self, group: Group) -> bool:
        """Tell whether what a group was taken to repeat was stored, and nobody else may have stored what is new in it meanwhile."""
        return group.stands and (len(group) == 0 or self._times.holds(group.first))

    def _count(self, group: Group, seconds: float) -> None:
        if len(group):
            self._metrics.groups.observe(len(group))
            self._metrics.storing.observe(seconds)
        refused = sum(len(receipt.refused) for receipt in group.receipts)
        outcomes = {"stored": len(group), "replayed": sum(len(receipt.replayed) for receipt in group.receipts), "refused": refused}
        for outcome, number in outcomes.items():
            self._metrics.statements.add(outcome, number=number)
        for what, number in _handled(group.batches).items():
            self._metrics.handled.add(what, number=number)

    def _give_up(self, group: Group) -> None:
        """Say that a group is not on its way any more."""
        self._times.settle(group.first)
        self._under_way.pop(group, None)
        # Or one group would keep another in memory, and that one the one before it.
        group.leans_on.clear()

    @contextmanager
    def _recorded(self, batches: Sequence[Batch]) -> Iterator[None]:
        """Have who wrote how much written into the audit trail while the group is stored; once it can't be stored, that too."""
        entries = [self._audit.put(event) for event in _written(batches)]
        try:
            yield
        except BaseException:
            for event in _written(batches):
                self._audit.put(msgspec.structs.replace(event, outcome=FAILED))
            raise
        for entry in entries:
            self._audit.wait(entry)

    def _recognised(self, batches: Sequence[Batch], first: int) -> Group:
        """Make a group of people who are all there."""
        for _ in range(_ATTEMPTS):
            group = self._recognise(self._tokenise(batches), first)
            if self._meet(group):
                return group
            # Somebody was let go for inactivity just now, and is new.
        raise StoreUnavailable("people are let go while their statements come", hint="Send it again.")

    def _going_on(self, batches: Sequence[Batch]) -> list[Batch]:
        """Forget who was erased since the last group -> the batches of tenants that go on; whoever waits for one that has ended is told."""
        ended: dict[str, KeyUnavailable] = {}
        for tenant in {batch.tenant for batch in batches}:
            try:
                if self._tenant(tenant).suppression.changed():
                    self._forget()
            except KeyUnavailable as error:
                ended[tenant] = error
        for batch in batches:
            if batch.tenant in ended:
                batch.done.set_exception(ended[batch.tenant])
        return [batch for batch in batches if batch.tenant not in ended]

    def _tokenise(self, batches: Sequence[Batch]) -> list[Share]:
        found = shares(batches, self._cut_out)
        for tenant, own in by_tenant(found).items():
            room = self._tenant(tenant)
            room.identities.learn([person for share in own for person in share.people])
            if room.suppression.live:
                self._suppress(own, room)
        for share in found:
            room = self._tenant(share.tenant)
            share.tokenised = tokenise(share.drafts, Signature(share.batches[0].authority, room.identities), room.identities, room.keys)
        return found

    def _suppress(self, shares: Sequence[Share], room: TenantWriter) -> None:
        """Leave out of what a tenant has in a group who and what was erased a short while ago."""
        erased = room.identities.is_erased
        for share in shares:
            left = left_of(share.drafts, share.ids, room.suppression, erased)
            if left.drafts is share.drafts:
                continue
            share.drafts, start = left.drafts, 0
            for batch in share.batches:
                # Of the batch, too: it may have to wait in the spool, or go into quarantine.
                batch.statements = stubbed(drafts_of([batch], self._cut_out), left.gone, erased)
                batch.withheld |= {index for index in range(len(batch)) if start + index in left.withheld}
                start += len(batch)

    def _cut_out(self, statements: Sequence[Statement], tenant: str) -> Drafts:
        return cut_out(statements, self._policy(tenant).texts)

    def _recognise(self, found: Sequence[Share], first: int) -> Group:
        """Tell what is new from what is stored already or on its way; a batch with a conflict contributes nothing."""
        # In this order: what is not under way any more can be found in the store.
        under_way = list(self._under_way)
        ids: dict[str, list[UUID]] = {}
        for share in found:
            ids.setdefault(share.tenant, []).extend(share.ids)
        known = {tenant: self._warehouse.known(tenant, own) for tenant, own in ids.items()}
        group = Group(first, found)
        earlier = (*under_way, group)
        for share in found:
            tenant, start = share.tenant, 0
            stored = known[tenant]
            for batch in share.batches:
                new = {each.int: place for each, place in zip(batch.ids, range(start, start + len(batch)), strict=True)}
                receipt = Receipt(batch.ids, frozenset(), {})
                if stored or batch.withheld or len(new) < len(batch) or any(one.has_any(tenant, new) for one in earlier):
                    new, receipt = self._compare(share, batch, start, stored, earlier)
                group.add(share, new, receipt)
                start += len(batch)
        return group

    def _compare(
        self, share: Share, batch: Batch, start: int, stored: Mapping[UUID, KnownStatement], groups: Sequence[Group]
    ) -> tuple[dict[int, int], Receipt]:
        """Go through a batch of which something was ``stored`` before, or is in one of the groups, the last of which it is to enter."""
        new: dict[int, int] = {}
        replayed = set(batch.withheld)
        refused: dict[int, LRSError] = {}
        for index, each in enumerate(batch.ids):
            if index in batch.withheld:
                continue
            number = each.int
            source, earlier = next(((group, found) for group in groups if (found := group.find(batch.tenant, number))), (None, None))
            if earlier is None and number in new:
                earlier = share, new[number]
            known = stored.get(each)
            if known is None and earlier is None:
                new[number] = start + index
                continue
            if known is None and source is not None and source is not groups[-1]:
                groups[-1].leans_on.add(source)
            if self._same(share, start + index, known, earlier):
                replayed.add(index)
            else:
                refused[index] = Conflict("another statement is stored under this id", index=index)
        if refused and not batch.independent:
            new = {}
        return new, Receipt(batch.ids, frozenset(replayed), refused)

    def _same(self, share: Share, place: int, stored: KnownStatement | None, earlier: Earlier | None) -> bool:
        """Tell whether what came is what is ``stored`` under its id, or came ``earlier``; of what is past a limit nobody can tell any more."""
        fingerprint = stored.fingerprint if stored else None
        if earlier and not stored:
            fingerprint = earlier[0].tokenised.fingerprints[earlier[1]]
        if fingerprint == share.tokenised.fingerprints[place] or fingerprint == _ENDED:
            return True
        text = earlier[0].drafts.text(earlier[1]) if earlier else self._stored(share.tenant, share.ids[place])
        version = V2 if share.drafts.versions[place].startswith("2.") else V1
        return text is not None and compare.same(share.drafts.text(place), text, version=version)

    def _meet(self, group: Group) -> bool:
        """Note when the people in new statements were last seen; False when one of them is gone."""
        now = self._times.month()
        last: dict[str, dict[int, int]] = {}
        for share in group.shares:
            own = last.setdefault(share.tenant, {})
            timestamps, people = share.drafts.timestamps, share.tokenised.sids
            for place in share.new.values():
                moment = timestamps[place]
                if moment is None:
                    moment = _NOW
                for sid in people[place]:
                    if own.get(sid, _NEVER) < moment:
                        own[sid] = moment
        return all(
            self._tenant(tenant).identities.meet(
                {sid: now if moment == _NOW else min(month_of(moment), now) for sid, moment in own.items() if sid != ERASED}
            )
            for tenant, own in last.items()
        )

    def _seal(self, group: Group) -> None:
        """Seal texts, and put together the rows of what is new."""
        owners = [_owners(share) for share in group.shares]
        wanted: dict[str, set[int]] = {}
        for share, own in zip(group.shares, owners, strict=True):
            wanted.setdefault(share.tenant, set()).update(own.values())
        deks = {tenant: self._tenant(tenant).identities.deks(sids) for tenant, sids in wanted.items()}
        for share, own in zip(group.shares, owners, strict=True):
            share.keys = {place: deks[share.tenant][owner] for place, owner in own.items()}
            _add_rows(group.rows, share, group.first + len(group.rows), self._policy(share.tenant))

    def _write(self, group: Group) -> None:
        """Write what is new as it is stored: here, so that the thread that stores does little but wait for the engine."""
        if len(group):
            new = self._notebook.new(group.shares, group.first)
            group.definitions = new.keys()
            group.record = self._warehouse.record(group.rows, new.values())

    def _insert(self, group: Group) -> None:
        if group.record is not None:
            # Before the statements: what a crash leaves between is nobody's, never a statement without its contents.
            self._warehouse.add_attachments(self._pieces(group))
            self._warehouse.put(group.record)
            self._notebook.note(group.definitions)

    def _pieces(self, group: Group) -> Iterator[SealedPiece]:
        row = 0
        for share in group.shares:
            for place in share.new.values():
                attachments, contents = share.drafts.attachments.get(place), share.batches[0].contents
                if attachments and contents and place in share.keys:
                    yield from seal_contents(group.rows[row], attachments, contents, share.keys[place])
                row += 1


def _stamp(given: Sequence[UUID | None], wanted: UUID | None) -> list[UUID]:
    """Give each statement of a batch its own id, the one that it has or the ``wanted`` one, or a new one."""
    section = "xAPI 1.0.3 Communication 2.1.1"
    if wanted is not None:
        if given[0] not in (None, wanted):
            raise InvalidRequest("the statement's id is not the one in the request", parameter="statementId", section=section)
        return [wanted]
    ids = [each or uuid4() for each in given]
    if len({each.int for each in ids}) < len(ids):
        raise InvalidRequest("two statements of the batch have the same id", section="xAPI 1.0.3 Communication 2.1.2")
    return ids


def _withheld(batches: Sequence[Batch]) -> dict[str, int]:
    number = sum(len(batch.withheld) for batch in batches)
    return {"withheld": number} if number else {}


def _written(batches: Sequence[Batch]) -> list[Event]:
    """One event for each principal of a group; of several requests none is named."""
    own: dict[tuple[str, str], list[Batch]] = {}
    for batch in batches:
        own.setdefault((batch.tenant, batch.principal.credential_id), []).append(batch)
    return [
        Event(
            action=Action.WRITE_STATEMENTS,
            tenant=tenant,
            credential=credential,
            request=several[0].principal.request_id if len(several) == 1 else "",
            counts={"batches": sum(batch.requests for batch in several), "statements": sum(map(len, several))}
            | _withheld(several)
            | _handled(several),
        )
        for (tenant, credential), several in own.items()
    ]


def _handled(batches: Sequence[Batch]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.counts)
    return dict(total)


def _owners(share: Share) -> dict[int, int]:
    """Tell under whose key texts and contents of new statements are sealed, by place; what serves no purpose, or is nobody's, keeps none."""
    sids, texts = share.tokenised.sids, share.tokenised.texts
    places = texts.keys() | share.drafts.attachments.keys() if share.batches[0].contents else texts.keys()
    owners = {place: owner_of(sids[place]) for place in places if share.purposes[place] and share.is_new(place)}
    return {place: owner for place, owner in owners.items() if owner is not None}


def _add_rows(rows: TokenisedStatements, share: Share, first: int, policy: InForce) -> None:
    """Put the rows of what is new in a share to the others, stored at times from ``first`` on."""
    drafts, made = share.drafts, share.tokenised
    places = [*share.new.values()]
    stored = range(first, first + len(places))

    def picked(column: Sequence[T]) -> Sequence[T]:
        # Places are in order, so as many as there are is all of them.
        return column if len(places) == len(column) else [column[place] for place in places]

    ids, purposes = picked(share.ids), picked(share.purposes)
    terms = [policy.terms(each) for each in purposes]
    given = zip(places, picked(drafts.timestamps), stored, strict=True)
    timestamps = [_taken(share, place, at) if timestamp is None else timestamp for place, timestamp, at in given]
    sealed = {place: seal_texts(texts, share.ids[place], share.keys[place]) for place, texts in made.texts.items() if place in share.keys}
    voids = picked(drafts.voids)
    rows.tenant += [share.tenant] * len(places)
    rows.id += ids
    rows.stored += stored
    rows.timestamp += timestamps
    rows.verb += picked(made.verbs)
    rows.activity += picked(made.activities)
    rows.related += picked(made.related)
    rows.registration += [each or NO_UUID for each in picked(drafts.registrations)]
    rows.reference += [each or NO_UUID for each in picked(drafts.targets)]
    rows.references += [drafts.references.get(place, ()) for place in places]
    rows.voids += voids
    rows.sids += picked(made.sids)
    rows.vids += picked(made.vids)
    rows.roles += picked(made.roles)
    rows.sealed += [sealed.get(place, ()) for place in places]
    rows.fingerprint += picked(made.fingerprints)
    rows.body += picked(made.bodies)
    rows.purposes += purposes
    rows.identity_until += [_until(at, each.identity_days) for at, each in zip(timestamps, terms, strict=True)]
    rows.keep_until += [_until(at, each.statement_days) for at, each in zip(timestamps, terms, strict=True)]
    # What voids another statement stays as long as that one does, or the other one would be back.
    rows.held += [void or each.held for void, each in zip(voids, terms, strict=True)]


def _taken(share: Share, place: int, stored: int) -> int:
    """Give the timestamp of a statement that has none: when it was taken. It is shown by its absence from the body, or by being that of ``stored``."""
    received = share.batches[0].received
    return stored if received is None or b'"timestamp"' in share.tokenised.bodies[place] else received


def _until(timestamp: int, days: int | None) -> int:
    if days is None:
        return FOREVER
    return min(max(timestamp // _MICROSECONDS + days * _DAY, 0), FOREVER)
