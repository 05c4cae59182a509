"""The write path, one named call a step.

    bytes -> decode -> repair -> check -> hold to profiles -> purpose & minimise
          -> authorise -> stamp -> match contents -> check signatures         in the caller's thread: Preparer
          -> batch                                                            the committer gathers groups
          -> tokenise (vault commit) -> recognise -> seal -> record           in its first thread: Writer.prepare
          -> insert -> ids                                                    in its second thread: Writer.store

What a step needs from the one before is a type: bytes become a ``Statement`` by being checked, a ``Statement`` a
``Draft`` by being tokenised, a ``Draft`` a ``TokenisedStatement`` by being sealed, and the warehouse takes nothing else. The vault commits
before the warehouse: a crash between leaves a person without statements, never a statement without its person.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec

from lrs.access import Action, Principal, decide
from lrs.batch import NO_CONTENTS, Batch, Group, Key, Receipt, Row, by_tenant, future, persons, settle
from lrs.checking import Checked, Checking
from lrs.collection import paused_collection
from lrs.confine import confine
from lrs.definitions import Notebook
from lrs.errors import Conflict, InvalidRequest, LRSError
from lrs.handling import hold, repair
from lrs.privacy.attachments import seal_contents
from lrs.privacy.audit import FAILED, Audit, Event
from lrs.privacy.identity import Draft, Identities, Signature, owner_of, seal_texts, tokenise
from lrs.privacy.nameless import forget_texts
from lrs.privacy.suppression import Suppression, left_of
from lrs.signed import check_signatures
from lrs.storage.contract import ERASED, FOREVER, NO_UUID, KnownStatement, SealedPiece, StatementStore, TokenisedStatement
from lrs.xapi import compare
from lrs.xapi.attachments import check_contents
from lrs.xapi.formats import month_of
from lrs.xapi.model import Authority, Statement, text_of
from lrs.xapi.multipart import Contents
from lrs.xapi.rules import check_authority
from lrs.xapi.versions import V1, V2

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek
    from lrs.metrics import Metrics
    from lrs.privacy.policy.force import InForce
    from lrs.privacy.policy.intake import Purposes
    from lrs.settings import Settings
    from lrs.stored import Times

_DAY = 86_400
_MICROSECONDS = 1_000_000
_MOMENT = 0.002
_NEVER, _NOW = -sys.maxsize, sys.maxsize
_MAX_AUTHORITIES = 10_000


class Preparer:
    """The first half: from bytes to a batch of checked statements. Thread-safe; touches no store."""

    def __init__(self, settings: Settings, policy: Callable[[str], InForce], keys: Callable[[str], TenantKeys]) -> None:
        self._keys = keys
        self._checking = Checking(policy, max_statement_bytes=settings.max_statement_bytes)
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
        counts: Counter[str] = Counter()
        with paused_collection():
            raws, single = self._checking.split(body, limit)
            statements, purposes = self._check(raws, principal, version, counts)
        if statement_id is not None and not single:
            raise InvalidRequest("PUT takes one statement, not an array", parameter="statementId", section="xAPI 1.0.3 Communication 2.1.1")
        grant = decide(principal, Action.WRITE_STATEMENTS)
        ids = _stamp(statements, statement_id)
        check_contents(statements, contents)
        if contents:
            check_signatures(
                statements, contents, partial(self._one, principal=principal, version=version), statement_id=statement_id, version=version
            )
        authority = self.authority(principal)
        return Batch(principal, ids, statements, authority, future(), grant.defines, purposes, contents=contents, counts=counts)

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
        ids = [statement.id or uuid4() for statement in statements]
        authority = self.authority(principal)
        batch = Batch(principal, ids, statements, authority, future(), grant.defines, purposes, independent=True, counts=counts)
        return batch, places, refused

    def assemble(self, checked: Checked, principal: Principal, *, independent: bool = False) -> Batch:
        """Make a batch of statements that another process has checked, without attachments."""
        grant = decide(principal, Action.WRITE_STATEMENTS)
        statements = checked.statements
        ids = [statement.id or uuid4() for statement in statements] if independent else _stamp(statements, None)
        authority = self.authority(principal)
        return Batch(principal, ids, statements, authority, future(), grant.defines, checked.purposes, independent=independent)

    def check_again(self, texts: Sequence[bytes], versions: Sequence[str], tenant: str) -> list[Statement]:
        """Make statements again of what was checked before, minimised and all, under the version of each."""
        return [
            self._checking.check([text], tenant, V2 if version.startswith("2.") else V1)[0]
            for text, version in zip(texts, versions, strict=True)
        ]

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

    One thread at a time makes groups ready, another one may store them meanwhile, in the same order.
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

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Have no group made ready, and none on its way, while the block runs: whoever writes waits."""
        with self._preparing:
            while self._under_way:
                time.sleep(_MOMENT)
            yield

    def forget(self) -> None:
        """Drop from memory which definitions were noted: some may have lost the statement that has their texts."""
        self._notebook.forget()

    def prepare(self, batches: Sequence[Batch]) -> Group:
        """Tokenise the statements of some batches, tell which are new, and seal those; raises when a store can't answer."""
        with self._preparing, paused_collection():
            # Before looking for them: what another process has stored until now is found, and it takes none of these from now on.
            first = self._times.claim([(batch.tenant, each) for batch in batches for each in batch.ids])
            try:
                group = self._recognise(batches, self._tokenise(batches), first)
                if not self._meet(group.fresh):
                    # Somebody was let go for inactivity just now, and is new.
                    group = self._recognise(batches, self._tokenise(batches), first)
                    self._meet(group.fresh)
                group.rows = self._seal(group.fresh, first)
                self._write(group)
            except BaseException:
                self._times.settle(first)
                raise
            self._under_way[group] = None
            return group

    def store(self, group: Group) -> None:
        """Store a group and settle the futures of its batches; raises when a store can't answer, and leaves the futures open."""
        try:
            if not all(earlier.stored for earlier in group.leans_on):
                # What it was taken to repeat was not stored after all.
                self._give_up(group)
                group = self.prepare(group.batches)
            with paused_collection(), self._recorded(group.batches):
                start = perf_counter()
                self._insert(group)
            group.stored = True
            self._count(group, perf_counter() - start)
        finally:
            self._give_up(group)
        for batch, receipt in zip(group.batches, group.receipts, strict=True):
            settle(batch, receipt)

    def _count(self, group: Group, seconds: float) -> None:
        if group.fresh:
            self._metrics.groups.observe(len(group.fresh))
            self._metrics.storing.observe(seconds)
        refused = sum(len(receipt.refused) for receipt in group.receipts)
        outcomes = {"stored": len(group.fresh), "replayed": sum(len(receipt.replayed) for receipt in group.receipts), "refused": refused}
        for outcome, number in outcomes.items():
            self._metrics.statements.add(outcome, number=number)
        for what, number in _handled(group.batches).items():
            self._metrics.handled.add(what, number=number)

    def _give_up(self, group: Group) -> None:
        """Say that a group is not on its way any more."""
        self._times.settle(group.first)
        self._under_way.pop(group, None)

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

    def _tokenise(self, batches: Sequence[Batch]) -> list[list[Draft]]:
        for tenant, own in by_tenant(batches).items():
            room = self._tenant(tenant)
            if room.suppression.changed():
                self._forget()
            room.identities.learn(persons(own))
            if room.suppression.live:
                _suppress(own, room)
        signatures: dict[tuple[str, int], Signature] = {}
        return [self._drafts(batch, signatures) for batch in batches]

    def _drafts(self, batch: Batch, signatures: dict[tuple[str, int], Signature]) -> list[Draft]:
        room = self._tenant(batch.tenant)
        texts = self._policy(batch.tenant).texts
        drafts = [tokenise(statement, room.identities, room.keys, texts) for statement in batch.statements]
        signature = signatures.setdefault((batch.tenant, id(batch.authority)), Signature(batch.authority, room.identities))
        for draft, purposes in zip(drafts, batch.purposes, strict=True):
            if not purposes:
                forget_texts(draft)
            signature.add(draft)
        return drafts

    def _recognise(self, batches: Sequence[Batch], drafts: Sequence[Sequence[Draft]], first: int) -> Group:
        """Tell what is new from what is stored already or on its way; a batch with a conflict contributes nothing."""
        # In this order: what is not under way any more can be found in the store.
        under_way = list(self._under_way)
        known = {
            tenant: self._warehouse.known(tenant, [each for batch in own for each in batch.ids])
            for tenant, own in by_tenant(batches).items()
        }
        group = Group(batches, first)
        for batch, own_drafts in zip(batches, drafts, strict=True):
            each = zip(batch.ids, batch.statements, own_drafts, batch.purposes, strict=True)
            rows = [Row(batch.tenant, *one, batch.authority, batch.defines, batch.contents, batch.received) for one in each]
            new = {(row.tenant, row.id.int): row for row in rows}
            stored = known[batch.tenant]
            receipt = Receipt(batch.ids, frozenset(), {})
            if stored or batch.withheld or len(new) < len(rows) or any(one.has_any(new) for one in (*under_way, group)):
                new, receipt = self._compare(batch, rows, stored, (*under_way, group))
            group.own |= new
            group.receipts.append(receipt)
        return group

    def _compare(
        self, batch: Batch, rows: Sequence[Row], stored: Mapping[UUID, KnownStatement], groups: Sequence[Group]
    ) -> tuple[dict[Key, Row], Receipt]:
        """Go through a batch of which something was ``stored`` before, or is in one of the groups, the last of which it is to enter."""
        new: dict[Key, Row] = {}
        replayed = set(batch.withheld)
        refused: dict[int, LRSError] = {}
        for index, row in enumerate(rows):
            key = (row.tenant, row.id.int)
            source = next((group for group in groups if key in group.own), None)
            earlier = source.own[key] if source else new.get(key)
            known = stored.get(row.id)
            if index in batch.withheld:
                continue
            if known is None and earlier is None:
                new[key] = row
                continue
            if known is None and source and source is not groups[-1]:
                groups[-1].leans_on.add(source)
            if self._same(row, known, earlier):
                replayed.add(index)
            else:
                refused[index] = Conflict("another statement is stored under this id", index=index)
        if refused and not batch.independent:
            new = {}
        return new, Receipt(batch.ids, frozenset(replayed), refused)

    def _same(self, row: Row, stored: KnownStatement | None, earlier: Row | None) -> bool:
        """Tell whether what came is what is ``stored`` under its id, or came ``earlier`` in the same group."""
        known = stored or (earlier and earlier.draft)
        if known and known.fingerprint == row.draft.fingerprint:
            return True
        text = text_of(earlier.statement) if earlier else self._stored(row.tenant, row.id)
        version = V2 if row.statement.version.startswith("2.") else V1
        return text is not None and compare.same(text_of(row.statement), text, version=version)

    def _meet(self, fresh: Sequence[Row]) -> bool:
        """Note when the people in new statements were last seen; False when one of them is gone."""
        now = self._times.month()
        last: dict[str, dict[int, int]] = {}
        for row in fresh:
            own = last.setdefault(row.tenant, {})
            moment = _NOW if row.statement.timestamp is None else row.statement.timestamp
            for sid in row.draft.sids:
                if own.get(sid, _NEVER) < moment:
                    own[sid] = moment
        return all(
            self._tenant(tenant).identities.meet(
                {sid: now if moment == _NOW else min(month_of(moment), now) for sid, moment in own.items() if sid != ERASED}
            )
            for tenant, own in last.items()
        )

    def _seal(self, fresh: Sequence[Row], first: int) -> list[TokenisedStatement]:
        owners: dict[str, set[int]] = {}
        for row in fresh:
            if row.draft.texts and (owner := owner_of(row.draft.sids)) is not None:
                owners.setdefault(row.tenant, set()).add(owner)
        deks = {tenant: self._tenant(tenant).identities.deks(sids) for tenant, sids in owners.items()}
        policies = {tenant: self._policy(tenant) for tenant in {row.tenant for row in fresh}}
        return [_sealed(row, stored, policies[row.tenant], deks.get(row.tenant, {})) for stored, row in enumerate(fresh, first)]

    def _write(self, group: Group) -> None:
        """Write what is new as it is stored: here, so that the thread that stores does little but wait for the engine."""
        if group.rows:
            new = self._notebook.new(group.fresh, group.first)
            group.definitions = new.keys()
            group.record = self._warehouse.record(group.rows, new.values())

    def _insert(self, group: Group) -> None:
        if group.record is not None:
            # Before the statements: what a crash leaves between is nobody's, never a statement without its contents.
            self._warehouse.add_attachments(self._pieces(group.fresh, group.rows))
            self._warehouse.put(group.record)
            self._notebook.note(group.definitions)

    def _pieces(self, fresh: Sequence[Row], rows: Sequence[TokenisedStatement]) -> Iterator[SealedPiece]:
        for row, sealed in zip(fresh, rows, strict=True):
            if row.contents and row.statement.attachments and row.purposes and (owner := owner_of(row.draft.sids)) is not None:
                key = self._tenant(row.tenant).identities.deks([owner])[owner]
                yield from seal_contents(sealed, row.statement.attachments, row.contents, key)


