"""What comes in, in whatever form a program has it: a batch, lines that each stand for themselves, or a stream without end."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from lrs.access import Action, Principal
from lrs.aside import Aside, keeps
from lrs.batch import Batch, Receipt
from lrs.errors import InvalidRequest, LRSError
from lrs.privacy.quarantine import Held, Quarantine
from lrs.xapi import codec
from lrs.xapi.formats import parse_uuid
from lrs.xapi.multipart import Content, check_hash

if TYPE_CHECKING:
    from concurrent.futures import Future

    from lrs.committer import Committer
    from lrs.settings import Settings
    from lrs.write import Preparer
    from lrs.xapi.multipart import Contents

Json = Mapping[str, Any]
Lines = Sequence[tuple[int, bytes]]
Statements = bytes | Json | Sequence[Json] | Iterable[bytes] | Iterable[Json]
Refusals = Callable[[Action, Principal], AbstractContextManager[None]]
"""Has the audit trail say who was refused what in the block."""

DEFAULT_VERSION = "1.0.3"
_LINES = 1000
"""Lines or dicts of a stream that are checked and put together."""
_AHEAD = 16
"""Chunks of lines that may wait for their insert."""
_GROUPS_AHEAD = 2
"""Groups of a stream that may wait: one is being stored while the next is checked."""


class LineOutcome(msgspec.Struct, frozen=True):
    """What became of one line: ``number`` counts from 1; ``replayed`` of its statements were stored before; or ``error``.

    ``held``: what was refused is in quarantine.
    """

    number: int
    ids: tuple[UUID, ...]
    replayed: bool
    error: LRSError | None
    held: bool = False


class Intake:
    """Make batches of what comes in and have them stored, the next being read while the last is on its way. Thread-safe."""

    def __init__(self, preparer: Preparer, committer: Committer, quarantine: Quarantine, settings: Settings, refusals: Refusals) -> None:
        self._preparer = preparer
        self._committer = committer
        self._quarantine = quarantine
        self._settings = settings
        self._refusals = refusals
        self._aside = Aside(preparer, committer, quarantine, settings)

    def ingest(
        self, statements: Statements, principal: Principal, *, attachments: Mapping[str, bytes], version: str = DEFAULT_VERSION
    ) -> list[UUID]:
        """Store what :meth:`lrs.LRS.ingest` takes -> the ids, in order, when all of it is durable."""
        if isinstance(statements, Mapping | list | tuple):
            statements = codec.encode(statements)
        if isinstance(statements, bytes | bytearray | memoryview):
            batch = self._prepare(bytes(statements), principal, version, attachments)
            self._committer.put(batch, wait=True)
            return batch.done.result().ids
        if attachments:
            raise InvalidRequest("attachments go with one batch of statements, not with a stream", parameter="attachments")
        return self._stream(statements, principal, version)

    def lines(self, lines: Iterable[bytes], principal: Principal, *, version: str = DEFAULT_VERSION) -> Iterator[LineOutcome]:
        """Store each line on its own, in groups -> what became of each, in order, as soon as it is durable."""
        waiting: deque[tuple[Lines, list[int], dict[int, LRSError], Batch]] = deque()
        for chunk in codec.groups(lines, most=_LINES):
            with self._refusals(Action.WRITE_STATEMENTS, principal):
                batch, places, refused = self._preparer.prepare_lines([line for _, line in chunk], principal, version=version)
            self._committer.put(batch, wait=True)
            waiting.append((chunk, places, refused, batch))
            if len(waiting) > _AHEAD:
                yield from self._held(principal, *waiting.popleft())
        for each in waiting:
            yield from self._held(principal, *each)

    def submit(
        self, body: bytes, principal: Principal, *, version: str, statement_id: str | None = None, contents: Contents | None = None
    ) -> Future[Receipt]:
        """Take a batch without waiting for it; see :meth:`lrs.LRS.submit`."""
        wanted = None if statement_id is None else parse_uuid(statement_id)
        if principal.handling.quarantine_days and wanted is None and not contents:
            with self._refusals(Action.WRITE_STATEMENTS, principal):
                return self._aside.submit(body, principal, version=version)
        most = self._settings.max_batch_statements
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            batch = self._preparer.prepare(body, principal, version=version, limit=most, statement_id=wanted, contents=contents or {})
        self._committer.put(batch, wait=False)
        return batch.done

    def _stream(self, statements: Iterable[bytes] | Iterable[Json], principal: Principal, version: str) -> list[UUID]:
        waiting: deque[Batch] = deque()
        ids: list[UUID] = []
        try:
            for group in self._groups(statements, principal, version):
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

    def _groups(self, statements: Iterable[bytes] | Iterable[Json], principal: Principal, version: str) -> Iterator[list[Batch]]:
        """Check a stream's batches and gather them to the size of an insert; what was checked before an error is stored."""
        group: list[Batch] = []
        size = 0
        try:
            for body in _bodies(statements):
                batch = self._prepare(body, principal, version, {})
                if group and size + len(batch) > self._settings.group_statements:
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

    def _prepare(self, body: bytes, principal: Principal, version: str, attachments: Mapping[str, bytes]) -> Batch:
        contents = {check_hash(sha2, data): Content(data) for sha2, data in attachments.items()}
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            return self._preparer.prepare(body, principal, version=version, limit=sys.maxsize, contents=contents)

    def _held(
        self, principal: Principal, chunk: Lines, places: list[int], refused: dict[int, LRSError], batch: Batch
    ) -> Iterator[LineOutcome]:
        """Say what became of lines, once what can't be taken is in quarantine where the principal has one."""
        outcomes = _outcomes([number for number, _ in chunk], places, refused, batch)
        if not principal.handling.quarantine_days:
            return outcomes
        lines, told = dict(chunk), list(outcomes)
        held = {each.number: Held(lines[each.number], each.error) for each in told if each.error and keeps(each.error, lines[each.number])}
        self._quarantine.add(principal, "", list(held.values()))
        return (msgspec.structs.replace(each, held=each.number in held) for each in told)


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
