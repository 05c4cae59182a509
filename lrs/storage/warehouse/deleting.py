"""Waiting for the engine, which deletes on threads of its own, until what was deleted is off the disk."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from lrs.errors import StoreUnavailable
from lrs.storage.warehouse.client import Session

_PATIENCE = 600.0
_PAUSE = 0.1
# What a crash interrupted goes on as soon as its own table is loaded, and fails where one that it reads is not yet. The engine tries again by itself.
_TRIES_AGAIN = 10.0
_DETACHED = (
    "ALTER TABLE statements DROP DETACHED PARTITION ALL SETTINGS allow_drop_detached = 1",
    "ALTER TABLE attachments DROP DETACHED PARTITION ALL SETTINGS allow_drop_detached = 1",
    "ALTER TABLE definitions DROP DETACHED PARTITION ALL SETTINGS allow_drop_detached = 1",
    "ALTER TABLE standings DROP DETACHED PARTITION ALL SETTINGS allow_drop_detached = 1",
    "ALTER TABLE places DROP DETACHED PARTITION ALL SETTINGS allow_drop_detached = 1",
)
_WAITING = """SELECT count(), max(latest_fail_reason != '') FROM system.mutations
    WHERE database = currentDatabase() AND table IN ('statements', 'attachments', 'definitions', 'standings', 'places') AND NOT is_done"""
_OLD_PARTS = """SELECT table, name FROM system.parts
    WHERE database = currentDatabase() AND table IN ('statements', 'attachments', 'definitions', 'standings', 'places') AND NOT active"""


def until_deleted(session: Session) -> None:
    """Wait until mutations are done; raises :class:`lrs.errors.StoreUnavailable` when one goes on failing, or takes too long."""
    failure = StoreUnavailable(
        "the warehouse can't delete now", hint="Look into its log; when it is well, call it again: it goes on where it was."
    )
    until_mutated(lambda: session.query(_WAITING, {})[0], failure, patience=_PATIENCE)


def until_mutated(ask: Callable[[], Sequence[int]], failure: StoreUnavailable, *, patience: float = math.inf) -> None:
    """Wait until ``ask``, which gives (mutations that wait, whether one failed), has none; raises the failure when one goes on failing."""
    believed = time.monotonic() + _TRIES_AGAIN

    def done() -> bool:
        waiting, failed = ask()
        if failed and time.monotonic() > believed:
            raise failure
        return not waiting

    _wait(done, patience)


def until_off_disk(session: Session) -> None:
    """Wait until the parts are gone that what was deleted was in; raises as :func:`until_deleted` does."""
    for text in _DETACHED:
        session.command(text)
    old = set(session.query(_OLD_PARTS, {}))
    _wait(lambda: not old & set(session.query(_OLD_PARTS, {})), _PATIENCE)


def keeps_coming_back() -> StoreUnavailable:
    """Say that other writers put back what is deleted."""
    return StoreUnavailable("what is to be erased keeps coming back", hint="Stop the other writers, and call it again.")


def _wait(done: Callable[[], bool], patience: float) -> None:
    given_up = time.monotonic() + patience
    while not done():
        if time.monotonic() > given_up:
            raise StoreUnavailable("the warehouse takes too long to delete", hint="Call it again: it goes on where it was.")
        time.sleep(_PAUSE)
