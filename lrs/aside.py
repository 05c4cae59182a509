"""Batches of a credential that has a quarantine: each statement is taken for itself, and what can't be taken is put aside and stops nothing.

The specification would have a batch refused whole for one statement (xAPI 1.0.3 Communication 2.1.2). A credential asks for this instead: its
client is told that everything was taken, since what was not is kept, durably, before it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec

from lrs.batch import Receipt, future
from lrs.errors import Conflict, InvalidStatement, LRSError
from lrs.privacy.quarantine import LARGEST, Held, Quarantine
from lrs.xapi import codec, fields
from lrs.xapi.formats import read_uuid

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.committer import Committer
    from lrs.settings import Settings
    from lrs.write import Preparer


class Aside:
    """Take batches apart, and put aside what can't be taken."""

    def __init__(self, preparer: Preparer, committer: Committer, quarantine: Quarantine, settings: Settings) -> None:
        self._preparer = preparer
        self._committer = committer
        self._quarantine = quarantine
        self._settings = settings

    def submit(self, body: bytes, principal: Principal, *, version: str) -> Future[Receipt]:
        """Take the statements of a body: the future resolves when each is durable, here or there.

        Raises what no quarantine helps: a body that is no JSON, one that is too large, :class:`lrs.errors.NotPermitted` by a policy.
        """
        settings = self._settings
        raws, _ = codec.split(body, max_statements=settings.max_batch_statements, max_statement_bytes=settings.max_statement_bytes)
        lines = [bytes(raw) for raw in raws]
        _check_objects(lines)
        batch, places, refused = self._preparer.prepare_lines(lines, principal, version=version)
        for place, error in refused.items():
            if not keeps(error, lines[place]):
                raise error
        self._committer.put(batch, wait=False)
        done = future()

        def settle(stored: Future[Receipt]) -> None:
            try:
                receipt = stored.result()
                held = refused | {places[index]: error for index, error in receipt.refused.items()}
                self._quarantine.add(principal, "", [Held(lines[place], held[place]) for place in sorted(held)])
                done.set_result(_told(lines, places, held, receipt))
            except BaseException as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
                done.set_exception(error)

        batch.done.add_done_callback(settle)
        return done


def _check_objects(lines: Sequence[bytes]) -> None:
    """Refuse a batch of something else: an array in it would be a batch of its own."""
    for index, line in enumerate(lines):
        if line[:1] != b"{":
            raise InvalidStatement("must be an object", index=index)


def keeps(error: LRSError, content: bytes) -> bool:
    """Tell whether what was refused for this goes into quarantine: what breaks a rule may be mended, what a policy does not want may not be kept."""
    return isinstance(error, InvalidStatement | Conflict) and len(content) <= LARGEST


def _told(lines: Sequence[bytes], places: Sequence[int], held: Mapping[int, LRSError], receipt: Receipt) -> Receipt:
    """Give the ids of all statements in order; of one that is put aside its own, or one that stands for none."""
    ids = dict(zip(places, receipt.ids, strict=True))
    replayed = frozenset(places[index] for index in receipt.replayed)
    return Receipt([_own_id(lines[place]) if place in held else ids[place] for place in range(len(lines))], replayed, {})


def _own_id(statement: bytes) -> UUID:
    try:
        found = read_uuid(fields.free_members(statement).get("id", msgspec.Raw(b"null")))
    except fields.UNREADABLE:
        found = None
    return found or uuid4()
