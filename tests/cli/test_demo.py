"""``lrs demo``: the first command that a newcomer runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calling import call


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Close at the end what a test opens."""
    with contextlib.ExitStack() as opened:
        yield opened


def test_the_pasted_lines_work(tmp_path: Path, stack: contextlib.ExitStack) -> None:
    """A POST, a read by verb, a read by agent, just as printed, even where the usual port is taken; afterwards nothing is left."""
    with contextlib.suppress(OSError):
        stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
    out = tmp_path / "out"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "lrs", "demo"],
            stdout=file,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
    try:
        end = time.monotonic() + 60
        while "Ctrl-C" not in out.read_text():
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        lines = [line.strip() for line in out.read_text().splitlines() if line.strip().startswith("curl ")]
        answers = [json.loads(subprocess.run(["sh", "-c", line], capture_output=True, timeout=30, check=True).stdout) for line in lines]
        (stored_id,), by_verb, by_agent = answers
        assert re.fullmatch(r"[0-9a-f-]{36}", stored_id)
        assert len(by_verb["statements"]) == len(by_agent["statements"]) == 2
        assert len({statement["verb"]["id"] for statement in by_verb["statements"]}) == 1
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert list(tmp_path.glob("lrs-demo-*")) == []


def test_a_kept_demo_can_be_queried(tmp_path: Path) -> None:
    """With ``--data`` it stays, and a second time adds nothing."""
    first, again = (call("demo", "--data", tmp_path / "data", "--no-serve") for _ in range(2))
    assert (first.status, again.status) == (0, 0)
    number = int(re.match(r"([\d,]+) statements", first.out)[1].replace(",", ""))
    assert len(call("query", "--data", tmp_path / "data", "--all", "--format", "ids").out.splitlines()) == number


def test_help_is_there() -> None:
    """Each command says what it does, and shows an example or its options."""
    for command in ("serve", "demo", "ingest", "query", "credentials", "doctor"):
        done = call(command, "--help")
        assert done.status == 0
        assert done.out.startswith("Usage: lrs ")
        assert len(done.out.splitlines()) > 8


@pytest.mark.parametrize("debug", ["", "1"])
def test_an_unexpected_error_shows_no_message(debug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text could quote a statement: type and place must do, with LRS_DEBUG as well."""
    import lrs

    def fail(*_arguments: object, **_options: object) -> None:
        raise ValueError("mailto:Canari99@example.fr")

    monkeypatch.setattr(lrs, "open", fail)
    done = call("query", "--data", tmp_path, LRS_DEBUG=debug)
    assert done.status == 1
    assert "internal error ValueError at tests.cli.test_demo:" in done.err
    assert "Canari99" not in done.err + done.out
    assert ("from lrs.cli.query:" in done.err) == bool(debug)
