"""The engines that storage tests run on: chDB in this process, and a ClickHouse server (or the bridge that stands for one)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from lrs.settings import Settings
from tests.storage import bridge

ENGINES = ("embedded", "server")


@contextmanager
def settings_for(engine: str, folder: Path, **more: object) -> Iterator[Settings]:
    """Give settings of a new, empty store on an engine.

    With ``LRS_TEST_CLICKHOUSE`` (an address without a database) the server is that one, and the test makes a database of its own there.
    """
    address = os.environ.get("LRS_TEST_CLICKHOUSE")
    if engine == "embedded":
        yield Settings(data=folder / "data", **more)  # type: ignore[arg-type]
    elif address:
        yield Settings(data=folder / "data", warehouse=f"{address.rstrip('/')}/lrs_test_{uuid4().hex}", **more)  # type: ignore[arg-type]
    else:
        with bridge.running(folder / "engine") as found:
            yield Settings(data=folder / "data", warehouse=found, **more)  # type: ignore[arg-type]
