"""Streams of statements: some are checked while others are stored.

    bodies, lines -> checked here, or in a second process -> in their order into the queue of the committer -> ids, outcomes

What was put into the queue before an error stays, and nothing after it gets there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec

from lrs.access import Action, Principal
from lrs.aside import keeps
from lrs.batch import Batch, Receipt
from lrs.errors import InvalidRequest, LRSError
from lrs.privacy.quarantine import Held, Quarantine
from lrs.xapi import codec

if TYPE_CHECKING:
    from lrs.checking import Checked
    from lrs.committer import Committer
    from lrs.second import Second
    from lrs.write import Preparer

Json = Mapping[str, Any]
Chunk = Sequence[tuple[int, bytes]]
"""Lines and their numbers."""
Stored = Sequence[Future[Receipt]]
"""When the batches of a group are stored; they themselves are let go of before."""
_LINES = 1000
"""Lines or dicts of a stream that are checked and put together."""
_AHEAD = 16
"""Chunks that may wait to be stored."""
_GROUPS_AHEAD = 1
"""Groups of a stream that may wait: one is stored while the next is made ready and a third one is checked."""
_BYTES = 32 * 1024 * 1024
"""Bytes of bodies in a group, however few statements that are: three groups are in memory, in several forms."""
Sent = TypeVar("Sent")
Made = TypeVar("Made")
Put = TypeVar("Put")


class LineOutcome(msgspec.Struct, frozen=True):
    """What became of one line: ``number`` counts from 1; ``replayed`` of its statements were stored before; or ``error``.

    ``held``: what was refused is in quarantine.
    """

    number: int
    ids: tuple[UUID, ...]
    replayed: bool
    error: LRSError | None
    held: bool = False


class _Line(msgspec.Struct):
    """A chunk whose statements are in the queue."""

    chunk: Chunk
    batch: Batch
    places: list[int]
    refused: dict[int, LRSError]


class Streams:
    """Take streams of statements. Thread-safe. ``allowed`` has the audit trail say who may not; ``group`` is the size of an insert."""

    def __init__(
        self,
        preparer: Preparer,
        committer: Committer,
        quarantine: Quarantine,
        second: Second,
        *,
        allowed: Callable[[Action, Principal], AbstractContextManager[None]],
        group: int,
    ) -> None:
        self._preparer = preparer
        self._committer = committer
        self._quarantine = quarantine
        self._second = second
        self._allowed = allowed
        self._group = group

    def bodies(self, bodies: Iterable[bytes], principal: Principal, *, version: str, prepare: Callable[[bytes], Batch]) -> list[UUID]:
        """Store bodies, each a batch of its own -> the ids, in order; what was checked before an error is stored."""
        groups = _Groups(self._committer, self._group)
        under_way: deque[Stored] = deque()
        ids: list[UUID] = []

        def make(body: bytes, checked: Checked | None) -> tuple[Batch, int]:
            if checked is None:
                return prepare(body), len(body)
            with self._allowed(Action.WRITE_STATEMENTS, principal):
                return self._preparer.assemble(checked, principal), len(body)

        def ask(body: bytes) -> Future[Checked | None] | None:
            return self._second.check([body], principal, version)

        try:
            with closing(_pipelined(bodies, ask=ask, make=make, put=groups.add)) as stored:
                for group in filter(None, stored):
                    under_way.append(group)
                    if len(under_way) > _GROUPS_AHEAD:
                        ids += _ids(under_way.popleft())
        finally:
            under_way.append(groups.put())
            # Whatever stops the stream, nothing of it is on its way any more when the caller hears of it.
            wait([done for group in under_way for done in group])
        return ids + [each for group in under_way for each in _ids(group)]

    def lines(self, lines: Iterable[bytes], principal: Principal, *, version: str) -> Iterator[LineOutcome]:
        """Store each line on its own, and say what became of each, in order; a refused one stops nothing."""

        def make(chunk: Chunk, checked: Checked | None) -> _Line:
            with self._allowed(Action.WRITE_STATEMENTS, principal):
                if checked is None:
                    return _Line(chunk, *self._preparer.prepare_lines([line for _, line in chunk], principal, version=version))
                return _Line(chunk, self._preparer.assemble(checked, principal, independent=True), checked.places, {})

        def ask(chunk: Chunk) -> Future[Checked | None] | None:
            return self._second.check([line for _, line in chunk], principal, version)

        def put(made: _Line) -> _Line:
            self._committer.put(made.batch, wait=True)
            return made

        waiting: deque[_Line] = deque()
        with closing(_pipelined(codec.groups(lines, most=_LINES), ask=ask, make=make, put=put)) as stored:
            for each in stored:
                waiting.append(each)
                while waiting and (waiting[0].batch.done.done() or len(waiting) > _AHEAD):
                    yield from self._outcomes(waiting.popleft(), principal)
        for each in waiting:
            yield from self._outcomes(each, principal)

    def _outcomes(self, line: _Line, principal: Principal) -> Iterator[LineOutcome]:
        """Say what became of lines, once what can't be taken is in quarantine where the principal has one."""
        outcomes = _outcomes(line)
        if not principal.handling.quarantine_days:
            return outcomes
        lines, told = dict(line.chunk), list(outcomes)
        held = {each.number: Held(lines[each.number], each.error) for each in told if each.error and keeps(each.error, lines[each.number])}
        self._quarantine.add(principal, "", list(held.values()))
        return (msgspec.structs.replace(each, held=each.number in held) for each in told)


