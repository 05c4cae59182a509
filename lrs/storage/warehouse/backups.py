"""Copies of all tables, made and put back by the engine itself while it works: whole, or what is new since an earlier copy."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from lrs.errors import ConfigurationError, StoreUnavailable
from lrs.storage.warehouse.client import Session, Sessions
from lrs.storage.warehouse.engines import connect

if TYPE_CHECKING:
    from lrs.settings import Settings

# One part after the other. Contents of attachments and places are durable before their statements are: copied later, none of them is missing.
_PARTS = (
    ("statements", "TABLE statements"),
    (
        "others",
        "TABLE attachments, TABLE definitions, TABLE standings, TABLE places, TABLE arriving, TABLE placing, TABLE placed, TABLE storing, TABLE migrations",
    ),
)
_BASE = " SETTINGS base_backup = File({base:String})"
_STATE = "SELECT status, error FROM system.backups WHERE id = {id:String}"
_TABLES = "SELECT count() FROM system.tables WHERE database = currentDatabase()"
_RUNNING = frozenset({"CREATING_BACKUP", "RESTORING"})
_DONE = frozenset({"BACKUP_CREATED", "RESTORED"})
_NAME = re.compile(r"\(([A-Z_]+)\)")
_SECONDS = 0.02


def back_up(sessions: Sessions, place: str, base: str | None) -> None:
    """Copy all tables into a new folder of the engine's machine; with ``base``, an earlier whole copy, only what that one lacks.

    Raises :class:`lrs.errors.StoreUnavailable`; what is left in the folder then is no copy.
    """
    for part, tables in _PARTS:
        _run(sessions, "BACKUP " + tables + " TO File({place:String})", part, place, base)


def restore(settings: Settings, place: str, base: str | None) -> None:
    """Put a copy into the empty warehouse of these settings; ``base`` is the copy that it adds to.

    Raises :class:`lrs.errors.ConfigurationError` where there are tables, :class:`lrs.errors.StoreUnavailable`.
    """
    sessions = connect(settings)
    try:
        with sessions.reader() as session:
            if session.query(_TABLES, {})[0][0]:
                raise ConfigurationError(
                    "there are tables in the warehouse that the backup should go into", hint="Name a database that is not there yet."
                )
        for part, tables in _PARTS:
            _run(sessions, "RESTORE " + tables + " FROM File({place:String})", part, place, base)
    finally:
        sessions.close()


def _run(sessions: Sessions, sql: str, part: str, place: str, base: str | None) -> None:
    values = {"place": f"{place}/{part}"} | ({} if base is None else {"base": f"{base}/{part}"})
    with sessions.writer() as session:
        # Without waiting: a large copy takes longer than a request may, and writers need the session.
        identifier = session.query(sql + ("" if base is None else _BASE) + " ASYNC", values)[0][0]
    while _running(sessions, identifier):
        time.sleep(_SECONDS)


def _running(sessions: Sessions, identifier: str) -> bool:
    with sessions.reader() as session:
        status, error = _state(session, identifier)
    if status not in _RUNNING | _DONE:
        names = _NAME.findall(error)
        raise StoreUnavailable(
            f"the warehouse can't copy its tables ({names[-1] if names else status})",
            hint="Look whether the folder can be written, is inside the server's backups.allowed_path, and has room.",
        )
    return status in _RUNNING


def _state(session: Session, identifier: str) -> tuple[str, str]:
    found = session.query(_STATE, {"id": identifier})
    return (str(found[0][0]), str(found[0][1])) if found else ("UNKNOWN", "")