def _stamp(statements: Sequence[Statement], wanted: UUID | None) -> list[UUID]:
    """Give each statement of a batch its own id, the one that it has or the ``wanted`` one, or a new one."""
    section = "xAPI 1.0.3 Communication 2.1.1"
    if wanted is not None:
        if statements[0].id not in (None, wanted):
            raise InvalidRequest("the statement's id is not the one in the request", parameter="statementId", section=section)
        return [wanted]
    ids = [statement.id or uuid4() for statement in statements]
    if len({each.int for each in ids}) < len(ids):
        raise InvalidRequest("two statements of the batch have the same id", section="xAPI 1.0.3 Communication 2.1.2")
    return ids


def _suppress(batches: Sequence[Batch], room: TenantWriter) -> None:
    """Leave out of a tenant's batches who and what was erased a short while ago."""
    for batch in batches:
        left = left_of(batch.statements, batch.ids, room.suppression, room.identities.is_erased)
        batch.statements = left.statements
        # A batch that is prepared again has the stub by now.
        batch.withheld |= left.withheld


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
            counts={"batches": len(several), "statements": sum(map(len, several))} | _withheld(several) | _handled(several),
        )
        for (tenant, credential), several in own.items()
    ]


def _handled(batches: Sequence[Batch]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.counts)
    return dict(total)


