"""One process at a time: the lock of a directory, be it the data directory of an embedded store; and turns that processes take."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lrs.errors import ConfigurationError, DataDirectoryInUse, StoreUnavailable


class DirectoryLock:
    """Hold a directory for this process; the system lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        path = folder / "process.lock"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"the data directory {folder} can't be used: {error.strerror}", hint="Give a directory that this user may write."
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise DataDirectoryInUse(f"another process holds the data directory {folder}") from None

    def release(self) -> None:
        """Let go of the directory. Calling it twice is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until no other thread or process has its turn under this file, and have it during the block; the system ends that of a process that dies.

    Raises :class:`lrs.errors.StoreUnavailable` if the file can't be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"the data directory can't be written: {error.strerror}", hint="Check its disk.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
