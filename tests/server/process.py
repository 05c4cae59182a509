"""A real server in a process of its own, as an operator would start it; ended by its own id and bounded in time."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from lrs.credentials import open_credentials
from lrs.crypto import passwords
from lrs.settings import load

PATIENCE = 60
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: it trusts nobody, where reading whom to trust takes every client 60 ms."""
PATIENT: dict[str, Any] = {"verify": NO_TLS, "timeout": PATIENCE}
"""How a client of plain HTTP asks, on a machine that is busy with other things too."""
VERSION = {"X-Experience-API-Version": "1.0.3"}
WRITER, READER, BOTH, COUNTER, WATCHER = ("writer", "w"), ("reader", "r"), ("both", "b"), ("counter", "c"), ("watcher", "m")
_SCOPES = {
    WRITER: ("statements/write", "identified"),
    READER: ("statements/read", "identified"),
    BOTH: ("all", "identified"),
    COUNTER: ("statements/read", "aggregate"),
    WATCHER: ("metrics", "aggregate"),
}
_LISTENING = re.compile(r"lrs listens on (https?://\S+?)/xapi/")


def add_credentials(data: Path) -> None:
    """Add one credential of each kind, with hashes that cost nothing."""
    with open_credentials(load(data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        room._profile = passwords.CHEAPEST
        for (username, password), (scope, view) in _SCOPES.items():
            room.add(username, username=username, password=password, scopes=(scope,), view=view)


class Server:
    """One running ``lrs serve``; what it prints is kept in files."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.data = folder / "data"
        self._out, self._err = folder / "out", folder / "err"
        command = [sys.executable, "-m", "lrs", "serve", "--data", str(self.data), "--port", "0", *arguments]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **environ})
        self.address = self._wait()

    def _wait(self) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := _LISTENING.search(self._out.read_text()):
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise AssertionError(f"the server did not start: {self._printed()}")

    def client(self, who: tuple[str, str] | None = BOTH, **headers: str) -> httpx.Client:
        """Make an HTTP client of this server."""
        return httpx.Client(base_url=self.address, auth=who, headers=VERSION | headers, **PATIENT)

    def printed(self) -> str:
        """Everything that it wrote to stdout and stderr, of every request that was answered: a line comes after its answer.

        A request more is made, and its line waited for, as lines come in the order of the answers.
        """
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        reply = httpx.get(f"{self.address}/xapi/nothing", headers=VERSION, verify=unchecked, timeout=PATIENCE)
        last = reply.json()["error"]["request_id"]
        end = time.monotonic() + PATIENCE
        while last not in (text := self._printed()):
            assert time.monotonic() < end, f"the access log lacks {last}: {text}"
            time.sleep(0.005)
        return text

    def _printed(self) -> str:
        return self._out.read_text() + self._err.read_text()

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """End it and give its exit status."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(PATIENCE)
