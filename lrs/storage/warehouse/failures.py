"""What an engine's errors mean to the caller: never the text of a query, nor a value in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lrs.errors import StoreUnavailable

_DISK_FULL = ("its disk has no space left", "Make space; nothing of this request was acknowledged.")
_TOO_LARGE = ("a file can't be written (disk full, or a limit on file sizes)", "Make space; nothing of this request was acknowledged.")
_REASONS = {
    "NOT_ENOUGH_SPACE": _DISK_FULL,
    "CANNOT_WRITE_TO_FILE_DESCRIPTOR": _TOO_LARGE,
    "CANNOT_FSYNC": ("a file can't be written through to the disk", "Check the disk; nothing of this request was acknowledged."),
    "TOO_MANY_PARTS": ("it is behind with merging", "Send larger batches, or wait."),
    "AUTHENTICATION_FAILED": ("it does not accept the user or password of the setting warehouse", "Correct the setting."),
    "ACCESS_DENIED": ("its user may not do this", "Grant the user of the setting warehouse all rights on its database."),
    "UNKNOWN_DATABASE": ("its database does not exist", "Create it, or name another in the setting warehouse."),
    "MEMORY_LIMIT_EXCEEDED": ("it has not enough memory", "Ask for less, or give it more."),
    "INVALID_CONFIG_PARAMETER": ("it was not told where backups may be", "Set backups.allowed_path on the server: docs/how-to/backup.md."),
    "TIMEOUT_EXCEEDED": ("it took too long", "Ask for less, or raise read_seconds in the settings."),
}
_SIGNS = {"No space left on device": _DISK_FULL, "File too large": _TOO_LARGE}
"""What the operating system says, whatever the engine made of it."""


@contextmanager
def answering() -> Iterator[None]:
    """Turn what the client raises into :class:`lrs.errors.StoreUnavailable`."""
    from clickhouse_connect.driver.exceptions import Error

    try:
        yield
    except (Error, OSError) as error:
        raise explained(error) from None


def name_of(error: Exception) -> str:
    """Give ClickHouse's name of an error, such as ``UNKNOWN_DATABASE``; the class's where it has none."""
    return getattr(error, "name", None) or type(error).__name__


def explained(error: Exception) -> StoreUnavailable:
    """Say what an error of the client means."""
    name, text = name_of(error), str(error)
    known = next((reason for sign, reason in _SIGNS.items() if sign in text), None) or _REASONS.get(name)
    if known is not None:
        return StoreUnavailable(f"the warehouse can't answer: {known[0]}", hint=known[1])
    if name == "OperationalError":
        return StoreUnavailable("the warehouse can't answer: nobody answers at the address of the setting warehouse")
    return StoreUnavailable(f"the warehouse can't answer ({name})")
