"""Ralph storing in ClickHouse's engine: its own clickhouse backend, over HTTP to chDB in a process of its own.

The bridge is the one that the tests use for a ClickHouse server. A server would be quicker to answer, and slower to acknowledge: Ralph asks for
asynchronous inserts, which a server holds back for a while, and which the bridge makes at once. See ../README.md.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import clickhouse_connect

from benchmarks.process import LOGIN, ROOT, Server
from benchmarks.rivals import ralph

TITLE = "Ralph, storing"
BRIDGE = ROOT / "tests" / "storage" / "bridge.py"
TABLE = """
CREATE TABLE xapi.xapi_events_all (event_id UUID, emission_time DateTime64(6), event String)
ENGINE = MergeTree ORDER BY (emission_time, event_id) PRIMARY KEY (emission_time, event_id)
"""
PATIENCE = 600

ready, python = ralph.ready, ralph.python


@contextmanager
def served(directory: Path, _filled: Path | None, _known: list[bytes]) -> Iterator[Server]:
    """Run the engine, make the table, run Ralph's server."""
    command = [sys.executable, str(BRIDGE), str(directory / "clickhouse"), *LOGIN, str(PATIENCE)]
    bridge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(bridge.stdout.readline())  # type: ignore[union-attr]
        _make_table(port)
        with ralph.started(directory, _settings(port)) as server:
            yield Server(server.port, (*server.pids, bridge.pid), server.path)
    finally:
        bridge.kill()
        bridge.wait()


def _make_table(port: int) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port, username=LOGIN[0], password=LOGIN[1])
    client.command("CREATE DATABASE xapi")
    client.command(TABLE)
    client.close()


def _settings(port: int) -> dict[str, str]:
    values = {"HOST": "127.0.0.1", "PORT": str(port), "DATABASE": "xapi", "USERNAME": LOGIN[0], "PASSWORD": LOGIN[1]}
    return {
        "RALPH_RUNSERVER_BACKEND": "clickhouse",
        **{f"RALPH_BACKENDS__LRS__CLICKHOUSE__{name}": value for name, value in values.items()},
    }