class _Groups:
    """Batches of a stream, gathered to the size of an insert."""

    def __init__(self, committer: Committer, most: int) -> None:
        self._committer = committer
        self._most = most
        self._group: list[Batch] = []
        self._statements = self._bytes = 0

    def add(self, made: tuple[Batch, int]) -> Stored:
        """Gather a batch that came as so many bytes -> the group that went into the queue, if it had no room for this one."""
        batch, size = made
        full = self.put() if self._group and not self._has_room(len(batch), size) else []
        self._group.append(batch)
        self._statements += len(batch)
        self._bytes += size
        return full

    def put(self) -> Stored:
        """Put what was gathered into the queue -> when it is stored."""
        group, self._group, self._statements, self._bytes = self._group, [], 0, 0
        if group:
            self._committer.put(*group, wait=True, full=True)
        return [batch.done for batch in group]

    def _has_room(self, statements: int, size: int) -> bool:
        return self._statements + statements <= self._most and self._bytes + size <= _BYTES


def _pipelined(
    chunks: Iterable[Sent],
    *,
    ask: Callable[[Sent], Future[Checked | None] | None],
    make: Callable[[Sent, Checked | None], Made],
    put: Callable[[Made], Put],
) -> Generator[Put]:
    """Make batches of chunks and put them in -> what putting gave, in order; after an error, which is raised in its turn, nothing more is put in.

    What the second process takes when it is ``ask``ed is checked there, all else here meanwhile. One thread puts in what is ready, in order,
    while this one checks or waits for more to come.
    """
    steps: deque[Future[Put]] = deque()
    stopped = False

    def step(sent: Sent, checked: Future[Checked | None] | None, made: Future[Made] | None) -> Put:
        nonlocal stopped
        if stopped:
            raise CancelledError
        try:
            return put(made.result() if made else make(sent, checked.result() if checked else None))
        except BaseException:
            stopped = True
            raise

    with ThreadPoolExecutor(1, "lrs-stream") as thread:
        try:
            for sent in chunks:
                asked = ask(sent)
                steps.append(thread.submit(step, sent, asked, None if asked else _settled(make, sent)))
                while steps and (steps[0].done() or len(steps) > _AHEAD):
                    yield steps.popleft().result()
            while steps:
                yield steps.popleft().result()
        finally:
            stopped = True


def _settled(make: Callable[[Sent, None], Made], sent: Sent) -> Future[Made]:
    """Make a batch now, and keep it, or what is wrong with it, until it is its turn."""
    made: Future[Made] = Future()
    try:
        made.set_result(make(sent, None))
    except Exception as error:  # noqa: BLE001 -- raised in its turn
        made.set_exception(error)
    return made


def _ids(group: Stored) -> list[UUID]:
    return [each for done in group for each in done.result().ids]


def bodies_of(statements: Iterable[bytes] | Iterable[Json]) -> Iterator[bytes]:
    """Give the bodies of a stream: the bytes in it, or dicts by the thousand."""
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


def _outcomes(line: _Line) -> Iterator[LineOutcome]:
    receipt = line.batch.done.result()
    ids: dict[int, list[UUID]] = {}
    errors = dict(line.refused)
    replayed: dict[int, bool] = {}
    for index, (place, statement_id) in enumerate(zip(line.places, receipt.ids, strict=True)):
        if index in receipt.refused:
            errors.setdefault(place, receipt.refused[index])
        else:
            ids.setdefault(place, []).append(statement_id)
            replayed[place] = replayed.get(place, True) and index in receipt.replayed
    for place, (number, _) in enumerate(line.chunk):
        yield LineOutcome(number, tuple(ids.get(place, ())), replayed.get(place, False), errors.get(place))
