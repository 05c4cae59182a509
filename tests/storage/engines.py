"""Engines for tests: an embedded one in this process, and a server, which is a bridge unless LRS_TEST_CLICKHOUSE names a real one.

A process holds one embedded engine at a time: close one before the next is opened, on whichever path (that takes some 50 ms).
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import attrs

from lrs.settings import Settings
from lrs.storage.warehouse import Warehouse

ENGINES = ("embedded", "server")
_BRIDGE = Path(__file__).with_name("bridge.py")
_SECONDS = 7200
USER = "lrs"
PASSWORD = "p@ss:w/ö?d"
_numbers = count(1)


@attrs.frozen
class Bridge:
    """A running bridge: where it listens, where its data are, and its process."""

    address: str
    folder: Path
    process: subprocess.Popen[str]


@contextmanager
def bridge(folder: Path, *, certificate: Path | None = None, key: Path | None = None) -> Iterator[Bridge]:
    """Run a bridge over the engine in ``folder``; over TLS when it has a certificate."""
    command = [sys.executable, str(_BRIDGE), str(folder), USER, PASSWORD, str(_SECONDS)]
    command += [str(certificate), str(key)] if certificate else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            scheme = "clickhouses" if certificate else "clickhouse"
            yield Bridge(f"{scheme}://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}", folder, process)
        finally:
            process.kill()


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, Path | None]]:
    """Give the address of a server (without a database) and the folder of its data, where it is on this machine."""
    real = os.environ.get("LRS_TEST_CLICKHOUSE")
    if real:
        parts = urlsplit(real)
        yield urlunsplit((parts.scheme, parts.netloc, "", "", "")), None
        return
    with bridge(folder) as running:
        yield running.address, running.folder


def embedded_settings(folder: Path) -> Settings:
    """Settings of an embedded store in a fresh directory of ``folder``."""
    return Settings(data=folder / f"store{next(_numbers)}")


def server_settings(address: str, folder: Path) -> Settings:
    """Settings of a warehouse in a database of its own on a server; the rest is embedded in ``folder``."""
    return Settings(data=folder, warehouse=f"{address}/test_{os.getpid()}_{next(_numbers)}")


@attrs.frozen
class Engine:
    """One place for a warehouse: how it is opened, and where its bytes are (None: on another machine)."""

    name: str
    settings: Settings
    folder: Path | None

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """Open the warehouse."""
        warehouse = Warehouse.open(self.settings)
        try:
            yield warehouse
        finally:
            warehouse.close()

    def drop(self) -> None:
        """Remove its database from the server."""
        if self.settings.warehouse:
            with self.open() as warehouse, warehouse._sessions.writer() as session:
                session.command("DROP DATABASE " + self.settings.warehouse.rpartition("/")[2])


@contextmanager
def settings_for(engine: str, folder: Path, **more: object) -> Iterator[Settings]:
    """Give settings of a new, empty store on ``embedded`` or ``server``, for tests of other rooms; ``more`` are further settings."""
    if engine == "embedded":
        yield attrs.evolve(embedded_settings(folder), **more)
        return
    settings = attrs.evolve(server_settings(_shared(), folder / "data"), **more)
    yield settings
    Engine("server", settings, None).drop()


@cache
def _shared() -> str:
    """Give the address of a server for all tests of this process that look at no file of it; it ends with the process."""
    running = ExitStack()
    atexit.register(running.close)
    folder = running.enter_context(tempfile.TemporaryDirectory())
    address, _ = running.enter_context(server(Path(folder)))
    return address
