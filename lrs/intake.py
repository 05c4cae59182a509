"""What comes in, in whatever form a program has it: a batch, lines that each stand for themselves, or a stream without end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from lrs.access import Action, Principal, decide
from lrs.aside import Aside
from lrs.batch import Batch, Receipt, future
from lrs.collection import rare_collection
from lrs.errors import InvalidRequest
from lrs.second import SOON
from lrs.singles import Single, Singles
from lrs.streams import Json, LineOutcome, Streams, bodies_of
from lrs.xapi import codec
from lrs.xapi.formats import parse_uuid
from lrs.xapi.multipart import Content, check_hash

if TYPE_CHECKING:
    from concurrent.futures import Future

    from lrs.checking import Checked
    from lrs.committer import Committer
    from lrs.privacy.quarantine import Quarantine
    from lrs.second import Second
    from lrs.settings import Settings
    from lrs.write import Preparer
    from lrs.xapi.multipart import Contents

Statements = bytes | Json | Sequence[Json] | Iterable[bytes] | Iterable[Json]
Refusals = Callable[[Action, Principal], AbstractContextManager[None]]
"""Has the audit trail say who was refused what in the block."""

DEFAULT_VERSION = "1.0.3"


class Intake:
    """Make batches of what comes in and have them stored, the next being read while the last is on its way. Thread-safe."""

    def __init__(
        self, preparer: Preparer, committer: Committer, quarantine: Quarantine, second: Second, settings: Settings, refusals: Refusals
    ) -> None:
        self._preparer = preparer
        self._committer = committer
        self._settings = settings
        self._refusals = refusals
        self._aside = Aside(preparer, committer, quarantine, settings)
        self._second = second
        self._elsewhere: set[Future[Receipt]] = set()
        self._again = ThreadPoolExecutor(1, "lrs-check")
        self._singles = Singles(preparer, committer, second, self._put_alone)
        self._streams = Streams(preparer, committer, quarantine, second, allowed=refusals, group=settings.group_statements)

    def ingest(
        self, statements: Statements, principal: Principal, *, attachments: Mapping[str, bytes], version: str = DEFAULT_VERSION
    ) -> list[UUID]:
        """Store what :meth:`lrs.LRS.ingest` takes -> the ids, in order, when all of it is durable."""
        with rare_collection():
            if isinstance(statements, Mapping) or (isinstance(statements, list | tuple) and not _are_bodies(statements)):
                statements = codec.encode(statements)
            if isinstance(statements, bytes | bytearray | memoryview):
                return self._whole(bytes(statements), principal, version, attachments)
            if attachments:
                raise InvalidRequest("attachments go with one batch of statements, not with a stream", parameter="attachments")
            return self._streams.bodies(
                bodies_of(statements), principal, version=version, prepare=lambda body: self._prepare(body, principal, version, {})
            )

    def lines(self, lines: Iterable[bytes], principal: Principal, *, version: str = DEFAULT_VERSION) -> Iterator[LineOutcome]:
        """Store each line on its own, in groups -> what became of each, in order, as soon as it is durable."""
        with rare_collection():
            yield from self._streams.lines(lines, principal, version=version)

    def submit(
        self, body: bytes, principal: Principal, *, version: str, statement_id: str | None = None, contents: Contents | None = None
    ) -> Future[Receipt]:
        """Take a batch without waiting for it; see :meth:`lrs.LRS.submit`."""
        wanted = None if statement_id is None else parse_uuid(statement_id)
        most = self._settings.max_batch_statements
        if wanted is None and not contents:
            if principal.handling.quarantine_days:
                with self._refusals(Action.WRITE_STATEMENTS, principal):
                    return self._aside.submit(body, principal, version=version)
            if single := self._singles.take(body, principal, version):
                return single
            if checked := self._second.check([body], principal, version, most=most, ahead=SOON):
                return self._put_when(checked, body, principal, version, most)
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            batch = self._preparer.prepare(body, principal, version=version, limit=most, statement_id=wanted, contents=contents or {})
        self._committer.put(batch, wait=False)
        return batch.done

    def check(self, principal: Principal) -> None:
        """Raise :class:`lrs.NotPermitted` unless somebody may write statements at all."""
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            decide(principal, Action.WRITE_STATEMENTS)

    def close(self) -> None:
        """Have stored what the second process was asked to check, whatever has become of it. Calling it twice is no error."""
        self._second.end()
        self._singles.close()
        wait(list(self._elsewhere))
        self._again.shutdown()

    def _put_when(self, checked: Future[Checked | None], body: bytes, principal: Principal, version: str, most: int) -> Future[Receipt]:
        """Have a batch stored when the second process has checked it -> its future, which has what can't be said at once, too."""
        done = future()

        def make(found: Checked | None) -> Batch:
            if found:
                return self._preparer.assemble(found, principal)
            return self._preparer.prepare(body, principal, version=version, limit=most)

        def answered(answer: Future[Checked | None]) -> None:
            try:
                found = answer.result()
                # In a thread of its own what is checked here after all: in this one others' answers come.
                if found:
                    self._put_made(partial(make, found), principal, done)
                else:
                    self._again.submit(self._put_made, partial(make, None), principal, done)
            except BaseException as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
                done.set_exception(error)

        self._elsewhere.add(done)
        done.add_done_callback(self._elsewhere.discard)
        checked.add_done_callback(answered)
        return done

    def _put_alone(self, single: Single) -> None:
        """Have a statement stored that can't be stored with others."""
        make = partial(self._preparer.prepare, single.body, single.principal, version=single.version, limit=1)
        self._put_made(make, single.principal, single.done)

    def _put_made(self, make: Callable[[], Batch], principal: Principal, done: Future[Receipt]) -> None:
        """Make a batch and have it stored, and what becomes of it told by a future."""
        try:
            with self._refusals(Action.WRITE_STATEMENTS, principal):
                batch = make()
            batch.done = done
            self._committer.put(batch, wait=False)
        except BaseException as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
            done.set_exception(error)

    def _whole(self, body: bytes, principal: Principal, version: str, attachments: Mapping[str, bytes]) -> list[UUID]:
        batch = self._prepare(body, principal, version, attachments)
        self._committer.put(batch, wait=True)
        return batch.done.result().ids

    def _prepare(self, body: bytes, principal: Principal, version: str, attachments: Mapping[str, bytes]) -> Batch:
        contents = {check_hash(sha2, data): Content(data) for sha2, data in attachments.items()}
        with self._refusals(Action.WRITE_STATEMENTS, principal):
            return self._preparer.prepare(body, principal, version=version, limit=sys.maxsize, contents=contents)


def _are_bodies(statements: Sequence[object]) -> bool:
    return bool(statements) and isinstance(statements[0], bytes | bytearray | memoryview)