def _sealed(row: Row, stored: int, policy: InForce, deks: Mapping[int, Dek]) -> TokenisedStatement:
    statement, draft = row.statement, row.draft
    timestamp = _taken(row, stored) if statement.timestamp is None else statement.timestamp
    terms = policy.terms(row.purposes)
    return TokenisedStatement(
        row.tenant,
        row.id,
        stored,
        timestamp,
        draft.verb,
        draft.activity,
        draft.related,
        statement.registration or NO_UUID,
        statement.reference or NO_UUID,
        draft.references,
        statement.voids,
        draft.sids,
        draft.vids,
        draft.roles,
        seal_texts(draft, row.id, deks) if draft.texts else (),
        draft.fingerprint,
        draft.body,
        row.purposes,
        _until(timestamp, terms.identity_days),
        _until(timestamp, terms.statement_days),
        # What voids another statement stays as long as that one does, or the other one would be back.
        statement.voids or terms.held,
    )


def _taken(row: Row, stored: int) -> int:
    """Give the timestamp of a statement that has none: when it was taken. It is shown by its absence from the body, or by being that of ``stored``."""
    return stored if row.received is None or b'"timestamp"' in row.draft.body else row.received


def _until(timestamp: int, days: int | None) -> int:
    if days is None:
        return FOREVER
    return min(max(timestamp // _MICROSECONDS + days * _DAY, 0), FOREVER)
